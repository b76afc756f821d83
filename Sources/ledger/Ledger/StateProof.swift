public import Blake3
import Foundation
public import Identity

/// That a row is at a path of a table of the ledger's state, or that none is: all that its reader needs is a state root
/// that it trusts, such as a certificate's.
///
/// About 32 bytes for each doubling of the table's rows, and the row: some 1.3 KB for a million accounts.
public struct StateProof: Hashable, Sendable {
    /// The largest encoding in bytes.
    public static let maxByteCount = 1 << 20

    /// A row that the proof shows.
    struct Leaf: Hashable, Sendable {
        var path: Digest
        var row: [UInt8]
    }

    let header: StateHeader
    let table: UInt8
    let path: Digest
    /// Beside each node from the root's children down to the path's end; nil for an empty one.
    let siblings: [Digest?]
    /// What is at the end: the row at the path, the only other row that is there, or nothing.
    let leaf: Leaf?

    /// The state's network.
    public var networkID: NetworkID { header.networkID }
    /// The entry after which the state was so.
    public var sequence: UInt64 { header.sequence }
    /// That entry's time in milliseconds since 1970-01-01T00:00:00Z.
    public var timeMilliseconds: Int64 { header.timeMilliseconds }

    /// Checks that the proof is about a path and leads to `root`.
    ///
    /// - Returns: The row's encoding, or nil if there is no row at the path.
    /// - Throws: `.badProof` if it proves nothing under this root.
    func verify(table: UInt8, path: Digest, root: Digest) throws(LedgerError) -> [UInt8]? {
        guard table == self.table, path == self.path else {
            throw LedgerError(.badProof, "The proof is about another row; ask for the right one")
        }
        guard header.root == root else {
            throw LedgerError(
                .badProof, "The proof is of a state with root \(header.root), not \(root); ask for one of that state")
        }
        guard let tableRoot = header.tables.first(where: { $0.number == table })?.root else {
            throw LedgerError(.badProof, "The state has no table \(table); is this software current?")
        }
        if let leaf, !leaf.path.hasPrefix(of: path, bitCount: siblings.count) {
            throw LedgerError(.badProof, "The proof ends at a row that is not on the way")
        }
        guard climb() == tableRoot else {
            throw LedgerError(.badProof, "The proof does not lead to the table's root; ask another node")
        }
        return leaf.flatMap { $0.path == path ? $0.row : nil }
    }

    /// The table's root that the leaf and the siblings give.
    private func climb() -> Digest {
        var node = MerkleHashPlan.empty
        if let leaf {
            var encoder = RowEncoder()
            encoder.append(table)
            encoder.append(leaf.path)
            node = LedgerHash.rowLeaf(encoder.bytes + leaf.row)
        }
        for (depth, sibling) in siblings.enumerated().reversed() {
            let sibling = sibling ?? MerkleHashPlan.empty
            node = path.bit(at: depth) ? LedgerHash.rowInner(sibling, node) : LedgerHash.rowInner(node, sibling)
        }
        return node
    }
}

extension StateProof {
    /// The account as the state of `root` has it; nil if it has none.
    ///
    /// - Throws: `.badProof` if this does not prove it.
    public func account(_ id: AccountID, root: Digest) throws(LedgerError) -> AccountRecord? {
        try row(at: id.digest, root: root)
    }

    /// As ``account(_:root:)``, for a node.
    public func node(_ id: NodeID, root: Digest) throws(LedgerError) -> NodeRecord? {
        try row(at: id.digest, root: root)
    }

    /// As ``account(_:root:)``, for a name.
    public func name(_ name: AppName, root: Digest) throws(LedgerError) -> NameRecord? {
        try row(at: NameRecord.path(name), root: root)
    }

    /// As ``account(_:root:)``, for a release.
    public func release(_ id: ReleaseID, of name: AppName, root: Digest) throws(LedgerError) -> ReleaseRecord? {
        try row(at: ReleaseRecord.path(name, id), root: root)
    }

    /// As ``account(_:root:)``, for a domain.
    public func domain(_ domain: DomainName, root: Digest) throws(LedgerError) -> DomainRecord? {
        try row(at: DomainRecord.path(domain), root: root)
    }

    /// As ``account(_:root:)``, for a channel.
    public func channel(_ id: ChannelID, root: Digest) throws(LedgerError) -> ChannelRecord? {
        try row(at: ChannelRecord.path(id), root: root)
    }

    /// As ``account(_:root:)``, for the lease of a slot. The state has no table of leases before the first one.
    public func machineLease(of name: AppName, slot: UInt32, root: Digest) throws(LedgerError) -> MachineLease? {
        try row(at: MachineLease.path(name, slot), root: root)
    }

    private func row<Row: StoredRow>(at path: Digest, root: Digest) throws(LedgerError) -> Row? {
        guard let bytes = try verify(table: Row.table, path: path, root: root) else { return nil }
        return try Row(path: path, bytes: bytes)
    }
}

extension Digest {
    /// Whether the first `bitCount` bits, at most 256, are those of `other`.
    fileprivate func hasPrefix(of other: Digest, bitCount: Int) -> Bool {
        (0..<bitCount).allSatisfy { bit(at: $0) == other.bit(at: $0) }
    }
}
