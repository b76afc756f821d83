import Exchange

/// How a node keeps its ledger level with the network's, and does its part for it.
struct LedgerParts: Sendable {
    let opened: OpenLedger
    let sync: LedgerSync
    let votes: VoteExchange
    let duties: LedgerDuties
    let snapshots: LedgerSnapshots

    /// - Parameters:
    ///   - snapshots: Snapshots of the ledger in the node's store.
    ///   - edge: How names of bound domains are looked up.
    init(
        _ base: NodeBase, _ network: NetworkParts, _ exchange: Exchange, opened: OpenLedger, snapshots: SnapshotStore,
        plan: SnapshotPlan, edge: EdgeParts
    ) {
        let (keeper, peers) = (base.keeper, network.peers)
        let logger = base.logger(for: "ledger")
        self.opened = opened
        let catchUp = LedgerCatchUp(
            keeper: keeper, peers: peers, exchange: exchange, snapshots: snapshots, logger: logger)
        sync = LedgerSync(
            node: base.node, keeper: keeper, peers: peers, snapshots: catchUp, isShared: opened.etcd != nil,
            domains: DomainGuard(
                keeper: keeper, resolver: edge.resolver(quick: true, base.group), zone: edge.domains.zone),
            logger: logger)
        votes = VoteExchange(key: base.key, keeper: keeper, peers: peers, logger: logger)
        duties = LedgerDuties(
            key: base.key, keeper: keeper, sync: sync, membership: network.membership, exchange: exchange,
            votes: votes, logger: logger)
        self.snapshots = LedgerSnapshots(keeper: keeper, snapshots: snapshots, plan: plan, logger: logger)
    }
}
