/// How fast a store is verified in the background.
public struct ScrubSettings: Hashable, Sendable {
    /// Bytes read in a second at most. Default nil: what verifies the whole store in 30 days, at least 8 MiB/s.
    public var bytesPerSecond: Int?
    /// From the beginning of one pass to that of the next, at least. Default a day; the time that a store is closed
    /// does not count.
    public var passInterval = Duration.seconds(86_400)
    /// From one look through the index to the next at least; each pass ends with one too. If nothing is wrong, a copy of the
    /// index is made, for the day on which it is lost. Default an hour; one of more than 112 MiB is looked through more
    /// seldom, at 32 KiB/s on average. The first look comes after ten minutes.
    public var indexInterval = Duration.seconds(3_600)
    /// How long such a look may take. Default 10 minutes; an index with many small blobs on a slow disk takes longer, is
    /// looked at only in part, and not copied.
    public var indexCheckTime = Duration.seconds(600)
    /// How long a block waits for readers that were waiting for the disk. Default 100 ms.
    public var yieldTime = Duration.milliseconds(100)

    /// The defaults.
    public init() {}
}
