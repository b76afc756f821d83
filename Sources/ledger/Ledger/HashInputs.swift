import Blake3

/// Byte strings that are to be hashed, gathered so that neighbours of equal length are hashed together.
struct HashInputs {
    private var encoder = RowEncoder()
    /// Neighbours of one length: where the first begins, their length in bytes without padding, and their number.
    private var groups: [(start: Int, byteCount: Int, count: Int)] = []

    /// Adds what `encode` appends.
    mutating func append(_ encode: (inout RowEncoder) -> Void) {
        let start = encoder.bytes.count
        encode(&encoder)
        let byteCount = encoder.bytes.count - start
        encoder.pad(to: start + Blake3.paddedByteCount(byteCount))
        if let last = groups.last, last.byteCount == byteCount {
            groups[groups.count - 1].count += 1
        } else {
            groups.append((start, byteCount, 1))
        }
    }

    /// The hashes of all of them, in their order.
    func hashed(with hash: LedgerHash) -> [Digest] {
        encoder.bytes.withUnsafeBytes { bytes in
            var digests: [Digest] = []
            for group in groups {
                let stride = Blake3.paddedByteCount(group.byteCount)
                if group.byteCount <= Blake3.maxManyByteCount {
                    let inputs = UnsafeRawBufferPointer(
                        rebasing: bytes[group.start..<group.start + group.count * stride])
                    digests += hash.each(inputs, byteCount: group.byteCount)
                } else {
                    for start in Swift.stride(from: group.start, to: group.start + group.count * stride, by: stride) {
                        let input = bytes[start..<start + group.byteCount]
                        digests.append(hash(UnsafeRawBufferPointer(rebasing: input)))
                    }
                }
            }
            return digests
        }
    }
}
