import EdgeCache
import Exchange
import Foundation
import Origins

/// Where apps' content comes from that is not in a release, and what is kept of it.
struct CacheParts: Sendable {
    let origins: OriginClient
    let edge: EdgeCache

    /// - Parameters:
    ///   - path: The file that says which answers are stored.
    ///   - rules: What the operator decides about origins.
    init(
        _ base: NodeBase, _ network: NetworkParts, _ exchange: Exchange, _ secrets: SecretKeeper,
        _ routes: RouteTable, path: String, rules: OriginsConfiguration
    ) throws {
        let logger = base.logger(for: "cache")
        let now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
        origins = try OriginClient(rules.clientSettings, eventLoops: base.group, logger: logger)
        edge = try EdgeCache(
            path: path, settings: rules.cacheSettings, store: base.store,
            blobs: NodeBlobs(store: base.store, exchange: exchange), origins: origins,
            plans: NodeOriginPlans(routes: routes, secrets: secrets),
            peers: NodeCachePeers(
                node: base.node, keeper: base.keeper, membership: network.membership, peers: network.peers),
            authority: NodePurgeAuthority(keeper: base.keeper, now: now), logger: logger, now: now)
    }
}
