public import Identity

/// A row of a listing of the store: a blob and what keeps it here.
public struct BlobListing: Hashable, Sendable {
    /// The blob's name.
    public let id: BlobID
    /// Size and age; nil for a protected blob that is not here: it was lost, or has not come yet.
    public let stat: BlobStat?
    /// Who pinned it, in order.
    public let pinOwners: [PinOwner]
    /// Number of manifests that refer to it.
    public let referenceCount: Int
    /// When it was last stored or read, within a minute, in milliseconds since 1970 UTC by the wall clock of then; nil for
    /// one that is not here.
    public let usedAtMilliseconds: Int64?
    /// Whether a pin, its own or of a manifest that refers to it, keeps it from eviction and collection.
    public let isProtected: Bool
}
