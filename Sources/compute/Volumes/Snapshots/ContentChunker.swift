/// Cuts bytes where their content says so, so that what is inserted or taken out changes the chunks around it and no others
/// (a gear hash as in FastCDC, Xia et al., USENIX ATC 2016, section 3). Pure.
public struct ContentChunker: Sendable {
    /// The shortest chunk but the last, in bytes.
    public static let minBytes = 64 << 10
    /// The longest, in bytes.
    public static let maxBytes = 1 << 20
    /// Chunks have about ``minBytes`` and this many bytes more.
    private static let mask: UInt64 = (1 << 18 - 1) << 40

    /// Random, and the same for ever: other numbers would cut elsewhere.
    private static let gear: [UInt64] = {
        var state: UInt64 = 0x736b_6572_7279_766f
        return (0..<256).map { _ in
            // SplitMix64.
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }()

    private var hash: UInt64 = 0
    private var length = 0

    /// At the beginning of a chunk.
    public init() {}

    /// How many of `bytes` belong to the current chunk, if it ends within them; nil if it goes on behind them.
    public mutating func cut(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        while index < bytes.count {
            hash = hash << 1 &+ ContentChunker.gear[Int(bytes[index])]
            index += 1
            length += 1
            let isEnd = length >= ContentChunker.minBytes && hash & ContentChunker.mask == 0
            guard isEnd || length >= ContentChunker.maxBytes else { continue }
            hash = 0
            length = 0
            return index
        }
        return nil
    }
}
