/// Where a node listens. Written by `skerry up`, read at every start.
public struct NodeConfiguration: Codable, Sendable, Equatable {
    /// A host and a port.
    public struct Address: Codable, Sendable, Equatable, CustomStringConvertible {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// For visitors.
    public var gateway: Address
    /// For other nodes; the ledger announces it.
    public var peer: Address
    /// For the operator and developers; loopback unless you mean it.
    public var control: Address

    public init(gateway: Address, peer: Address, control: Address) {
        self.gateway = gateway
        self.peer = peer
        self.control = control
    }
}
