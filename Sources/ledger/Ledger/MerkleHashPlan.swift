import Blake3

/// The inner hashes of a binary trie that are to be computed, gathered so that each depth is hashed in one go.
///
/// A job reads two digests and writes a third, all of them in places that must not move before ``run()`` returns. It may
/// read what jobs of greater depths write.
struct MerkleHashPlan: ~Copyable {
    typealias Place = UnsafeMutablePointer<Digest>

    private struct Job {
        var left: Place
        var right: Place
        var result: Place
    }

    /// The jobs of one depth.
    private struct Level {
        var jobs: UnsafeMutablePointer<Job>?
        var count = 0
        var capacity = 0
    }

    /// The left part of a subtree that waits for its right one.
    private struct Half {
        var value: Place
        /// The depth at which the two parts differ.
        var split: Int
    }

    /// The hash of no rows.
    static let empty = Digest { $0.initializeMemory(as: UInt8.self, repeating: 0) }

    /// Paths have so many bits.
    private static var depthLimit: Int { 256 }
    /// Jobs that are hashed in one call. Their digests stay in the nearest cache, and fill the lanes of every kernel.
    private static var jobsPerCall: Int { 128 }
    private static var placesPerPage: Int { 256 }
    /// What a plan keeps for the next one: levels of so many jobs, and pages of places.
    private static var keptJobs: Int { 4_096 }
    private static var keptPages: Int { 64 }

    private let levels: UnsafeMutablePointer<Level>
    /// Levels from this depth on are empty.
    private var depthCount = 0
    private var pages: [Place] = []
    private var placeCount = 0
    private let halves: UnsafeMutablePointer<Half>
    /// Where the hash of no rows is.
    private let emptyPlace: Place
    private let pairs: Place
    private let digests: Place

    init() {
        levels = .allocate(capacity: Self.depthLimit)
        levels.initialize(repeating: Level(), count: Self.depthLimit)
        halves = .allocate(capacity: Self.depthLimit)
        emptyPlace = .allocate(capacity: 1)
        emptyPlace.initialize(to: Self.empty)
        pairs = .allocate(capacity: 2 * Self.jobsPerCall)
        digests = .allocate(capacity: Self.jobsPerCall)
    }

    deinit {
        for depth in 0..<Self.depthLimit { levels[depth].jobs?.deallocate() }
        levels.deallocate()
        for page in pages { page.deallocate() }
        halves.deallocate()
        emptyPlace.deallocate()
        pairs.deallocate()
        digests.deallocate()
    }

    // MARK: What is to be computed

    /// Plans the hash of a node at `depth` and says where it will be: at `result`, or somewhere for ``run()`` alone.
    mutating func addNode(_ node: MerkleNode, at depth: Int, result: Place? = nil) -> Place {
        let left = addHalf(node, 0, at: depth + 1)
        let right = addHalf(node, 2, at: depth + 1)
        return add(left, right, at: depth, result: result)
    }

    /// The same for two neighbouring children, of which the first is at an even `index`. A lone leaf moves up.
    mutating func addHalf(_ node: MerkleNode, _ index: Int, at depth: Int) -> Place {
        let (left, right) = (node.hashes + index, node.hashes + index + 1)
        if node.links[index].count + node.links[index + 1].count > 1 { return add(left, right, at: depth) }
        return node.links[index + 1].count == 0 ? left : right
    }

    /// The same for the binary trie at `depth` over leaves in ascending order of their paths; the only leaf's hash is
    /// where it is.
    ///
    /// A leaf is joined with what is before it as soon as the next one is known to have fewer bits in common with it.
    mutating func addRun<Row: MerkleRow>(
        _ leaves: UnsafeMutableBufferPointer<MerkleLeaf<Row>>, at depth: Int, result: Place? = nil
    ) -> Place {
        guard let first = leaves.baseAddress, leaves.count > 0 else { return emptyPlace }
        var height = 0
        var index = 0
        while true {
            var value = Self.hashPlace(first + index)
            // A lone leaf has no split: it is the value at all depths.
            var split = -1
            let isLast = index + 1 == leaves.count
            let common = isLast ? -1 : first[index].path.commonBitCount(first[index + 1].path)
            while height > 0, halves[height - 1].split > common {
                height -= 1
                let half = halves[height]
                value = lift(value, from: split, to: half.split + 1, first[index].path)
                split = half.split
                value = add(half.value, value, at: split, result: split == depth ? result : nil)
            }
            if isLast { return lift(value, from: split, to: depth, first[index].path, result: result) }
            halves[height] = Half(
                value: lift(value, from: split, to: common + 1, first[index].path), split: common)
            height += 1
            index += 1
        }
    }

    /// The value at depth `top` of a subtree whose own is at depth `split`: the nodes in between have one child.
    private mutating func lift(
        _ value: Place, from split: Int, to top: Int, _ path: Digest, result: Place? = nil
    ) -> Place {
        var value = value
        var depth = split
        while depth > top {
            depth -= 1
            let isRight = path.bit(at: depth)
            value = add(
                isRight ? emptyPlace : value, isRight ? value : emptyPlace, at: depth,
                result: depth == top ? result : nil)
        }
        return value
    }

    private mutating func add(_ left: Place, _ right: Place, at depth: Int, result: Place? = nil) -> Place {
        let result = result ?? makePlace()
        let level = levels + depth
        if level.pointee.count == level.pointee.capacity { grow(level) }
        if let jobs = level.pointee.jobs {
            (jobs + level.pointee.count).initialize(to: Job(left: left, right: right, result: result))
        }
        level.pointee.count += 1
        depthCount = max(depthCount, depth + 1)
        return result
    }

    private func grow(_ level: UnsafeMutablePointer<Level>) {
        let capacity = max(16, 2 * level.pointee.capacity)
        let jobs = UnsafeMutablePointer<Job>.allocate(capacity: capacity)
        if let old = level.pointee.jobs {
            jobs.moveInitialize(from: old, count: level.pointee.count)
            old.deallocate()
        }
        level.pointee.jobs = jobs
        level.pointee.capacity = capacity
    }

    private mutating func makePlace() -> Place {
        let (page, offset) = placeCount.quotientAndRemainder(dividingBy: Self.placesPerPage)
        if page == pages.count { pages.append(.allocate(capacity: Self.placesPerPage)) }
        placeCount += 1
        return pages[page] + offset
    }

    private static func hashPlace<Row>(_ leaf: UnsafeMutablePointer<MerkleLeaf<Row>>) -> Place {
        UnsafeMutableRawPointer(leaf).assumingMemoryBound(to: Digest.self)
    }

    // MARK: Computing

    /// Computes all hashes, from the deepest ones up. The plan's own places hold what they hold until ``removeAll()``.
    mutating func run() {
        for depth in (0..<depthCount).reversed() {
            guard let jobs = levels[depth].jobs else { continue }
            for start in stride(from: 0, to: levels[depth].count, by: Self.jobsPerCall) {
                compute(jobs + start, min(Self.jobsPerCall, levels[depth].count - start))
            }
        }
    }

    private func compute(_ jobs: UnsafeMutablePointer<Job>, _ count: Int) {
        for index in 0..<count {
            (pairs + 2 * index).initialize(to: jobs[index].left.pointee)
            (pairs + 2 * index + 1).initialize(to: jobs[index].right.pointee)
        }
        LedgerHash.rowInner.each(
            UnsafeRawBufferPointer(start: pairs, count: 2 * count * Digest.byteCount), byteCount: 2 * Digest.byteCount,
            into: UnsafeMutableRawBufferPointer(start: digests, count: count * Digest.byteCount))
        for index in 0..<count { jobs[index].result.initialize(to: digests[index]) }
    }

    /// Starts over, with the memory that there is unless it is much.
    mutating func removeAll() {
        for depth in 0..<depthCount {
            levels[depth].count = 0
            guard levels[depth].capacity > Self.keptJobs else { continue }
            levels[depth].jobs?.deallocate()
            levels[depth] = Level()
        }
        depthCount = 0
        placeCount = 0
        while pages.count > Self.keptPages { pages.removeLast().deallocate() }
    }
}
