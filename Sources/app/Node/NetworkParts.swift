import Blake3
import Discovery
import Foundation
import Ledger
import LedgerLog
import Membership
import Peering

/// How a node reaches the others, knows which are alive, and finds what they have.
struct NetworkParts: Sendable {
    let peers: PeerNetwork
    let membership: Membership
    let discovery: Discovery

    var copies: PeerCopyNetwork { PeerCopyNetwork(peers: peers, membership: membership) }

    /// - Parameter service: Answers the others.
    init(_ base: NodeBase, service: NodePeerService) throws {
        let (key, keeper, group) = (base.key, base.keeper, base.group)
        let directory = LedgerDirectory(keeper: keeper)
        let network = Data(keeper.state.networkID.digest.bytes)
        peers = try PeerNetwork(
            key: key, network: network, directory: directory, handler: service,
            ledgerSequence: { keeper.state.sequence }, group: group, logger: base.logger(for: "peering"))
        membership = Membership(
            key: key, network: network, peers: peers, directory: directory, group: group,
            logger: base.logger(for: "membership"))
        discovery = Discovery(
            key: key, network: network, peers: peers, view: NetworkView(keeper: keeper, membership: membership),
            group: group, logger: base.logger(for: "discovery"))
    }
}
