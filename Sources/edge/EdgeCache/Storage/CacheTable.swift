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

    private let maxBytes: Int
    private let maxEntries: Int
    private var quick: [QuickKey: HotEntry] = [:]
    private var variants: [Key: [HotEntry]] = [:]
    private var queue: [HotEntry] = []
    private var first = 0
    private(set) var byteCount = 0
    var recent = RecentPurges()

    init(maxBytes: Int, maxEntries: Int) {
        self.maxBytes = maxBytes
        self.maxEntries = maxEntries
    }

    var entryCount: Int { queue.count - first }

    /// The entry that answered the same request before.
    func quick(_ key: QuickKey) -> HotEntry? { quick[key] }

    mutating func setQuick(_ key: QuickKey, _ entry: HotEntry) {
        // Simple on purpose: what is in use comes back at once.
        if quick.count >= maxEntries { quick.removeAll(keepingCapacity: true) }
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
    }

    /// Takes entries out that a purge or a replacement ended.
    mutating func remove(_ isMeant: (HotEntry) -> Bool) -> [HotEntry] {
        var removed: [HotEntry] = []
        for index in first..<queue.count where !queue[index].isGone && isMeant(queue[index]) {
            removed.append(queue[index])
        }
        for entry in removed { forget(entry) }
        return removed
    }

    mutating func remove(_ entry: HotEntry) { if !entry.isGone { forget(entry) } }

    private mutating func forget(_ entry: HotEntry) {
        let key = Key(app: entry.app, text: entry.record.key.text)
        variants[key]?.removeAll { $0 === entry }
        if variants[key]?.isEmpty == true { variants[key] = nil }
        drop(entry)
    }

    /// The queue's place is given back when its turn comes.
    private mutating func drop(_ entry: HotEntry) {
        guard !entry.isGone else { return }
        entry.retire()
        byteCount -= entry.cost
    }

    private mutating func shrink() {
        while first < queue.count, byteCount > maxBytes || entryCount > maxEntries {
            let entry = queue[first]
            first += 1
            if entry.isGone { continue }
            if entry.takeUse() { queue.append(entry) } else { forget(entry) }
        }
        if first > 1_024, first * 2 > queue.count {
            queue.removeFirst(first)
            first = 0
        }
        if queue.count - first > 4 * maxEntries { queue = queue[first...].filter { !$0.isGone }; first = 0 }
    }
}
