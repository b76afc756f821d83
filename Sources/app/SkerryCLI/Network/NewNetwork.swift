import Foundation
import Identity
import Ledger

/// What a new network begins with, whether its nodes are on this machine or on many.
struct NewNetwork {
    /// A node that takes part from the beginning.
    struct Node {
        let publicKey: PublicKey
        /// Nil for the founder.
        let operatorAccount: AccountID?
        /// Where other nodes reach it.
        let peer: Endpoint
        /// Where visitors reach it.
        let gateway: Endpoint
    }

    /// Units of the founder, unless somebody else is given some.
    static let founderBalance: UInt64 = 1_000_000_000
    /// Units that each node has at stake unless something else is said.
    static let usualStake: UInt64 = 1_000

    let name: String
    /// The account that governs the network and operates nodes where nobody else is named.
    let founder: AccountID
    /// Where nothing else is said, the first one orders transactions.
    let nodes: [Node]
    /// Units that each node has at stake from the beginning; they come from nowhere else.
    let stake: UInt64
    var parameters = NetworkParameters()
    /// Empty for ``founderBalance`` of the founder.
    var balances: [GenesisAccount] = []
    /// Empty for the founder.
    var governors: [AccountID] = []
    /// Empty for those that the engine allows: the first node, or all that share a log.
    var sequencers: [NodeID] = []
    var engine = LocalNetwork.LedgerEngine.sqlite
    var isDevelopment = false

    /// - Parameter stake: Also what nodes need from then on, unless ``parameters`` are changed.
    init(name: String, founder: AccountID, nodes: [Node], stake: UInt64 = NewNetwork.usualStake) {
        self.name = name
        self.founder = founder
        self.nodes = nodes
        self.stake = stake
        parameters.minimumStake = stake
    }

    /// The genesis of a network that begins now.
    ///
    /// - Throws: ``CommandError`` for several sequencers without a log that they share; ``LedgerError`` `.badGenesis`.
    func genesis() throws -> Genesis {
        let ids = nodes.map(\.publicKey.node)
        let ordering = sequencers.isEmpty ? (engine == .etcd ? ids : Array(ids.prefix(1))) : sequencers
        guard ordering.count <= 1 || engine == .etcd else {
            throw CommandError(
                "\(ordering.count) sequencers need a log that they share: add --ledger etcd, or name one sequencer")
        }
        return try Genesis(
            networkName: name, timeMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000), parameters: parameters,
            accounts: balances.isEmpty ? [GenesisAccount(founder, balance: NewNetwork.founderBalance)] : balances,
            nodes: nodes.map { node in
                GenesisNode(
                    publicKey: node.publicKey, operatorAccount: node.operatorAccount ?? founder, peer: node.peer,
                    gateway: node.gateway, stake: stake)
            },
            sequencers: ordering, governors: governors.isEmpty ? [founder] : governors, isDevelopment: isDevelopment)
    }
}
