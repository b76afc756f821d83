import Ledger
import LedgerLog
import Secrets

/// Domains that apps are bound to, and the certificates for them.
struct DomainParts: Sendable {
    let watch: DomainWatch
    let certificates: NodeCertificates

    init(_ base: NodeBase, _ network: NetworkParts, _ routes: RouteTable, edge: EdgeParts) throws {
        let (key, keeper, group) = (base.key, base.keeper, base.group)
        let logger = base.logger(for: "certificates")
        watch = DomainWatch(
            keeper: keeper, resolver: edge.resolver(quick: false, group), zone: edge.domains.zone, routes: routes,
            file: edge.domainFile, logger: logger)
        let fleet = NodeFleet(
            node: base.node, keeper: keeper, membership: network.membership, watch: watch,
            peers: CertificatePeers(network.peers), book: GatewayIdentity.book(),
            key: try SealingKey(key, network: keeper.state.networkID), logger: logger)
        certificates = try NodeCertificates(
            options: edge.tls, folder: edge.certificateFolder, key: key, fleet: fleet, group: group,
            settings: edge.renewal, logger: logger)
    }
}
