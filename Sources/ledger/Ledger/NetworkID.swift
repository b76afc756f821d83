public import Blake3

/// A network: the hash of its genesis. Printed as 64 hexadecimal digits.
public struct NetworkID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard let digest = Digest(hex: text) else { return nil }
        self.digest = digest
    }

    public var description: String { digest.hex }

    /// The first 8 digits, for logs and tables that people read.
    public var short: String { String(digest.hex.prefix(8)) }

    public static func < (left: NetworkID, right: NetworkID) -> Bool { left.digest < right.digest }
}
