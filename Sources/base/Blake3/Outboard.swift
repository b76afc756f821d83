/// The tree of a blob down to 16 KiB groups, kept beside the blob: 64 bytes (a left and a right value) a parent.
///
/// It lets a node prove any range of the blob after reading that range alone. Without it, block values and the blocks
/// that the range touches do the same (`VerifiedStreamEncoder`).
public struct Outboard: Sendable, Equatable {
    /// The largest blob that an outboard is made for: 64 GiB, whose outboard has 256 MiB.
    public static let maxByteCount = 1 << 36

    /// Size of the blob in bytes.
    public let byteCount: Int
    /// The blob's digest.
    public let root: Digest
    let levels: TreeLevels

    init(byteCount: Int, groupValues: [Digest]) {
        self.byteCount = byteCount
        levels = TreeLevels(leaves: groupValues)
        root = levels.root
    }

    /// Reads what `encoded` gives, and checks every value against `root`.
    ///
    /// The values do not prove the size: where the last group ends is only known from its bytes. Without `byteCount`
    /// the size is right up to the number of groups, and no more. An encoder made from one with a wrong size refuses to
    /// give out the last group.
    ///
    /// - Parameter byteCount: The blob's size where it is known from elsewhere; an outboard that says another is refused.
    /// - Throws: `Blake3Error`: `.tooLarge` above `maxByteCount`, `.malformed` for a length that does not fit the
    ///   size, `.mismatch` when a value is wrong.
    public init(encoded: some Collection<UInt8>, root: Digest, byteCount: Int? = nil) throws {
        let bytes = Array(encoded)
        guard bytes.count >= VerifiedStreamDecoder.headerByteCount else {
            throw Blake3Error(.malformed, "an outboard has at least 8 bytes, this one \(bytes.count); fetch it again")
        }
        let size = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard size <= UInt64(Self.maxByteCount) else { throw Self.tooLarge("\(size)", limit: Self.maxByteCount) }
        if let byteCount, UInt64(clamping: byteCount) != size {
            throw Blake3Error(
                .mismatch, "the outboard is that of a blob of \(size) bytes, not \(byteCount); make it again")
        }
        let count = GroupTree.groupCount(byteCount: Int(size))
        let length = VerifiedStreamDecoder.headerByteCount + (count - 1) * Subtree.parentByteCount
        guard bytes.count == length else {
            throw Blake3Error(
                .malformed,
                "the outboard of a blob of \(size) bytes has \(length) bytes, not \(bytes.count); fetch it again")
        }
        self.init(byteCount: Int(size), groupValues: count == 1 ? [root] : Self.leaves(bytes, count: count))
        guard self.root == root, self.encoded == bytes else {
            throw Blake3Error(.mismatch, "the outboard is not that of blob \(root); make it again from the blob")
        }
    }

    /// 8 bytes of size, little-endian, and the parents, each before its left and that before its right subtree.
    public var encoded: [UInt8] {
        var output = VerifiedStreamDecoder.header(byteCount: byteCount)
        let count = levels.leaves.count
        output.reserveCapacity(output.count + (count - 1) * Subtree.parentByteCount)
        var pending = [Subtree(first: 0, count: count)]
        while let subtree = pending.popLast() {
            guard subtree.count > 1 else { continue }
            let (left, right) = subtree.children
            output.append(levels.value(left))
            output.append(levels.value(right))
            pending.append(right)
            pending.append(left)
        }
        return output
    }

    /// Values of the 256 KiB blocks, as `BlockHasher` gives them.
    public var blockValues: [Digest] {
        guard BlockTree.blockCount(byteCount: byteCount) > 1 else { return [root] }
        return levels.values(atHeight: Subtree(first: 0, count: GroupTree.groupsPerBlock).height)
    }

    static func tooLarge(_ size: String, limit: Int) -> Blake3Error {
        Blake3Error(
            .tooLarge, "no outboard is made for \(size) bytes: the limit is \(limit); use the block values instead")
    }

    /// The values of groups out of the parents.
    private static func leaves(_ bytes: [UInt8], count: Int) -> [Digest] {
        var values = [Digest](repeating: .zero, count: count)
        var pending = [Subtree(first: 0, count: count)]
        bytes.withUnsafeBytes { bytes in
            var offset = VerifiedStreamDecoder.headerByteCount
            while let subtree = pending.popLast() {
                guard subtree.count > 1 else { continue }
                let (left, right) = subtree.children
                if left.count == 1 { values[left.first] = Digest(loading: bytes, at: offset) }
                if right.count == 1 { values[right.first] = Digest(loading: bytes, at: offset + Digest.byteCount) }
                pending.append(right)
                pending.append(left)
                offset += Subtree.parentByteCount
            }
        }
        return values
    }
}

extension [UInt8] {
    mutating func append(_ digest: Digest) { digest.withUnsafeBytes { append(contentsOf: $0) } }
}

extension Digest {
    /// Copies 32 bytes at `offset`, which the caller knows to be there.
    init(loading bytes: UnsafeRawBufferPointer, at offset: Int) {
        self.init {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Digest.byteCount]))
        }
    }
}
