import Blake3
import Testing

@testable import Stark

@Suite struct TreeAndTranscriptTests {
    private func tree(_ logLeaves: Int) throws -> (MerkleTree, [Digest]) {
        let tree = try MerkleTree(logLeaves: logLeaves, arena: ProverArena())
        let leaves = (0..<1 << logLeaves).map { Blake3.hash([UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)]) }
        let out = tree.leaves(0..<leaves.count)
        for (index, leaf) in leaves.enumerated() { out[(32 * index)...].copyBytes(from: leaf.bytes) }
        try tree.build(Workers(ProverOptions(threads: 2)))
        return (tree, leaves)
    }

    private func root(_ places: [Int], _ leaves: [Digest], _ opening: [Digest], _ log: Int) throws -> Digest {
        var rest = opening[...]
        let root = try MerkleTree.root(places, places.map { leaves[$0] }, logLeaves: log) { () throws(StarkError) in
            guard let next = rest.popFirst() else { throw StarkError(.truncated, "no more nodes") }
            return next
        }
        #expect(rest.isEmpty)
        return root
    }

    @Test(arguments: [0, 1, 4, 10]) func openingsLeadToTheRoot(log: Int) throws {
        let (tree, leaves) = try tree(log)
        var random = SplitMix(seed: 30)
        for count in [1, 2, 5, 100] {
            let places = Array(Set((0..<count).map { _ in Int(random.next() % UInt64(1 << log)) })).sorted()
            let opening = tree.opening(places)
            #expect(try root(places, leaves, opening, log) == tree.root)
            guard !opening.isEmpty else { continue }
            var changed = opening
            changed[opening.count / 2] = leaves[0]
            #expect(try root(places, leaves, changed, log) != tree.root)
            #expect(throws: StarkError.self) { try root(places, leaves, Array(opening.dropLast()), log) }
        }
    }

    /// The root by definition: the keyed hash of both children.
    @Test func nodesByDefinition() throws {
        let (tree, leaves) = try tree(3)
        var level = leaves
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { index in
                (level[index].bytes + level[index + 1].bytes).withUnsafeBytes {
                    Blake3.keyedHash(key: Transcript.Keys.node, $0)
                }
            }
        }
        #expect(tree.root == level[0])
        #expect(Transcript.Keys.node != Transcript.Keys.leaf)
    }

    @Test func challengesDependOnEverythingThatWasSaid() {
        func challenge(_ say: (inout Transcript) -> Void) -> Quintic {
            var transcript = Transcript()
            transcript.absorb(.statement, [1, 2, 3])
            say(&transcript)
            return transcript.element()
        }
        let challenges = [
            challenge { _ in },
            challenge { $0.absorb(.statement, [UInt8]()) },
            challenge { $0.absorb(.trace, [UInt8]()) },
            challenge { $0.absorb(.trace, [0]) },
            challenge { $0.absorb(.trace, [0, 0]) },
            challenge { _ = $0.element() },
            challenge { _ = $0.index(bits: 5) },
            challenge { $0.absorb(nonce: 0) },
            challenge { $0.absorb(nonce: 1) },
            challenge { $0.absorb(.values, [Quintic.one]) },
        ]
        // Drawing an element and an index take the same place.
        #expect(Set(challenges).count == challenges.count - 1)
        #expect(challenges[5] == challenges[6])
    }

    @Test func workIsCounted() {
        var transcript = Transcript()
        transcript.absorb(.statement, [9])
        let fitting = (0..<4_096).filter { transcript.isWork(UInt64($0), bits: 8) }
        #expect((4...40).contains(fitting.count))
        #expect((0..<100).allSatisfy { transcript.isWork(UInt64($0), bits: 0) })
    }
}
