public import ControlModel
public import Foundation
public import Identity
public import Ledger

/// What the control API reads of the node's ledger. All of it is public: no request for it needs a signature.
///
/// Failures that a person should read are thrown as ``ControlFailure``.
public protocol ControlLedger: Sendable {
    /// The state after the last applied entry.
    var state: LedgerState { get }

    /// Why the ledger halted, if it did.
    var failure: String? { get }

    /// Who orders transactions, as far as this node knows.
    var sequencer: NodeID? { get }

    /// The newest certificate whose state is still known, and that state.
    var certified: (certificate: Certificate, state: LedgerState)? { get }

    /// Whether the ledger reaches `sequence` in time.
    func waitForSequence(_ sequence: UInt64, timeout: Duration) async -> Bool

    /// Entries in ascending order; empty past the head.
    ///
    /// - Throws: ``ControlFailure`` with status 410 if the log begins behind `sequence`.
    func entries(from sequence: UInt64, limit: Int) async throws -> [Data]

    /// What became of a transaction, and in which entry; nil if no entry that is kept holds it.
    func outcome(of id: TransactionID) async throws -> (sequence: UInt64, outcome: Outcome)?

    /// Where the log begins; nil if that is the genesis.
    func base() async throws -> LedgerBaseInfo?

    /// Hand-overs to later committees than that of `epoch`, oldest first.
    func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover]
}
