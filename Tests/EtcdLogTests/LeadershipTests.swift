import Foundation
import Ledger
import LedgerLog
import Testing

@testable import EtcdLog

@Suite(.enabled(if: EtcdFixture.isInstalled, EtcdFixture.missing), .timeLimit(.minutes(2)))
struct LeadershipTests {
    @Test func movesAtOnceWhenTheLeaderStops() async throws {
        try await EtcdFixture.run { etcd in
            let chain = try Chain()
            let first = try etcd.ledger(chain, node: 1)
            let second = try etcd.ledger(chain, node: 2)
            let observer = try etcd.ledger(chain, node: 3, isCandidate: false)
            #expect(first.leadership.standing == .vacant)
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (firstNode, secondNode) = (try Chain.node(1), try Chain.node(2))
                let reign = Task { await first.leadership.run() }
                let firstTerm = try await term(first)
                group.addTask { await second.leadership.run() }
                group.addTask { await observer.leadership.run() }
                try await wait(second, for: .following(firstNode))
                try await wait(observer, for: .following(firstNode))
                let start = ContinuousClock.now
                reign.cancel()
                await reign.value
                #expect(first.leadership.standing == .vacant)
                let secondTerm = try await term(second)
                // Not by the lease's end: it is longer than this in any case.
                #expect(ContinuousClock.now - start < .seconds(2))
                #expect(secondTerm > firstTerm)
                try await wait(observer, for: .following(secondNode))
                #expect(await code { try await observer.log.append(LogRecord(chain.after("a"))) } == .notSequencer)
                group.cancelAll()
            }
            for ledger in [first, second, observer] { try await ledger.close() }
        }
    }

    @Test func whoLeadsTalksToTheMemberThatLeadsEtcd() async throws {
        try await EtcdFixture.run(3) { etcd in
            let start = try Chain()
            var cluster = try etcd.cluster()
            cluster.leaseSeconds = 2
            let ledger = try etcd.ledger(start, cluster: cluster)
            @Sendable func isBesideLeader() async -> Bool {
                guard let leader = try? await etcd.raftLeader() else { return false }
                return ledger.log.client.preferredMember == leader
            }
            try await leading(ledger) { _ in
                while await !isBesideLeader() { try await Task.sleep(for: .milliseconds(100)) }
                let old = try await etcd.raftLeader()
                etcd.kill9(old)
                while await !isBesideLeader() { try await Task.sleep(for: .milliseconds(100)) }
                #expect(ledger.log.client.preferredMember != old)
            }
            try await ledger.close()
        }
    }

    @Test func movesWhenTheLeaderIsCutOff() async throws {
        try await EtcdFixture.run { etcd in
            let start = try Chain()
            let proxy = try CutProxy(to: try etcd.endpoints[0].port)
            var behindProxy = try etcd.cluster()
            behindProxy.members = [try proxy.endpoint]
            behindProxy.patience = .seconds(1)
            let first = try etcd.ledger(start, node: 1, cluster: behindProxy)
            let second = try etcd.ledger(start, node: 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await first.leadership.run() }
                let firstTerm = try await term(first)
                var chain = start
                try await first.log.append(LogRecord(chain.next("a")))
                let held = try #require(first.log.lead.lead)
                group.addTask { await second.leadership.run() }
                try await wait(second, for: .following(Chain.node(1)))
                proxy.close()
                try await wait(first, for: .vacant)
                #expect(await code { try await first.log.append(LogRecord(chain.after("b"))) } == .notSequencer)
                let secondTerm = try await term(second)
                #expect(secondTerm > firstTerm)
                // A leader that was asleep meanwhile: it believes to lead, and reaches etcd again.
                let sleeper = try etcd.ledger(start, node: 1)
                sleeper.log.lead.update {
                    $0.won(LeadCore.Lead(term: held.term, lease: held.lease, end: .now + .seconds(60)))
                }
                #expect(await code { try await sleeper.log.append(LogRecord(chain.after("b"))) } == .notSequencer)
                #expect(try await everything(second.log).map(Chain.text) == ["a"])
                try await second.log.append(LogRecord(chain.next("c")))
                #expect(await code { try await sleeper.log.append(LogRecord(chain.after("d"))) } == .notSequencer)
                #expect(try await everything(second.log).map(Chain.text) == ["a", "c"])
                try await sleeper.close()
                group.cancelAll()
            }
            for ledger in [first, second] { try await ledger.close() }
        }
    }

    @Test func aRestartedLeaderDoesNotWaitForItsOldLease() async throws {
        try await EtcdFixture.run { etcd in
            let chain = try Chain()
            var cluster = try etcd.cluster()
            cluster.leaseSeconds = 600
            let first = try etcd.ledger(chain, cluster: cluster)
            let oldTerm = try await leading(first) { term in
                // As if the process had died: nothing is given back.
                try await first.close()
                return term
            }
            let again = try etcd.ledger(chain, cluster: cluster)
            #expect(try await leading(again) { $0 } > oldTerm)
            try await again.close()
        }
    }

    @Test func aDeletedLeaderStandsAgainWithALaterTerm() async throws {
        try await EtcdFixture.run { etcd in
            let chain = try Chain()
            let ledger = try etcd.ledger(chain)
            try await leading(ledger) { first in
                try etcd.etcdctl(["del", String(decoding: ledger.log.keys.leader, as: UTF8.self)])
                for await standing in ledger.leadership.changes() {
                    if case .leading(let second) = standing, second != first {
                        #expect(second > first)
                        break
                    }
                }
                try await ledger.log.append(LogRecord(chain.after("a")))
            }
            try await ledger.close()
        }
    }

    @Test func aStrangeLeaderIsNobody() async throws {
        try await EtcdFixture.run { etcd in
            let chain = try Chain()
            let ledger = try etcd.ledger(chain)
            let key = String(decoding: ledger.log.keys.leader, as: UTF8.self)
            try etcd.etcdctl(["put", key, "nonsense"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await ledger.leadership.run() }
                try await Task.sleep(for: .milliseconds(300))
                #expect(ledger.leadership.standing == .vacant)
                try etcd.etcdctl(["del", key])
                #expect(try await term(ledger) > 0)
                group.cancelAll()
            }
            try await ledger.close()
        }
    }

    @Test func candidatesLeadOneAfterTheOther() async throws {
        try await EtcdFixture.run { etcd in
            let chain = try Chain()
            let ledgers = try (1...4).map { try etcd.ledger(chain, node: UInt8($0)) }
            let terms = try await withThrowingTaskGroup(of: UInt64.self) { group in
                for ledger in ledgers { group.addTask { try await leading(ledger) { $0 } } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(terms == terms.sorted() && Set(terms).count == 4)
            for ledger in ledgers { try await ledger.close() }
        }
    }
}
