/// Optional features of a node, one bit each. Bits that a node does not know are ignored.
///
/// No bit is taken yet: what protocol version 1 can do, every node can. A feature that older nodes lack takes the lowest
/// free bit, and is used on connections whose both sides have it: see ``PeerConnection/capabilities``.
public struct PeerCapabilities: OptionSet, Hashable, Sendable {
    /// The bits as they are in a hello.
    public let rawValue: UInt64

    /// Takes any bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}
