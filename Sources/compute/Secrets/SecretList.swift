public import Blake3
public import Foundation
public import Identity
public import Ledger

/// Which secrets an app has, without their values: signed by the app's owner, and replaced as a whole.
///
/// Signed bytes: a domain tag, network, owner's key, version (big-endian), and the app and the entries with their
/// lengths; then the signature. Equal lists have equal bytes.
public struct SecretList: Sendable, Hashable {
    /// One secret.
    public struct Entry: Sendable, Hashable {
        public let name: String
        /// The value's length in UTF-8.
        public let byteCount: Int
        /// A hash of the value under a random salt that is sealed with it: nobody can guess values by it.
        public let commitment: Digest
    }

    public let network: NetworkID
    public let app: AppName
    /// Who signed.
    public let owner: PublicKey
    /// Rises with every change.
    public let version: UInt64
    /// In order of the names.
    public let entries: [Entry]
    /// The bytes that ``init(decoding:network:)`` reads.
    public let encoded: Data
    /// Tells two lists of one version apart.
    public let digest: Digest

    private static let tag = Data("skerry secrets list v1\n".utf8)
    private static let signatureBytes = 64

    /// Signs a list.
    ///
    /// - Throws: ``SecretsError`` `.tooLarge` above ``SecretLimits``, `.malformed` for a name that is there twice; what
    ///   the crypto library throws.
    public init(signing entries: [Entry], of app: AppName, network: NetworkID, version: UInt64, key: SigningKey) throws
    {
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        try SecretList.check(sorted)
        var body = SecretList.tag + Data(network.digest.bytes) + key.publicKey.bytes
        withUnsafeBytes(of: version.bigEndian) { body.append(contentsOf: $0) }
        body.append(UInt8(app.description.utf8.count))
        body.append(contentsOf: app.description.utf8)
        body.append(UInt8(sorted.count))
        for entry in sorted {
            body.append(UInt8(entry.name.utf8.count))
            body.append(contentsOf: entry.name.utf8)
            withUnsafeBytes(of: UInt32(entry.byteCount).bigEndian) { body.append(contentsOf: $0) }
            body.append(contentsOf: entry.commitment.bytes)
        }
        self.network = network
        self.app = app
        owner = key.publicKey
        self.version = version
        self.entries = sorted
        digest = Blake3.hash(body)
        encoded = try body + key.sign(body)
    }

    /// Reads and verifies a list. Any bytes are allowed. Whether ``owner`` owns the app is for the caller to ask.
    ///
    /// - Throws: ``SecretsError`` `.malformed`, `.tooLarge` or `.badSignature`.
    public init(decoding bytes: Data, network: NetworkID) throws(SecretsError) {
        let malformed = SecretsError(.malformed, "This is no list of secrets; update the older side")
        guard bytes.count <= SecretLimits.maxListBytes, bytes.count > SecretList.signatureBytes else { throw malformed }
        let body = Data(bytes.dropLast(SecretList.signatureBytes))
        var reader = ByteReader(Array(body))
        guard reader.take(SecretList.tag.count).map({ Data($0) }) == SecretList.tag,
            let signedNetwork = reader.digest(),
            let owner = reader.take(PublicKey.byteCount).flatMap({ PublicKey(Data($0)) }),
            let version = reader.integer(8), let app = reader.text().flatMap({ AppName($0) }),
            let count = reader.integer(1)
        else { throw malformed }
        var entries: [Entry] = []
        for _ in 0..<count {
            guard let name = reader.text(), let byteCount = reader.integer(4), let commitment = reader.digest() else {
                throw malformed
            }
            entries.append(Entry(name: name, byteCount: Int(byteCount), commitment: commitment))
        }
        guard reader.isAtEnd else { throw malformed }
        try SecretList.check(entries)
        guard signedNetwork == network.digest,
            owner.isValidSignature(Data(bytes.suffix(SecretList.signatureBytes)), for: body)
        else {
            throw SecretsError(
                .badSignature, "The list of secrets of \(app) is not signed by its owner for this network")
        }
        self.network = network
        self.app = app
        self.owner = owner
        self.version = version
        self.entries = entries
        encoded = Data(bytes)
        digest = Blake3.hash(body)
    }

    /// Whether this list takes the other's place. Of two lists of one version the same one does on every node.
    public func isNewer(than other: SecretList) -> Bool {
        version == other.version ? digest > other.digest : version > other.version
    }

    /// What the list says of a secret; nil if there is no such one.
    public func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

    private static func check(_ entries: [Entry]) throws(SecretsError) {
        guard entries.count <= SecretLimits.maxCount else {
            throw SecretsError(.tooLarge, "An app has at most \(SecretLimits.maxCount) secrets, not \(entries.count)")
        }
        var total = 0
        for (index, entry) in entries.enumerated() {
            guard Secret.isName(entry.name), entry.byteCount > 0,
                index == 0 || entries[index - 1].name.utf8.lexicographicallyPrecedes(entry.name.utf8)
            else { throw SecretsError(.malformed, "The list of secrets has a name that is wrong or there twice") }
            guard entry.byteCount <= SecretLimits.maxValueBytes else {
                throw .valueTooLong
            }
            total += entry.byteCount
        }
        guard total <= SecretLimits.maxTotalBytes else {
            throw SecretsError(
                .tooLarge,
                "The secrets have \(total) bytes together; at most \(SecretLimits.maxTotalBytes) are allowed")
        }
    }
}
