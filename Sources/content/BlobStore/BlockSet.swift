/// Which blocks of a blob: a bitmap.
public struct BlockSet: Hashable, Sendable {
    /// Number of blocks of the blob; indices are below it.
    public let blockCount: Int
    /// Number of blocks in the set.
    public private(set) var count = 0
    /// Bits beyond `blockCount` are always 0.
    private var words: [UInt64]

    /// No block. A negative count is 0.
    public init(blockCount: Int) {
        self.blockCount = max(0, blockCount)
        words = [UInt64](repeating: 0, count: Self.wordCount(self.blockCount))
    }

    /// All blocks of a blob.
    public static func all(_ blockCount: Int) -> BlockSet {
        var set = BlockSet(blockCount: blockCount)
        guard !set.words.isEmpty else { return set }
        for index in set.words.indices { set.words[index] = .max }
        let stray = set.words.count * UInt64.bitWidth - set.blockCount
        set.words[set.words.count - 1] = .max >> UInt64(stray)
        set.count = set.blockCount
        return set
    }

    /// Reads the form of `bytes`; nil for a wrong length, or for bits beyond the last block.
    public init?(bytes: some Collection<UInt8>, blockCount: Int) {
        guard blockCount >= 0, bytes.count == Self.byteCount(blockCount: blockCount) else { return nil }
        self.init(blockCount: blockCount)
        for (index, byte) in bytes.enumerated() { words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
        let used = blockCount % UInt64.bitWidth
        if used > 0, let last = words.last, last >> UInt64(used) != 0 { return nil }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// The form for the wire and the disk: block 0 is the lowest bit of the first byte.
    public var bytes: [UInt8] {
        (0..<Self.byteCount(blockCount: blockCount)).map {
            UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8))
        }
    }

    /// Length of `bytes` for a blob of `blockCount` blocks.
    public static func byteCount(blockCount: Int) -> Int { blockCount <= 0 ? 0 : (blockCount - 1) / 8 + 1 }

    /// Whether all blocks are in the set.
    public var isFull: Bool { count == blockCount }

    /// Whether a block is in the set; false for an index outside the blob.
    public func contains(_ index: Int) -> Bool {
        guard index >= 0, index < blockCount else { return false }
        return words[index / UInt64.bitWidth] & Self.bit(index) != 0
    }

    /// Adds a block; false when it was there already or is outside the blob.
    @discardableResult
    public mutating func insert(_ index: Int) -> Bool {
        guard index >= 0, index < blockCount, !contains(index) else { return false }
        words[index / UInt64.bitWidth] |= Self.bit(index)
        count += 1
        return true
    }

    /// Takes a block out; false when it was not there.
    @discardableResult
    public mutating func remove(_ index: Int) -> Bool {
        guard contains(index) else { return false }
        words[index / UInt64.bitWidth] &= ~Self.bit(index)
        count -= 1
        return true
    }

    /// The first block of a range that is not in the set; nil when all are, or the range is outside the blob.
    public func firstMissing(in blocks: Range<Int>) -> Int? { first(in: blocks) { ~$0 } }

    /// The first block of a range that is in the set; nil when none is.
    public func firstHeld(in blocks: Range<Int>) -> Int? { first(in: blocks) { $0 } }

    /// Looks at 64 blocks at a time.
    private func first(in blocks: Range<Int>, _ wanted: (UInt64) -> UInt64) -> Int? {
        let range = blocks.clamped(to: 0..<blockCount)
        guard let last = range.last else { return nil }
        let firstWord = range.lowerBound / UInt64.bitWidth
        for number in firstWord...last / UInt64.bitWidth {
            var word = wanted(words[number])
            if number == firstWord { word &= .max << UInt64(range.lowerBound % UInt64.bitWidth) }
            if word == 0 { continue }
            let index = number * UInt64.bitWidth + word.trailingZeroBitCount
            return index <= last ? index : nil
        }
        return nil
    }

    private static func bit(_ index: Int) -> UInt64 { 1 << UInt64(index % UInt64.bitWidth) }

    private static func wordCount(_ blockCount: Int) -> Int {
        blockCount <= 0 ? 0 : (blockCount - 1) / UInt64.bitWidth + 1
    }
}
