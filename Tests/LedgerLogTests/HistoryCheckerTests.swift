import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

/// The checker finds each thing that must not be, and nothing else.
@Suite struct HistoryCheckerTests {
    private let network: Network
    private let start: LedgerState
    private let entries: [Entry]
    private let ids: [TransactionID]

    init() throws {
        network = try Network()
        start = LedgerState(genesis: network.genesis)
        entries = try network.entries(["a", "b", "c", "d"])
        ids = try entries.map { try SignedTransaction(decoding: $0.transactions[0]).id }
    }

    private func said(_ index: Int, in sequence: UInt64? = nil) -> HistoryChecker.Acknowledgement {
        .init(id: ids[index], sequence: sequence ?? UInt64(index + 1))
    }

    private func check(
        _ entries: [Data]? = nil, said: [HistoryChecker.Acknowledgement] = [], submitted: Set<TransactionID>? = nil
    ) -> [HistoryChecker.Violation] {
        HistoryChecker.violations(
            submitted: submitted ?? Set(ids), acknowledged: said,
            histories: [.init(name: "log", start: start, entries: entries ?? self.entries.map(\.bytes))])
    }

    @Test func aSoundHistory() throws {
        #expect(check(said: (0..<4).map { said($0) }).isEmpty)
        let middle = try start.after(Array(entries[..<2]))
        let histories = [
            HistoryChecker.History(name: "whole", start: start, entries: entries.map(\.bytes)),
            HistoryChecker.History(name: "short", start: start, entries: entries[..<3].map(\.bytes)),
            HistoryChecker.History(name: "truncated", start: middle, entries: entries[2...].map(\.bytes)),
        ]
        let violations = HistoryChecker.violations(
            submitted: nil, acknowledged: (0..<3).map { said($0) }, histories: histories)
        #expect(violations.isEmpty)
    }

    @Test func aLostTransaction() {
        #expect(check(entries[..<3].map(\.bytes), said: [said(0), said(3)]) == [.lost(log: "log", said(3))])
    }

    @Test func aMisplacedTransaction() {
        #expect(check(said: [said(1, in: 3)]) == [.misplaced(log: "log", said(1, in: 3), found: 2)])
    }

    @Test func anInventedTransaction() {
        #expect(check(submitted: Set(ids[1...])) == [.invented(log: "log", ids[0], sequence: 1)])
    }

    @Test func aBrokenChain() throws {
        guard case .broken("log", 2, _)? = check([entries[0].bytes, entries[2].bytes]).first else {
            Issue.record("A gap was not seen")
            return
        }
        var flipped = entries[1].bytes
        flipped[flipped.count - 5] ^= 1
        guard case .broken("log", 2, _)? = check([entries[0].bytes, flipped]).first else {
            Issue.record("A flipped bit was not seen")
            return
        }
        let forged = try Entry(following: start, transactions: [], timeMilliseconds: 0, key: network.follower)
        guard case .broken("log", 1, _)? = check([forged.bytes]).first else {
            Issue.record("A forged signature was not seen")
            return
        }
    }

    @Test func twoHistories() throws {
        let other = try entries[..<2] + network.entries(["x", "y"], after: start.after(Array(entries[..<2])))
        let violations = HistoryChecker.violations(
            submitted: nil, acknowledged: [],
            histories: [
                .init(name: "one", start: start, entries: entries.map(\.bytes)),
                .init(name: "two", start: start, entries: other.map(\.bytes)),
            ])
        #expect(violations == [.parted(log: "two", from: "one", sequence: 3)])
    }

    /// The state machine applies nothing twice, so the second application has to be a refusal, which is no violation.
    @Test func aRefusedRepetitionIsNone() throws {
        let after = try start.after([entries[0]])
        let again = try Entry(
            following: after, transactions: [SignedTransaction(decoding: entries[0].transactions[0])],
            timeMilliseconds: 0, key: network.sequencer)
        #expect(check([entries[0].bytes, again.bytes], said: [said(0)]).isEmpty)
    }
}
