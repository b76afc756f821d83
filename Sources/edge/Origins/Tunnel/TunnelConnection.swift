import NIOCore
import Outbound
import Streams

/// One connection to an origin: sends an upgrade, reads the head of its answer, then passes bytes.
///
/// `@unchecked Sendable`: all state is used on the channel's event loop only.
final class TunnelConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    /// Bytes that wait for the client before the origin is read no further.
    private static let window = 256 << 10

    private let host: String
    private let head: EventLoopPromise<(status: Int, fields: OriginFields)>
    private let channel: any Channel
    private var parser = HTTPResponseParser()
    private var isOpen = false
    private(set) var stream: ByteStream!

    init(channel: any Channel, host: String) {
        self.channel = channel
        self.host = host
        head = channel.eventLoop.makePromise()
        parser.expect(isHead: false, mayUpgrade: true)
        stream = ByteStream(
            window: Self.window,
            onTake: { _ in channel.eventLoop.execute { channel.read() } },
            onStop: { channel.close(promise: nil) })
    }

    /// Sends the request and waits for the answer's head.
    func upgrade(_ request: String) async throws -> (status: Int, fields: OriginFields) {
        try await channel.writeAndFlush(ByteBuffer(string: request))
        channel.read()
        return try await head.futureResult.get()
    }

    func close() { channel.close(promise: nil) }

    /// Passes a client's bytes on.
    func send(_ fromClient: ByteStream) {
        Task { [channel] in
            do {
                while let part = try await fromClient.next() { try await channel.writeAndFlush(part) }
                try await channel.close(mode: .output)
            } catch {
                fromClient.stop()
                channel.close(promise: nil)
            }
        }
    }

    // MARK: Channel

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if isOpen { return stream.append(bytes) }
        parser.append(bytes)
        do {
            switch try parser.next() {
            case .upgraded(let answer):
                isOpen = true
                head.succeed((answer.status, OriginFields(answer.fields.map { ($0.name, $0.value) })))
                stream.append(parser.takeRest())
            case .head(let answer, _):
                head.succeed((answer.status, OriginFields(answer.fields.map { ($0.name, $0.value) })))
            case .interim, .body, .end, nil: break
            }
        } catch {
            fail(.badResponse, "\(host)'s answer is no HTTP/1.1: \(error)")
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isOpen || stream.bufferedBytes < Self.window { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { stream.finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        head.fail(OriginError(.unreachable, "\(host) closed the connection instead of upgrading it"))
        stream.finish()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // Also when the connection never came about.
        head.fail(OriginError(.unreachable, "the connection to \(host) is closed"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let known = TransportFailure.from(error, host: host)
        head.fail(known)
        stream.fail(known)
        context.close(promise: nil)
    }

    private func fail(_ code: OriginError.Code, _ message: String) {
        head.fail(OriginError(code, "\(message); fix the origin"))
        channel.close(promise: nil)
    }
}
