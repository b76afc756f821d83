import Identity
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import SwiftProtobuf
import Wire

/// One connection with a peer, on its event loop: hello, requests both ways, pings.
final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case handshaking
        case awaitingHello
        case open
        case closed(PeerError)
    }

    private struct Pending {
        let promise: EventLoopPromise<Frame>
        let timeout: Scheduled<Void>
    }

    static let protocolVersion: UInt32 = 1

    private let identity: PeerIdentity
    private let local: PeerLocal
    private let limits: PeerLimits
    private let opened: EventLoopPromise<NodeID>
    private var state = State.handshaking
    private var decoder = FrameDecoder()
    private var pending: [UInt32: Pending] = [:]
    private var nextRequestID: UInt32 = 1
    private var inboundInFlight = 0
    private var cancelledInbound: Set<UInt32> = []
    private var activeInbound: Set<UInt32> = []
    private var context: ChannelHandlerContext?
    private var pingTask: Scheduled<Void>?
    private var pingUnanswered = false

    init(identity: PeerIdentity, local: PeerLocal, limits: PeerLimits, opened: EventLoopPromise<NodeID>) {
        self.identity = identity
        self.local = local
        self.limits = limits
        self.opened = opened
    }

    // MARK: Outbound requests

    /// Sends a request; must be called on the event loop.
    func request(_ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount?) -> EventLoopFuture<Frame> {
        guard let context else {
            preconditionFailure("a peer connection is handed out only after its handler joined the pipeline")
        }
        if case .closed(let error) = state { return context.eventLoop.makeFailedFuture(error) }
        guard pending.count < limits.maxOutboundRequests else {
            return context.eventLoop.makeFailedFuture(
                PeerError(.busy, "\(pending.count) requests to node \(peer.short) are unanswered; try again later"))
        }
        let id = nextFreeRequestID()
        let promise = context.eventLoop.makePromise(of: Frame.self)
        let limit = timeout ?? limits.requestTimeout
        let timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self] in
            guard let self else { return }
            expire(id, limit)
        }
        pending[id] = Pending(promise: promise, timeout: timer)
        write(Frame(type: type, flags: .required, requestID: id, body: body), promise: nil)
        return promise.futureResult
    }

    private func nextFreeRequestID() -> UInt32 {
        repeat { nextRequestID &+= 1 } while pending[nextRequestID] != nil || nextRequestID == 0
        return nextRequestID
    }

    private func expire(_ id: UInt32, _ limit: TimeAmount) {
        guard let entry = pending.removeValue(forKey: id) else { return }
        write(Frame(type: .cancel, flags: [], requestID: id, body: ByteBuffer()), promise: nil)
        let millis = limit.nanoseconds / 1_000_000
        entry.promise.fail(PeerError(.timeout, "Node \(peer.short) did not answer within \(millis) ms"))
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, case .handshaking = state {
            state = .awaitingHello
            sendHello()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try decoder.feed(unwrapInboundIn(data), allocator: context.channel.allocator) { receive($0) }
        } catch {
            fail(PeerError(.protocolViolation, "Node \(peer.short): \(error.message)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(PeerError(.closed, "The connection with node \(peer.short) ended"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(explained(error)) }

    /// Says in our own terms what a TLS or socket error during the handshake means.
    private func explained(_ error: any Error) -> PeerError {
        if let refusal = identity.refusal { return refusal }
        switch state {
        case .handshaking, .awaitingHello:
            return PeerError(
                .notOnLedger,
                "Node \(peer.short) ended the handshake (\(error)); is this node's key registered on the ledger?")
        case .open, .closed:
            return PeerError(.closed, "The connection with node \(peer.short) failed: \(error)")
        }
    }

    private var peer: NodeID { identity.node }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(PeerError(.closed, "The connection with node \(peer.short) ended"))
        self.context = nil
    }

    /// Ends the connection; every request in flight fails with `error`.
    func fail(_ error: PeerError) {
        if case .closed = state { return }
        state = .closed(error)
        pingTask?.cancel()
        opened.fail(error)
        let unanswered = pending
        pending.removeAll()
        for entry in unanswered.values {
            entry.timeout.cancel()
            entry.promise.fail(error)
        }
        context?.close(promise: nil)
    }

    // MARK: Inbound frames

    private func receive(_ frame: Frame) {
        switch state {
        case .closed, .handshaking: return
        case .awaitingHello: receiveHello(frame)
        case .open:
            if frame.flags.contains(.response) {
                receiveResponse(frame)
            } else {
                receiveRequest(frame)
            }
        }
    }

    private func sendHello() {
        var hello = PeerPBHello()
        hello.protocolVersion = PeerHandler.protocolVersion
        hello.network = local.network
        hello.ledgerSequence = local.ledgerSequence()
        guard let body = try? ByteBuffer(message: hello) else { return }
        write(Frame(type: .hello, flags: .required, requestID: 0, body: body), promise: nil)
        context?.flush()
    }

    private func receiveHello(_ frame: Frame) {
        guard frame.type == .hello, let hello = try? frame.body.message(PeerPBHello.self) else {
            return fail(PeerError(.protocolViolation, "Node \(peer.short) did not begin with a hello"))
        }
        guard hello.protocolVersion == PeerHandler.protocolVersion else {
            return fail(
                PeerError(
                    .incompatible,
                    "Node \(peer.short) speaks protocol version \(hello.protocolVersion), this node "
                        + "\(PeerHandler.protocolVersion); update the older one"))
        }
        guard hello.network == local.network else {
            return fail(PeerError(.incompatible, "Node \(peer.short) belongs to another network"))
        }
        state = .open
        scheduleNextPing()
        opened.succeed(peer)
    }

    private func receiveResponse(_ frame: Frame) {
        if frame.type == .pong { pingUnanswered = false }
        // An answer after its time-out finds nobody; that is no fault of the peer.
        guard let entry = pending.removeValue(forKey: frame.requestID) else { return }
        entry.timeout.cancel()
        if frame.type == .error {
            let failure = (try? frame.body.message(PeerPBError.self)) ?? PeerPBError()
            entry.promise.fail(PeerError(.init(failure.code), "Node \(peer.short): \(failure.message)"))
        } else {
            entry.promise.succeed(frame)
        }
    }

    private func receiveRequest(_ frame: Frame) {
        switch frame.type {
        case .ping:
            var pong = PeerPBPong()
            pong.nonce = (try? frame.body.message(PeerPBPing.self))?.nonce ?? 0
            pong.ledgerSequence = local.ledgerSequence()
            if let body = try? ByteBuffer(message: pong) { reply(frame.requestID, .pong, body, promise: nil) }
        case .cancel:
            if activeInbound.contains(frame.requestID) { cancelledInbound.insert(frame.requestID) }
        case .hello:
            fail(PeerError(.protocolViolation, "Node \(peer.short) sent a second hello"))
        default:
            serve(frame)
        }
    }

    private func serve(_ frame: Frame) {
        guard let context else { return }
        guard inboundInFlight < limits.maxInboundRequests else {
            return replyError(frame.requestID, PeerError(.busy, "Too many requests at once; wait for answers"))
        }
        guard activeInbound.insert(frame.requestID).inserted else {
            return fail(PeerError(.protocolViolation, "Node \(peer.short) used a request id twice"))
        }
        inboundInFlight += 1
        let request = PeerRequest(peer: peer, type: frame.type, body: frame.body)
        local.handler.handle(request, on: context.eventLoop).hop(to: context.eventLoop).assumeIsolated()
            .whenComplete { result in
                self.answer(frame, result)
            }
    }

    private func answer(_ frame: Frame, _ result: Result<PeerReply, any Error>) {
        activeInbound.remove(frame.requestID)
        let unwanted = cancelledInbound.remove(frame.requestID) != nil
        guard let context, !unwanted, case .open = state else {
            inboundInFlight -= 1
            return
        }
        switch result {
        case .success(let reply):
            // The request counts until its answer has left, so that a peer that does not read cannot pile up blocks.
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenComplete { _ in self.inboundInFlight -= 1 }
            self.reply(frame.requestID, reply.type, reply.body, promise: written)
        case .failure(let error):
            inboundInFlight -= 1
            if let error = error as? PeerError {
                replyError(frame.requestID, error)
            } else {
                local.logger.warning("a peer's request failed", metadata: ["peer": "\(peer.short)", "error": "\(error)"])
                replyError(frame.requestID, PeerError(.internalError, "The request failed inside the node"))
            }
        }
        context.flush()
    }

    private func reply(_ id: UInt32, _ type: FrameType, _ body: ByteBuffer, promise: EventLoopPromise<Void>?) {
        write(Frame(type: type, flags: .response, requestID: id, body: body), promise: promise)
    }

    private func replyError(_ id: UInt32, _ error: PeerError) {
        var message = PeerPBError()
        message.code = error.code.description
        message.message = error.message
        if let body = try? ByteBuffer(message: message) { reply(id, .error, body, promise: nil) }
    }

    private func write(_ frame: Frame, promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.fail(PeerError(.closed, "The connection with node \(peer.short) ended"))
            return
        }
        let words = frame.header.words
        var head = context.channel.allocator.buffer(capacity: FrameHeader.byteCount)
        head.writeMultipleIntegers(words.0, words.1, words.2)
        if frame.body.readableBytes <= PeerHandler.joinedBodyBytes {
            head.writeImmutableBuffer(frame.body)
            context.write(wrapOutboundOut(head), promise: promise)
        } else {
            context.write(wrapOutboundOut(head), promise: nil)
            context.write(wrapOutboundOut(frame.body), promise: promise)
        }
    }

    /// Bodies up to this size are copied behind their header: cheaper than a second write.
    private static let joinedBodyBytes = 4_096

    // MARK: Liveness

    private func scheduleNextPing() {
        guard let context else { return }
        pingTask = context.eventLoop.assumeIsolated().scheduleTask(in: limits.pingInterval) { [weak self] in
            guard let self else { return }
            ping()
        }
    }

    private func ping() {
        guard !pingUnanswered else {
            return fail(PeerError(.timeout, "Node \(peer.short) answers no pings"))
        }
        pingUnanswered = true
        var ping = PeerPBPing()
        ping.nonce = UInt64.random(in: 0 ... .max)
        guard let body = try? ByteBuffer(message: ping) else { return }
        write(Frame(type: .ping, flags: .required, requestID: 0, body: body), promise: nil)
        context?.flush()
        scheduleNextPing()
    }
}
