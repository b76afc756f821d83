import Blake3

/// The inner hashes of a binary trie that are to be computed, gathered so that each level is hashed in one go.
struct MerkleHashPlan {
    /// A subtree's hash, now or after ``run()``.
    struct Value {
        static let empty = Value(count: 0, hash: MerkleHashPlan.empty)

        /// Rows below.
        var count: Int
        /// The number of the job that computes the hash at the subtree's own depth, or `noJob`.
        var job = MerkleHashPlan.noJob
        /// The hash where there is no job.
        var hash: Digest
    }

    /// The jobs of one depth: `pairs` holds two digests for each, some of which the depth below still has to fill in.
    private struct Level {
        var pairs: [Digest] = []
        var holes: [(position: Int32, job: Int32)] = []
        var digests: [Digest] = []

        mutating func add(_ left: Value, _ right: Value) -> Int32 {
            let position = Int32(pairs.count)
            if left.job != noJob { holes.append((position, left.job)) }
            if right.job != noJob { holes.append((position + 1, right.job)) }
            pairs.append(left.hash)
            pairs.append(right.hash)
            return position / 2
        }
    }

    static let noJob: Int32 = -1
    /// The hash of no rows.
    static let empty = Digest { $0.initializeMemory(as: UInt8.self, repeating: 0) }

    private var levels: [Level] = []

    /// The subtree at `depth` above two that are one level deeper. A lone leaf moves up.
    mutating func join(_ left: Value, _ right: Value, depth: Int) -> Value {
        let count = left.count + right.count
        if count <= 1 { return left.count == 1 ? left : right }
        while levels.count <= depth { levels.append(Level()) }
        let job = levels[depth].add(left, right)
        return Value(count: count, job: job, hash: MerkleHashPlan.empty)
    }

    /// Computes all hashes, from the deepest level up.
    mutating func run() {
        for depth in levels.indices.reversed() where !levels[depth].pairs.isEmpty {
            for hole in levels[depth].holes {
                levels[depth].pairs[Int(hole.position)] = levels[depth + 1].digests[Int(hole.job)]
            }
            levels[depth].digests = levels[depth].pairs.withUnsafeBytes {
                LedgerHash.rowInner.each($0, byteCount: 2 * Digest.byteCount)
            }
        }
    }

    /// The hash of a job, after ``run()``.
    func result(_ job: Int32, depth: Int) -> Digest { levels[depth].digests[Int(job)] }

    /// The hash of a subtree at `depth`, after ``run()``.
    func digest(_ value: Value, depth: Int) -> Digest {
        value.job == MerkleHashPlan.noJob ? value.hash : result(value.job, depth: depth)
    }
}
