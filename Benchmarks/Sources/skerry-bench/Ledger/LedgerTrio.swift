import EtcdLog
import Foundation
import Identity
import Ledger
import LedgerLog

/// Three nodes' ledgers in one process, on one engine; each with its own copy in SQLite.
final class LedgerTrio {
    static let count = 3

    let keepers: [LedgerKeeper]
    private let shared: [EtcdLedger]
    private let work: WorkFolder
    private let etcd: EtcdMembers?
    private let tasks: [Task<Void, Never>]

    /// On SQLite: the first node orders, the others take its entries as they come.
    init(_ load: TransferLoad, sqliteIn work: WorkFolder) async throws {
        var keepers: [LedgerKeeper] = []
        // Whoever the genesis names first orders.
        let nodes = load.nodes.sorted { $0.publicKey.node < $1.publicKey.node }
        for (number, key) in nodes.enumerated() {
            let local = try SQLiteLedgerLog(path: work.file("ledger\(number).sqlite"), genesis: load.genesis)
            keepers.append(
                try await LedgerKeeper.open(local: local, genesis: load.genesis, nodeKey: key, logger: Cast.quiet))
        }
        self.keepers = keepers
        shared = []
        self.work = work
        etcd = nil
        let leader = keepers[0]
        tasks = keepers.dropFirst().map { follower in
            Task {
                while !Task.isCancelled {
                    let next = follower.state.sequence + 1
                    guard await leader.waitForSequence(next, timeout: .seconds(1)) else { continue }
                    guard let entries = try? await leader.entries(from: next, limit: 64) else { continue }
                    try? await follower.ingest(entries)
                }
            }
        }
    }

    /// On etcd: whoever is elected orders, everybody follows etcd.
    init(_ load: TransferLoad, etcd: EtcdMembers, in work: WorkFolder) async throws {
        var keepers: [LedgerKeeper] = []
        var shared: [EtcdLedger] = []
        var tasks: [Task<Void, Never>] = []
        for (number, key) in load.nodes.enumerated() {
            let ledger = try EtcdLedger(
                EtcdCluster(members: etcd.endpoints), network: load.genesis.networkID, node: key.publicKey.node,
                isCandidate: true, logger: Cast.quiet)
            let local = try SQLiteLedgerLog(
                path: work.file("ledger\(number).sqlite"), genesis: load.genesis, durability: .relaxed)
            let keeper = try await LedgerKeeper.open(
                local: local, shared: ledger.log, leadership: ledger.leadership, genesis: load.genesis, nodeKey: key,
                logger: Cast.quiet)
            tasks.append(Task { await keeper.run() })
            tasks.append(Task { await ledger.leadership.run() })
            keepers.append(keeper)
            shared.append(ledger)
        }
        self.keepers = keepers
        self.shared = shared
        self.work = work
        self.etcd = etcd
        self.tasks = tasks
    }

    /// The node that orders, as soon as there is one.
    func leader() async throws -> LedgerKeeper {
        for _ in 0..<600 {
            if let leader = keepers.first(where: \.isLeading) { return leader }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw BenchError("no node orders after 30 s")
    }

    func close() async throws {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        for keeper in keepers { try await keeper.close() }
        for ledger in shared { try await ledger.close() }
    }
}

extension [LedgerKeeper] {
    /// Waits until every node has applied entry `sequence`.
    func everywhere(_ sequence: UInt64) async throws {
        for keeper in self {
            guard await keeper.waitForSequence(sequence, timeout: .seconds(30)) else {
                throw BenchError("a node lacks entry \(sequence): \(keeper.failure.map { "\($0)" } ?? "slow")")
            }
        }
    }
}
