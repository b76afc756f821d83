public import Blake3
public import Identity

/// A node on the ledger.
public struct NodeRecord: Hashable, Sendable {
    /// Whether a node takes part: serves, is measured, and may be on a committee.
    public enum Participation: Hashable, Sendable {
        /// Registered only.
        case never
        /// Since this epoch.
        case since(epoch: UInt64)
        /// Not any more since this epoch.
        case left(epoch: UInt64)
    }

    /// Units that left the stake and are locked.
    public struct Unstaking: Hashable, Sendable {
        public internal(set) var amount: UInt64
        /// They may be withdrawn from this epoch on.
        public let releaseEpoch: UInt64
        /// The entry that unstaked them; they may be withdrawn once a certificate covers it.
        public let sequence: UInt64
    }

    /// Amounts that may be unstaking at a time, for each node.
    public static let maxUnstaking = 16
    /// The longest admission evidence in bytes.
    public static let maxAdmissionEvidenceBytes = 16_384

    /// What came after the rows' first form has a number each at the row's end, in ascending order, and only where it
    /// says something.
    private static let capacityPart: UInt8 = 1
    private static let admissionEvidencePart: UInt8 = 2

    public let id: NodeID
    public let publicKey: PublicKey
    /// The account that registered the node and may change it.
    public let operatorAccount: AccountID
    /// Where peers dial.
    public internal(set) var peer: Endpoint
    /// Where visitors are served, if the node has a gateway.
    public internal(set) var gateway: Endpoint?
    /// The nonce of the last applied transaction that the node itself signed; 0 before the first.
    public internal(set) var nonce: UInt64 = 0
    /// The entry that brought the node in; 0 is the genesis.
    public let registeredSequence: UInt64
    /// Units at stake.
    public internal(set) var stake: UInt64 = 0
    /// What was unstaked and not withdrawn yet, oldest first; at most ``maxUnstaking``.
    public internal(set) var unstaking: [Unstaking] = []
    public internal(set) var participation = Participation.never
    /// The node may not take part before this epoch.
    public internal(set) var barredUntilEpoch: UInt64 = 0
    /// What the epochs know of it.
    public internal(set) var standing = NodeStanding()
    /// What its operator says that it offers.
    public internal(set) var capacity = NodeCapacity()
    /// The BLAKE3 digest of what it showed when it registered; nil if it showed nothing.
    public internal(set) var admissionEvidence: Digest?

    /// Whether the node takes part now.
    public var isParticipating: Bool {
        if case .since = participation { true } else { false }
    }

    /// Takes up to `amount` units away, from the stake first and then from what was unstaked last.
    ///
    /// - Returns: What was there to take.
    mutating func forfeit(_ amount: UInt64) -> UInt64 {
        var missing = amount - min(amount, stake)
        stake -= min(amount, stake)
        while missing > 0, var last = unstaking.popLast() {
            let taken = min(missing, last.amount)
            missing -= taken
            last.amount -= taken
            if last.amount > 0 { unstaking.append(last) }
        }
        return amount - missing
    }
}

extension NodeRecord: MerkleRow {
    static var table: UInt8 { 2 }

    var path: Digest { id.digest }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(publicKey.bytes)
        encoder.append(operatorAccount.digest)
        encoder.append(peer)
        encoder.append(gateway)
        encoder.append(nonce)
        encoder.append(registeredSequence)
        encoder.append(stake)
        encoder.append(count: unstaking.count)
        for part in unstaking {
            encoder.append(part.amount)
            encoder.append(part.releaseEpoch)
            encoder.append(part.sequence)
        }
        participation.encode(into: &encoder)
        encoder.append(barredUntilEpoch)
        standing.encode(into: &encoder)
        if !capacity.isEmpty {
            encoder.append(NodeRecord.capacityPart)
            capacity.encode(into: &encoder)
        }
        if let admissionEvidence {
            encoder.append(NodeRecord.admissionEvidencePart)
            encoder.append(admissionEvidence)
        }
    }

    /// Reads what a row has behind its first form; ``StoredRow`` refuses what is not in order.
    mutating func decodeParts(_ decoder: inout RowDecoder) throws(LedgerError) {
        while decoder.remaining > 0 {
            switch try decoder.byte() {
            case NodeRecord.capacityPart: capacity = try NodeCapacity(decoder: &decoder)
            case NodeRecord.admissionEvidencePart: admissionEvidence = try decoder.digest()
            case let part:
                throw LedgerError(.malformed, "A node's row has a part \(part); is this software current?")
            }
        }
    }
}

extension NodeRecord.Participation {
    /// A number for the case, and the epoch, which is 0 for ``never``.
    func encode(into encoder: inout RowEncoder) {
        switch self {
        case .never:
            encoder.append(UInt8(0))
            encoder.append(UInt64(0))
        case .since(let epoch):
            encoder.append(UInt8(1))
            encoder.append(epoch)
        case .left(let epoch):
            encoder.append(UInt8(2))
            encoder.append(epoch)
        }
    }
}
