import NIOCore

/// Walks over the parts of a streamed body and says which blocks hold them.
struct BodyCursor: Sendable {
    /// A piece of a body.
    enum Part: Sendable {
        /// Bytes that stand for themselves.
        case bytes(ByteBuffer)
        /// Bytes of the blob.
        case range(Range<Int>)
    }

    /// What comes next.
    enum Step: Equatable {
        case bytes(ByteBuffer)
        /// `slice` of block `index`, which is `blockBytes` long.
        case block(index: Int, slice: Range<Int>, blockBytes: Int)
    }

    private let byteCount: Int
    private var parts: ArraySlice<Part>
    private var current: Range<Int>?

    /// - Parameter byteCount: The blob's length; every range lies inside it.
    init(_ parts: [Part], byteCount: Int) {
        self.byteCount = byteCount
        self.parts = parts[...]
    }

    /// Nil at the end of the body.
    mutating func next() -> Step? {
        while true {
            if let range = current, !range.isEmpty {
                let index = range.lowerBound / GatewayBlock.byteCount
                let start = index * GatewayBlock.byteCount
                let blockBytes = min(GatewayBlock.byteCount, byteCount - start)
                let end = min(range.upperBound, start + blockBytes)
                guard end > range.lowerBound else { return nil }
                current = end..<range.upperBound
                return .block(index: index, slice: (range.lowerBound - start)..<(end - start), blockBytes: blockBytes)
            }
            current = nil
            switch parts.popFirst() {
            case .bytes(let bytes): return .bytes(bytes)
            case .range(let range): current = range
            case nil: return nil
            }
        }
    }
}
