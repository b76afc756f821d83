import Blake3
import Testing

/// Every kernel of this processor against the portable one. Serialised, because the kernel is the process's; other
/// suites may run meanwhile, as all kernels give the same results.
@Suite(.serialized) struct KernelTests {
    static let lengths: [Int] = {
        // Up to four chunks each length; up to two groups those around the ends of blocks, and every seventh, with which
        // each number of chunks comes with each number of bytes in the last block. Beyond that those around what the
        // kernels, the tree and the threads split at.
        var lengths = Set(
            (0...2 * GroupTree.groupByteCount + 2).filter { $0 <= 4_096 || $0 % 7 == 0 || ($0 + 1) % 64 < 3 })
        let chunks = [33, 36, 40, 47, 48, 49, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 1023, 1024, 1025]
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

    /// Groups at any place in memory, parents in any number, and streams, on every kernel.
    @Test func allKernelsAgreeOnGroupsAndStreams() throws {
        let before = Blake3.kernel
        defer { _ = Blake3.select(kernel: before) }
        let group = GroupTree.groupByteCount
        let input = noise(35 * group + 1026)
        let counts = (1...35).flatMap { groups in [-1, 0, 1, 1025].map { groups * group + $0 } }
        func results() throws -> [[UInt8]] {
            try counts.map { count in
                let bytes = Array(input.prefix(count))
                let tree = try outboard(bytes)
                var encoder = VerifiedStreamEncoder(outboard: tree)
                let stream = try encode(&encoder, bytes)
                var output: [UInt8] = []
                var decoder = VerifiedStreamDecoder(root: tree.root)
                for start in stride(from: 0, to: stream.count, by: 70_001) {
                    try stream[start..<min(start + 70_001, stream.count)].withUnsafeBytes { piece in
                        try decoder.update(piece) { output += $1 }
                    }
                }
                try decoder.finish()
                #expect(output == bytes)
                return tree.encoded + tree.root.bytes
            }
        }
        #expect(Blake3.select(kernel: "portable"))
        let expected = try results()
        for kernel in ["sse41", "avx2", "avx512", "neon"] where Blake3.select(kernel: kernel) {
            #expect(try results() == expected, "\(kernel)")
        }
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
