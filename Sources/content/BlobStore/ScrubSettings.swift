/// How fast a store is verified in the background.
public struct ScrubSettings: Hashable, Sendable {
    /// Bytes read in a second at most. Default nil: what verifies the whole store in 30 days, at least 8 MiB/s.
    public var bytesPerSecond: Int?
    /// From the beginning of one pass to that of the next, at least. Default a day; the time that a store is closed
    /// does not count.
    public var passInterval = Duration.seconds(86_400)
    /// How long looking through the index may take at the end of a pass. Default 10 minutes; an index with many small
    /// blobs on a slow disk takes longer, and is looked at only in part.
    public var indexCheckTime = Duration.seconds(600)
    /// How long a block waits for readers that were waiting for the disk. Default 100 ms.
    public var yieldTime = Duration.milliseconds(100)

    /// The defaults.
    public init() {}
}
