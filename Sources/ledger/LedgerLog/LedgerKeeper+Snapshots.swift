import Identity
public import Ledger
import Logging

extension LedgerKeeper {
    /// Goes on from a snapshot instead of the entries before it, if it is ahead of this node's state.
    ///
    /// When this returns, the local log begins at `base`: keep the snapshot's blob, since ``open`` needs it.
    ///
    /// - Parameters:
    ///   - snapshot: The state, which the caller verified against the certificate.
    ///   - base: What names it.
    ///   - handovers: What leads from the committees that this node knows to the one that certified the snapshot;
    ///     kept for others who come the same way.
    /// - Returns: Whether the state is the snapshot's now.
    /// - Throws: ``LedgerLogError`` `.badSnapshot` if the two do not belong together, what the log throws, or why the
    ///   ledger halted.
    @discardableResult
    public func install(
        _ snapshot: LedgerState, base: LogBase, handovers: [Handover] = []
    ) async throws -> Bool {
        try LedgerKeeper.check(snapshot, against: base, of: state.networkID)
        return try await gate.run {
            try checkOpen()
            guard base.sequence > state.sequence else { return false }
            let restart = Task { @concurrent [local] in
                try await local.keep(handovers)
                try await local.restart(at: base)
            }
            try await restart.value
            publish(snapshot)
            if let certificate = try? Certificate(decoding: base.certificate) {
                checkpointStates.note(certificate, of: snapshot)
            }
            note(missing: nil)
            logger.notice("The ledger goes on from a snapshot", metadata: ["sequence": "\(base.sequence)"])
            wakeUps.send(())
            return true
        }
    }

    /// Forgets the entries that a certified snapshot covers: in the shared log if this node leads there, and in the
    /// local one. When this returns, the bases are durable. Keep the snapshot's blob, since ``open`` needs it.
    ///
    /// - Throws: ``LedgerLogError`` `.badSnapshot` if the base is not of this ledger, or what the logs throw; the local
    ///   log is as before then.
    public func truncate(to base: LogBase) async throws {
        guard base.sequence <= state.sequence else {
            throw LedgerLogError(.badSnapshot, "The base \(base.sequence) is ahead of the ledger's \(state.sequence)")
        }
        if let known = state(atCheckpoint: base.sequence) {
            try LedgerKeeper.check(known, against: base, of: state.networkID)
        }
        if let shared, isLeading { try await shared.truncate(to: base) }
        try await local.truncate(to: base)
    }

    static func check(_ snapshot: LedgerState, against base: LogBase, of network: NetworkID) throws {
        guard snapshot.networkID == network else {
            throw LedgerLogError(.badSnapshot, "The snapshot is of network \(snapshot.networkID.short)")
        }
        guard snapshot.sequence == base.sequence, snapshot.headHash == base.hash, snapshot.root == base.stateRoot else {
            throw LedgerLogError(
                .badSnapshot,
                "The state at \(snapshot.sequence) is not that of base \(base.sequence); fetch \(base.snapshot) again")
        }
    }
}
