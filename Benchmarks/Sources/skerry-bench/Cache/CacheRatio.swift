import ArgumentParser

/// Hit ratio of the edge cache's eviction beside LRU on seeded traces: `Benchmarks/run <folder> cache-ratio`.
struct CacheRatio: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache-ratio",
        abstract: "Hit ratio of the cache's eviction beside LRU, on Zipf traces with one-hit wonders and a crawler.")

    @Option(help: "Objects in the catalogue, 100 to 10,000,000.")
    var objects = 100_000

    @Option(help: "Requests in a trace, 1,000 to 100,000,000.")
    var requests = 2_000_000

    @Option(help: "Seed of the traces: the same seed gives the same table.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (100...10_000_000).contains(objects) else {
            throw ValidationError("--objects is \(objects) and must be 100 to 10,000,000")
        }
        guard (1_000...100_000_000).contains(requests) else {
            throw ValidationError("--requests is \(requests) and must be 1,000 to 100,000,000")
        }
    }

    func run() throws {
        print("\(requests) requests for \(objects) objects, seed \(seed); caches in percent of the catalogue's bytes")
        for line in CacheRatioTable.lines(objects: objects, requests: requests, seed: seed) { print(line) }
    }
}
