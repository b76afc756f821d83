internal import Blake3

/// A binary hash tree over a power of two of leaves, in memory.
///
/// A leaf is the keyed BLAKE3 of its words with one key, an inner node that of its children with another: no leaf can be taken
/// for a node.
struct MerkleTree {
    let logLeaves: Int
    /// Node i has the children 2i and 2i + 1; the root is node 1, leaf i node 2^`logLeaves` + i. Eight words each.
    private let nodes: Buffer

    init(logLeaves: Int, arena: ProverArena) throws(StarkError) {
        self.logLeaves = logLeaves
        nodes = try arena.buffer(words: 16 << logLeaves)
    }

    /// Where the digests of the leaves in `range` go.
    func leaves(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        digests((1 << logLeaves) + range.lowerBound, range.count)
    }

    private func digests(_ first: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            start: nodes.raw + Digest.byteCount * first, count: Digest.byteCount * count)
    }

    /// Computes the inner nodes from the leaves.
    func build(_ workers: Workers) throws(StarkError) {
        for level in (0..<logLeaves).reversed() {
            let count = 1 << level
            try workers.forEachPiece(of: count, step: min(count, 256)) { range in
                Blake3.keyedHashes(
                    key: Transcript.Keys.node,
                    UnsafeRawBufferPointer(digests(2 * (count + range.lowerBound), 2 * range.count)), byteCount: 64,
                    into: digests(count + range.lowerBound, range.count))
            }
        }
    }

    private func digest(_ node: Int) -> Digest {
        Digest(unsafeUninitialized: { $0.copyMemory(from: UnsafeRawBufferPointer(digests(node, 1))) })
    }

    var root: Digest { digest(1) }

    /// The nodes beside the paths from the leaves to the root that do not follow from the leaves: level by level from the
    /// leaves up, from left to right. `places` are in order, without repetition.
    func opening(_ places: [Int]) -> [Digest] {
        var siblings: [Digest] = []
        MerkleTree.climb(places, logLeaves: logLeaves) { node in siblings.append(digest(node)) }
        return siblings
    }

    /// Calls `visit` for the nodes of an opening, in order.
    static func climb(_ places: [Int], logLeaves: Int, _ visit: (Int) -> Void) {
        var level = places.map { $0 + (1 << logLeaves) }
        for _ in 0..<logLeaves {
            var parents: [Int] = []
            parents.reserveCapacity(level.count)
            var index = 0
            while index < level.count {
                let node = level[index]
                if index + 1 < level.count, level[index + 1] == node ^ 1 {
                    index += 2
                } else {
                    visit(node ^ 1)
                    index += 1
                }
                parents.append(node >> 1)
            }
            level = parents
        }
    }

    /// The root that follows from the digests of some leaves and their opening.
    ///
    /// - Parameter places: At least one, in order, without repetition.
    /// - Parameter leaves: A digest for each place; what follows is not looked at.
    /// - Parameter next: Gives the next node of the opening.
    static func root(
        _ places: [Int], _ leaves: [Digest], logLeaves: Int, next: () throws(StarkError) -> Digest
    ) throws(StarkError) -> Digest {
        // Eight nodes are hashed as fast as one, so that many are.
        let room = (places.count + 7) & ~7
        var level = places
        var digests = leaves + Array(repeating: .zeros, count: max(0, room - leaves.count))
        var pairs = [Digest](repeating: .zeros, count: 2 * room)
        var count = places.count
        for _ in 0..<logLeaves {
            var index = 0
            var parents = 0
            while index < count {
                let node = level[index]
                if index + 1 < count, level[index + 1] == node ^ 1 {
                    pairs[2 * parents] = digests[index]
                    pairs[2 * parents + 1] = digests[index + 1]
                    index += 2
                } else {
                    let side = node & 1
                    pairs[2 * parents + side] = digests[index]
                    pairs[2 * parents + 1 - side] = try next()
                    index += 1
                }
                level[parents] = node >> 1
                parents += 1
            }
            count = parents
            let hashed = 64 * ((count + 7) & ~7)
            digests.withUnsafeMutableBytes { digests in
                pairs.withUnsafeBytes {
                    Blake3.keyedHashes(
                        key: Transcript.Keys.node, UnsafeRawBufferPointer(rebasing: $0[..<hashed]), byteCount: 64,
                        into: digests)
                }
            }
        }
        return digests[0]
    }
}
