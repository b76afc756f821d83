import Blake3

/// The hash tree over the receipts of one batch. A value without a neighbour moves up as it is.
struct ReceiptTree {
    private static let nodes = Blake3Hasher(deriveKeyContext: "skerry 2026-11 receipt tree")

    /// Leaves first, the root last.
    private let levels: [[Digest]]

    /// - Precondition: There is a leaf.
    init(_ leaves: [Digest]) {
        precondition(!leaves.isEmpty)
        var levels = [leaves]
        while let last = levels.last, last.count > 1 {
            levels.append(
                stride(from: 0, to: last.count, by: 2).map { index in
                    index + 1 < last.count ? Self.join(last[index], last[index + 1]) : last[index]
                })
        }
        self.levels = levels
    }

    var root: Digest { levels[levels.count - 1][0] }

    /// The neighbours on the way from a leaf to the root.
    func path(to leaf: Int) -> [Digest] {
        var path: [Digest] = []
        var index = leaf
        for level in levels.dropLast() {
            if index ^ 1 < level.count { path.append(level[index ^ 1]) }
            index /= 2
        }
        return path
    }

    /// The root that a leaf, its place among `count` leaves and its path lead to; nil if the path has another length.
    static func root(of leaf: Digest, at place: Int, of count: Int, path: [Digest]) -> Digest? {
        var (value, index, width) = (leaf, place, count)
        var rest = path[...]
        while width > 1 {
            if index ^ 1 < width {
                guard let neighbour = rest.popFirst() else { return nil }
                value = index % 2 == 0 ? join(value, neighbour) : join(neighbour, value)
            }
            index /= 2
            width = (width + 1) / 2
        }
        return rest.isEmpty ? value : nil
    }

    private static func join(_ left: Digest, _ right: Digest) -> Digest {
        withUnsafeTemporaryAllocation(byteCount: 2 * Digest.byteCount, alignment: 8) { pair in
            left.withUnsafeBytes { pair.copyMemory(from: $0) }
            let behind = UnsafeMutableRawBufferPointer(rebasing: pair[Digest.byteCount...])
            right.withUnsafeBytes { behind.copyMemory(from: $0) }
            return nodes.finalize(adding: UnsafeRawBufferPointer(pair))
        }
    }
}
