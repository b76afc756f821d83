internal import CBlake3

extension Blake3 {
    /// The longest input in bytes of ``keyedHashes(key:_:byteCount:)``: one leaf of the hash's own tree.
    package static let maxManyByteCount = 1_024

    /// The bytes that one input of `byteCount` bytes takes up in ``keyedHashes(key:_:byteCount:)``: whole blocks of 64.
    @inlinable
    package static func paddedByteCount(_ byteCount: Int) -> Int { max(1, (byteCount + 63) >> 6) << 6 }

    /// Keyed hashes of many inputs of one length, as many at a time as the kernel has lanes.
    ///
    /// - Parameter inputs: One after the other, each filled up with zeros to `paddedByteCount(byteCount)` bytes.
    /// - Parameter byteCount: The length of each input, at most `maxManyByteCount`.
    /// - Returns: The digest of each input without its padding, as ``keyedHash(key:_:)`` gives it.
    package static func keyedHashes(key: Digest, _ inputs: UnsafeRawBufferPointer, byteCount: Int) -> [Digest] {
        let count = inputs.count / paddedByteCount(byteCount)
        return [Digest](unsafeUninitializedCapacity: count) { output, initialized in
            keyedHashes(key: key, inputs, byteCount: byteCount, into: UnsafeMutableRawBufferPointer(output))
            initialized = count
        }
    }

    /// The same, written one after the other to `digests`: 32 bytes for each input, aligned to 4 bytes.
    package static func keyedHashes(
        key: Digest, _ inputs: UnsafeRawBufferPointer, byteCount: Int, into digests: UnsafeMutableRawBufferPointer
    ) {
        precondition((0...maxManyByteCount).contains(byteCount), "one leaf of the tree at most")
        let count = inputs.count / paddedByteCount(byteCount)
        precondition(digests.count >= count * Digest.byteCount, "room for every digest")
        guard count > 0 else { return }
        key.withUnsafeBytes { key in
            skerry_blake3_many(
                inputs.asBytes, byteCount, count, key.asBytes, SKERRY_BLAKE3_KEYED_HASH, digests.asBytes)
        }
    }
}
