import BlobStore
import Testing

@Suite struct BlockSetTests {
    @Test(arguments: [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 1000]) func sizes(blockCount: Int) {
        var set = BlockSet(blockCount: blockCount)
        #expect(set.count == 0)
        #expect(set.isFull == (blockCount == 0))
        #expect(set.firstHeld(in: 0..<blockCount) == nil)
        #expect(set.firstMissing(in: 0..<blockCount) == (blockCount == 0 ? nil : 0))
        for index in 0..<blockCount {
            #expect(set.insert(index) == true)
            #expect(set.insert(index) == false)
            #expect(set.contains(index))
        }
        #expect(set == .all(blockCount))
        #expect(set.isFull)
        #expect(set.firstMissing(in: -5..<blockCount + 5) == nil)
        #expect(BlockSet(bytes: set.bytes, blockCount: blockCount) == set)
        for index in [-1, blockCount, .max, .min] {
            #expect(!set.contains(index))
            #expect(set.insert(index) == false)
            #expect(set.remove(index) == false)
        }
        #expect(set.count == blockCount)
    }

    @Test func theWireForm() throws {
        var set = BlockSet(blockCount: 70)
        for index in [0, 9, 63, 64, 69] { set.insert(index) }
        #expect(set.bytes == [0x01, 0x02, 0, 0, 0, 0, 0, 0x80, 0x21])
        #expect(try #require(BlockSet(bytes: set.bytes, blockCount: 70)).count == 5)
        #expect(BlockSet(bytes: set.bytes + [0], blockCount: 70) == nil)
        #expect(BlockSet(bytes: set.bytes.dropLast(), blockCount: 70) == nil)
        #expect(BlockSet(bytes: set.bytes.dropLast() + [0x61], blockCount: 70) == nil)
        #expect(BlockSet(bytes: [1], blockCount: 0) == nil)
        #expect(BlockSet(bytes: [], blockCount: 0)?.isFull == true)
        #expect(BlockSet(bytes: [], blockCount: -1) == nil)
        #expect(BlockSet(bytes: [], blockCount: .max) == nil)
        #expect(BlockSet(bytes: [UInt8](repeating: 0xFF, count: 16), blockCount: 128) == .all(128))
    }

    @Test func searchesAgreeWithALoop() {
        var random = SplitMix(seed: 7)
        for _ in 0..<300 {
            let blockCount = Int.random(in: 1...300, using: &random)
            var set = BlockSet(blockCount: blockCount)
            for _ in 0..<Int.random(in: 0...2 * blockCount, using: &random) {
                let index = Int.random(in: 0..<blockCount, using: &random)
                if Bool.random(using: &random) { set.insert(index) } else { set.remove(index) }
            }
            let lower = Int.random(in: 0...blockCount, using: &random)
            let range = lower..<Int.random(in: lower...blockCount, using: &random)
            #expect(set.count == (0..<blockCount).count { set.contains($0) })
            #expect(set.firstMissing(in: range) == range.first { !set.contains($0) })
            #expect(set.firstHeld(in: range) == range.first { set.contains($0) })
        }
    }
}

/// A small generator, the same on every machine.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
