/// Which stored responses stay when space is short: S3-FIFO by bytes (Yang et al., "FIFO queues are all you need for cache
/// eviction", SOSP 2023).
///
/// What is new goes into a small queue and leaves it soon, unless it is asked for again; then it goes into the main queue,
/// where it gets another round for each time it was asked for. Names of what left the small queue are remembered for a
/// while, so that what comes back goes into the main queue at once. So a crawler that asks for everything once does not
/// push out what many ask for. It holds no bytes itself, and nothing of it need be durable: after a restart, insert what is
/// there.
public struct Eviction<Key: Hashable & Sendable>: Sendable {
    /// What became of a new entry.
    public struct Admission: Sendable, Equatable {
        /// Whether the entry is in; false if it alone is longer than `largestPercent` of the space.
        public let isAdmitted: Bool
        /// What must be dropped to make room. May hold the new entry.
        public let evicted: [Key]
    }

    /// Share of the small queue in percent of the space.
    public static var smallPercent: Int64 { 10 }
    /// Longest entry in percent of the space: one response may not empty the cache.
    public static var largestPercent: Int64 { 25 }
    /// Bytes that an entry counts beside its body, for its record.
    public static var overheadBytes: Int64 { 512 }

    /// Space in bytes.
    public let capacityBytes: Int64
    /// Bytes of all entries, with `overheadBytes` for each.
    public var usedBytes: Int64 { small.bytes + main.bytes }
    /// Entries that are in.
    public var count: Int { places.count }

    private struct Node: Sendable {
        let key: Key
        var bytes: Int64
        /// Times that it was asked for, 3 at most.
        var uses: UInt8 = 0
        var isInMain: Bool
        var newer: Int32 = -1
        var older: Int32 = -1
    }

    private struct Queue: Sendable {
        var newest: Int32 = -1
        var oldest: Int32 = -1
        var bytes: Int64 = 0
    }

    private var nodes: [Node] = []
    private var free: [Int32] = []
    private var places: [Key: Int32] = [:]
    private var small = Queue()
    private var main = Queue()
    private var ghosts = GhostQueue<Key>()

    /// - Parameter capacityBytes: Space in bytes, at least 0; a smaller number counts as 0.
    public init(capacityBytes: Int64) { self.capacityBytes = max(0, capacityBytes) }

    /// Whether an entry is in.
    public func contains(_ key: Key) -> Bool { places[key] != nil }

    /// Notes that an entry was asked for.
    ///
    /// - Returns: Whether it is in.
    @discardableResult
    public mutating func use(_ key: Key) -> Bool {
        guard let place = places[key] else { return false }
        nodes[Int(place)].uses = min(3, nodes[Int(place)].uses + 1)
        return true
    }

    /// Puts an entry in, or changes the length of one that is in.
    ///
    /// - Parameter bytes: Of the body; less than 0 counts as 0.
    public mutating func insert(_ key: Key, bytes: Int64) -> Admission {
        let size = min(max(0, bytes), Int64.max / 4) + Eviction.overheadBytes
        guard size <= capacityBytes / 100 * Eviction.largestPercent else {
            let wasIn = remove(key)
            return Admission(isAdmitted: false, evicted: wasIn ? [key] : [])
        }
        if let place = places[key] {
            let change = size - nodes[Int(place)].bytes
            nodes[Int(place)].bytes = size
            if nodes[Int(place)].isInMain { main.bytes += change } else { small.bytes += change }
        } else {
            let isKnown = ghosts.remove(key)
            let place = allocate(Node(key: key, bytes: size, isInMain: isKnown))
            places[key] = place
            append(place)
        }
        let evicted = makeRoom()
        return Admission(isAdmitted: contains(key), evicted: evicted)
    }

    /// Takes an entry out, for example after a purge.
    ///
    /// - Returns: Whether it was in.
    @discardableResult
    public mutating func remove(_ key: Key) -> Bool {
        guard let place = places.removeValue(forKey: key) else { return false }
        unlink(place)
        free.append(place)
        return true
    }

    private mutating func makeRoom() -> [Key] {
        var evicted: [Key] = []
        while usedBytes > capacityBytes {
            let isSmallFull = small.bytes > capacityBytes / 100 * Eviction.smallPercent
            if small.oldest >= 0, isSmallFull || main.oldest < 0 {
                leaveSmall(&evicted)
            } else {
                leaveMain(&evicted)
            }
        }
        return evicted
    }

    private mutating func leaveSmall(_ evicted: inout [Key]) {
        let place = small.oldest
        guard nodes[Int(place)].uses > 0 else {
            let node = nodes[Int(place)]
            ghosts.insert(node.key, bytes: node.bytes, capacityBytes: capacityBytes, capacity: max(1_024, count))
            remove(node.key)
            evicted.append(node.key)
            return
        }
        unlink(place)
        nodes[Int(place)].uses = 0
        nodes[Int(place)].isInMain = true
        append(place)
    }

    private mutating func leaveMain(_ evicted: inout [Key]) {
        let place = main.oldest
        guard nodes[Int(place)].uses > 0 else {
            let key = nodes[Int(place)].key
            remove(key)
            evicted.append(key)
            return
        }
        unlink(place)
        nodes[Int(place)].uses -= 1
        append(place)
    }

    private mutating func allocate(_ node: Node) -> Int32 {
        if let place = free.popLast() {
            nodes[Int(place)] = node
            return place
        }
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    private mutating func append(_ place: Int32) {
        let isInMain = nodes[Int(place)].isInMain
        var queue = isInMain ? main : small
        nodes[Int(place)].newer = -1
        nodes[Int(place)].older = queue.newest
        if queue.newest >= 0 { nodes[Int(queue.newest)].newer = place } else { queue.oldest = place }
        queue.newest = place
        queue.bytes += nodes[Int(place)].bytes
        if isInMain { main = queue } else { small = queue }
    }

    private mutating func unlink(_ place: Int32) {
        let node = nodes[Int(place)]
        var queue = node.isInMain ? main : small
        if node.newer >= 0 { nodes[Int(node.newer)].older = node.older } else { queue.newest = node.older }
        if node.older >= 0 { nodes[Int(node.older)].newer = node.newer } else { queue.oldest = node.newer }
        queue.bytes -= node.bytes
        if node.isInMain { main = queue } else { small = queue }
    }
}
