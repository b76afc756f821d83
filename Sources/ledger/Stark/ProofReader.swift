internal import Blake3

/// Reads a proof from its begin to its end. There are no lengths in it: all of them follow from the statement, the parameters
/// and the challenges, so that no two encodings mean the same.
struct ProofReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func take(_ count: Int, _ what: StaticString) throws(StarkError) -> UnsafeRawBufferPointer {
        guard bytes.count - offset >= count else {
            throw StarkError(
                .truncated, "the proof ends at byte \(bytes.count), within \(what): fetch it again, it is not whole")
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    mutating func digest(_ what: StaticString) throws(StarkError) -> Digest {
        let source = try take(Digest.byteCount, what)
        return Digest(unsafeUninitialized: { $0.copyMemory(from: source) })
    }

    /// Words that are all below p, in rows. (Little-endian: `CStark` is for processors of that order only.)
    mutating func rows(_ count: Int, words: Int, _ what: StaticString) throws(StarkError) -> OpenedRows {
        let source = try take(4 * words * count, what)
        var rows = OpenedRows(count: count, rowWords: words)
        let stride = rows.stride
        rows.words.withUnsafeMutableBytes { rows in
            for row in 0..<count {
                let from = UnsafeRawBufferPointer(rebasing: source[4 * words * row..<4 * words * (row + 1)])
                rows[(4 * stride * row)...].copyBytes(from: from)
            }
        }
        guard rows.words.reduce(0, { max($0, $1) }) < KoalaBear.modulus else {
            throw StarkError(.notCanonical, "a word of \(what) is not below p: the proof was not made by a prover")
        }
        return rows
    }

    /// The root that follows from rows, as leaves, and the nodes that come next.
    mutating func root(of rows: OpenedRows, _ leaves: [Int], logLeaves: Int) throws(StarkError) -> Digest {
        try MerkleTree.root(leaves, rows.leafDigests(), logLeaves: logLeaves) { () throws(StarkError) in
            try digest("an opening")
        }
    }

    mutating func elements(_ count: Int, _ what: StaticString) throws(StarkError) -> [Quintic] {
        let row = try rows(1, words: Quintic.wordCount * count, what)
        return (0..<count).map { row.element(row: 0, $0) }
    }

    mutating func number(_ what: StaticString) throws(StarkError) -> UInt64 {
        UInt64(littleEndian: try take(8, what).loadUnaligned(as: UInt64.self))
    }

    /// Throws unless everything was read.
    func finish() throws(StarkError) {
        guard offset == bytes.count else {
            throw StarkError(
                .overlong, "\(bytes.count - offset) bytes follow the proof: it was not written by a prover")
        }
    }
}
