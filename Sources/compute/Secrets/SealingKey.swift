import Blake3
import Crypto
public import Foundation
public import Identity
public import Ledger

/// The key with which a node opens what was sealed to it (X25519).
///
/// It is derived from the node's own key and the network, so there is one file to guard and to back up, and a node that
/// was restored opens what it had.
public struct SealingKey: Sendable {
    private let key: Curve25519.KeyAgreement.PrivateKey
    private let network: NetworkID
    /// The public half, signed.
    public let statement: SealingStatement

    /// - Throws: What the crypto library throws if it refuses the key.
    public init(_ nodeKey: SigningKey, network: NetworkID) throws {
        let material = Array(nodeKey.rawRepresentation) + network.digest.bytes
        let seed = material.withUnsafeBytes { Blake3.deriveKey(context: "skerry 2026-11 node sealing key", $0) }
        key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: seed.bytes)
        self.network = network
        statement = try SealingStatement(
            signing: key.publicKey.rawRepresentation, with: nodeKey, network: network)
    }

    /// Opens a value that ``Secret/sealed(of:network:to:)`` sealed, and checks that it is what the list's owner signed
    /// for. Any bytes are allowed.
    ///
    /// - Throws: ``SecretsError`` `.notOpened`.
    public func open(_ sealed: Data, as entry: SecretList.Entry, of app: AppName) throws(SecretsError) -> Secret {
        let failure = SecretsError(
            .notOpened,
            "A value of \(app) is not sealed to node \(statement.node.short) as \(entry.name), or was changed")
        guard sealed.count > Secret.overheadBytes, sealed.count <= SecretLimits.maxSealedBytes else { throw failure }
        let place = Secret.place(entry, of: app, network: network, node: statement.node)
        let opened: Data
        do {
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: Secret.suite, info: Secret.info,
                encapsulatedKey: Data(sealed.prefix(Secret.encapsulatedBytes)))
            opened = try recipient.open(Data(sealed.dropFirst(Secret.encapsulatedBytes)), authenticating: place)
        } catch {
            throw failure
        }
        guard let secret = Secret(name: entry.name, opened: opened), secret.entry == entry else { throw failure }
        return secret
    }

    /// Opens what ``SealedMessage`` sealed to this node for a purpose. Any bytes are allowed.
    ///
    /// - Throws: ``SecretsError`` `.notOpened`.
    public func open(_ sealed: Data, for purpose: String) throws(SecretsError) -> Data {
        try SealedMessage.open(sealed, for: purpose, network: network, node: statement.node, with: key)
    }
}
