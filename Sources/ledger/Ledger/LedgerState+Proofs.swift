import Blake3
public import Identity

extension LedgerState {
    /// Proves to somebody who knows this state's root what the account is, or that there is none.
    public func proof(ofAccount id: AccountID) -> StateProof { proof(AccountRecord.table, id.digest) }

    /// As ``proof(ofAccount:)``, for a node.
    public func proof(ofNode id: NodeID) -> StateProof { proof(NodeRecord.table, id.digest) }

    /// As ``proof(ofAccount:)``, for a name.
    public func proof(ofName name: AppName) -> StateProof { proof(NameRecord.table, NameRecord.path(name)) }

    /// As ``proof(ofAccount:)``, for a release.
    public func proof(ofRelease id: ReleaseID, of name: AppName) -> StateProof {
        proof(ReleaseRecord.table, ReleaseRecord.path(name, id))
    }

    /// As ``proof(ofAccount:)``, for a domain.
    public func proof(ofDomain domain: DomainName) -> StateProof {
        proof(DomainRecord.table, DomainRecord.path(domain))
    }

    /// As ``proof(ofAccount:)``, for a channel.
    public func proof(ofChannel id: ChannelID) -> StateProof { proof(ChannelRecord.table, ChannelRecord.path(id)) }

    private func proof(_ table: UInt8, _ path: Digest) -> StateProof {
        var opener = TableOpener(table: table, path: path)
        var copy = self
        copy.visitTables(&opener)
        return StateProof(
            header: StateHeader(self), table: table, path: path,
            siblings: opener.opening.siblings.map { $0 == MerkleHashPlan.empty ? nil : $0 },
            leaf: opener.opening.leaf.map { StateProof.Leaf(path: $0.path, row: $0.row) })
    }
}

private struct TableOpener: LedgerTableVisitor {
    typealias Failure = Never

    let table: UInt8
    let path: Digest
    var opening = MerkleOpening(siblings: [], leaf: nil)

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) {
        if Row.table == self.table { opening = table.opening(of: path) }
    }
}
