import Foundation
import Identity

extension Certificate {
    /// Whether more than two thirds of `committee`'s weight signed the checkpoint, and the checkpoint names it.
    ///
    /// - Throws: `.badCertificate`.
    public func verify(by committee: Committee) throws(LedgerError) {
        let sequence = checkpoint.sequence
        guard checkpoint.committee == committee.hash else {
            throw LedgerError(
                .badCertificate,
                "The certificate of entry \(sequence) is not of the committee \(committee.hash); get the newest one"
            )
        }
        guard zip(votes, votes.dropFirst()).allSatisfy({ $0.member < $1.member }),
            votes.allSatisfy({ Int($0.member) < committee.members.count })
        else {
            throw LedgerError(
                .badCertificate, "The certificate of entry \(sequence) has votes of nobody, or one twice")
        }
        let members = votes.map { committee.members[Int($0.member)] }
        let weight = members.reduce(UInt128(0)) { $0 + UInt128($1.weight) }
        guard committee.isMajority(weight) else {
            throw LedgerError(
                .badCertificate,
                "The certificate of entry \(sequence) has \(weight) of \(committee.totalWeight) weight; it needs more "
                    + "than two thirds")
        }
        let message = CheckpointVote.domain + checkpointBytes
        for (vote, member) in zip(votes, members) where !member.publicKey.isValidSignature(vote.signature, for: message)
        {
            throw LedgerError(
                .badCertificate,
                "In the certificate of entry \(sequence), the signature of node \(member.node.short) is not valid")
        }
    }
}
