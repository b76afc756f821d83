import HTTPCache

/// Stored answers in memory, bounded. A second chance for what was used, else first in, first out (CLOCK).
struct CacheTable: Sendable {
    /// A request as it comes, for those that ask for nothing special.
    struct QuickKey: Hashable, Sendable {
        let app: String
        let release: String
        let isSecure: Bool
        let authority: String
        let path: String
        let query: String?

        /// Path and host tell nearly all keys apart.
        func hash(into hasher: inout Hasher) {
            hasher.combine(path)
            hasher.combine(authority)
        }
    }

    /// A key of one app.
    struct Key: Hashable, Sendable {
        let app: String
        let text: String
    }

    /// Ways to write a request that lead to one entry at once, without looking at its key.
    private static let maxQuickKeys = 8

    private let maxBytes: Int
    private let maxEntries: Int
    private var quick: [QuickKey: HotEntry] = [:]
    /// Under what an entry is in ``quick``: it must go from there when it goes.
    private var quickKeys: [ObjectIdentifier: [QuickKey]] = [:]
    private var variants: [Key: [HotEntry]] = [:]
    private var queue: [HotEntry?] = []
    private var first = 0
    private(set) var byteCount = 0
    /// Bytes of entries that have gone and are in the queue still.
    private var goneBytes = 0
    var recent = RecentPurges()

    init(maxBytes: Int, maxEntries: Int) {
        self.maxBytes = maxBytes
        self.maxEntries = maxEntries
    }

    /// The entry that answered the same request before.
    func quick(_ key: QuickKey) -> HotEntry? { quick[key] }

    /// - Parameter entry: One that is here.
    mutating func setQuick(_ key: QuickKey, _ entry: HotEntry) {
        guard quick[key] !== entry else { return }
        // Simple on purpose: what is in use comes back at once.
        if quick.count >= maxEntries {
            quick.removeAll(keepingCapacity: true)
            quickKeys.removeAll(keepingCapacity: true)
        }
        let keys = quickKeys[ObjectIdentifier(entry)] ?? []
        guard keys.count < CacheTable.maxQuickKeys else { return }
        quickKeys[ObjectIdentifier(entry)] = keys + [key]
        quick[key] = entry
    }

    /// Variants of a key; nil if none is in memory.
    func variants(_ key: Key) -> [HotEntry]? { variants[key] }

    /// The entry of the same variant as a record.
    func variant(like record: StoredResponse, of app: String) -> HotEntry? {
        variants[Key(app: app, text: record.key.text)]?.first { $0.record.variantText == record.variantText }
    }

    /// Puts an entry in the place of the one with the same variant.
    mutating func insert(_ entry: HotEntry) {
        let key = Key(app: entry.app, text: entry.record.key.text)
        var found = variants[key] ?? []
        found.removeAll { other in
            guard other.record.variantText == entry.record.variantText else { return false }
            drop(other)
            return true
        }
        found.append(entry)
        variants[key] = found
        queue.append(entry)
        byteCount += entry.cost
        shrink()
        tidy()
    }

    /// Takes entries out that a purge or a replacement ended.
    mutating func remove(_ isMeant: (HotEntry) -> Bool) -> [HotEntry] {
        let removed = queue[first...].compactMap { $0 }.filter { !$0.isGone && isMeant($0) }
        for entry in removed { forget(entry) }
        tidy()
        return removed
    }

    mutating func remove(_ entry: HotEntry) {
        guard !entry.isGone else { return }
        forget(entry)
        tidy()
    }

    private mutating func forget(_ entry: HotEntry) {
        let key = Key(app: entry.app, text: entry.record.key.text)
        variants[key]?.removeAll { $0 === entry }
        if variants[key]?.isEmpty == true { variants[key] = nil }
        drop(entry)
    }

    /// The queue's place is given back when its turn comes, or by ``tidy()``.
    private mutating func drop(_ entry: HotEntry) {
        guard !entry.isGone else { return }
        entry.retire()
        byteCount -= entry.cost
        goneBytes += entry.cost
        for key in quickKeys.removeValue(forKey: ObjectIdentifier(entry)) ?? [] where quick[key] === entry {
            quick[key] = nil
        }
    }

    private mutating func shrink() {
        while first < queue.count, byteCount > maxBytes || queue.count - first > maxEntries {
            let next = queue[first]
            queue[first] = nil
            first += 1
            guard let next else { continue }
            if !next.isGone, next.takeUse() {
                queue.append(next)
                continue
            }
            if !next.isGone { forget(next) }
            goneBytes -= next.cost
        }
    }

    /// Lets go of entries that have gone, and of places that were given back: they hold bodies.
    private mutating func tidy() {
        let hasFreePlaces = first > 1_024 && first * 2 > queue.count
        guard hasFreePlaces || goneBytes > maxBytes / 8 else { return }
        queue = queue[first...].filter { $0?.isGone == false }
        first = 0
        goneBytes = 0
    }
}
