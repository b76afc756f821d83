import Blake3
import Testing

/// Every kernel of this processor against the portable one. Serialised, because the kernel is the process's; other
/// suites may run meanwhile, as all kernels give the same results.
@Suite(.serialized) struct KernelTests {
    static let lengths: [Int] = {
        var lengths = Set(0...2050)
        let chunks = [3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 255, 256, 257, 511]
        for chunk in chunks { lengths.formUnion([chunk * 1024 - 1, chunk * 1024, chunk * 1024 + 1]) }
        for block in [1, 2, 3, 4, 5, 7, 8] {
            lengths.formUnion([block * 262_144 - 1, block * 262_144, block * 262_144 + 1])
        }
        return lengths.sorted()
    }()

    @Test func allKernelsAgree() {
        let before = Blake3.kernel
        defer { _ = Blake3.select(kernel: before) }
        let input = noise((Self.lengths.last ?? 0) + 1)
        func digests(offset: Int) -> [Digest] {
            input.withUnsafeBytes { all in
                Self.lengths.map { length in
                    Blake3.hash(UnsafeRawBufferPointer(rebasing: all[offset..<offset + length]))
                }
            }
        }
        #expect(Blake3.select(kernel: "portable"))
        let expected = [digests(offset: 0), digests(offset: 1)]
        for kernel in ["sse41", "avx2", "avx512", "neon"] where Blake3.select(kernel: kernel) {
            #expect(Blake3.kernel == kernel)
            for offset in 0...1 { #expect(digests(offset: offset) == expected[offset], "\(kernel)") }
        }
        #expect(!Blake3.select(kernel: "abacus"))
    }

    @Test func threadsAgreeWithOneThread() {
        let input = noise(5_242_881)
        for length in [1_048_575, 1_048_576, 1_048_577, 1_310_720, 2_097_153, 5_242_880, 5_242_881] {
            let expected = hash(input.prefix(length), threads: 1)
            for threads in [0, 2, 3, 300] {
                #expect(hash(input.prefix(length), threads: threads) == expected, "\(length) bytes")
            }
        }
    }
}
