/// Makes the verified stream of a blob, or of one range of it, block by block.
///
/// A stream is the blob's size (8 bytes, little-endian) and then the tree depth first: each parent (64 bytes) before
/// its left and that before its right subtree, each group of 16 KiB as it is. Subtrees without a byte of the range are
/// left out; a range without any byte of the blob gets the last group, which proves the size. The stream of a range
/// within one group is that group's proof.
///
/// What is read is checked before it is given out, so that damaged storage is noticed here and not by the receiver.
public struct VerifiedStreamEncoder: Sendable {
    /// Reads bytes of the blob, from the offset on, into all of the buffer.
    public typealias Read = (_ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) throws -> Void

    private let byteCount: Int
    private let wanted: Range<Int>
    /// The tree above groups (`shift` 0) or blocks.
    private let top: TreeLevels
    private let shift: Int
    private var pending: [Subtree]
    private var hasBegun = false
    private var block = Block()

    /// The block that is being given out: those of its groups that were read, and the tree above all of its groups.
    private struct Block: Sendable {
        var index = -1
        var firstGroup = 0
        var bytes: [UInt8] = []
        var levels: TreeLevels?
    }

    /// A stream from the values of all blocks; blocks that the range touches are read whole.
    ///
    /// - Parameter range: Bytes of the blob; what lies outside of it is ignored. Nil is the whole blob.
    /// - Throws: `Blake3Error` with `.malformed` when the number of values does not fit the size.
    public init(byteCount: Int, blockValues: [Digest], range: Range<Int>? = nil) throws {
        guard byteCount >= 0, blockValues.count == BlockTree.blockCount(byteCount: byteCount) else {
            throw Blake3Error(
                .malformed, "\(blockValues.count) block values do not fit \(byteCount) bytes; fetch them again")
        }
        let shift = Subtree(first: 0, count: GroupTree.groupsPerBlock).height
        self.init(byteCount: byteCount, top: TreeLevels(leaves: blockValues), shift: shift, range: range)
    }

    /// A stream from an outboard; only the groups that the range touches are read.
    ///
    /// - Parameter range: Bytes of the blob; what lies outside of it is ignored. Nil is the whole blob.
    public init(outboard: Outboard, range: Range<Int>? = nil) {
        self.init(byteCount: outboard.byteCount, top: outboard.levels, shift: 0, range: range)
    }

    private init(byteCount: Int, top: TreeLevels, shift: Int, range: Range<Int>?) {
        self.byteCount = byteCount
        self.top = top
        self.shift = shift
        wanted = GroupTree.groups(of: range, byteCount: byteCount)
        pending = [Subtree(first: 0, count: GroupTree.groupCount(byteCount: byteCount))]
    }

    /// Appends the next part of the stream, at most one block with its parents; false when there was none left.
    ///
    /// After an error the stream cannot be continued.
    ///
    /// - Throws: What `read` throws; `Blake3Error` with `.mismatch` when the bytes are not the blob's.
    public mutating func next(into output: inout [UInt8], read: Read) throws -> Bool {
        guard !pending.isEmpty else { return false }
        if !hasBegun {
            hasBegun = true
            output += VerifiedStreamDecoder.header(byteCount: byteCount)
        }
        var isBlockRead = false
        while let subtree = pending.last {
            if subtree.range.overlaps(wanted) {
                let index = subtree.first / GroupTree.groupsPerBlock
                if subtree.count <= GroupTree.groupsPerBlock, index != block.index {
                    if isBlockRead { return true }
                    try load(index, read: read)
                    isBlockRead = true
                }
                append(subtree, to: &output)
            }
            pending.removeLast()
            if subtree.count > 1, subtree.range.overlaps(wanted) {
                let (left, right) = subtree.children
                pending.append(right)
                pending.append(left)
            }
        }
        return true
    }

    private func append(_ subtree: Subtree, to output: inout [UInt8]) {
        guard subtree.count > 1 else {
            let start = (subtree.first - block.firstGroup) * GroupTree.groupByteCount
            let end = min(start + GroupTree.groupByteCount, block.bytes.count)
            output += block.bytes[start..<end]
            return
        }
        let (left, right) = subtree.children
        output.append(value(left))
        output.append(value(right))
    }

    private func value(_ subtree: Subtree) -> Digest {
        if let levels = block.levels, subtree.first / GroupTree.groupsPerBlock == block.index,
            subtree.count < GroupTree.groupsPerBlock
        {
            return levels.value(Subtree(first: subtree.first - block.firstGroup, count: subtree.count))
        }
        return top.value(subtree.coarser(by: shift))
    }

    /// Reads what is needed of a block and checks it.
    private mutating func load(_ index: Int, read: Read) throws {
        let first = index * GroupTree.groupsPerBlock
        let all = Subtree(first: 0, count: GroupTree.groupCount(byteCount: byteCount)).range
        var groups = all.clamped(to: first..<first + GroupTree.groupsPerBlock)
        if shift == 0 { groups = groups.clamped(to: wanted) }
        let start = groups.lowerBound * GroupTree.groupByteCount
        let count = min(groups.count * GroupTree.groupByteCount, byteCount - start)
        if block.bytes.count != count { block.bytes = [UInt8](repeating: 0, count: count) }
        if count > 0 { try block.bytes.withUnsafeMutableBytes { try read(start, $0) } }
        let values = block.bytes.withUnsafeBytes {
            GroupTree.groupValues($0, firstGroup: groups.lowerBound, byteCount: byteCount)
        }
        block.index = index
        block.firstGroup = groups.lowerBound
        if shift == 0 {
            guard values[...] == top.leaves[groups] else { throw damaged(start, count) }
            block.levels = nil
        } else {
            let levels = TreeLevels(leaves: values)
            let isOnly = top.leaves.count == 1
            let value = isOnly ? levels.root : levels.value(Subtree(first: 0, count: values.count))
            guard value == top.leaves[index] else { throw damaged(start, count) }
            block.levels = levels
        }
    }

    private func damaged(_ start: Int, _ count: Int) -> Blake3Error {
        Blake3Error(
            .mismatch,
            "the \(count) bytes at \(start) are not what the blob's tree says; fetch the blob again from another node")
    }
}
