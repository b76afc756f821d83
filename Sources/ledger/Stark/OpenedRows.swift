internal import Blake3
internal import CStark

/// Rows of words that a proof shows, as hashes and kernels want them: filled up with zeros to whole blocks of 64 bytes, and the
/// rows to a multiple of 16.
struct OpenedRows {
    let count: Int
    let rowWords: Int
    /// Words from one row to the next.
    let stride: Int
    var words: [UInt32]

    init(count: Int, rowWords: Int) {
        self.count = count
        self.rowWords = rowWords
        stride = Blake3.paddedByteCount(4 * rowWords) / 4
        words = [UInt32](repeating: 0, count: stride * ((count + 15) & ~15))
    }

    /// The element at words 5 · `index` to 5 · `index` + 4 of a row.
    func element(row: Int, _ index: Int) -> Quintic { Quintic(words, at: stride * row + Quintic.wordCount * index) }

    /// The keyed hash of each row, and of some rows of zeros: eight are hashed as fast as one.
    func leafDigests() -> [Digest] {
        let hashed = 4 * stride * ((count + 7) & ~7)
        return words.withUnsafeBytes {
            Blake3.keyedHashes(
                key: Transcript.Keys.leaf, UnsafeRawBufferPointer(rebasing: $0[..<hashed]), byteCount: 4 * rowWords)
        }
    }

    /// The sum of each row's words, from word 16 · `firstBlock` on, times their weights.
    ///
    /// - Parameter weights: One for each word; none for those at the end that are always 0.
    func sums(firstBlock: Int = 0, _ weights: [Quintic]) -> [Quintic] {
        let blocks = (weights.count + 15) / 16
        var flat = [UInt32](repeating: 0, count: 80 * blocks)
        for (index, weight) in weights.enumerated() { weight.write(to: &flat, at: 5 * index) }
        var sums = [UInt32](repeating: 0, count: 8 * ((count + 15) & ~15))
        words.withUnsafeBufferPointer { words in
            let panels = (firstBlock..<firstBlock + blocks).map { block in words.baseAddress.map { $0 + 16 * block } }
            skerry_stark_combine(panels, CInt(blocks), stride, flat, 0, sums.count / 8, &sums)
        }
        return (0..<count).map { Quintic(sums, at: 8 * $0) }
    }
}
