import BlobStore
import Exchange

/// How a node gets blobs and gives them, keeps them whole, and tells the others which it has.
struct BlobParts: Sendable {
    let exchange: Exchange
    let repairer: Repairer
    let scrubber: Scrubber
    let announcer: Announcer
    let disk: DiskWatch

    /// - Parameters:
    ///   - delivery: Counts what others pay for.
    ///   - payer: Pays others.
    init(_ base: NodeBase, _ network: NetworkParts, delivery: NodeDelivery, payer: NodePayer) {
        let store = base.store
        exchange = Exchange(
            store: store, peers: network.peers,
            finder: NodeProviders(
                node: base.node, keeper: base.keeper, discovery: network.discovery, membership: network.membership),
            meter: delivery, payer: payer, group: base.group, logger: base.logger(for: "exchange"))
        repairer = Repairer(store: store, exchange: exchange, logger: base.logger(for: "blobs"))
        scrubber = Scrubber(store: store, logger: base.logger(for: "blobs"))
        disk = DiskWatch(store: store, logger: base.logger(for: "blobs"))
        announcer = Announcer(store: store, discovery: network.discovery, logger: base.logger(for: "discovery"))
    }
}
