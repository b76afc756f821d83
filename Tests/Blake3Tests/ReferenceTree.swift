import Blake3

/// BLAKE3 and its verified streams as the specification defines them: recursive, one compression at a time.
struct ReferenceTree {
    private static let start: UInt32 = 1
    private static let end: UInt32 = 2
    private static let parentFlag: UInt32 = 4
    private static let rootFlag: UInt32 = 8
    private static let initial: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    private static let permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]

    let bytes: [UInt8]
    private let wholeChunks: [[UInt32]]

    /// The tree of all prefixes of `bytes`.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        wholeChunks = (0..<bytes.count / 1024).map {
            Self.chunk(bytes[$0 * 1024..<$0 * 1024 + 1024], index: $0, flags: 0)
        }
    }

    /// The digest of the first `count` bytes.
    func root(_ count: Int) -> Digest? { Digest(Self.bytes(value(0..<count, flags: Self.rootFlag))) }

    /// The stream of `wanted` of the first `count` bytes.
    func stream(_ count: Int, wanted: Range<Int>) -> [UInt8] {
        var wanted = wanted.clamped(to: 0..<count)
        if wanted.isEmpty { wanted = max(0, count - 1)..<max(1, count) }
        var output = withUnsafeBytes(of: UInt64(count).littleEndian) { Array($0) }
        append(0..<count, wanted, to: &output)
        return output
    }

    private func append(_ range: Range<Int>, _ wanted: Range<Int>, to output: inout [UInt8]) {
        guard range.overlaps(wanted) || range.isEmpty else { return }
        guard range.count > GroupTree.groupByteCount else {
            output += bytes[range]
            return
        }
        let middle = Self.middle(range)
        output += Self.bytes(value(range.lowerBound..<middle, flags: 0))
        output += Self.bytes(value(middle..<range.upperBound, flags: 0))
        append(range.lowerBound..<middle, wanted, to: &output)
        append(middle..<range.upperBound, wanted, to: &output)
    }

    private func value(_ range: Range<Int>, flags: UInt32) -> [UInt32] {
        if range.count <= 1024 {
            let index = range.lowerBound / 1024
            if range.count == 1024 && flags == 0 { return wholeChunks[index] }
            return Self.chunk(bytes[range], index: index, flags: flags)
        }
        let middle = Self.middle(range)
        let pair = value(range.lowerBound..<middle, flags: 0) + value(middle..<range.upperBound, flags: 0)
        return Self.compress(Self.initial, pair, 0, 64, Self.parentFlag | flags)
    }

    /// The left subtree has the largest power of two of chunks that leaves something to the right one.
    private static func middle(_ range: Range<Int>) -> Int {
        var left = 1024
        while left * 2 < range.count { left *= 2 }
        return range.lowerBound + left
    }

    private static func chunk(_ bytes: ArraySlice<UInt8>, index: Int, flags: UInt32) -> [UInt32] {
        var chaining = initial
        var rest = bytes
        repeat {
            let block = Array(rest.prefix(64))
            let position = rest.startIndex == bytes.startIndex ? start : 0
            rest = rest.dropFirst(64)
            let last = rest.isEmpty ? end | flags : 0
            let padded = block + [UInt8](repeating: 0, count: 64 - block.count)
            let words = stride(from: 0, to: 64, by: 4).map { offset in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(padded[offset + $1]) << UInt32(8 * $1) }
            }
            chaining = compress(chaining, words, UInt64(index), UInt32(block.count), position | last)
        } while !rest.isEmpty
        return chaining
    }

    private static func compress(
        _ chaining: [UInt32], _ block: [UInt32], _ counter: UInt64, _ length: UInt32, _ flags: UInt32
    ) -> [UInt32] {
        var v = chaining + initial[0..<4] + [UInt32(truncatingIfNeeded: counter), UInt32(counter >> 32), length, flags]
        var m = block
        func turn(_ value: UInt32, _ bits: UInt32) -> UInt32 { value >> bits | value << (32 - bits) }
        func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt32, _ y: UInt32) {
            v[a] = v[a] &+ v[b] &+ x
            v[d] = turn(v[d] ^ v[a], 16)
            v[c] = v[c] &+ v[d]
            v[b] = turn(v[b] ^ v[c], 12)
            v[a] = v[a] &+ v[b] &+ y
            v[d] = turn(v[d] ^ v[a], 8)
            v[c] = v[c] &+ v[d]
            v[b] = turn(v[b] ^ v[c], 7)
        }
        for _ in 0..<7 {
            for i in 0..<4 { quarter(i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1]) }
            for i in 0..<4 {
                quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i], m[9 + 2 * i])
            }
            m = permutation.map { m[$0] }
        }
        return (0..<8).map { v[$0] ^ v[$0 + 8] }
    }

    private static func bytes(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }
}
