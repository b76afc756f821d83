import Blake3
import Foundation
import Identity

/// A node's own word that it has no room for all that it is to keep, in one of its lives. The next life ends it.
struct FullProof: Sendable, Hashable {
    private static let domain = Data("skerry 2026-12 full\n".utf8)

    let incarnation: UInt64
    let signature: Data

    /// Signs for the node of `key`.
    ///
    /// - Parameter network: The hash of the genesis, 32 bytes.
    /// - Throws: The crypto library's error.
    init(_ key: SigningKey, network: Data, incarnation: UInt64) throws {
        self.incarnation = incarnation
        signature = try key.sign(FullProof.message(key.publicKey.node, network, incarnation))
    }

    /// Nil unless `signature` is that of `key`.
    init?(checking signature: Data, of key: PublicKey, network: Data, incarnation: UInt64) {
        let message = FullProof.message(key.node, network, incarnation)
        guard key.isValidSignature(signature, for: message) else { return nil }
        self.incarnation = incarnation
        self.signature = signature
    }

    private static func message(_ node: NodeID, _ network: Data, _ incarnation: UInt64) -> Data {
        var message = domain + network
        message.append(contentsOf: node.digest.bytes)
        withUnsafeBytes(of: incarnation.bigEndian) { message.append(contentsOf: $0) }
        return message
    }
}
