public import NIOCore

/// An open blob, used by one response on one event loop. Every byte that it hands out is verified.
public protocol GatewayBlob: Sendable {
    /// The blob's length in bytes.
    var byteCount: Int { get }

    /// Announces bytes that this response will read, so that a range never fetches the whole. Called before the first
    /// ``block(_:on:)``, once for each range of the response in the order of reading; never for an empty range.
    func demand(_ bytes: Range<Int>)

    /// One aligned block: bytes from `index * GatewayBlock.byteCount`, a whole block or the blob's tail.
    ///
    /// - Returns: A future on `eventLoop`. A failure ends the response without completing it.
    func block(_ index: Int, on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer>

    /// The response is over or its client went away. Called exactly once; cancels nothing but this reader's demand.
    func close()
}
