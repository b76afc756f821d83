public import NIOCore
import NIOHTTP2

/// What any gRPC client on grpc-swift-2 needs that keeps one connection to etcd busy.
public enum EtcdPings {
    /// Answers the member's pings in front of the HTTP/2 library, which would take them for an attack. For
    /// `channelDebuggingCallbacks.onCreateTCPConnection` of the transport.
    ///
    /// The future fails if the channel does not speak HTTP/2.
    @Sendable
    public static func answer(on channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let library = try pipeline.handler(type: NIOHTTP2Handler.self)
            try pipeline.addHandler(PingResponder(), position: .before(library))
        }
    }
}
