/// The present state of one key, as stores tell each other.
public struct KVChange: Hashable, Sendable {
    /// The key's namespace.
    public var namespace: String
    /// The key.
    public var key: String
    /// When and by whom it was brought about.
    public var stamp: KVStamp
    /// What the key holds; nil if it was removed.
    public var entry: KVEntry?

    /// Describes a change.
    public init(namespace: String, key: String, stamp: KVStamp, entry: KVEntry?) {
        self.namespace = namespace
        self.key = key
        self.stamp = stamp
        self.entry = entry
    }

    /// Bytes of its texts and its value.
    var byteCount: Int {
        namespace.utf8.count + key.utf8.count + (entry?.value.count ?? 0) + (entry?.metadata?.utf8.count ?? 0)
    }
}

/// Some of the changes that another store lacks.
public struct KVChangePage: Hashable, Sendable {
    /// Changes in one page at most.
    public static let maxCount = 1_000
    /// A page ends with the change that makes it longer than this: with one more value it still fits a frame.
    public static let maxBytes = 512 << 10

    /// Changes that took the place of others left those out: a key is told once.
    public var changes: [KVChange]
    /// What the page tells completely, by writer.
    public var spans: [KVSpan]
    /// All that the telling store has seen.
    public var known: KVVector
    /// Whether nothing is left to tell.
    public var isComplete: Bool

    /// A page of these parts.
    public init(changes: [KVChange], spans: [KVSpan], known: KVVector, isComplete: Bool) {
        self.changes = changes
        self.spans = spans
        self.known = known
        self.isComplete = isComplete
    }
}
