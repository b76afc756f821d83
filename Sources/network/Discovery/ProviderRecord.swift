package import Identity

/// A node's statement that it has a blob, or no longer has it.
package struct ProviderRecord: Hashable, Sendable {
    package let key: BlobID
    package let provider: NodeID
    /// Larger than in every earlier record of the provider for the key.
    package let sequence: UInt64
    /// Milliseconds since 1970.
    package let expiresMillis: Int64
    /// The provider no longer has the blob.
    package let isWithdrawn: Bool
    /// The signature's 64 bytes and the signed body behind them; empty where records need not be proven to others.
    package let signed: [UInt8]

    /// What a record counts that carries no bytes: those of a usual one.
    package static let usualByteCount = 180

    package init(
        key: BlobID, provider: NodeID, sequence: UInt64, expiresMillis: Int64, isWithdrawn: Bool = false,
        signed: [UInt8] = []
    ) {
        self.key = key
        self.provider = provider
        self.sequence = sequence
        self.expiresMillis = expiresMillis
        self.isWithdrawn = isWithdrawn
        self.signed = signed
    }

    package var byteCount: Int { signed.isEmpty ? ProviderRecord.usualByteCount : signed.count }
}
