/// What the node says about itself.
public protocol GatewayPages: Sendable {
    /// This node's id, for the `skerry-node` header. Read once when the gateway is made.
    var nodeID: String { get }

    /// All metrics in Prometheus' text format. Served to clients on this machine only; called on an event loop.
    func metrics() -> String

    /// Whether the node can serve, and in one line why not. Called on an event loop; must not block.
    func health() -> (ready: Bool, detail: String)
}
