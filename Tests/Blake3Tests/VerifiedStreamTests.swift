import Blake3
import Testing

@Suite struct VerifiedStreamTests {
    static let group = GroupTree.groupByteCount
    static let block = BlockTree.blockByteCount
    static let blob = noise(3 * block + 2 * group + 1)
    static let reference = ReferenceTree(blob)
    static let wholeStream = reference.stream(blob.count, wanted: 0..<blob.count)
    static let lengths: [Int] = {
        var lengths: Set<Int> = [0, 1, 1023, 1024, 1025]
        for groups in [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 32, 33] {
            lengths.formUnion([groups * group - 1, groups * group, groups * group + 1])
        }
        return lengths.filter { $0 <= blob.count }.sorted()
    }()

    /// One range of each class: where it begins and ends within groups and blocks, and outside of the blob.
    static func ranges(_ count: Int) -> [Range<Int>] {
        let edges = [
            0, 1, group - 1, group, group + 1, 3 * group + 7, block - 1, block, block + 1, count - 1, count,
            count + 1, .max,
        ].filter { $0 >= 0 }
        var ranges = Set<Range<Int>>([-5..<3, -5 ..< -1])
        for lower in edges { for upper in edges where lower <= upper { ranges.insert(lower..<upper) } }
        return ranges.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    }

    @Test(arguments: lengths) func streamsAreTheReferences(count: Int) throws {
        let bytes = Array(Self.blob.prefix(count))
        let root = try #require(Self.reference.root(count))
        #expect(Blake3.hash(bytes) == root)
        let outboard = try outboard(bytes)
        #expect(outboard.root == root)
        let blockValues = blockValues(bytes)
        #expect(outboard.blockValues == blockValues)
        // All ranges for few lengths, one whole stream for each.
        let isThorough = [0, 1, Self.group + 1, 5 * Self.group, 17 * Self.group + 1].contains(count)
        for range in isThorough ? Self.ranges(count) : [0..<count] {
            let expected = Self.reference.stream(count, wanted: range)
            var encoder = try VerifiedStreamEncoder(byteCount: count, blockValues: blockValues, range: range)
            #expect(try encode(&encoder, bytes) == expected, "\(count) bytes, \(range)")
            encoder = VerifiedStreamEncoder(outboard: outboard, range: range)
            #expect(try encode(&encoder, bytes) == expected, "\(count) bytes, \(range)")
            #expect(GroupTree.streamByteCount(byteCount: count, range: range) == expected.count)
            let clipped = range.clamped(to: 0..<count)
            var buffer = [UInt8](repeating: 0, count: clipped.count)
            let decoded = try buffer.withUnsafeMutableBytes { buffer in
                try expected.withUnsafeBytes {
                    try VerifiedStreamDecoder.decode($0, root: root, range: range, into: buffer)
                }
            }
            #expect(decoded.count == clipped.count)
            #expect(buffer[...] == bytes[clipped])
        }
    }

    @Test(arguments: [1, 7, 64, 1000, 16_384, 16_385, 40_000, 65_536, 300_000])
    func piecesOfAnySizeGiveTheSameBytes(step: Int) throws {
        let count = step == 1 ? 2 * Self.group + 5 : Self.blob.count
        let root = try #require(Self.reference.root(count))
        for range in [0..<count, Self.group + 5..<count - 3] {
            let isWhole = range.count == Self.blob.count
            let stream = isWhole ? Self.wholeStream : Self.reference.stream(count, wanted: range)
            var decoder = VerifiedStreamDecoder(root: root, range: range, byteCount: count)
            var output: [UInt8] = []
            for start in stride(from: 0, to: stream.count, by: step) {
                if start < 300 { #expect(throws: Blake3Error.self) { try decoder.finish() } }
                try stream[start..<min(start + step, stream.count)].withUnsafeBytes { piece in
                    try decoder.update(piece) { offset, bytes in
                        #expect(offset == range.lowerBound + output.count)
                        output += bytes
                    }
                }
            }
            try decoder.finish()
            #expect(decoder.isComplete)
            #expect(decoder.byteCount == count)
            let lastGroup = (count - 1) / Self.group * Self.group
            #expect(decoder.isByteCountVerified == (range.upperBound > lastGroup))
            #expect(output[...] == Self.blob[range])
        }
    }

    @Test func everyFlippedBitIsRefused() throws {
        for count in [0, 1, 100, Self.group + 3] {
            let root = try #require(Self.reference.root(count))
            let stream = Self.reference.stream(count, wanted: 0..<count)
            // Of a long stream: all bits of the size and the parent, and one bit of each byte.
            for bit in 0..<stream.count * 8 where bit < 80 * 8 || bit % 8 == bit / 8 % 8 {
                var wrong = stream
                wrong[bit / 8] ^= 1 << (bit % 8)
                #expect(refusal(wrong, root: root) != nil, "bit \(bit) of \(count) bytes")
            }
        }
    }

    @Test func wrongBytesAreRefusedWithinTheirGroup() throws {
        let count = Self.blob.count
        let root = try #require(Self.reference.root(count))
        let stream = Self.wholeStream
        for place in stride(from: 8, to: stream.count, by: 19_973) {
            var wrong = stream
            wrong[place] ^= 0x10
            for step in [5000, 262_144] {
                var decoder = VerifiedStreamDecoder(root: root)
                var good = 0
                var start = 0
                let error = #expect(throws: Blake3Error.self) {
                    while start < wrong.count {
                        let end = min(start + step, wrong.count)
                        try wrong[start..<end].withUnsafeBytes { piece in
                            try decoder.update(piece) { offset, bytes in
                                #expect(offset == good)
                                #expect(Self.blob[offset..<offset + bytes.count] == ArraySlice(Array(bytes)))
                                good += bytes.count
                            }
                        }
                        start = end
                    }
                }
                #expect(error?.code == .mismatch)
                #expect(start <= place + Self.group)
                #expect(good <= place && !decoder.isComplete)
                #expect(throws: Blake3Error.self) { try decoder.finish() }
                #expect(throws: Blake3Error.self) {
                    try decoder.update(UnsafeRawBufferPointer(start: nil, count: 0)) { _, _ in }
                }
            }
        }
    }

    @Test func sizesThatAreNotTrueAreRefused() throws {
        for count in [0, 1, Self.group, Self.group + 1, 5 * Self.group, Self.block + 1] {
            let root = try #require(Self.reference.root(count))
            let stream = Self.reference.stream(count, wanted: 0..<count)
            let lies: [UInt64] = [
                0, 1, 2, 1024, UInt64(count) &- 1, UInt64(count) + 1, UInt64(count) + 1024, UInt64(Self.group), 1 << 32,
                1 << 62, .max >> 1, 1 << 63, .max,
            ]
            for lie in lies where lie != UInt64(count) {
                let wrong = withUnsafeBytes(of: lie.littleEndian) { Array($0) } + stream.dropFirst(8)
                #expect(refusal(wrong, root: root) != nil, "\(lie) instead of \(count)")
            }
            let error = refusal(withUnsafeBytes(of: UInt64.max) { Array($0) }, root: root)
            #expect(error?.code == .malformed)
        }
    }

    @Test func aSizeThatIsKnownIsRequired() throws {
        let root = try #require(Self.reference.root(5))
        let stream = Self.reference.stream(5, wanted: 0..<5)
        var decoder = VerifiedStreamDecoder(root: root, byteCount: 6)
        let error = #expect(throws: Blake3Error.self) {
            try stream.withUnsafeBytes { try decoder.update($0) { _, _ in } }
        }
        #expect(error?.code == .mismatch)
    }

    @Test func aRangeWithinTheBlobDoesNotProveItsSize() throws {
        let count = 5 * Self.group
        let root = try #require(Self.reference.root(count))
        for (range, proves) in [
            (0..<1, false), (4 * Self.group..<count, true), (count..<count + 1, true), (7..<7, true),
        ] {
            var decoder = VerifiedStreamDecoder(root: root, range: range)
            try Self.reference.stream(count, wanted: range).withUnsafeBytes { try decoder.update($0) { _, _ in } }
            try decoder.finish()
            #expect(decoder.isByteCountVerified == proves, "\(range)")
        }
    }

    @Test func endsAreExact() throws {
        let count = 3 * Self.group
        let root = try #require(Self.reference.root(count))
        let stream = Self.reference.stream(count, wanted: 0..<count)
        for cut in [0, 7, 8, 71, 72, 100, stream.count - 1] {
            #expect(refusal(Array(stream.prefix(cut)), root: root)?.code == .truncated, "cut at \(cut)")
        }
        #expect(refusal(stream + [0], root: root)?.code == .malformed)
        let small = #expect(throws: Blake3Error.self) {
            var buffer = [UInt8](repeating: 0, count: count - 1)
            _ = try buffer.withUnsafeMutableBytes { buffer in
                try stream.withUnsafeBytes { try VerifiedStreamDecoder.decode($0, root: root, into: buffer) }
            }
        }
        #expect(small?.code == .tooLarge)
    }

    @Test func damagedStorageIsNotGivenOut() throws {
        let bytes = Array(Self.blob.prefix(2 * Self.block))
        var damaged = bytes
        damaged[Self.block + 5] ^= 1
        for range in [nil, Self.block..<Self.block + 1] as [Range<Int>?] {
            var encoders = [
                try VerifiedStreamEncoder(byteCount: bytes.count, blockValues: blockValues(bytes), range: range),
                VerifiedStreamEncoder(outboard: try outboard(bytes), range: range),
            ]
            for index in encoders.indices {
                let error = #expect(throws: Blake3Error.self) { try encode(&encoders[index], damaged) }
                #expect(error?.code == .mismatch)
            }
        }
        #expect(throws: Blake3Error.self) { try VerifiedStreamEncoder(byteCount: 5, blockValues: []) }
        #expect(throws: Blake3Error.self) { try VerifiedStreamEncoder(byteCount: -1, blockValues: [Blake3.hash([])]) }
    }

    @Test func streamSizesDoNotOverflow() {
        #expect(GroupTree.streamByteCount(byteCount: .max) == .max)
        #expect(GroupTree.streamByteCount(byteCount: .max, range: 0..<1) > Self.group)
        #expect(GroupTree.streamByteCount(byteCount: .max, range: Int.max - 1 ..< .max) > Self.group)
        #expect(GroupTree.streamByteCount(byteCount: -1) == 8)
        #expect(GroupTree.groupLength(-1, byteCount: 5) == 0)
        #expect(GroupTree.groupLength(1, byteCount: 5) == 0)
    }
}

func outboard(_ bytes: [UInt8]) throws -> Outboard {
    var builder = OutboardBuilder()
    try bytes.withUnsafeBytes { try builder.update($0) }
    return builder.finalize()
}

func blockValues(_ bytes: [UInt8]) -> [Digest] {
    var hasher = BlockHasher()
    bytes.withUnsafeBytes { hasher.update($0) }
    return hasher.finalize().blockValues
}

func encode(_ encoder: inout VerifiedStreamEncoder, _ bytes: [UInt8]) throws -> [UInt8] {
    var output: [UInt8] = []
    let read: VerifiedStreamEncoder.Read = { offset, buffer in
        buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
    }
    while try encoder.next(into: &output, read: read) {}
    return output
}

/// The error that a whole stream is refused with; nil when it is taken.
func refusal(_ stream: [UInt8], root: Digest) -> Blake3Error? {
    do {
        var decoder = VerifiedStreamDecoder(root: root)
        try stream.withUnsafeBytes { try decoder.update($0) { _, _ in } }
        try decoder.finish()
        return nil
    } catch {
        return error as? Blake3Error
    }
}
