/// Where a machine of this node listens.
public struct MachineTarget: Hashable, Sendable, CustomStringConvertible {
    /// An IP address.
    public let host: String
    /// 1 to 65535.
    public let port: Int

    /// A place; nothing is checked.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// For logs.
    public var description: String { "\(host):\(port)" }
}
