public import Identity
public import NIOCore

/// Where the gateway gets content from.
public protocol GatewayBlobs: Sendable {
    /// The whole blob, if it is small and in memory: the quick path. Called on the event loop for every request; must
    /// never block. The buffer's readable bytes are exactly the blob.
    func hot(_ id: BlobID) -> ByteBuffer?

    /// Finds the blob on this node or at a peer; its bytes may still be arriving while it is read.
    ///
    /// - Returns: A future on `eventLoop`, failed with ``GatewayError`` (``GatewayError/Code/blobNotFound``,
    ///   ``GatewayError/Code/blobUnreachable``). The gateway calls ``GatewayBlob/close()`` exactly once on what it
    ///   gets, also when the client went away meanwhile.
    func open(_ id: BlobID, on eventLoop: any EventLoop) -> EventLoopFuture<any GatewayBlob>
}
