import Blake3

/// What the ledger remembers of its own checkpoints.
///
/// A checkpoint names the state root after its entry, so it cannot be a part of that state: the entry that follows
/// remembers it.
struct CheckpointBook: Hashable, Sendable {
    /// A checkpoint that awaits a certificate.
    struct Known: Hashable, Sendable {
        let sequence: UInt64
        let hash: Digest
    }

    /// Checkpoints that are remembered. Older ones can no longer be certified; newer ones stand for them.
    static let maxKnown = 64

    /// The last entry that is a checkpoint.
    var lastSequence: UInt64 = 0
    var lastMilliseconds: Int64
    /// The epoch at that entry.
    var lastEpoch: UInt64 = 0
    /// The committee that it named as the next.
    var lastNextCommittee: Digest
    /// The last entry that did more than record certificates.
    var lastChange: UInt64 = 0
    /// In ascending order of their sequences, all above ``certifiedSequence``.
    var known: [Known] = []
    /// The last certified checkpoint; the genesis at first.
    var certifiedSequence: UInt64 = 0
    var certifiedHash: Digest

    /// Whether entry `sequence`, which ends, is a checkpoint.
    ///
    /// Certificates need no certificate themselves, or a quiet network would certify its certificates for ever.
    func isDue(
        sequence: UInt64, timeMilliseconds: Int64, epoch: EpochState, parameters: NetworkParameters
    ) -> Bool {
        if epoch.number != lastEpoch || epoch.nextCommittee.hash != lastNextCommittee { return true }
        if isOverdue(at: timeMilliseconds, parameters) { return true }
        return lastChange > lastSequence && sequence &- lastSequence >= parameters.checkpointEntries
    }

    /// Whether a change has no checkpoint although the last one is as old as the parameters allow: any entry of that
    /// time is one then, also an empty one.
    func isOverdue(at timeMilliseconds: Int64, _ parameters: NetworkParameters) -> Bool {
        guard lastChange > lastSequence else { return false }
        let (elapsed, overflow) = timeMilliseconds.subtractingReportingOverflow(lastMilliseconds)
        return overflow || (elapsed > 0 && UInt64(elapsed) >= parameters.checkpointMilliseconds)
    }

    mutating func remember(_ checkpoint: Checkpoint) {
        known.append(Known(sequence: checkpoint.sequence, hash: checkpoint.hash))
        known.removeFirst(max(0, known.count - CheckpointBook.maxKnown))
    }

    mutating func certify(_ checkpoint: Checkpoint) {
        certifiedSequence = checkpoint.sequence
        certifiedHash = checkpoint.hash
        known.removeAll { $0.sequence <= checkpoint.sequence }
    }
}

extension CheckpointBook {
    func encode(into encoder: inout RowEncoder) {
        encoder.append(lastSequence)
        encoder.append(lastMilliseconds)
        encoder.append(lastEpoch)
        encoder.append(lastNextCommittee)
        encoder.append(lastChange)
        encoder.append(count: known.count)
        for checkpoint in known {
            encoder.append(checkpoint.sequence)
            encoder.append(checkpoint.hash)
        }
        encoder.append(certifiedSequence)
        encoder.append(certifiedHash)
    }
}
