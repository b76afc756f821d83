import Identity

/// Protected blobs that are not here: their number, and the names of as many as fit. A core.
struct MissingBlobs: Hashable, Sendable {
    /// Names that are kept, about 1 MiB. Others are only counted.
    static let maxNamed = 20_000

    private(set) var named: Set<BlobID> = []
    /// What the last whole search found beside those, and what the present one has found so far.
    private var others = 0
    private var othersSoFar = 0

    /// How many there are; exact up to ``maxNamed``, beyond that as of the last search.
    var count: Int { named.count + max(others, othersSoFar) }

    init(_ named: Set<BlobID> = []) { self.named = named }

    /// - Returns: Whether it is among those with a name.
    @discardableResult
    mutating func insert(_ id: BlobID) -> Bool {
        guard named.contains(id) || named.count < MissingBlobs.maxNamed else { return false }
        named.insert(id)
        return true
    }

    /// - Returns: Whether it counted as missing, as far as that is known.
    @discardableResult
    mutating func remove(_ id: BlobID) -> Bool {
        if named.remove(id) != nil { return true }
        guard count > named.count else { return false }
        others = max(0, others - 1)
        othersSoFar = max(0, othersSoFar - 1)
        return true
    }

    /// Takes up what a search found behind `after` and up to `last`: nil stands for the begin, where a search starts, and
    /// for the end.
    mutating func found(_ ids: Set<BlobID>, after: BlobID?, through last: BlobID?) {
        if after == nil { othersSoFar = 0 }
        named = named.filter { ids.contains($0) || !isWithin($0, after, last) }
        for id in ids where !insert(id) { othersSoFar += 1 }
        if last == nil { (others, othersSoFar) = (othersSoFar, 0) }
    }
}

/// Whether an id is behind `after` and not behind `last`; nil stands for the begin and the end.
func isWithin(_ id: BlobID, _ after: BlobID?, _ last: BlobID?) -> Bool {
    (after.map { $0 < id } ?? true) && (last.map { id <= $0 } ?? true)
}
