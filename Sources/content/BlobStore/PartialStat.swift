public import Identity

/// What is known about a blob of which the store has only some blocks.
public struct PartialStat: Hashable, Sendable {
    /// The blob's name.
    public let id: BlobID
    /// Size of the whole blob in bytes; the disk space for all of it is reserved.
    public let byteCount: Int
    /// The blocks that are here.
    public var held: BlockSet
    /// When a block was last made durable, or the session began, in milliseconds since 1970 UTC.
    public var updatedAtMilliseconds: Int64
    /// The same moment in the store's own time, which nobody sets: unfinished blobs grow old by it.
    var usedMilliseconds: Int64 = 0
    /// Whether a session is assembling it now; if not, it waits for one.
    public var isOpen = false

    /// Whether nothing was added to this one for longer than to another. The wall clock only decides between the two
    /// when the store's own time does not.
    func isOlder(than other: PartialStat) -> Bool {
        (usedMilliseconds, updatedAtMilliseconds) < (other.usedMilliseconds, other.updatedAtMilliseconds)
    }
}
