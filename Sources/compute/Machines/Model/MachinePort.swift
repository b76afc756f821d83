/// A port on which a machine's program listens, on all addresses of its own network namespace.
///
/// Nothing is forwarded: the node dials the machine's address, so no two machines can take each other's port.
public struct MachinePort: Sendable, Hashable, Codable {
    /// What is spoken there.
    public enum Transport: String, Sendable, Hashable, Codable {
        /// HTTP/1.1 or HTTP/2, through a gateway by host name.
        case http
        /// Bytes.
        case tcp
    }

    /// What others call it, such as `web`.
    public var name: String
    /// Its number in the machine, 1 to 65535.
    public var number: UInt16
    /// What is spoken there.
    public var transport: Transport

    /// Names a port.
    public init(name: String, number: UInt16, transport: Transport = .http) {
        self.name = name
        self.number = number
        self.transport = transport
    }
}
