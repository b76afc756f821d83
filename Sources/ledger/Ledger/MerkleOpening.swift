import Blake3

/// What leads from a table's root to a path: the evidence that a row is there, or that none is.
struct MerkleOpening: Hashable, Sendable {
    struct Leaf: Hashable, Sendable {
        var path: Digest
        /// The row's encoding.
        var row: [UInt8]
    }

    /// The hash beside each node of the way down, from the root's children on; 32 zero bytes for an empty child.
    var siblings: [Digest]
    /// What has the place at the end: the row of the path, another row whose path begins with the same bits, or nothing.
    var leaf: Leaf?
}
