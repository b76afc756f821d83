import NIOCore
import NIOHTTP1

/// Tells of the interim answers (RFC 9110 section 15.2) on one connection, which the HTTP client itself drops.
final class InterimHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// Most interim answers before one answer that are told of.
    static let maxAnswers = 16

    private let listeners: InterimListeners
    private var listener: OriginRequest.InterimListener?
    private var count = 0

    private init(_ listeners: InterimListeners) { self.listeners = listeners }

    /// Puts a handler between the parser and the client. On the channel's event loop.
    static func add(to channel: any Channel, _ listeners: InterimListeners) throws {
        let pipeline = channel.pipeline.syncOperations
        let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(InterimHandler(listeners), position: .after(parser))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        count = 0
        listener = head.headers.first(name: InterimListeners.fieldName).flatMap { listeners.take($0) }
        head.headers.remove(name: InterimListeners.fieldName)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { received(head) }
        context.fireChannelRead(data)
    }

    private func received(_ head: HTTPResponseHead) {
        switch Int(head.status.code) {
        // The one belongs to a body, which the node takes itself, the other to another protocol.
        case 100, 101: break
        case 102..<200:
            count += 1
            let all = OriginFields(head.headers.map { ($0.name, $0.value) })
            guard count <= Self.maxAnswers, let listener, var fields = try? ForwardedFields.incoming(all) else {
                return
            }
            fields.remove("content-length")
            listener(Int(head.status.code), fields)
        default: listener = nil
        }
    }
}
