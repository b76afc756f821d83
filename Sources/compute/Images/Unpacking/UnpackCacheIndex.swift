/// What is in the unpack cache, who needs it, and what has to go: without a disk.
struct UnpackCacheIndex: Sendable {
    struct Entry: Sendable, Hashable {
        /// What it takes on the disk, about.
        var bytes: Int
        /// Larger is later.
        var lastUse: UInt64
    }

    private(set) var entries: [String: Entry] = [:]
    private(set) var holders: [String: Set<String>] = [:]
    /// What is being unpacked, and takes so far.
    private var growing: [String: Int] = [:]
    private var clock: UInt64 = 0
    let limitBytes: Int

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Of all entries and all that is being unpacked.
    var totalBytes: Int { entries.values.reduce(0) { $0 + $1.bytes } + growing.values.reduce(0, +) }

    /// Whether somebody needs it.
    func isHeld(_ key: String) -> Bool { holders.values.contains { $0.contains(key) } }

    var heldBytes: Int { entries.reduce(0) { isHeld($1.key) ? $0 + $1.value.bytes : $0 } }

    /// Entries that were there at start, the longest unused first.
    mutating func restore(_ found: [(key: String, bytes: Int)]) {
        for (key, bytes) in found {
            clock += 1
            entries[key] = Entry(bytes: bytes, lastUse: clock)
        }
    }

    /// Notes a use; false if there is no such entry.
    mutating func use(_ key: String) -> Bool {
        guard entries[key] != nil else { return false }
        clock += 1
        entries[key]?.lastUse = clock
        return true
    }

    mutating func hold(_ keys: Set<String>, for holder: String) { holders[holder, default: []].formUnion(keys) }

    mutating func release(_ holder: String) { holders[holder] = nil }

    /// Makes these the only keys that a holder needs.
    mutating func setHold(_ keys: Set<String>, for holder: String) { holders[holder] = keys.isEmpty ? nil : keys }

    /// What must be removed so that a growing entry may take `bytes`; nil if that is not possible.
    ///
    /// The victims are no longer entries when this returns.
    mutating func grow(_ key: String, to bytes: Int) -> [String]? {
        let before = growing[key]
        growing[key] = bytes
        guard let victims = makeRoom() else {
            growing[key] = before
            return nil
        }
        return victims
    }

    /// Ends what ``grow(_:to:)`` began; the entry is there if it came to an end.
    mutating func finish(_ key: String, bytes: Int?) {
        growing[key] = nil
        guard let bytes else { return }
        clock += 1
        entries[key] = Entry(bytes: bytes, lastUse: clock)
    }

    mutating func remove(_ key: String) { entries[key] = nil }

    /// Everything that nobody needs, longest unused first, until at most `bytes` are left.
    mutating func trim(to bytes: Int) -> [String] {
        var total = totalBytes
        var victims: [String] = []
        let held = holders.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        let idle = entries.filter { !held.contains($0.key) }.sorted { $0.value.lastUse < $1.value.lastUse }
        for (key, entry) in idle where total > bytes {
            total -= entry.bytes
            victims.append(key)
        }
        for key in victims { entries[key] = nil }
        return victims
    }

    private mutating func makeRoom() -> [String]? {
        guard totalBytes > limitBytes else { return [] }
        let before = entries
        let victims = trim(to: limitBytes)
        if totalBytes <= limitBytes { return victims }
        // Evicting would not help, so nothing goes.
        entries = before
        return nil
    }
}
