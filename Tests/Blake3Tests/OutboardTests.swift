import Blake3
import Testing

@Suite struct OutboardTests {
    static let group = GroupTree.groupByteCount

    @Test(arguments: [1000, 16_383, 16_384, 16_385, 50_000, 400_000])
    func piecesOfAnySizeGiveTheSameTree(step: Int) throws {
        for count in [0, 1, Self.group, Self.group + 1, 2 * Self.group, 33 * Self.group, 35 * Self.group + 9] {
            let bytes = noise(count)
            var builder = OutboardBuilder()
            for start in stride(from: 0, to: count, by: step) {
                try bytes[start..<min(start + step, count)].withUnsafeBytes { try builder.update($0) }
            }
            let result = builder.finalize()
            #expect(try result == outboard(bytes))
            #expect(result.root == Blake3.hash(bytes))
            #expect(result.byteCount == count)
            #expect(builder.finalize().root == Blake3.hash([]))
        }
    }

    @Test func encodingAndBack() throws {
        for count in [0, 1, Self.group, Self.group + 1, 5 * Self.group, 17 * Self.group + 1] {
            let bytes = noise(count)
            let original = try outboard(bytes)
            let encoded = original.encoded
            #expect(encoded.count == 8 + 64 * (GroupTree.groupCount(byteCount: count) - 1))
            #expect(try Outboard(encoded: encoded, root: original.root) == original)
            for bit in stride(from: 64, to: encoded.count * 8, by: 7) {
                var wrong = encoded
                wrong[bit / 8] ^= 1 << (bit % 8)
                let error = #expect(throws: Blake3Error.self) { try Outboard(encoded: wrong, root: original.root) }
                #expect(error?.code == .mismatch)
            }
            for wrong in [Array(encoded.dropLast()), encoded + [0], []] {
                let error = #expect(throws: Blake3Error.self) { try Outboard(encoded: wrong, root: original.root) }
                #expect(error?.code == .malformed)
            }
        }
    }

    @Test func aSizeThatIsKnownIsRequired() throws {
        let bytes = noise(2 * Self.group + 5)
        let original = try outboard(bytes)
        #expect(try Outboard(encoded: original.encoded, root: original.root, byteCount: bytes.count) == original)
        var wrong = original.encoded
        wrong[0] ^= 1
        let error = #expect(throws: Blake3Error.self) {
            try Outboard(encoded: wrong, root: original.root, byteCount: bytes.count)
        }
        #expect(error?.code == .mismatch)
        // Unproved sizes do no harm: the last group does not fit them, so it is not given out.
        var encoder = VerifiedStreamEncoder(outboard: try Outboard(encoded: wrong, root: original.root))
        #expect(throws: Blake3Error.self) { try encode(&encoder, bytes) }
    }

    @Test func limits() throws {
        let root = Blake3.hash([])
        for (size, code) in [
            (UInt64(Outboard.maxByteCount), Blake3Error.Code.malformed), (UInt64(Outboard.maxByteCount) + 1, .tooLarge),
            (.max, .tooLarge),
        ] {
            let encoded = withUnsafeBytes(of: size.littleEndian) { Array($0) }
            let error = #expect(throws: Blake3Error.self) { try Outboard(encoded: encoded, root: root) }
            #expect(error?.code == code)
        }
        var builder = OutboardBuilder(maxByteCount: 100)
        try noise(60).withUnsafeBytes { try builder.update($0) }
        let error = #expect(throws: Blake3Error.self) { try noise(41).withUnsafeBytes { try builder.update($0) } }
        #expect(error?.code == .tooLarge)
        try noise(40).withUnsafeBytes { try builder.update($0) }
        #expect(builder.finalize().byteCount == 100)
    }

    @Test func groupValuesOfABlockImplyItsValue() throws {
        let bytes = noise(20 * Self.group)
        let whole = try outboard(bytes)
        let second = bytes[BlockTree.blockByteCount...]
        let values = second.withUnsafeBytes {
            GroupTree.groupValues($0, firstGroup: 16, byteCount: bytes.count)
        }
        #expect(values.count == 4)
        let value = second.withUnsafeBytes { BlockTree.blockValue($0, index: 1, byteCount: bytes.count) }
        #expect(whole.blockValues[1] == value)
    }
}
