import Blake3
import Crypto
public import Foundation
import Identity
public import Ledger

/// Bytes that one node seals to another (HPKE, RFC 9180, base mode: X25519, HKDF-SHA256, ChaCha20-Poly1305).
///
/// Only the receiver opens them, and only for the purpose that they were sealed for. Who sealed them is for the
/// connection to say over which they come.
public enum SealedMessage {
    /// The longest that is sealed, in bytes.
    public static let maxByteCount = 1 << 18
    private static let info = Data("skerry sealed message v1".utf8)
    private static let tagBytes = 16

    /// - Parameter purpose: What the bytes are, such as `certificate of shop.example.org`.
    /// - Throws: What the crypto library throws if the node's key is of no use.
    public static func seal(
        _ bytes: Data, for purpose: String, network: NetworkID, to node: SealingStatement
    ) throws -> Data {
        let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: node.sealingKey)
        var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Secret.suite, info: info)
        let ciphertext = try sender.seal(bytes, authenticating: place(purpose, network, node.node))
        return sender.encapsulatedKey + ciphertext
    }

    static func open(
        _ sealed: Data, for purpose: String, network: NetworkID, node: NodeID,
        with key: Curve25519.KeyAgreement.PrivateKey
    ) throws(SecretsError) -> Data {
        let failure = SecretsError(
            .notOpened, "A message is not sealed to node \(node.short) as \(purpose.prefix(300)), or was changed")
        let overhead = Secret.encapsulatedBytes + tagBytes
        guard sealed.count >= overhead, sealed.count <= maxByteCount + overhead else { throw failure }
        do {
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: Secret.suite, info: info,
                encapsulatedKey: Data(sealed.prefix(Secret.encapsulatedBytes)))
            return try recipient.open(
                Data(sealed.dropFirst(Secret.encapsulatedBytes)), authenticating: place(purpose, network, node))
        } catch {
            throw failure
        }
    }

    private static func place(_ purpose: String, _ network: NetworkID, _ node: NodeID) -> Data {
        Data(network.digest.bytes + node.digest.bytes + Array(purpose.utf8))
    }
}
