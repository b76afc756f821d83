import ArgumentParser
import CLinux
import NIOCore
import NIOPosix

/// Measures rooms of skerry in process, beside peers that take turns with them.
@main
struct SkerryBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skerry-bench",
        abstract:
            "Measures hashing, storing, fetching, finding and the ledger in process, beside peers in the same run.",
        subcommands: [
            HashMemory.self, Ingest.self, StoreScale.self, Fetch.self, Lookup.self, LedgerStateBench.self,
            LedgerReplay.self, LedgerSubmit.self, CacheRatio.self, AckPath.self, PaidRun.self, ProvidePaid.self,
            AckProofsBench.self, AckHour.self, Provide.self, Probe.self,
        ])

    static func main() async {
        // As nodes do, for all contenders.
        skerry_keep_freed_memory()
        // As many as a small node has.
        NIOSingletons.blockingPoolThreadCountSuggestion = 8
        await main(nil)
    }
}

/// Settings of every benchmark.
struct BenchOptions: ParsableArguments {
    @Option(help: "Rounds in which the contenders take turns, 1 to 100.")
    var rounds = 5

    @Option(help: "Size of what is hashed or moved, in MiB, 1 to 16,384.")
    var mib = 1_024

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds) and must be 1 to 100") }
        guard (1...16_384).contains(mib) else { throw ValidationError("--mib is \(mib) and must be 1 to 16,384") }
    }
}
