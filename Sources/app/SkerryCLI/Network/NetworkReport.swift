import ControlModel

/// What `up` and `status` print.
struct NetworkReport: Codable {
    struct Node: Codable {
        var id: String
        var gateway: String
        /// The base URL for TLS; nil for none.
        var https: String?
        var peer: String
        var control: String
        var data: String
        /// Nil for a node that does not run.
        var pid: Int32?
        /// `ready`, `waiting`, `starting` or `stopped`.
        var state: String
        var detail: String?
        var ledger: NodeStatus.Ledger?
        var blobCount: Int?
        var blobBytes: Int?
        /// What the operator should look at although the node serves.
        var warnings: [String]?
    }

    /// A member of the cluster that holds the ledger's shared log.
    struct EtcdMember: Codable {
        /// `host:port` for nodes.
        var endpoint: String
        var data: String
        /// Nil for a member that does not run.
        var pid: Int32?
        /// `healthy`, `unhealthy` (no majority, or still starting) or `stopped`.
        var state: String
    }

    var network: String
    var data: String
    var nodes: [Node]
    /// Nil for a network whose log is in SQLite.
    var etcd: [EtcdMember]?

    func print() {
        Terminal.print("network \(network) in \(data)")
        for (index, node) in nodes.enumerated() {
            Terminal.print("")
            Terminal.print("node \(index + 1)   \(node.state)\(node.pid.map { ", pid \($0)" } ?? "")")
            Terminal.print("  id       \(node.id)")
            Terminal.print("  gateway  \(node.gateway)")
            if let https = node.https { Terminal.print("  https    \(https)") }
            Terminal.print("  peer     \(node.peer)")
            Terminal.print("  control  \(node.control)")
            Terminal.print("  data     \(node.data)")
            if let ledger = node.ledger {
                let role = ledger.sequencer ? ", orders transactions" : ""
                Terminal.print(
                    "  ledger   entry \(ledger.sequence), certified \(ledger.certified), epoch \(ledger.epoch)\(role)")
                if let failure = ledger.failure { Terminal.print("  halted   \(failure)") }
            }
            if let count = node.blobCount, let bytes = node.blobBytes {
                Terminal.print("  blobs    \(count), \(Human.bytes(bytes))")
            }
            if node.state == "waiting", let detail = node.detail { Terminal.print("  waiting  \(detail)") }
            for warning in node.warnings ?? [] { Terminal.print("  warning  \(warning)") }
        }
        for (index, member) in (etcd ?? []).enumerated() {
            if index == 0 { Terminal.print("") }
            let pid = member.pid.map { ", pid \($0)" } ?? ""
            Terminal.print("etcd \(index + 1)   \(member.state)\(pid), \(member.endpoint), \(member.data)")
        }
    }
}
