import EtcdLog
import Foundation
import Identity
import Ledger
import LedgerLog
import Synchronization
import Testing

/// Two nodes append while etcd's members are killed and the lead changes hands.
@Suite(.enabled(if: EtcdFixture.isInstalled, EtcdFixture.missing), .timeLimit(.minutes(2)))
struct MemberKillTests {
    /// What the nodes did, for the check afterwards.
    private final class History: Sendable {
        struct Record {
            var tried: Set<String> = []
            var acknowledged: Set<String> = []
            var doubts = 0
            var leads: Set<UInt64> = []
        }

        let record = Mutex(Record())

        func note<Result>(_ change: (inout Record) -> Result) -> Result { record.withLock { change(&$0) } }
    }

    @Test func nothingAcknowledgedIsLost() async throws {
        let kills = 4
        try await EtcdFixture.run(3) { etcd in
            let start = try Chain()
            let history = History()
            let ledgers = try (1...2).map { try etcd.ledger(start, node: UInt8($0)) }
            let operation = try EtcdClient(etcd.cluster(), logger: .silent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ledger in ledgers {
                    group.addTask { await ledger.leadership.run() }
                    group.addTask { await Self.append(ledger, start, history) }
                }
                for round in 0..<kills {
                    try await Self.waitForAppends(10, history)
                    let victim = round % 2 == 0 ? try await etcd.raftLeader() : round % 3
                    etcd.kill9(victim)
                    if round == 2 {
                        let leader = EtcdKeys(start.network).leader
                        try await operation.delete(leader, leader + [0])
                    }
                    try await Self.waitForAppends(10, history)
                    try etcd.start(victim)
                }
                try await Self.waitForAppends(10, history)
                group.cancelAll()
            }
            let entries = try await everything(ledgers[0].log)
            var (sequence, hash) = (UInt64(0), start.head.hash)
            for entry in entries {
                #expect(entry.sequence == sequence + 1 && entry.previousHash == hash)
                (sequence, hash) = (entry.sequence, entry.hash)
            }
            let texts = entries.map(Chain.text)
            let record = history.note { $0 }
            #expect(Set(texts).count == texts.count, "an entry is there twice")
            #expect(record.acknowledged.subtracting(texts).isEmpty, "an acknowledged entry is lost")
            #expect(Set(texts).subtracting(record.tried).isEmpty, "an entry was invented")
            print(
                "etcd members killed \(kills) times: \(entries.count) entries, \(record.acknowledged.count) "
                    + "acknowledged at once, \(record.doubts) left open, \(record.leads.count) leads; none lost, "
                    + "none twice")
            await operation.close()
            for ledger in ledgers { try await ledger.close() }
        }
    }

    /// Appends as long as this node leads, as a keeper does: after an error it reads where the log ends.
    private static func append(_ ledger: EtcdLedger, _ start: Chain, _ history: History) async {
        var number = 0
        while !Task.isCancelled {
            guard case .leading(let term) = ledger.leadership.standing, let head = try? await ledger.log.head() else {
                try? await Task.sleep(for: .milliseconds(10))
                continue
            }
            history.note { _ = $0.leads.insert(term) }
            var chain = Chain(start.network, head: head)
            do {
                while !Task.isCancelled {
                    number += 1
                    let text = "\(ledger.leadership.node.short)-\(number)"
                    history.note { _ = $0.tried.insert(text) }
                    try await ledger.log.append(LogRecord(chain.next(text, byteCount: 1_000)))
                    history.note { _ = $0.acknowledged.insert(text) }
                }
            } catch let error as LedgerLogError {
                if error.code == .unavailable { history.note { $0.doubts += 1 } }
                #expect([.unavailable, .notSequencer, .conflict].contains(error.code), "\(error)")
            } catch {
                Issue.record(error)
            }
        }
    }

    private static func waitForAppends(_ count: Int, _ history: History) async throws {
        let goal = history.note { $0.acknowledged.count } + count
        while history.note({ $0.acknowledged.count }) < goal { try await Task.sleep(for: .milliseconds(20)) }
    }
}
