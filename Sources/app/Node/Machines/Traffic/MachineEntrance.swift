/// Where machines of a node reach the gateway: an address on their own links that nothing else has, and one port of it. It
/// is all of the host that they reach.
struct MachineEntrance: Hashable, Sendable {
    /// The port, the same on all nodes.
    static let port: UInt16 = 7_979

    /// The IPv4 address by which machines know their node.
    let host: String

    /// The value of `SKERRY_GATEWAY` in a machine's environment. A request there says by its `Host` which app it is for:
    /// `<name>.localhost`.
    var url: String { "http://\(host):\(MachineEntrance.port)" }
}
