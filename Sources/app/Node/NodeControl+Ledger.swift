import Blake3
import ControlAPI
import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog

/// The node's ledger as its control API sees it.
struct NodeLedger: ControlLedger {
    let keeper: LedgerKeeper

    var state: LedgerState { keeper.state }

    var failure: String? { keeper.failure.map { "\($0)" } }

    var sequencer: NodeID? { keeper.sequencer }

    var certified: (certificate: Certificate, state: LedgerState)? { keeper.certified }

    func waitForSequence(_ sequence: UInt64, timeout: Duration) async -> Bool {
        await keeper.waitForSequence(sequence, timeout: timeout)
    }

    func entries(from sequence: UInt64, limit: Int) async throws -> [Data] {
        do { return try await keeper.entries(from: sequence, limit: limit) } catch {
            throw NodeControl.explained(error)
        }
    }

    func outcome(of id: TransactionID) async throws -> (sequence: UInt64, outcome: Outcome)? {
        do {
            return try await keeper.outcome(of: id).map { ($0.sequence, $0.outcome) }
        } catch {
            throw NodeControl.explained(error)
        }
    }

    func base() async throws -> LedgerBaseInfo? {
        do {
            guard let base = try await keeper.base() else { return nil }
            return LedgerBaseInfo(
                sequence: base.sequence, hash: base.hash.hex, stateRoot: base.stateRoot.hex,
                snapshot: base.snapshot.description, snapshotByteCount: base.snapshotByteCount,
                certificate: base.certificate)
        } catch {
            throw NodeControl.explained(error)
        }
    }

    func handovers(after epoch: UInt64, limit: Int) async throws -> [Handover] {
        do {
            return try await keeper.handovers(after: epoch, limit: limit)
        } catch {
            throw NodeControl.explained(error)
        }
    }
}
