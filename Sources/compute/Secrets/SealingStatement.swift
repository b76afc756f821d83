import Blake3
public import Foundation
public import Identity
public import Ledger

/// A node's public sealing key, signed by the key that identifies the node on the ledger.
///
/// 128 bytes: the node's Ed25519 key, its X25519 key, and the signature.
public struct SealingStatement: Sendable, Hashable {
    /// The length of the encoded form.
    public static let byteCount = 128
    static let keyBytes = 32

    /// The key that identifies the node.
    public let nodeKey: PublicKey
    /// The X25519 key, 32 bytes.
    let sealingKey: Data
    private let signature: Data

    /// The node that can open what is sealed to this key.
    public var node: NodeID { nodeKey.node }

    /// The bytes that ``init(decoding:network:)`` reads.
    public var encoded: Data { nodeKey.bytes + sealingKey + signature }

    init(signing sealingKey: Data, with key: SigningKey, network: NetworkID) throws {
        nodeKey = key.publicKey
        self.sealingKey = sealingKey
        signature = try key.sign(SealingStatement.message(network, sealingKey))
    }

    /// Reads and verifies a statement. Any bytes are allowed. Whether the ledger lists ``node`` is for the caller to ask.
    ///
    /// - Throws: ``SecretsError`` `.malformed` or `.badSignature`.
    public init(decoding bytes: Data, network: NetworkID) throws(SecretsError) {
        let bytes = Data(bytes)
        guard bytes.count == SealingStatement.byteCount,
            let nodeKey = PublicKey(Data(bytes.prefix(PublicKey.byteCount)))
        else { throw SecretsError(.malformed, "A node sent something else than its sealing key; update it") }
        self.nodeKey = nodeKey
        sealingKey = Data(bytes.dropFirst(PublicKey.byteCount).prefix(SealingStatement.keyBytes))
        signature = Data(bytes.dropFirst(PublicKey.byteCount + SealingStatement.keyBytes))
        guard nodeKey.isValidSignature(signature, for: SealingStatement.message(network, sealingKey)) else {
            throw SecretsError(
                .badSignature,
                "The sealing key of node \(nodeKey.node.short) is not signed by that node for this network")
        }
    }

    private static func message(_ network: NetworkID, _ sealingKey: Data) -> Data {
        Data("skerry sealing key v1\n".utf8) + Data(network.digest.bytes) + sealingKey
    }
}
