public import Blake3

/// A transaction: the hash of the signer's key and the signed bytes, not of the signature.
///
/// Signing the same body twice may give two signatures; both have one id.
public struct TransactionID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard let digest = Digest(hex: text) else { return nil }
        self.digest = digest
    }

    public var description: String { digest.hex }

    public static func < (left: TransactionID, right: TransactionID) -> Bool { left.digest < right.digest }
}
