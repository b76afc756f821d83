import Blake3
package import Foundation
import Identity
package import Ledger

/// Compares what submitters were told with what logs hold, after any number of crashes and changes of the sequencer.
///
/// It believes nothing but the genesis: every signature is verified and every transaction carried out again.
package struct HistoryChecker {
    /// What a submitter was told: the transaction is applied, in this entry.
    package struct Acknowledgement: Sendable, Hashable {
        package let id: TransactionID
        package let sequence: UInt64

        package init(id: TransactionID, sequence: UInt64) {
            self.id = id
            self.sequence = sequence
        }
    }

    /// One log, read to its end.
    package struct History: Sendable {
        package let name: String
        /// The state at the log's base; the genesis' if it has none.
        package let start: LedgerState
        /// From the entry behind `start` on.
        package let entries: [Data]

        package init(name: String, start: LedgerState, entries: [Data]) {
            self.name = name
            self.start = start
            self.entries = entries
        }
    }

    /// Something that must not be.
    package enum Violation: Hashable, Sendable, CustomStringConvertible {
        /// An acknowledged transaction that the log does not hold where it should.
        case lost(log: String, Acknowledgement)
        /// A transaction that was applied in more than one entry.
        case repeated(log: String, TransactionID, sequences: [UInt64])
        /// An acknowledged transaction that was applied in another entry than was said.
        case misplaced(log: String, Acknowledgement, found: UInt64)
        /// A transaction that nobody submitted.
        case invented(log: String, TransactionID, sequence: UInt64)
        /// An entry that cannot be read, is signed wrongly, or does not follow the one before.
        case broken(log: String, sequence: UInt64, reason: String)
        /// Two logs that have another state after the same entry.
        case parted(log: String, from: String, sequence: UInt64)

        package var description: String {
            switch self {
            case .lost(let log, let said): "\(log) lost \(said.id), acknowledged in entry \(said.sequence)"
            case .repeated(let log, let id, let sequences): "\(log) applied \(id) in \(sequences)"
            case .misplaced(let log, let said, let found):
                "\(log) applied \(said.id) in entry \(found), acknowledged in \(said.sequence)"
            case .invented(let log, let id, let sequence): "\(log) has \(id) in entry \(sequence), submitted by nobody"
            case .broken(let log, let sequence, let reason): "\(log) is broken at entry \(sequence): \(reason)"
            case .parted(let log, let other, let sequence): "\(log) parted from \(other) at entry \(sequence)"
            }
        }
    }

    private struct Step {
        let log: String
        let hash: Digest
        let root: Digest
    }

    private let submitted: Set<TransactionID>?
    private let acknowledged: [Acknowledgement]
    private var steps: [UInt64: Step] = [:]
    private var violations: [Violation] = []

    /// - Parameters:
    ///   - submitted: All that anybody submitted; nil if that is not known.
    ///   - acknowledged: All that was said to be applied, by whichever node.
    ///   - histories: At least one; a log that ends before an acknowledged entry lost it.
    package static func violations(
        submitted: Set<TransactionID>?, acknowledged: [Acknowledgement], histories: [History]
    ) -> [Violation] {
        var checker = HistoryChecker(submitted: submitted, acknowledged: acknowledged)
        for history in histories { checker.check(history) }
        return checker.violations
    }

    private init(submitted: Set<TransactionID>?, acknowledged: [Acknowledgement]) {
        self.submitted = submitted
        self.acknowledged = acknowledged
    }

    private mutating func check(_ history: History) {
        var state = history.start
        var found: [TransactionID: [UInt64]] = [:]
        compare(state, history.name)
        for bytes in history.entries {
            do throws(LedgerError) {
                let checked = CheckedEntry(try Entry(decoding: bytes))
                let outcomes = try state.apply(checked)
                note(checked, outcomes, history.name, &found)
            } catch {
                violations.append(.broken(log: history.name, sequence: state.sequence &+ 1, reason: "\(error)"))
                break
            }
            compare(state, history.name)
        }
        for (id, sequences) in found where sequences.count > 1 {
            violations.append(.repeated(log: history.name, id, sequences: sequences))
        }
        for said in Set(acknowledged) where said.sequence > history.start.sequence {
            switch found[said.id] {
            case nil: violations.append(.lost(log: history.name, said))
            case let sequences?:
                guard let first = sequences.first, !sequences.contains(said.sequence) else { continue }
                violations.append(.misplaced(log: history.name, said, found: first))
            }
        }
    }

    private mutating func note(
        _ checked: CheckedEntry, _ outcomes: [Outcome], _ log: String, _ found: inout [TransactionID: [UInt64]]
    ) {
        for (transaction, outcome) in zip(checked.transactions, outcomes) {
            guard let id = try? transaction.get().id else { continue }
            if outcome.isApplied { found[id, default: []].append(checked.entry.sequence) }
            if let submitted, !submitted.contains(id) {
                violations.append(.invented(log: log, id, sequence: checked.entry.sequence))
            }
        }
    }

    private mutating func compare(_ state: LedgerState, _ log: String) {
        let step = Step(log: log, hash: state.headHash, root: state.root)
        guard let other = steps[state.sequence] else {
            steps[state.sequence] = step
            return
        }
        // The first difference says all: what follows differs as well.
        guard other.hash != step.hash || other.root != step.root else { return }
        let isKnown = violations.contains { violation in
            if case .parted(log, other.log, _) = violation { true } else { false }
        }
        if !isKnown { violations.append(.parted(log: log, from: other.log, sequence: state.sequence)) }
    }
}
