import Identity
import Ledger
import LedgerLog
import Peering

/// The ledger as the peer connections see it.
struct LedgerDirectory: PeerDirectory {
    let keeper: LedgerKeeper

    func isParticipating(_ key: PublicKey) -> Bool { keeper.state.node(key.node)?.publicKey == key }

    func endpoint(of node: NodeID) -> PeerEndpoint? {
        keeper.state.node(node).map { PeerEndpoint(host: $0.peer.host, port: Int($0.peer.port)) }
    }

    var nodes: [NodeID] { keeper.state.nodes.map(\.id) }
}
