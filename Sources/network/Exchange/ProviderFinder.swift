public import Identity
public import Peering

/// Says which nodes may have a blob. Nothing that it says is believed: whoever it names is asked, and what they send is
/// verified.
public protocol ProviderFinder: Sendable {
    /// Nodes that may have the blob, likely and near ones first, each as soon as it is known; the stream ends when no
    /// more will come. Naming this node, or one twice, does no harm.
    func providers(of id: BlobID) -> AsyncStream<NodeID>
    /// What a round trip to `node` is believed to take; nil if nothing is known. Orders who is tried first.
    func estimatedRoundTrip(to node: NodeID) -> Duration?
}

/// Names every participating node: right for tests and networks of a few nodes.
public struct DirectoryFinder: ProviderFinder {
    private let directory: any PeerDirectory

    /// Names the nodes of `directory`, as it is when it is asked.
    public init(_ directory: any PeerDirectory) { self.directory = directory }

    /// All nodes at once, in the directory's order.
    public func providers(of id: BlobID) -> AsyncStream<NodeID> {
        let nodes = directory.nodes
        return AsyncStream { continuation in
            for node in nodes { continuation.yield(node) }
            continuation.finish()
        }
    }

    /// Nothing is known.
    public func estimatedRoundTrip(to node: NodeID) -> Duration? { nil }
}
