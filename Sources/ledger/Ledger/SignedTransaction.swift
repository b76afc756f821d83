import Blake3
public import Foundation
public import Identity
import SwiftProtobuf
import Wire

/// A transaction whose signature is valid: a value of this type cannot be had otherwise.
///
/// Whether the signer may do what it asks for is for ``LedgerState`` to say.
public struct SignedTransaction: Hashable, Sendable {
    /// The largest encoding in bytes in any network, which only evidence with another transaction in it may have.
    public static let maxByteCount = 458_752
    /// The largest encoding with a settlement proof: so large that evidence can hold it.
    public static let maxProvenByteCount = maxByteCount - 4_096
    /// The largest encoding of any other transaction; ``NetworkParameters/transactionBytes`` is the network's own.
    public static let maxPlainByteCount = 262_144

    static let domain = Data("skerry 2026-11 transaction\n".utf8)

    /// The one encoding.
    public let bytes: Data
    public let id: TransactionID
    public let networkID: NetworkID
    public let publicKey: PublicKey
    public let signer: Signer
    /// One more than the signer's last.
    public let nonce: UInt64
    /// Refused in entries with a later time; milliseconds since 1970-01-01T00:00:00Z.
    public let validUntilMilliseconds: Int64?
    public let action: LedgerAction

    /// Reads a transaction and verifies its signature, on the caller's thread: about 0.1 ms.
    ///
    /// - Throws: `.tooLarge`, `.malformed`, `.badSignature`, or the code of a field that cannot be right, such as
    ///   `.badName`. Any bytes are allowed.
    public init(decoding bytes: Data) throws(LedgerError) {
        let message = try LedgerPBTransaction.decodeCanonical(
            bytes, limit: SignedTransaction.maxByteCount, what: "transaction")
        let key = try PublicKey.decode(message.publicKey, what: "signer's key")
        guard key.isValidSignature(message.signature, for: SignedTransaction.domain + message.body) else {
            throw LedgerError(.badSignature, "The transaction's signature is not that of key \(key); sign it again")
        }
        try self.init(bytes: bytes, body: message.body, key: key)
    }

    /// Signs. `message` is what the body says.
    init(signing message: LedgerPBTransactionBody, with key: SigningKey) throws {
        let body = message.canonicalBytes
        let signature = try key.sign(SignedTransaction.domain + body)
        let envelope = LedgerPBTransaction.with {
            $0.body = body
            $0.publicKey = key.publicKey.bytes
            $0.signature = signature
        }
        let bytes = envelope.canonicalBytes
        guard bytes.count <= SignedTransaction.maxByteCount else {
            throw LedgerError(
                .tooLarge,
                "The transaction has \(bytes.count) bytes; at most \(SignedTransaction.maxByteCount) are allowed")
        }
        try self.init(bytes: bytes, body: body, key: key.publicKey)
    }

    private init(bytes: Data, body: Data, key: PublicKey) throws(LedgerError) {
        let message = try LedgerPBTransactionBody.decodeCanonical(
            body, limit: SignedTransaction.maxByteCount, what: "transaction's body")
        self.bytes = bytes
        id = TransactionID(LedgerHash.transaction(key.bytes + body))
        networkID = NetworkID(try Digest.decode(message.networkID, what: "network id"))
        publicKey = key
        switch message.signerKind {
        case .account: signer = .account(key.account)
        case .node: signer = .node(key.node)
        case .unspecified, .UNRECOGNIZED:
            throw LedgerError(.malformed, "The transaction does not say whether an account or a node signed it")
        }
        nonce = message.nonce
        validUntilMilliseconds = message.hasValidUntilMs ? message.validUntilMs : nil
        guard let action = message.action else {
            throw LedgerError(.malformed, "The transaction asks for nothing that this version knows; update the node")
        }
        self.action = try LedgerAction(action)
    }

    public static func == (left: SignedTransaction, right: SignedTransaction) -> Bool { left.bytes == right.bytes }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
