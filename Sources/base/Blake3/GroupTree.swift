internal import CBlake3

/// The tree above 16 KiB groups: the smallest pieces that a verified stream checks alone.
///
/// A group is an aligned subtree, as a block (`BlockTree`) is: 16 groups are one block.
public enum GroupTree {
    /// Bytes of each group but the last.
    public static let groupByteCount = 16_384
    static let groupsPerBlock = BlockTree.blockByteCount / groupByteCount

    /// Number of groups of a blob of `byteCount` bytes; an empty (or negative) size has one empty group.
    public static func groupCount(byteCount: Int) -> Int {
        byteCount <= 0 ? 1 : (byteCount - 1) / groupByteCount + 1
    }

    /// Bytes of group `index` of a blob of `byteCount` bytes; 0 for an index outside the blob.
    public static func groupLength(_ index: Int, byteCount: Int) -> Int {
        guard index >= 0, index < groupCount(byteCount: byteCount) else { return 0 }
        return max(0, min(groupByteCount, byteCount - index * groupByteCount))
    }

    /// Values of the groups that `bytes` holds, of which the first is group `firstGroup` of a blob of `byteCount`
    /// bytes; the root digest for a blob of a single group.
    ///
    /// With block values, which say what is above a block, this gives the parents inside one that are not stored:
    /// hash the block, then pair the values. Bytes that do not belong there give values that fit no blob of that size.
    public static func groupValues(_ bytes: UnsafeRawBufferPointer, firstGroup: Int, byteCount: Int) -> [Digest] {
        let whole = byteCount <= groupByteCount ? 0 : bytes.count / groupByteCount
        var values = [Digest](repeating: .zero, count: whole)
        if let start = bytes.asBytes, whole > 0 {
            let starts = (0..<whole).map { Optional(start + $0 * groupByteCount) }
            Tree.hash.groups(starts, firstGroup: firstGroup, into: &values)
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(whole * groupByteCount))
        if !rest.isEmpty || whole == 0 {
            let node = Tree.hash.last(rest, firstGroup: firstGroup &+ whole)
            values.append(groupCount(byteCount: byteCount) == 1 ? node.root : node.value)
        }
        return values
    }

    /// Bytes of a verified stream of `range` (whole when nil) of a blob of `byteCount` bytes; `Int.max` when it is
    /// more than that.
    public static func streamByteCount(byteCount: Int, range: Range<Int>? = nil) -> Int {
        let groups = groups(of: range, byteCount: byteCount)
        let bytes = min(max(byteCount, 0), groups.upperBound.multipliedOrMax(by: groupByteCount))
        let leaves = bytes - groups.lowerBound * groupByteCount
        let whole = Subtree(first: 0, count: groupCount(byteCount: byteCount))
        let (sum, overflow) = leaves.addingReportingOverflow(
            VerifiedStreamDecoder.headerByteCount + whole.parentCount(within: groups) * Subtree.parentByteCount)
        return overflow ? .max : sum
    }

    /// Groups that a stream of `range` holds: those with a byte of it, or the last one when there are none, which
    /// proves where the blob ends.
    static func groups(of range: Range<Int>?, byteCount: Int) -> Range<Int> {
        let count = groupCount(byteCount: byteCount)
        let bytes = (range ?? 0..<Int.max).clamped(to: 0..<max(0, byteCount))
        guard !bytes.isEmpty else { return count - 1..<count }
        return bytes.lowerBound / groupByteCount..<(bytes.upperBound - 1) / groupByteCount + 1
    }
}

extension Int {
    fileprivate func multipliedOrMax(by factor: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

extension Tree {
    /// Last node of group `firstGroup`.
    func last(_ bytes: UnsafeRawBufferPointer, firstGroup: Int) -> Node {
        last(bytes, firstChunk: UInt64(clamping: firstGroup) &* Self.chunksPerGroup)
    }

    /// Values of whole groups that follow each other from `firstGroup` on; `values` has room for all of them.
    func groups(_ starts: [UnsafePointer<UInt8>?], firstGroup: Int, into values: inout [Digest]) {
        starts.withUnsafeBufferPointer { starts in
            values.withUnsafeMutableBytes { values in
                key.withUnsafeBytes { key in
                    skerry_blake3_groups(
                        starts.baseAddress, min(starts.count, values.count / Digest.byteCount),
                        UInt64(clamping: firstGroup) &* Self.chunksPerGroup, key.asBytes, mode, values.asBytes)
                }
            }
        }
    }

    /// Values of the parents whose children's values are `pairs`, 64 bytes each; `values` has room for all of them.
    func parents(_ pairs: UnsafeRawBufferPointer, into values: inout [Digest]) {
        values.withUnsafeMutableBytes { values in
            key.withUnsafeBytes { key in
                let count = min(pairs.count / Subtree.parentByteCount, values.count / Digest.byteCount)
                skerry_blake3_parents(pairs.asBytes, count, key.asBytes, mode, values.asBytes)
            }
        }
    }

    private static let chunksPerGroup = UInt64(GroupTree.groupByteCount / 1024)
}
