/// Who keeps an order to roll back.
public struct RollbackReceipt: Codable, Hashable, Sendable {
    /// The nodes that have the order on their disks.
    public var nodes: [String]

    /// The nodes' ids.
    public init(nodes: [String]) { self.nodes = nodes }
}
