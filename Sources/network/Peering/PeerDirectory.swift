public import Identity

/// Who takes part in the network, as the ledger says. Asked during every TLS handshake: it must be quick.
public protocol PeerDirectory: Sendable {
    /// Whether `key` belongs to a participating node.
    func isParticipating(_ key: PublicKey) -> Bool
    /// The key that `node` signs with; nil if it does not take part.
    func publicKey(of node: NodeID) -> PublicKey?
    /// Where to dial `node`; nil if it does not take part.
    func endpoint(of node: NodeID) -> PeerEndpoint?
    /// All participating nodes.
    var nodes: [NodeID] { get }
    /// Whether a peer that may connect is no node: such peers have a share of the connections and never all of them.
    func isGuest(_ peer: NodeID) -> Bool
}

extension PeerDirectory {
    /// Where nodes alone may connect, nobody is.
    public func isGuest(_ peer: NodeID) -> Bool { false }
}

/// A host and a port.
public struct PeerEndpoint: Hashable, Sendable, LosslessStringConvertible {
    /// An IP address or a host name.
    public let host: String
    /// 1 to 65,535.
    public let port: Int

    /// An endpoint of parts that are right already.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[v6]:port`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard host.contains(":") == isBracketed, !host.contains(where: { "[]".contains($0) }) else { return nil }
        guard !host.isEmpty, host.utf8.count <= 253 else { return nil }
        self.host = String(host)
        self.port = port
    }

    /// `host:port`, with brackets around a v6 address.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
