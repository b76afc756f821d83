import Blake3
import Testing

@Suite struct BlockTreeTests {
    static let block = BlockTree.blockByteCount

    @Test(arguments: [
        0, 1, 1024, 1025, block - 1, block, block + 1, 2 * block - 1, 2 * block, 2 * block + 1, 3 * block,
        4 * block + 1, 5 * block, 7 * block + 5, 8 * block, 9 * block + 1024, 11 * block,
    ])
    func blockValuesImplyTheHash(byteCount: Int) {
        let bytes = noise(byteCount)
        let expected = Blake3.hash(bytes)
        let count = BlockTree.blockCount(byteCount: byteCount)
        let values = (0..<count).map { index in
            let start = index * Self.block
            return bytes[start..<start + BlockTree.blockLength(index, byteCount: byteCount)].withUnsafeBytes {
                BlockTree.blockValue($0, index: index, byteCount: byteCount)
            }
        }
        #expect(BlockTree.root(blockValues: values, byteCount: byteCount) == expected)
        var hasher = BlockHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        let result = hasher.finalize()
        #expect(result.digest == expected)
        #expect(result.byteCount == byteCount)
        #expect(result.blockValues == values)
        #expect(BlockTree.root(blockValues: values + [expected], byteCount: byteCount) == nil)
        #expect(BlockTree.root(blockValues: Array(values.dropLast()), byteCount: byteCount) == nil)
        #expect(BlockTree.root(blockValues: values, byteCount: -1) == nil)
    }

    @Test func aBlockInAnotherPlaceHasAnotherValue() {
        let bytes = noise(Self.block)
        let values = bytes.withUnsafeBytes { bytes in
            [0, 1, -1, .max].map { BlockTree.blockValue(bytes, index: $0, byteCount: 4 * Self.block) }
        }
        #expect(values[0] != values[1])
        #expect(values[1] != values[3])
    }

    @Test func lengthsAtTheEdges() {
        #expect(BlockTree.blockCount(byteCount: -5) == 1)
        #expect(BlockTree.blockCount(byteCount: 0) == 1)
        #expect(BlockTree.blockCount(byteCount: Self.block) == 1)
        #expect(BlockTree.blockCount(byteCount: Self.block + 1) == 2)
        #expect(BlockTree.blockCount(byteCount: .max) == Int.max / Self.block + 1)
        #expect(BlockTree.blockLength(0, byteCount: 0) == 0)
        #expect(BlockTree.blockLength(1, byteCount: Self.block + 1) == 1)
        #expect(BlockTree.blockLength(2, byteCount: Self.block + 1) == 0)
        #expect(BlockTree.blockLength(-1, byteCount: Self.block) == 0)
    }

    @Test func aHasherStartsOver() {
        var hasher = BlockHasher()
        noise(Self.block + 1).withUnsafeBytes { hasher.update($0) }
        _ = hasher.finalize()
        noise(10).withUnsafeBytes { hasher.update($0) }
        #expect(hasher.finalize().digest == Blake3.hash(noise(10)))
    }
}
