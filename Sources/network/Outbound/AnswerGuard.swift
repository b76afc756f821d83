public import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Keeps two things from the client behind it, which does not bear them.
///
/// An answer whose status is below 100, which is none (RFC 9110 section 15), is refused: the client takes it for one that
/// only precedes the real one, and traps on its body. And the client closes a connection before it hands on the end of the
/// answer that it closes it for. What of the request is unsent then fails at once, and with it, for the client, the request
/// that has been answered; so closing waits for a turn of the loop.
final class AnswerGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private var isBroken = false

    /// Stands behind the decoder of a connection that has just been made. On its event loop.
    static func add(to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(AnswerGuard(), position: .after(decoder))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        if case .head(let head) = Self.unwrapInboundIn(data), head.status.code < 100 {
            isBroken = true
            context.fireErrorCaught(HTTPParserError.invalidStatus)
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        context.eventLoop.assumeIsolated().execute { context.close(mode: mode, promise: promise) }
    }
}

extension HTTPClient.Configuration {
    /// Makes a client with this configuration refuse answers whose status is none, on which it would trap, and speak
    /// HTTP/1.1 only, since its reader of HTTP/2 traps on some statuses too. Every client whose server may be hostile
    /// needs it; those of ``PinnedClients`` have it. It also keeps the answer to a request that is answered, and its
    /// connection ended, before all of it is sent.
    public mutating func refuseImpossibleStatuses() {
        httpVersion = .http1Only
        http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture { try AnswerGuard.add(to: channel) }
        }
    }
}
