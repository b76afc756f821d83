public import Blake3

/// A node: the hash of the public key in its certificate. Printed as 64 hexadecimal digits.
public struct NodeID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }

    /// The node that `key` identifies.
    public init(_ key: PublicKey) { digest = key.hashed(context: "skerry 2026-11 node id") }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard let digest = Digest(hex: text) else { return nil }
        self.digest = digest
    }

    public var description: String { digest.hex }

    /// The first 8 digits, for logs and tables that people read.
    public var short: String { String(digest.hex.prefix(8)) }

    public static func < (left: NodeID, right: NodeID) -> Bool { left.digest < right.digest }
}
