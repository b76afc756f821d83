/// Names of what left a cache lately, the oldest first out; bounded by the bytes that the names stand for and by count.
struct GhostQueue<Key: Hashable & Sendable>: Sendable {
    private struct Ghost: Sendable {
        let key: Key
        let bytes: Int64
        let number: Int
    }

    /// Ring in the order of leaving; names that came back stay in it until their turn.
    private var ring: [Ghost] = []
    private var head = 0
    private var numbers: [Key: Int] = [:]
    private var bytes: Int64 = 0
    private var next = 0

    var count: Int { numbers.count }

    mutating func insert(_ key: Key, bytes size: Int64, capacityBytes: Int64, capacity: Int) {
        remove(key)
        ring.append(Ghost(key: key, bytes: size, number: next))
        numbers[key] = next
        next += 1
        bytes += size
        while head < ring.count, bytes > capacityBytes || ring.count - head > capacity { dropOldest() }
        if head > 1_024, head > ring.count / 2 {
            ring.removeFirst(head)
            head = 0
        }
    }

    /// - Returns: Whether the name was there.
    @discardableResult
    mutating func remove(_ key: Key) -> Bool { numbers.removeValue(forKey: key) != nil }

    private mutating func dropOldest() {
        let ghost = ring[head]
        head += 1
        bytes -= ghost.bytes
        if numbers[ghost.key] == ghost.number { numbers[ghost.key] = nil }
    }
}
