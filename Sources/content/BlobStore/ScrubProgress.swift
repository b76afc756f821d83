/// What a scrubber has done since it began.
public struct ScrubProgress: Hashable, Sendable {
    /// Blobs that were found whole.
    public var blobs = 0
    /// Bytes that were found whole.
    public var bytes = 0
    /// Blobs that were damaged.
    public var damagedBlobs = 0
    /// Blobs that could not be read for a reason that says nothing about their bytes; they stay, and the next pass looks
    /// again.
    public var unreadableBlobs = 0
    /// What SQLite found wrong with the index when it looked last; 0 is right, and so is what was not looked at.
    public var indexProblems = 0
    /// Copies of the index that were made.
    public var indexCopies = 0
    /// Passes over the store that were finished.
    public var passes = 0
}
