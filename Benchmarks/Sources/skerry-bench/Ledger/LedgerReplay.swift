import ArgumentParser
import Blake3
import Foundation
import Ledger
import LedgerLog

/// A node that starts with a long log: every signature is checked and every root compared again.
struct LedgerReplay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger-replay", abstract: "Replays a log of transfers to new accounts from SQLite.")

    @Option(help: "Transfers, each to an account of its own; 1,000 to 100,000,000.") var transfers = 1_000_000

    func validate() throws {
        guard (1_000...100_000_000).contains(transfers) else {
            throw ValidationError("--transfers is \(transfers) and must be 1,000 to 100,000,000")
        }
    }

    func run() async throws {
        let work = try WorkFolder()
        try work.requireSpace(mib: transfers / 1_000)
        let path = work.file("ledger.sqlite")
        var load = try TransferLoad(signers: 1_000, receivers: Int.max)
        let (hash, root) = try await fill(path, &load)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        let idle = try Memory.residentMiB()
        let sample = try await Sample.timed(Double(transfers)) {
            let keeper = try await LedgerKeeper.open(
                local: try SQLiteLedgerLog(path: path, genesis: load.genesis), genesis: load.genesis,
                nodeKey: load.nodes[0], logger: Cast.quiet)
            guard keeper.failure == nil, keeper.state.headHash == hash, keeper.state.root == root else {
                throw BenchError("the replay gave another state: \(keeper.failure.map { "\($0)" } ?? "")")
            }
            let full = try Memory.residentMiB()
            print(
                "  \(Table.number(full - idle)) MiB resident more than before, of a log of "
                    + "\(Table.number(Double(size >> 20))) MiB")
            try await keeper.close()
        }
        print(
            "  replayed \(transfers) transfers in \(Table.number(sample.seconds)) s: "
                + "\(Table.number(sample.rate)) a second, \(Table.number(sample.cpuSeconds)) s of processor time")
    }

    private func fill(_ path: String, _ load: inout TransferLoad) async throws -> (hash: Digest, root: Digest) {
        let log = try SQLiteLedgerLog(path: path, genesis: load.genesis, durability: .relaxed)
        var state = LedgerState(genesis: load.genesis)
        var left = transfers
        while left > 0 {
            let part = try await load.transfers(min(65_536, left))
            left -= part.count
            for start in stride(from: 0, to: part.count, by: Entry.maxTransactions) {
                let batch = Array(part[start..<min(start + Entry.maxTransactions, part.count)])
                let entry = try Entry(
                    following: state, transactions: batch, timeMilliseconds: state.timeMilliseconds, key: load.nodes[0])
                let outcomes = try state.apply(CheckedEntry(entry, transactions: batch.map { .success($0) }))
                let recorded = zip(batch, outcomes).map {
                    RecordedOutcome(id: $0.id, sequence: entry.sequence, outcome: $1)
                }
                try await log.append(LogRecord(entry: entry, outcomes: recorded))
            }
        }
        try await log.close()
        return (state.headHash, state.root)
    }
}
