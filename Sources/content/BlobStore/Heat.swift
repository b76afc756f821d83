import Identity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How much a blob was used, with older uses counting less: the order in which cache copies are evicted.
///
/// A use counts 1 at first and half as much with each half-life. The logarithm of that sum, taken relative to the
/// store's first moment instead of now, is a number that changes only when the blob is used: the coldest blob is the
/// smallest one in a database index, and time passing costs no write.
struct Heat: Sendable, Hashable, Comparable {
    /// After so long a use counts half: two uses outlive one later use by as much. Milliseconds.
    static let halfLifeMilliseconds = 43_200_000.0

    /// In half-lives.
    let value: Double

    /// As read from the index; what is no number is as cold as can be.
    init(stored value: Double) { self.value = value.isNaN ? 0 : value }

    /// Of a blob that was used once, then.
    init(usedOnceAt openMilliseconds: Int64) { value = Double(openMilliseconds) / Self.halfLifeMilliseconds }

    /// After one more use.
    func used(at openMilliseconds: Int64) -> Heat {
        let use = Heat(usedOnceAt: openMilliseconds)
        let hotter = max(value, use.value)
        guard hotter.isFinite else { return use }
        return Heat(stored: hotter + log2(1 + exp2(-abs(value - use.value))))
    }

    static func < (left: Heat, right: Heat) -> Bool { left.value < right.value }
}

/// Blobs that were used lately, until the index hears of it.
///
/// Uses of a blob within one interval count once: the thousand blocks of a download are one use.
struct UseLog: Sendable {
    /// What a crash may lose. Milliseconds.
    static let intervalMilliseconds: Int64 = 60_000
    /// Blobs of one interval; more of them end it early. About 1 MiB.
    static let maxCount = 8_192

    private var seen: Set<BlobID> = []
    private var used: [BlobID] = []
    private var began: Int64

    init(at openMilliseconds: Int64) { began = openMilliseconds }

    /// Notes a use; returns what the index should hear of when another interval has begun with it.
    mutating func note(_ id: BlobID, at openMilliseconds: Int64) -> [BlobID]? {
        let isOver = used.count >= Self.maxCount || openMilliseconds - began >= Self.intervalMilliseconds
        let ended = isOver ? take(at: openMilliseconds) : nil
        if seen.insert(id).inserted { used.append(id) }
        return ended
    }

    /// Notes that a blob was stored, which the index counts as a use by itself.
    mutating func noteStored(_ id: BlobID) {
        if seen.count < Self.maxCount { seen.insert(id) }
    }

    /// Ends the interval; what was used in it.
    mutating func take(at openMilliseconds: Int64) -> [BlobID]? {
        defer {
            seen.removeAll(keepingCapacity: true)
            used = []
            began = openMilliseconds
        }
        return used.isEmpty ? nil : used
    }
}
