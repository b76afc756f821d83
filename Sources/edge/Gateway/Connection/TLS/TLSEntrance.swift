import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// The beginning of a TLS connection: reads whom the client wants, takes the certificate for it, and hands the
/// connection to what the handshake agrees on.
final class TLSEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// A fatal alert, `unrecognized_name` (RFC 8446 section 6.2).
    private static let unknownName: [UInt8] = [21, 3, 3, 0, 2, 2, 112]

    private let settings: Gateway.Settings.TLS
    private let logger: Logger
    private let chosen: (any Channel, String?) throws -> Void
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isDone = false

    /// - Parameter chosen: Adds the handlers for the protocol that was agreed on; nil for none.
    init(
        _ settings: Gateway.Settings.TLS, logger: Logger, chosen: @escaping (any Channel, String?) throws -> Void
    ) {
        self.settings = settings
        self.logger = logger
        self.chosen = chosen
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let deadline = TimeAmount(settings.handshakeTimeout)
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: deadline) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if !isDone { timer?.cancel() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        var bytes = Self.unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        switch ClientHello.read(received) {
        case .needsMore: break
        case .invalid: refuse(context)
        case .hello(let hello): enter(hello, context)
        }
    }

    private func enter(_ hello: ClientHello, _ context: ChannelHandlerContext) {
        // RFC 8737 section 4: a validation offers its protocol alone.
        let isChallenge = hello.protocols == [GatewayTLS.challengeProtocol]
        // An address is no name (RFC 6066 section 3): who sends one all the same names nothing.
        let name = hello.serverName.flatMap { $0.contains(":") || HostName.isAddress($0) ? nil : $0 }
        let found =
            isChallenge
            ? hello.serverName.flatMap { settings.certificates.challengeContext(for: $0) }
            : settings.certificates.context(for: name)
        guard let found else { return refuse(context) }
        isDone = true
        let first = received
        received = ByteBuffer()
        let handshake = TLSHandshake(timer: timer, isChallenge: isChallenge, logger: logger, chosen: chosen)
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(handshake, position: .after(self))
            try pipeline.addHandler(NIOSSLServerHandler(context: found), position: .after(self))
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(Self.wrapInboundOut(first))
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isDone = true
        timer?.cancel()
        // Not to be told apart from silence by what does not speak TLS at all.
        let isTLS = received.getInteger(at: received.readerIndex, as: UInt8.self) == 22
        received = ByteBuffer()
        guard isTLS else { return context.close(promise: nil) }
        let alert = ByteBuffer(bytes: TLSEntrance.unknownName)
        let channel = context.channel
        context.writeAndFlush(NIOAny(alert)).assumeIsolated().whenComplete { _ in channel.close(promise: nil) }
    }
}

/// Waits for the end of a handshake.
final class TLSHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let timer: Scheduled<Void>?
    private let isChallenge: Bool
    private let logger: Logger
    private let chosen: (any Channel, String?) throws -> Void

    init(
        timer: Scheduled<Void>?, isChallenge: Bool, logger: Logger,
        chosen: @escaping (any Channel, String?) throws -> Void
    ) {
        self.timer = timer
        self.isChallenge = isChallenge
        self.logger = logger
        self.chosen = chosen
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let name)? = event as? TLSUserEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        timer?.cancel()
        guard !isChallenge else { return context.close(promise: nil) }
        do {
            try chosen(context.channel, name)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("A TLS handshake failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }
}
