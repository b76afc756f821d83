public import Blake3
public import Identity

/// Evidence that a provider sent something that is not what it claims to have. The connection proves who sent it, to this
/// node only: it is no proof for others.
public struct ProviderReport: Hashable, Sendable {
    /// What was wrong.
    public enum Offence: Hashable, Sendable {
        /// Block `index` has the chaining value `expected`; what came has `received`, or nil when it was no block at all.
        case block(index: Int, expected: Digest, received: Digest?)
        /// The size or the block values that it claims are not those of the blob.
        case description
    }

    /// Who sent it, as the connection has proven.
    public let provider: NodeID
    /// The blob that was asked for.
    public let blob: BlobID
    /// What came instead of it.
    public let offence: Offence

    /// A report of these parts.
    public init(provider: NodeID, blob: BlobID, offence: Offence) {
        self.provider = provider
        self.blob = blob
        self.offence = offence
    }
}
