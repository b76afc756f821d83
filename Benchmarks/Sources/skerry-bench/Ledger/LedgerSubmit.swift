import ArgumentParser
import Foundation
import Ledger
import LedgerLog

/// Transactions from submitting until they are applied on each of three nodes, on SQLite and on etcd.
struct LedgerSubmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger-submit",
        abstract: "Submits transfers to three nodes on SQLite and on etcd, beside etcd's own puts.")

    private static let signers = 4_096
    private static let receivers = 10_000

    @Option(help: "Rounds in which the contenders take turns, 1 to 100.") var rounds = 3
    @Option(help: "Transfers of a round with many clients; a tenth of it with one, 1,000 to 1,000,000.")
    var transfers = 20_000

    func validate() throws {
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is \(rounds) and must be 1 to 100") }
        guard (1_000...1_000_000).contains(transfers) else {
            throw ValidationError("--transfers is \(transfers) and must be 1,000 to 1,000,000")
        }
    }

    func run() async throws {
        let work = try WorkFolder()
        try work.requireSpace(mib: 4_096)
        let sqlite = try Engine("SQLite", signers: Self.signers, receivers: Self.receivers)
        let sqliteTrio = try await LedgerTrio(sqlite.load, sqliteIn: work)
        var contest = Contest(
            "transfers from submitting to applied on three nodes in one process", unit: "operations",
            bases: EtcdMembers.isInstalled ? ["etcd puts, 64 clients", "etcd puts, 1 client"] : [])
        var etcdTrio: LedgerTrio?
        if EtcdMembers.isInstalled {
            let folder = try WorkFolder()
            let members = try EtcdMembers(folder)
            let etcd = try Engine("etcd", signers: Self.signers, receivers: Self.receivers)
            let etcdWork = try WorkFolder()
            let trio = try await LedgerTrio(etcd.load, etcd: members, in: etcdWork)
            etcdTrio = trio
            _ = try await trio.leader()
            let puts = EtcdPuts(endpoints: members.endpoints)
            for (name, width, share) in [("64 clients", 64, 1), ("1 client", 1, 10)] {
                contest.add("etcd puts, \(name)") { [transfers] in
                    let count = transfers / share
                    return try await etcd.sample("puts, \(name)", count, members.processIDs) {
                        (try await puts.run(count, clients: width), Latencies())
                    }
                }
            }
            add(etcd, trio, members.processIDs, to: &contest)
        } else {
            print("etcd is not installed (Debian: etcd-server); only SQLite is measured")
        }
        add(sqlite, sqliteTrio, [], to: &contest)
        try await contest.run(rounds: rounds)
        try await sqliteTrio.close()
        try await etcdTrio?.close()
    }

    private func add(_ engine: Engine, _ trio: LedgerTrio, _ processes: [Int32], to contest: inout Contest) {
        let cases = [
            ("1 client", 1, 10), ("1 client, 64 at once", -64, 1), ("64 clients", 64, 1), ("2,048 clients", 2_048, 1),
        ]
        for (name, width, share) in cases {
            contest.add("\(engine.name), \(name)") { [transfers] in
                let count = transfers / share
                let batch = try await engine.next(count)
                return try await engine.sample("\(engine.name), \(name)", count, processes) {
                    try await width < 0
                        ? Engine.submitTogether(batch, atOnce: -width, to: trio)
                        : Engine.submit(batch, clients: width, to: trio)
                }
            }
        }
    }

    /// A network on one engine, and its clients.
    private final class Engine {
        let name: String
        private(set) var load: TransferLoad

        init(_ name: String, signers: Int, receivers: Int) throws {
            self.name = name
            load = try TransferLoad(signers: signers, receivers: receivers, nodes: LedgerTrio.count)
        }

        /// Signed before the clock runs: clients sign on their own machines.
        func next(_ count: Int) async throws -> [SignedTransaction] { try await load.transfers(count) }

        func sample(
            _ what: String, _ count: Int, _ processes: [Int32],
            _ body: () async throws -> (answered: Latencies, everywhere: Latencies)
        ) async throws -> Sample {
            var found: (answered: Latencies, everywhere: Latencies)?
            let sample = try await Sample.timed(Double(count), processes: processes) { found = try await body() }
            if let found {
                let spread =
                    found.everywhere.isEmpty ? "" : "; until applied everywhere \(found.everywhere.description)"
                print("  \(what): until answered \(found.answered.description)\(spread)")
            }
            return sample
        }

        /// Clients of which each submits one transfer after the other. A signer belongs to one client.
        static func submit(
            _ transfers: [SignedTransaction], clients: Int, to trio: LedgerTrio
        ) async throws -> (Latencies, Latencies) {
            var queues: [Signer: [Data]] = [:]
            var order: [Signer] = []
            for transfer in transfers {
                if queues[transfer.signer] == nil { order.append(transfer.signer) }
                queues[transfer.signer, default: []].append(transfer.bytes)
            }
            let leader = try await trio.leader()
            let keepers = trio.keepers
            return try await withThrowingTaskGroup(of: (Latencies, Latencies).self) { group in
                for client in 0..<clients {
                    let mine = stride(from: client, to: order.count, by: clients).flatMap { queues[order[$0]] ?? [] }
                    group.addTask { try await run(mine, leader, keepers) }
                }
                return try await group.reduce(into: (Latencies(), Latencies())) {
                    $0.0.add($1.0)
                    $0.1.add($1.1)
                }
            }
        }

        /// Goes on as soon as it is answered; how long the transfer takes everywhere is watched beside that.
        private static func run(
            _ transfers: [Data], _ leader: LedgerKeeper, _ keepers: [LedgerKeeper]
        ) async throws -> (Latencies, Latencies) {
            try await withThrowingTaskGroup(of: Duration.self) { group in
                var (answered, everywhere) = (Latencies(), Latencies())
                for bytes in transfers {
                    let start = ContinuousClock.now
                    let result = try await leader.submit(bytes)
                    guard result.outcome.isApplied else { throw BenchError("refused: \(result.outcome)") }
                    answered.add(ContinuousClock.now - start)
                    group.addTask {
                        try await keepers.everywhere(result.sequence)
                        return ContinuousClock.now - start
                    }
                }
                for try await duration in group { everywhere.add(duration) }
                return (answered, everywhere)
            }
        }

        /// One client that hands several transfers over at a time.
        static func submitTogether(
            _ transfers: [SignedTransaction], atOnce width: Int, to trio: LedgerTrio
        ) async throws -> (Latencies, Latencies) {
            let leader = try await trio.leader()
            var (answered, everywhere) = (Latencies(), Latencies())
            for start in stride(from: 0, to: transfers.count, by: width) {
                let began = ContinuousClock.now
                let part = transfers[start..<min(start + width, transfers.count)].map(\.bytes)
                var last: UInt64 = 0
                for result in await leader.submit(part) {
                    let result = try result.get()
                    guard result.outcome.isApplied else { throw BenchError("refused: \(result.outcome)") }
                    last = max(last, result.sequence)
                }
                answered.add(ContinuousClock.now - began)
                try await trio.keepers.everywhere(last)
                everywhere.add(ContinuousClock.now - began)
            }
            return (answered, everywhere)
        }
    }
}
