import EtcdLog
import Foundation
import Ledger
import LedgerLog
import Testing

/// Processes that order transactions under load, killed and paused over and over: what was acknowledged is there,
/// exactly once, and all logs agree. `SKERRY_KILLS` makes the loops longer.
@Suite("Kill loops", .serialized)
struct KillLoopTests {
    private static let kills = ProcessInfo.processInfo.environment["SKERRY_KILLS"].flatMap { Int($0) }
    private static let seed =
        ProcessInfo.processInfo.environment["SKERRY_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 0..<1_000_000)

    @Test("SQLite: the ordering process is killed")
    func sqlite() async throws {
        let folder = try KillFolder()
        var random = SystemlessRandom(Self.seed)
        let kills = Self.kills ?? 20
        for _ in 0..<kills {
            let exerciser = try ExercisedNode(0, folder: folder.path, engine: "sqlite")
            // Now and then while it opens.
            try await Task.sleep(for: .milliseconds(Int(random.next() % 500) + 20))
            exerciser.kill9()
        }
        let genesis = try #require(try SQLiteLedgerLog.genesis(atPath: folder.ledger(0)))
        let log = try SQLiteLedgerLog(path: folder.ledger(0), genesis: genesis)
        let history = try await HistoryChecker.History(
            name: "SQLite", start: LedgerState(genesis: genesis), entries: readAll(log))
        try await log.close()
        let said = try Said(folder.path)
        #expect(
            HistoryChecker.violations(submitted: said.tried, acknowledged: said.acknowledged, histories: [history])
                .isEmpty)
        #expect(said.halts.isEmpty && said.refusals.isEmpty, "\(said.halts) \(said.refusals)")
        // On a machine with other work most kills come before the first answer; some must not, to show anything.
        #expect(said.acknowledged.count > kills / 4)
        print(
            "kill loop on SQLite, seed \(Self.seed): \(kills) kills, \(said), \(history.entries.count) entries, none lost"
        )
    }

    @Test(
        "etcd: ordering processes and members are killed and paused",
        .enabled(if: EtcdFixture.isInstalled, EtcdFixture.missing))
    func etcd() async throws {
        let folder = try KillFolder()
        var random = SystemlessRandom(Self.seed)
        var counts = (nodes: 0, members: 0, leaders: 0, pauses: 0)
        let kills = Self.kills ?? 12
        try await EtcdFixture.run(3) { etcd in
            let engine = try etcd.endpoints.map(\.description).joined(separator: ",")
            var nodes = try (0..<3).map { try ExercisedNode($0, folder: folder.path, engine: engine) }
            defer { for node in nodes { node.kill9() } }
            try await Said.waitForNews(folder.path)
            for round in 0..<kills {
                switch round % 4 {
                case 0:
                    // The one that orders, so that another must take over.
                    let index = try Said.lastSpeaker(folder.path)
                    nodes[index].kill9()
                    try await Said.waitForNews(folder.path)
                    nodes[index] = try ExercisedNode(index, folder: folder.path, engine: engine)
                    counts.nodes += 1
                case 1:
                    let member = Int(random.next() % 3)
                    etcd.kill9(member)
                    try await Said.waitForNews(folder.path)
                    try etcd.start(member)
                    counts.members += 1
                case 2:
                    let index = try Said.lastSpeaker(folder.path)
                    nodes[index].pause()
                    try await Said.waitForNews(folder.path, besides: index)
                    nodes[index].resume()
                    counts.pauses += 1
                default:
                    let member = try await etcd.raftLeader()
                    etcd.kill9(member)
                    try await Said.waitForNews(folder.path)
                    try etcd.start(member)
                    counts.leaders += 1
                }
                try await Task.sleep(for: .milliseconds(Int(random.next() % 800)))
            }
            for node in nodes { node.kill9() }
            try await check(folder, etcd, counts)
        }
    }

    private func check(
        _ folder: KillFolder, _ etcd: EtcdFixture, _ counts: (nodes: Int, members: Int, leaders: Int, pauses: Int)
    ) async throws {
        let genesis = try #require(try SQLiteLedgerLog.genesis(atPath: folder.ledger(0)))
        let start = LedgerState(genesis: genesis)
        let shared = try EtcdLedger(
            try etcd.cluster(), network: genesis.networkID, node: genesis.sequencers[0], isCandidate: false,
            logger: .silent)
        var histories = [
            HistoryChecker.History(
                name: "etcd", start: start, entries: try await everything(shared.log).map(\.bytes))
        ]
        try await shared.close()
        let said = try Said(folder.path)
        #expect(
            HistoryChecker.violations(
                submitted: said.tried, acknowledged: said.acknowledged, histories: histories
            ).isEmpty)
        // A node's own copy may end earlier, for it is fed after the shared log; as far as it goes it is the same.
        for number in 0..<3 {
            let log = try SQLiteLedgerLog(path: folder.ledger(number), genesis: genesis)
            histories.append(
                HistoryChecker.History(name: "node \(number)", start: start, entries: try await readAll(log)))
            try await log.close()
        }
        #expect(HistoryChecker.violations(submitted: said.tried, acknowledged: [], histories: histories).isEmpty)
        #expect(said.halts.isEmpty && said.refusals.isEmpty, "\(said.halts) \(said.refusals)")
        print(
            "kill loop on etcd, seed \(Self.seed): \(counts.nodes) ordering nodes killed, \(counts.pauses) paused and "
                + "replaced, \(counts.members) members and \(counts.leaders) leading members killed, \(said), "
                + "\(histories[0].entries.count) entries, none lost")
    }

    private func readAll(_ log: SQLiteLedgerLog) async throws -> [Data] {
        var entries: [Data] = []
        while true {
            let page = try await log.entries(from: UInt64(entries.count) + 1, limit: 1_000, byteLimit: 16 << 20)
            if page.isEmpty { return entries }
            entries += page
        }
    }
}
