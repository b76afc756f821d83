import Foundation
import Ledger
import LedgerLog
import SwiftProtobuf
import Testing

@testable import EtcdLog

@Suite(.enabled(if: EtcdFixture.isInstalled, EtcdFixture.missing), .timeLimit(.minutes(2)))
struct FaultTests {
    /// A leader behind a proxy, which does as `body` says.
    private func behindProxy(
        lease: Int = 10,
        _ body: @Sendable (EtcdFixture, CutProxy, EtcdLedger, Chain) async throws -> Void
    ) async throws {
        try await EtcdFixture.run { etcd in
            let chain = try Chain()
            let proxy = try CutProxy(to: try etcd.endpoints[0].port)
            defer { proxy.close() }
            var cluster = try etcd.cluster()
            cluster.members = [try proxy.endpoint]
            cluster.leaseSeconds = lease
            let ledger = try etcd.ledger(chain, cluster: cluster)
            try await leading(ledger) { _ in try await body(etcd, proxy, ledger, chain) }
            try await ledger.close()
        }
    }

    @Test func anAppendWhoseAnswerIsLostIsFoundInTheLog() async throws {
        try await behindProxy { etcd, proxy, ledger, start in
            let direct = try etcd.ledger(start, node: 9, isCandidate: false)
            var chain = start
            // After this one the node knows the tip and needs no answer before it sends the next.
            try await ledger.log.append(LogRecord(chain.next("first")))
            for text in ["a", "b", "c"] {
                let entry = try chain.next(text, byteCount: 20_000)
                proxy.dropAnswers()
                async let result: Void = ledger.log.append(LogRecord(entry))
                while try await direct.log.head().sequence < entry.sequence {
                    try await Task.sleep(for: .milliseconds(5))
                }
                proxy.cut()
                try await result
            }
            #expect(try await everything(direct.log).map(Chain.text) == ["first", "a", "b", "c"])
            try await direct.close()
        }
    }

    @Test func anAppendThatNeverArrivedIsSentAgain() async throws {
        try await behindProxy { etcd, proxy, ledger, start in
            let direct = try etcd.ledger(start, node: 9, isCandidate: false)
            var chain = start
            // After this one the node knows the tip and needs no answer before it sends the next.
            try await ledger.log.append(LogRecord(chain.next("first")))
            for text in ["a", "b", "c"] {
                let entry = try chain.next(text, byteCount: 20_000)
                proxy.holdRequests()
                async let result: Void = ledger.log.append(LogRecord(entry))
                while proxy.heldBytes < 20_000 { try await Task.sleep(for: .milliseconds(5)) }
                #expect(try await direct.log.head().sequence == entry.sequence - 1)
                proxy.cut()
                try await result
            }
            #expect(try await everything(direct.log).map(Chain.text) == ["first", "a", "b", "c"])
            try await direct.close()
        }
    }

    @Test func anAppendThatArrivesLateChangesNothing() async throws {
        try await behindProxy(lease: 2) { etcd, proxy, ledger, start in
            let successor = try etcd.ledger(start, node: 2)
            var chain = start
            try await ledger.log.append(LogRecord(chain.next("a")))
            let late = try chain.after("late", byteCount: 20_000)
            proxy.holdRequests()
            proxy.dropAnswers()
            let result = Task { await code { try await ledger.log.append(LogRecord(late)) } }
            while proxy.heldBytes < 20_000 { try await Task.sleep(for: .milliseconds(5)) }
            try await leading(successor) { [chain] _ in
                var chain = chain
                try await successor.log.append(LogRecord(chain.next("b")))
                // All copies of the old leader's request get to etcd now, then it hears what became of them.
                proxy.release()
                try await Task.sleep(for: .milliseconds(200))
                proxy.cut()
                #expect(await result.value == .notSequencer)
                try await successor.log.append(LogRecord(chain.next("c")))
                #expect(try await everything(successor.log).map(Chain.text) == ["a", "b", "c"])
            }
            try await successor.close()
        }
    }

    @Test func givesUpWhenNobodyAnswers() async throws {
        try await EtcdFixture.run { etcd in
            let chain = try Chain()
            var cluster = try etcd.cluster()
            cluster.patience = .milliseconds(300)
            cluster.leaseSeconds = 20
            let ledger = try etcd.ledger(chain, cluster: cluster)
            try await leading(ledger) { _ in
                etcd.kill9(0)
                #expect(await code { try await ledger.log.append(LogRecord(chain.after("a"))) } == .unavailable)
                #expect(await code { _ = try await ledger.log.head() } == .unavailable)
                #expect(
                    await code { _ = try await ledger.log.entries(from: 1, limit: 1, byteLimit: 1) } == .unavailable)
                #expect(await code { _ = try await ledger.log.base() } == .unavailable)
                #expect(await code { try await ledger.log.truncate(to: chain.base(chain.after("a"))) } == .unavailable)
                try etcd.start(0)
                while await code({ try await ledger.log.append(LogRecord(chain.after("a"))) }) == .unavailable {}
                #expect(try await everything(ledger.log).count == 1)
            }
            try await ledger.close()
        }
    }

    @Test func aFullDatabaseRefusesAnEntryForGood() async throws {
        try await EtcdFixture.run(arguments: ["--quota-backend-bytes", "4000000"]) { etcd in
            let start = try Chain()
            let ledger = try etcd.ledger(start)
            try await leading(ledger) { _ in
                var chain = start
                var told: LedgerLogError.Code?
                while told == nil, chain.head.sequence < 20 {
                    let entry = try chain.after("a", byteCount: Entry.maxBatchByteCount)
                    told = await code { try await ledger.log.append(LogRecord(entry)) }
                    if told == nil { _ = try chain.next("a", byteCount: Entry.maxBatchByteCount) }
                }
                #expect(told == .appendFailed)
                #expect(try await ledger.log.head() == chain.head)
                #expect(try await everything(ledger.log).count == Int(chain.head.sequence))
            }
            try await ledger.close()
        }
    }

    @Test func asksAnotherMemberWhenOneHangs() async throws {
        try await EtcdFixture.run(3) { etcd in
            let start = try Chain()
            var cluster = try etcd.cluster()
            cluster.leaseSeconds = 20
            cluster.requestTimeout = .milliseconds(500)
            let ledger = try etcd.ledger(start, cluster: cluster)
            try await leading(ledger) { _ in
                var chain = start
                for index in 0..<3 {
                    etcd.signal(index, SIGSTOP)
                    for text in ["a", "b"] {
                        let entry = try chain.next("\(text)\(index)")
                        try await ledger.log.append(LogRecord(entry))
                    }
                    etcd.signal(index, SIGCONT)
                }
                #expect(try await everything(ledger.log).map(Chain.text) == ["a0", "b0", "a1", "b1", "a2", "b2"])
            }
            try await ledger.close()
        }
    }
}
