import ArgumentParser
import Blake3
import BlobStore
import Foundation
import Identity
import NIOCore
import NIOPosix

/// A store of many small blobs: opening it, looking blobs up, memory.
struct StoreScale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Fills a store with small blobs; opens it and looks random ones up in fresh processes.")

    static let blobBytes = 256
    static let seed = 42
    /// Puts under way at once while the store is filled.
    private static let width = 2_048

    @OptionGroup var options: BenchOptions
    @Option(help: "How many blobs, 1 to 10,000,000.") var blobs = 1_000_000

    func validate() throws {
        guard (1...10_000_000).contains(blobs) else { throw ValidationError("--blobs must be 1 to 10,000,000") }
    }

    func run() async throws {
        let work = try WorkFolder()
        let folder = work.file("store")
        print("== a store of \(blobs) blobs of \(StoreScale.blobBytes) bytes")
        do {
            let store = try BlobStore(
                folder: folder, settings: .init(), threadPool: .singleton, logger: Cast.quiet)
            let sample = try await Sample.timed(Double(blobs)) {
                try await SmallBlob.put(blobs, atOnce: StoreScale.width, in: store) {
                    SmallBlob.bytes($0, size: StoreScale.blobBytes, seed: StoreScale.seed)
                }
            }
            guard store.usage.blobs == blobs else { throw BenchError("\(store.usage.blobs) blobs are stored") }
            try store.close()
            print("  filled at \(Table.number(sample.rate)) blobs/s, all durable")
        }
        var findings: [Probe.Finding] = []
        for round in 0..<options.rounds {
            let child = try ChildProcess(["probe", "--folder", folder, "--blobs", "\(blobs)", "--round", "\(round)"])
            findings.append(try JSONDecoder().decode(Probe.Finding.self, from: Data(try child.line().utf8)))
            child.stop()
        }
        func row(_ name: String, _ value: (Probe.Finding) -> Double) -> [String] {
            [name, Table.number(Statistics.median(findings.map(value)))]
        }
        Table.show([
            ["", "median of \(findings.count)"],
            row("open, s") { $0.openSeconds },
            row("stat of a stored blob, median µs") { $0.statMedianMicros },
            row("stat of a stored blob, 99 % µs") { $0.statHighMicros },
            row("stat of an absent blob, median µs") { $0.absentMedianMicros },
            row("resident memory after opening, MiB") { $0.openMiB },
            row("resident memory after all stats, MiB") { $0.endMiB },
            row("resident memory of an idle process, MiB") { $0.idleMiB },
        ])
        print("  \(Probe.statCount) random ids a process, each asked once; files in the page cache")
    }
}

/// Opens a store in a process of its own and says what that took.
struct Probe: AsyncParsableCommand {
    struct Finding: Codable {
        var openSeconds = 0.0
        var statMedianMicros = 0.0
        var statHighMicros = 0.0
        var absentMedianMicros = 0.0
        var idleMiB = 0.0
        var openMiB = 0.0
        var endMiB = 0.0
    }

    static let statCount = 100_000
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var folder: String
    @Option var blobs: Int
    @Option var round: Int

    func run() async throws {
        var finding = Finding()
        finding.idleMiB = try Memory.residentMiB()
        let clock = ContinuousClock()
        let start = clock.now
        let store = try BlobStore(folder: folder, settings: .init(), threadPool: .singleton, logger: Cast.quiet)
        finding.openSeconds = (clock.now - start).inSeconds
        finding.openMiB = try Memory.residentMiB()
        guard store.usage.blobs == blobs else { throw BenchError("\(store.usage.blobs) of \(blobs) blobs are there") }
        var random = SystemRandomNumberGenerator()
        let stored = try stats(store, seed: StoreScale.seed, isStored: true, &random)
        let absent = try stats(store, seed: StoreScale.seed + 1, isStored: false, &random)
        finding.statMedianMicros = Statistics.median(stored)
        finding.statHighMicros = Statistics.quantile(0.99, of: stored)
        finding.absentMedianMicros = Statistics.median(absent)
        finding.endMiB = try Memory.residentMiB()
        try store.close()
        print(String(decoding: try JSONEncoder().encode(finding), as: UTF8.self))
    }

    private func stats(
        _ store: BlobStore, seed: Int, isStored: Bool, _ random: inout SystemRandomNumberGenerator
    ) throws -> [Double] {
        let clock = ContinuousClock()
        return try (0..<Probe.statCount).map { _ in
            let number = Int.random(in: 0..<blobs, using: &random)
            let bytes = SmallBlob.bytes(number, size: StoreScale.blobBytes, seed: seed)
            let id = BlobID(bytes.withUnsafeReadableBytes { Blake3.hash($0) })
            let start = clock.now
            let stat = try store.stat(id)
            let micros = (clock.now - start).inSeconds * 1e6
            guard (stat?.byteCount == StoreScale.blobBytes) == isStored else {
                throw BenchError("blob \(number) is \(isStored ? "missing" : "said to be there")")
            }
            return micros
        }
    }
}
