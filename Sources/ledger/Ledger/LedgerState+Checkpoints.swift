public import Blake3
import Identity

extension LedgerState {
    /// The last entry that a recorded certificate covers, and the hash of its checkpoint; 0 and the network id at
    /// first.
    public var certified: (sequence: UInt64, checkpointHash: Digest) {
        (chain.checkpoints.certifiedSequence, chain.checkpoints.certifiedHash)
    }

    /// Whether a change waits for a checkpoint for longer than the parameters allow at `timeMilliseconds`: whoever
    /// orders should then write an entry, be it an empty one.
    public func isCheckpointOverdue(at timeMilliseconds: Int64) -> Bool {
        chain.checkpoints.isOverdue(at: timeMilliseconds, parameters)
    }

    /// Ends an entry: decides whether it is a checkpoint. Sequence, time and head are the entry's already.
    ///
    /// - Parameter appliedCount: Transactions that the entry applied.
    mutating func concludeCheckpoint(appliedCount: UInt64) {
        if let checkpoint { chain.checkpoints.remember(checkpoint) }
        checkpoint = nil
        if appliedCount > certificatesInEntry { chain.checkpoints.lastChange = sequence }
        certificatesInEntry = 0
        guard
            chain.checkpoints.isDue(
                sequence: sequence, timeMilliseconds: timeMilliseconds, epoch: chain.epoch, parameters: parameters)
        else { return }
        chain.checkpoints.lastSequence = sequence
        chain.checkpoints.lastMilliseconds = timeMilliseconds
        chain.checkpoints.lastEpoch = chain.epoch.number
        chain.checkpoints.lastNextCommittee = chain.epoch.nextCommittee.hash
        checkpoint = makeCheckpoint()
    }

    /// The checkpoint of the last entry.
    func makeCheckpoint() -> Checkpoint {
        Checkpoint(
            networkID: networkID, sequence: sequence, entryHash: headHash, stateRoot: root, epoch: chain.epoch.number,
            committee: chain.epoch.committee.hash, nextCommittee: chain.epoch.nextCommittee.hash)
    }

    /// Checks a certificate against what the ledger knows of itself and lets everything take effect that waited for it.
    mutating func record(_ certificate: Certificate) throws(LedgerError) {
        let signed = certificate.checkpoint
        guard signed.networkID == networkID else {
            throw LedgerError(.wrongNetwork, "The certificate is of network \(signed.networkID.short)")
        }
        guard signed.sequence > chain.certifiedSequence else {
            throw LedgerError(
                .alreadyDone, "Entry \(chain.certifiedSequence) is certified already, so \(signed.sequence) is too")
        }
        let known =
            checkpoint?.sequence == signed.sequence
            ? checkpoint?.hash : chain.checkpoints.known.first { $0.sequence == signed.sequence }?.hash
        guard let known else {
            throw LedgerError(
                .badCertificate,
                "Entry \(signed.sequence) is no checkpoint that this ledger remembers; certify a newer one")
        }
        guard known == signed.hash else {
            throw LedgerError(
                .badCertificate, "The certificate is of another history: entry \(signed.sequence) differs here")
        }
        try certificate.verify(by: chain.epoch.committee)
        chain.checkpoints.certify(signed)
        certificatesInEntry += 1
        if let pending = chain.epoch.pendingCommittee, pending.hash == signed.nextCommittee {
            chain.epoch.committee = pending
            chain.epoch.pendingCommittee = nil
        }
        if chain.penalisedCount > 0 { settlePenalties() }
    }

    // MARK: Penalties

    mutating func addPenalty(_ amount: NodePenalty.Amount, to node: inout NodeRecord) {
        if node.standing.penalties.isEmpty { chain.penalisedCount += 1 }
        node.standing.add(NodePenalty(amount: amount, sequence: sequence &+ 1))
    }

    /// Carries out all penalties that the certificate covers.
    private mutating func settlePenalties() {
        let certified = chain.certifiedSequence
        for var node in nodeTable.rows where node.standing.penalties.contains(where: { $0.sequence <= certified }) {
            for penalty in node.standing.penalties where penalty.sequence <= certified { settle(penalty, &node) }
            node.standing.penalties.removeAll { $0.sequence <= certified }
            if node.standing.penalties.isEmpty { chain.penalisedCount -= min(1, chain.penalisedCount) }
            nodeTable.put(node)
        }
    }

    private mutating func settle(_ penalty: NodePenalty, _ node: inout NodeRecord) {
        let total = node.unstaking.reduce(node.stake) { $0.addingClamped($1.amount) }
        // All units together fit, so the treasury does.
        chain.treasury += node.forfeit(penalty.units(of: total))
        guard case .permille = penalty.amount else { return }
        if node.isParticipating { node.participation = .left(epoch: chain.epoch.number) }
        let end = chain.epoch.number.next.addingClamped(UInt64(parameters.barredEpochs))
        node.barredUntilEpoch = max(node.barredUntilEpoch, end)
    }
}
