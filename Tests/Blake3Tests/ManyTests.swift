import Blake3
import Testing

/// Many short inputs at once, against one at a time. Serialised, because the kernel is the process's.
@Suite(.serialized) struct ManyTests {
    @Test func allKernelsGiveTheKeyedHashOfEach() throws {
        let before = Blake3.kernel
        defer { _ = Blake3.select(kernel: before) }
        let key = Blake3.hash(Array("key".utf8))
        for kernel in ["portable", "sse41", "avx2", "avx512", "neon"] where Blake3.select(kernel: kernel) {
            for byteCount in [0, 1, 63, 64, 65, 95, 127, 128, 129, 1_000, 1_023, Blake3.maxManyByteCount] {
                let stride = Blake3.paddedByteCount(byteCount)
                for count in [0, 1, 3, 4, 15, 16, 17, 33, 70] {
                    var inputs = noise(count * stride)
                    for index in 0..<count {  // The padding is not hashed.
                        for at in byteCount..<stride { inputs[index * stride + at] = 0 }
                    }
                    let expected = (0..<count).map { index in
                        inputs[index * stride..<index * stride + byteCount].withUnsafeBytes {
                            Blake3.keyedHash(key: key, $0)
                        }
                    }
                    let digests = inputs.withUnsafeBytes { Blake3.keyedHashes(key: key, $0, byteCount: byteCount) }
                    #expect(digests == expected, "\(kernel), \(count) inputs of \(byteCount) bytes")
                }
            }
        }
    }
}
