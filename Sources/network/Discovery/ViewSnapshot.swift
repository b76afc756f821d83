import Identity

/// The ledger's nodes at one version, in the forms in which they are looked up.
struct ViewSnapshot: Sendable {
    let version: UInt64
    let space: Keyspace
    let nodes: [NodeID: DiscoveryNode]

    init(_ view: any DiscoveryView) {
        // The version first: should the nodes change in between, the next comparison notices.
        version = view.version
        let nodes = view.nodes
        space = Keyspace(
            nodes.lazy.map { .init(id: $0.id, operatorID: $0.operatorID, addressGroup: $0.addressGroup) })
        self.nodes = Dictionary(nodes.map { ($0.id, $0) }) { first, _ in first }
    }
}
