/// A bounded map in two parts: what was used once waits in probation, what was used again is protected.
///
/// A stream of values that are read once can thus only displace others of its kind. All operations are O(1).
struct CostCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot: Sendable {
        var key: Key
        var value: Value
        var cost: Int
        var isProtected: Bool
        var newer: Int
        var older: Int
    }

    private struct Chain: Sendable {
        var newest = -1
        var oldest = -1
        var cost = 0
    }

    /// Sum of the costs that is never exceeded.
    let limit: Int
    /// Number of entries that is never exceeded.
    let maxCount: Int
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var places: [Key: Int] = [:]
    private var probation = Chain()
    private var protected = Chain()

    init(limit: Int, maxCount: Int = .max) {
        self.limit = limit
        self.maxCount = maxCount
    }

    var count: Int { places.count }
    var cost: Int { probation.cost + protected.cost }

    /// The value, which becomes the most recently used.
    mutating func use(_ key: Key) -> Value? {
        guard let place = places[key], let slot = unlink(place) else { return nil }
        link(place, slot, isProtected: true)
        // Four fifths for the protected: a larger share would leave new values no time to prove themselves.
        while protected.cost > limit / 5 * 4, protected.oldest != place {
            let demoted = protected.oldest
            guard let slot = unlink(demoted) else { break }
            link(demoted, slot, isProtected: false)
        }
        return slot.value
    }

    /// Adds or replaces a value; one that alone exceeds the limit is not kept.
    mutating func insert(_ key: Key, _ value: Value, cost: Int) {
        remove(key)
        guard cost <= limit, maxCount > 0 else { return }
        while self.cost + cost > limit || count >= maxCount {
            let victim = probation.oldest >= 0 ? probation.oldest : protected.oldest
            guard victim >= 0, let slot = slots[victim] else { return }
            remove(slot.key)
        }
        let slot = Slot(key: key, value: value, cost: cost, isProtected: false, newer: -1, older: -1)
        let place = free.popLast() ?? slots.count
        if place == slots.count { slots.append(nil) }
        places[key] = place
        link(place, slot, isProtected: false)
    }

    mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key), unlink(place) != nil else { return }
        slots[place] = nil
        free.append(place)
    }

    mutating func removeAll() { self = CostCache(limit: limit, maxCount: maxCount) }

    private mutating func unlink(_ place: Int) -> Slot? {
        guard slots.indices.contains(place), let slot = slots[place] else { return nil }
        var chain = slot.isProtected ? protected : probation
        if slot.newer >= 0 { slots[slot.newer]?.older = slot.older } else { chain.newest = slot.older }
        if slot.older >= 0 { slots[slot.older]?.newer = slot.newer } else { chain.oldest = slot.newer }
        chain.cost -= slot.cost
        if slot.isProtected { protected = chain } else { probation = chain }
        return slot
    }

    private mutating func link(_ place: Int, _ slot: Slot, isProtected: Bool) {
        var slot = slot
        var chain = isProtected ? protected : probation
        slot.isProtected = isProtected
        slot.newer = -1
        slot.older = chain.newest
        if chain.newest >= 0 { slots[chain.newest]?.newer = place } else { chain.oldest = place }
        chain.newest = place
        chain.cost += slot.cost
        slots[place] = slot
        if isProtected { protected = chain } else { probation = chain }
    }
}
