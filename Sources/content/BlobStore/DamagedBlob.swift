public import Identity

/// A blob whose stored bytes were lost or changed; it is no longer stored, but its pins are.
public struct DamagedBlob: Hashable, Sendable {
    /// The blob.
    public let id: BlobID
    /// What is wrong with it, for people: `is missing`, `has other bytes …`.
    public let reason: String
}
