import Blake3
public import Foundation
import Identity
import SwiftProtobuf
import Wire

extension Checkpoint {
    /// The one encoding, which votes sign.
    public var bytes: Data {
        let message = LedgerPBCheckpoint.with {
            $0.networkID = networkID.digest.data
            $0.sequence = sequence
            $0.entryHash = entryHash.data
            $0.stateRoot = stateRoot.data
            $0.epoch = epoch
            $0.committee = committee.data
            $0.nextCommittee = nextCommittee.data
        }
        return message.canonicalBytes
    }

    /// Reads ``bytes``.
    ///
    /// - Throws: `.malformed` or `.tooLarge`. Any bytes are allowed.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBCheckpoint.decodeCanonical(bytes, limit: 1_024, what: "checkpoint")
        self.init(
            networkID: NetworkID(try Digest.decode(message.networkID, what: "network id")),
            sequence: message.sequence, entryHash: try Digest.decode(message.entryHash, what: "entry's hash"),
            stateRoot: try Digest.decode(message.stateRoot, what: "state root"), epoch: message.epoch,
            committee: try Digest.decode(message.committee, what: "committee's hash"),
            nextCommittee: try Digest.decode(message.nextCommittee, what: "next committee's hash"))
    }
}

extension Certificate {
    /// Puts a checkpoint and votes together; nothing is verified.
    public init(checkpoint: Checkpoint, votes: [Vote]) {
        self.checkpoint = checkpoint
        self.votes = votes
        let checkpointBytes = checkpoint.bytes
        self.checkpointBytes = checkpointBytes
        let message = LedgerPBCertificate.with {
            $0.checkpoint = checkpointBytes
            $0.votes = votes.map { vote in
                .with {
                    $0.member = vote.member
                    $0.signature = vote.signature
                }
            }
        }
        bytes = message.canonicalBytes
    }

    /// Reads ``bytes``; nothing is verified.
    ///
    /// - Throws: `.malformed` or `.tooLarge`. Any bytes are allowed.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBCertificate.decodeCanonical(
            bytes, limit: Certificate.maxByteCount, what: "certificate")
        self.bytes = bytes
        checkpointBytes = message.checkpoint
        checkpoint = try Checkpoint(decoding: message.checkpoint)
        votes = message.votes.map { Vote(member: $0.member, signature: $0.signature) }
        guard zip(votes, votes.dropFirst()).allSatisfy({ $0.member < $1.member }) else {
            throw LedgerError(.malformed, "The certificate's votes are not in ascending order of the members")
        }
    }
}
