/// What a collection removed, or would remove.
public struct CollectionReport: Hashable, Sendable {
    /// Blobs that nothing protects and nobody used.
    public var removedBlobs = 0
    /// Bytes of those.
    public var removedBytes = 0
    /// Unfinished blobs that nobody continued.
    public var removedPartials = 0
    /// Bytes of those.
    public var removedPartialBytes = 0
    /// Blobs that had whole files but no row, and have one now.
    public var adoptedBlobs = 0
    /// Bytes of those.
    public var adoptedBytes = 0
    /// Blobs that had files but no row, and whose files were not what they should be.
    public var strayFiles = 0
    /// Bytes of those.
    public var strayBytes = 0
    /// Blobs that had a row but no file; they are reported as damaged.
    public var lostBlobs = 0
    /// Bytes of those.
    public var lostBytes = 0
    /// References of manifests that are neither stored nor pinned; 0 in a dry run.
    public var removedReferences = 0
    /// Blobs that stay.
    public var keptBlobs = 0
    /// Bytes of those.
    public var keptBytes = 0
    /// Of those, what nothing protects but the time since it was used.
    public var youngBlobs = 0
    /// Bytes of those.
    public var youngBytes = 0
    /// Whether nothing was in fact removed.
    public var isDryRun = false
}
