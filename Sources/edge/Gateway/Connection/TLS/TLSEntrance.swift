import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// The beginning of a TLS connection: reads whom the client wants, takes the certificate for it, and hands the
/// connection to what the handshake agrees on.
final class TLSEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Descriptions of fatal alerts (RFC 8446 section 6.2).
    private enum Alert {
        static let unknownName: UInt8 = 112
        static let noApplicationProtocol: UInt8 = 120
    }

    private let settings: Gateway.Settings.TLS
    private let logger: Logger
    private let chosen: (any Channel, String?) throws -> Void
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isDone = false
    /// For a certificate that has to be got.
    private var isWaiting = false

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
        isDone = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        var bytes = Self.unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        if isWaiting {
            // A client has nothing to say before it is answered.
            if received.readableBytes > ClientHello.maxBytes { context.close(promise: nil) }
            return
        }
        switch ClientHello.read(received) {
        case .needsMore: break
        case .invalid: refuse(context)
        case .hello(let hello): find(hello, context)
        }
    }

    private func find(_ hello: ClientHello, _ context: ChannelHandlerContext) {
        // RFC 8737 section 4: a validation offers its protocol alone.
        if hello.protocols == [GatewayTLS.challengeProtocol] {
            let found = hello.serverName.flatMap { settings.certificates.challengeContext(for: $0) }
            return enter(found, isChallenge: true, context)
        }
        // RFC 7301 section 3.2. Who means to speak something else here is not answered in HTTP: somebody in between could
        // have led the connection to the wrong server.
        guard hello.protocols.isEmpty || hello.protocols.contains(where: GatewayTLS.protocols.contains) else {
            return refuse(context, Alert.noApplicationProtocol)
        }
        // An address is no name (RFC 6066 section 3): who sends one all the same names nothing.
        let name = hello.serverName.flatMap { $0.contains(":") || HostName.isAddress($0) ? nil : $0 }
        if let found = settings.certificates.context(for: name) { return enter(found, isChallenge: false, context) }
        guard let name, let coming = settings.certificates.contextToCome(for: name, on: context.eventLoop) else {
            return refuse(context)
        }
        isWaiting = true
        coming.hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
            self.isWaiting = false
            guard !self.isDone else { return }
            self.enter(try? result.get(), isChallenge: false, context)
        }
    }

    private func enter(_ found: NIOSSLContext?, isChallenge: Bool, _ context: ChannelHandlerContext) {
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

    private func refuse(_ context: ChannelHandlerContext, _ description: UInt8 = Alert.unknownName) {
        isDone = true
        timer?.cancel()
        // Not to be told apart from silence by what does not speak TLS at all.
        let isTLS = received.getInteger(at: received.readerIndex, as: UInt8.self) == 22
        received = ByteBuffer()
        guard isTLS else { return context.close(promise: nil) }
        let alert = ByteBuffer(bytes: [21, 3, 3, 0, 2, 2, description])
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
