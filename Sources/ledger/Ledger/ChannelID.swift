public import Blake3

/// A payment channel: the digest of the transaction that opened it. Printed as 64 hexadecimal digits.
public struct ChannelID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    public let digest: Digest

    public init(_ digest: Digest) { self.digest = digest }

    /// The channel that the transaction opens.
    public init(_ transaction: TransactionID) { digest = transaction.digest }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(_ text: String) {
        guard let digest = Digest(hex: text) else { return nil }
        self.digest = digest
    }

    public var description: String { digest.hex }

    public static func < (left: ChannelID, right: ChannelID) -> Bool { left.digest < right.digest }
}
