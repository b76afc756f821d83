import Identity
import Ledger

/// A genesis for people and scripts.
struct GenesisReport: Codable {
    struct Node: Codable {
        var node: String
        var operatorAccount: String
        var peer: String
        var gateway: String?
        var stake: UInt64
        /// Whether it may order transactions.
        var sequencer: Bool
    }

    struct Account: Codable {
        var account: String
        var balance: UInt64
    }

    struct Parameter: Codable {
        var name: String
        var value: UInt64
    }

    var network: String
    var networkName: String
    var timeMilliseconds: Int64
    var isDevelopment: Bool
    var nodes: [Node]
    var accounts: [Account]
    var governors: [String]
    var parameters: [Parameter]

    init(_ genesis: Genesis) {
        network = genesis.networkID.description
        networkName = genesis.networkName
        timeMilliseconds = genesis.timeMilliseconds
        isDevelopment = genesis.isDevelopment
        nodes = genesis.nodes.map { node in
            let id = node.publicKey.node
            return Node(
                node: id.description, operatorAccount: node.operatorAccount.description, peer: node.peer.description,
                gateway: node.gateway?.description, stake: node.stake, sequencer: genesis.sequencers.contains(id))
        }
        accounts = genesis.accounts.map { Account(account: $0.id.description, balance: $0.balance) }
        governors = genesis.governors.map(\.description)
        parameters = NetworkParameters.names.compactMap { name in
            genesis.parameters.value(of: name).map { Parameter(name: name, value: $0) }
        }
    }

    func print() {
        let usual = NetworkParameters()
        Terminal.print("network     \(network)")
        Terminal.print("name        \(Terminal.safe(networkName))\(isDevelopment ? ", development" : "")")
        Terminal.print("begins      \(Human.date(milliseconds: timeMilliseconds))")
        for governor in governors { Terminal.print("governor    \(governor)") }
        for account in accounts { Terminal.print("account     \(account.account)  \(Units.text(account.balance))") }
        for parameter in parameters where usual.value(of: parameter.name) != parameter.value {
            Terminal.print("parameter   \(parameter.name) \(parameter.value)")
        }
        Terminal.print("")
        let rows = nodes.map { node in
            [
                String(node.node.prefix(16)), node.peer, node.gateway ?? "–", "\(node.stake)",
                node.sequencer ? "yes" : "no", String(node.operatorAccount.prefix(16)),
            ]
        }
        let head = ["NODE", "PEER", "GATEWAY", "STAKE", "ORDERS", "OPERATOR"]
        for line in Human.table([head] + rows) { Terminal.print(line) }
    }
}
