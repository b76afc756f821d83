/// Follows a network's committees without its ledger: from the genesis, by certificates in which each hands over to the
/// next.
///
/// It trusts the genesis, and at each step that fewer than a third of the committee's weight lies.
public struct LightClient: Hashable, Sendable {
    public let networkID: NetworkID
    /// Who signs checkpoints, as far as the client knows.
    public private(set) var committee: Committee
    /// The epoch of the last handover; 0 before the first.
    public private(set) var epoch: UInt64 = 0
    /// The entry of the last handover; 0 before the first.
    public private(set) var sequence: UInt64 = 0

    /// Begins with the committee of the genesis.
    public init(genesis: Genesis) {
        networkID = genesis.networkID
        committee = Committee(genesis: genesis)
    }

    /// Goes on where another client was. Whoever calls this trusts what is given as much as a genesis.
    ///
    /// - Parameters:
    ///   - epoch: Of the last handover that the other client took; 0 before the first. So is `sequence`.
    public init(networkID: NetworkID, committee: Committee, epoch: UInt64, sequence: UInt64) {
        self.networkID = networkID
        self.committee = committee
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Takes the next handover.
    ///
    /// - Throws: `.wrongNetwork`, or `.badCertificate` for one that does not follow the last; nothing changes then.
    public mutating func accept(_ handover: Handover) throws(LedgerError) {
        let checkpoint = try verify(handover.certificate)
        guard checkpoint.nextCommittee == handover.nextCommittee.hash else {
            throw LedgerError(
                .badCertificate,
                "The handover at entry \(checkpoint.sequence) is to another committee than the one beside it")
        }
        guard checkpoint.nextCommittee != committee.hash else {
            throw LedgerError(.badCertificate, "The certificate of entry \(checkpoint.sequence) hands nothing over")
        }
        committee = handover.nextCommittee
        epoch = checkpoint.epoch
        sequence = checkpoint.sequence
    }

    /// Whether the present committee signed it, after the last handover.
    ///
    /// - Returns: The checkpoint that is certified.
    /// - Throws: `.wrongNetwork` or `.badCertificate`.
    @discardableResult
    public func verify(_ certificate: Certificate) throws(LedgerError) -> Checkpoint {
        let checkpoint = certificate.checkpoint
        guard checkpoint.networkID == networkID else {
            throw LedgerError(
                .wrongNetwork, "The certificate is of network \(checkpoint.networkID.short), not \(networkID.short)")
        }
        guard checkpoint.sequence > sequence, checkpoint.epoch >= epoch else {
            throw LedgerError(
                .badCertificate,
                "The certificate of entry \(checkpoint.sequence) is older than the handover at entry \(sequence)")
        }
        try certificate.verify(by: committee)
        return checkpoint
    }
}
