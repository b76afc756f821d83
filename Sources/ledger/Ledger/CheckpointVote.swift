public import Foundation
public import Identity

/// One node's signature on a checkpoint.
public struct CheckpointVote: Hashable, Sendable {
    static let domain = Data("skerry 2026-11 checkpoint\n".utf8)

    public let checkpoint: Checkpoint
    public let node: NodeID
    /// Over a domain prefix and the checkpoint's bytes.
    public let signature: Data

    /// A vote that somebody sent; nothing is verified.
    public init(checkpoint: Checkpoint, node: NodeID, signature: Data) {
        self.checkpoint = checkpoint
        self.node = node
        self.signature = signature
    }

    /// Signs. A node that signs two checkpoints of one sequence loses its stake.
    ///
    /// - Throws: What the key's library throws.
    public init(signing checkpoint: Checkpoint, with key: SigningKey) throws {
        self.init(
            checkpoint: checkpoint, node: key.publicKey.node,
            signature: try key.sign(CheckpointVote.domain + checkpoint.bytes))
    }

    /// Whether the vote is the node's whose key is given.
    public func isValid(_ key: PublicKey) -> Bool {
        key.node == node && key.isValidSignature(signature, for: CheckpointVote.domain + checkpoint.bytes)
    }
}
