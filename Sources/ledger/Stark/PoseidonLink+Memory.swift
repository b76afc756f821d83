extension PoseidonLink {
    /// As ``init(bytes:)``, from memory: for paths on which a thousand links a millisecond are read.
    public init?(memory: UnsafeRawBufferPointer) {
        guard memory.count == PoseidonLink.byteCount else { return nil }
        var words = SIMD8<UInt32>()
        for index in 0..<8 {
            let word = UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
            guard word < KoalaBear.modulus else { return nil }
            words[index] = KoalaBear(word).word
        }
        self.init(words: words)
    }

    /// Writes ``bytes`` to memory of at least 32 bytes; does nothing if it has fewer.
    public func write(to memory: UnsafeMutableRawBufferPointer) {
        guard memory.count >= PoseidonLink.byteCount else { return }
        for index in 0..<8 {
            memory.storeBytes(
                of: KoalaBear(unchecked: words[index]).value.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
    }
}
