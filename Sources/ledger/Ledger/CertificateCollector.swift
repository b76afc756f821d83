import Foundation

/// Collects the votes of a committee for one checkpoint until they make a certificate.
///
/// Votes may come in any order, repeatedly and from anybody; what does not count is passed over.
public struct CertificateCollector: Sendable {
    public let checkpoint: Checkpoint
    public let committee: Committee
    /// The certificate, once more than two thirds of the committee's weight signed.
    public private(set) var certificate: Certificate?

    private var signatures: [Int: Data] = [:]
    private var weight: UInt128 = 0

    public init(checkpoint: Checkpoint, committee: Committee) {
        self.checkpoint = checkpoint
        self.committee = committee
    }

    /// The votes that count so far, in the order of the members.
    public var votes: [CheckpointVote] {
        signatures.sorted { $0.key < $1.key }.map { index, signature in
            CheckpointVote(checkpoint: checkpoint, node: committee.nodes[index], signature: signature)
        }
    }

    /// Counts a vote, verifying its signature.
    ///
    /// - Returns: The certificate, at the vote that completes it.
    public mutating func add(_ vote: CheckpointVote) -> Certificate? {
        guard let index = open(vote), vote.isValid(committee.members[index].publicKey) else { return nil }
        return addVerified(vote)
    }

    /// The member whose vote this is, if it is one that lacks.
    private func open(_ vote: CheckpointVote) -> Int? {
        guard certificate == nil, vote.checkpoint == checkpoint, checkpoint.committee == committee.hash,
            let index = committee.index(of: vote.node), signatures[index] == nil
        else { return nil }
        return index
    }

    /// As ``add(_:)``, for a vote whose signature was verified.
    package mutating func addVerified(_ vote: CheckpointVote) -> Certificate? {
        guard let index = open(vote) else { return nil }
        signatures[index] = vote.signature
        weight += UInt128(committee.members[index].weight)
        if committee.isMajority(weight) { certificate = makeCertificate() }
        return certificate
    }

    /// The heaviest members' votes, as few as suffice.
    private func makeCertificate() -> Certificate {
        let heaviestFirst = signatures.keys.sorted {
            let (left, right) = (committee.members[$0].weight, committee.members[$1].weight)
            return left == right ? $0 < $1 : left > right
        }
        var sum: UInt128 = 0
        var chosen: [Int] = []
        for index in heaviestFirst where !committee.isMajority(sum) {
            sum += UInt128(committee.members[index].weight)
            chosen.append(index)
        }
        let votes = chosen.sorted().map { Certificate.Vote(member: UInt32($0), signature: signatures[$0] ?? Data()) }
        return Certificate(checkpoint: checkpoint, votes: votes)
    }
}
