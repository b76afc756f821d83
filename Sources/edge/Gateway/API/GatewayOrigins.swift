public import NIOCore

/// What answers requests for content of origins: a cache, and the origins behind it.
public protocol GatewayOrigins: Sendable {
    /// The answer if it is in memory and may be used as it is; nil if anything has to be waited for.
    ///
    /// Called on the event loop for every GET and HEAD without a body: must be quick and must never block.
    func cached(_ release: OriginRelease, _ request: OriginCall) -> OriginAnswer?

    /// Answers a request, from what is stored, from other nodes or from the origin. Must not block.
    ///
    /// - Parameter body: The request's body; whoever gets a stream stops it when it wants no more.
    /// - Returns: A future on `eventLoop`, failed with ``GatewayError``. When the client goes away, its cancellation
    ///   comes; an answer that comes all the same is let go of: its blob closed, its stream stopped.
    func respond(
        _ release: OriginRelease, _ request: OriginCall, body: FunctionRequest.Body, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OriginAnswer>

    /// Opens a connection that changes its protocol as the request's `upgrade` says. Must not block.
    ///
    /// - Parameter upgrade: The protocol as the client names it, such as `websocket`.
    /// - Returns: A future on `eventLoop`, failed with ``GatewayError``; nil when origins are only asked for content, and
    ///   the request is answered as any other.
    func tunnel(
        _ release: OriginRelease, _ request: OriginCall, upgrade: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<GatewayTunnel>?
}

extension GatewayOrigins {
    /// Origins are only asked for content.
    public func tunnel(
        _ release: OriginRelease, _ request: OriginCall, upgrade: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<GatewayTunnel>? { nil }
}

/// For gateways whose apps have no origins.
struct NoOrigins: GatewayOrigins {
    func cached(_ release: OriginRelease, _ request: OriginCall) -> OriginAnswer? { nil }

    func respond(
        _ release: OriginRelease, _ request: OriginCall, body: FunctionRequest.Body, on eventLoop: any EventLoop
    ) -> EventLoopFuture<OriginAnswer> {
        eventLoop.makeFailedFuture(
            GatewayError(.appUnavailable, "Content of origins is not served here", origin: .node))
    }
}
