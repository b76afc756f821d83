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

    /// Words that are all below p.
    mutating func words(_ count: Int, _ what: StaticString) throws(StarkError) -> [UInt32] {
        let source = try take(4 * count, what)
        let words = [UInt32](unsafeUninitializedCapacity: count) { words, initialized in
            for index in 0..<count {
                words[index] = UInt32(littleEndian: source.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
            }
            initialized = count
        }
        guard words.allSatisfy({ $0 < KoalaBear.modulus }) else {
            throw StarkError(.notCanonical, "a word of \(what) is not below p: the proof was not made by a prover")
        }
        return words
    }

    mutating func elements(_ count: Int, _ what: StaticString) throws(StarkError) -> [Quintic] {
        let words = try words(Quintic.wordCount * count, what)
        return words.withUnsafeBufferPointer { words in
            (0..<count).compactMap { index in
                words.baseAddress.map { Quintic(uncheckedWords: $0 + Quintic.wordCount * index) }
            }
        }
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
