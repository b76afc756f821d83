public import Blake3

/// An account on the ledger: the hash of its public key. Printed as 64 hexadecimal digits.
public struct AccountID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }

    /// The account that `key` controls.
    public init(_ key: PublicKey) { digest = key.hashed(context: "skerry 2026-11 account id") }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard let digest = Digest(hex: text) else { return nil }
        self.digest = digest
    }

    public var description: String { digest.hex }

    public static func < (left: AccountID, right: AccountID) -> Bool { left.digest < right.digest }
}
