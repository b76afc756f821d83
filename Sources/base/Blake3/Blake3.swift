internal import CBlake3

/// The BLAKE3 hash function in its three modes (https://github.com/BLAKE3-team/BLAKE3-specs).
///
/// The kernel is chosen once by what the processor has; the environment variable `SKERRY_BLAKE3` (`portable`, `sse41`,
/// `avx2`, `avx512`, `neon`) lowers the choice.
public enum Blake3 {
    /// Inputs up to this size are hashed by the caller's thread alone: starting threads would cost more.
    public static let singleThreadByteCount = 1_048_576

    /// Hash of contiguous bytes.
    ///
    /// - Parameter threads: 1 is the caller's thread; more split inputs above `singleThreadByteCount`. Values outside
    ///   1...256 are clamped.
    public static func hash(_ bytes: UnsafeRawBufferPointer, threads: Int = 1) -> Digest {
        guard threads > 1, bytes.count > singleThreadByteCount, let start = bytes.baseAddress else {
            return Tree.hash.last(bytes, firstChunk: 0).root
        }
        var values = [Digest](repeating: .zero, count: BlockTree.blockCount(byteCount: bytes.count))
        let status = values.withUnsafeMutableBytes { output in
            Tree.hash.key.withUnsafeBytes { key in
                skerry_blake3_blocks(
                    start.assumingMemoryBound(to: UInt8.self), -1, 0, UInt64(bytes.count), key.asBytes, 0,
                    CInt(clamping: threads), output.asBytes)
            }
        }
        // A hash of memory cannot fail; should it ever report so, one thread still gives the right answer.
        guard status == 0 else { return Tree.hash.last(bytes, firstChunk: 0).root }
        return Tree.hash.join(&values).root
    }

    /// Hash of any sequence of bytes; contiguous storage is used where there is some.
    public static func hash(_ bytes: some Sequence<UInt8>) -> Digest {
        if let digest = bytes.withContiguousStorageIfAvailable({ hash(UnsafeRawBufferPointer($0)) }) { return digest }
        return hash(Array(bytes))
    }

    /// Keyed hash: a message authentication code.
    public static func keyedHash(key: Digest, _ bytes: UnsafeRawBufferPointer) -> Digest {
        Tree(key: key, mode: SKERRY_BLAKE3_KEYED_HASH).last(bytes, firstChunk: 0).root
    }

    /// Derives a key from secret material.
    ///
    /// - Parameter context: Hard-coded, globally unique text that says what the key is for.
    public static func deriveKey(context: String, _ material: UnsafeRawBufferPointer) -> Digest {
        Tree.derivation(context: context).last(material, firstChunk: 0).root
    }

    /// The kernel in use: `avx512`, `avx2`, `sse41`, `neon` or `portable`.
    public static var kernel: String { String(cString: skerry_blake3_kernel()) }

    /// Switches the process to another kernel, for tests; false (and no change) when this processor lacks it.
    package static func select(kernel: String) -> Bool { skerry_blake3_select(kernel) == 0 }
}
