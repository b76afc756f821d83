import Blake3
import Crypto
public import Foundation
import Identity
public import Ledger
import Manifests

/// A text that a function reads as `env.NAME`, in clear. It describes itself by its name alone.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    static let saltBytes = 32
    static let encapsulatedBytes = 32
    private static let tagBytes = 16
    /// What sealing adds to a value: the encapsulated key, the salt and the tag.
    static let overheadBytes = encapsulatedBytes + saltBytes + tagBytes
    static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
    static let info = Data("skerry sealed secret v1".utf8)

    /// The name in `env`.
    public let name: String
    /// The text. Write it nowhere but into a worker's environment.
    public let value: String
    /// Keeps ``SecretList/Entry/commitment`` from telling which value it is for.
    private let salt: [UInt8]

    /// Takes a value, with new salt from the system's random generator.
    ///
    /// - Throws: ``SecretsError`` `.badName`, `.badValue` or `.tooLarge`. No message holds the name or the value.
    public init(name: String, value: String) throws(SecretsError) {
        guard Secret.isName(name) else {
            throw SecretsError(
                .badName,
                "A secret's name is a name in env: letters, digits and underscores, no digit first, at most "
                    + "\(FunctionBinding.maxNameBytes) characters, not NODE")
        }
        guard !value.isEmpty else {
            throw SecretsError(.badValue, "The value is empty; `skerry secrets delete` takes a secret away")
        }
        guard value.utf8.count <= SecretLimits.maxValueBytes else {
            throw .valueTooLong
        }
        self.name = name
        self.value = value
        var generator = SystemRandomNumberGenerator()
        salt = (0..<Secret.saltBytes).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
    }

    /// Reads what was opened; nil for what was never sealed by ``sealed(of:network:to:)``.
    init?(name: String, opened: Data) {
        guard opened.count > Secret.saltBytes, opened.count - Secret.saltBytes <= SecretLimits.maxValueBytes,
            let value = String(validating: opened.dropFirst(Secret.saltBytes), as: UTF8.self)
        else { return nil }
        self.name = name
        self.value = value
        salt = Array(opened.prefix(Secret.saltBytes))
    }

    /// Whether a secret may be called so.
    public static func isName(_ name: String) -> Bool { FunctionBinding.isName(name) }

    /// What a list says of it.
    public var entry: SecretList.Entry {
        let bytes = salt + [UInt8(name.utf8.count)] + Array(name.utf8) + Array(value.utf8)
        return SecretList.Entry(
            name: name, byteCount: value.utf8.count,
            commitment: bytes.withUnsafeBytes { Blake3.deriveKey(context: "skerry 2026-11 secret commitment", $0) })
    }

    /// Seals the secret to one node (HPKE, RFC 9180, base mode: X25519, HKDF-SHA256, ChaCha20-Poly1305). Only that node
    /// opens it, and only as this secret of this app.
    ///
    /// - Throws: What the crypto library throws if the node's key is of no use.
    public func sealed(of app: AppName, network: NetworkID, to node: SealingStatement) throws -> Data {
        let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: node.sealingKey)
        var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Secret.suite, info: Secret.info)
        let place = Secret.place(entry, of: app, network: network, node: node.node)
        let ciphertext = try sender.seal(Data(salt + Array(value.utf8)), authenticating: place)
        return sender.encapsulatedKey + ciphertext
    }

    /// What a sealed value is bound to. The commitment ties it to the lists that the owner signed with it.
    static func place(_ entry: SecretList.Entry, of app: AppName, network: NetworkID, node: NodeID) -> Data {
        var bytes = network.digest.bytes + node.digest.bytes + entry.commitment.bytes
        for text in [app.description, entry.name] {
            bytes.append(UInt8(text.utf8.count))
            bytes += Array(text.utf8)
        }
        return Data(bytes)
    }

    public var description: String { "the secret \(name)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
