public import Identity
public import NIOCore
public import Wire

/// The other nodes, as the cache sees them.
public protocol CachePeers: Sendable {
    /// This node.
    var node: NodeID { get }

    /// Living nodes in their order of preference for a key, this one among them. Must not block.
    func order(for key: String) -> [NodeID]

    /// All other nodes that take part and are believed alive.
    func others() -> [NodeID]

    /// Nodes that came back or joined.
    func returns() -> AsyncStream<NodeID>

    /// Asks a node; its answer's body.
    ///
    /// - Throws: If it does not answer, or answers with an error.
    func ask(_ node: NodeID, _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount) async throws -> ByteBuffer
}
