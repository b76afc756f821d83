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

    enum State {
        case handshaking
        case awaitingHello
        case open
        case closed(PeerError)
    }

    /// What is remembered about a request to the peer.
    struct Outbound {
        let promise: EventLoopPromise<Frame>
        let limit: TimeAmount
        /// Runs once the request is on the wire.
        var timer: Scheduled<Void>?
    }

    static let protocolVersion: UInt32 = 1

    let identity: PeerIdentity
    let local: PeerLocal
    let limits: PeerLimits
    /// Set while the connection takes requests.
    let flag: OpenFlag
    private let opened: EventLoopPromise<NodeID>
    private(set) var state = State.handshaking
    private(set) var context: ChannelHandlerContext?
    private var decoder = FrameDecoder()
    private var needsFlush = false
    private var isFlushScheduled = false
    private var pingTask: Scheduled<Void>?
    /// Whether bytes came, or went, since the last ping.
    private var hasProgress = true
    var outbound: RequestQueue<Outbound>
    /// Requests that are served, or whose answer has not left yet.
    var inboundInFlight = 0
    var activeInbound: Set<UInt32> = []
    var cancelledInbound: Set<UInt32> = []
    private var unreadAnswers = 0

    init(
        identity: PeerIdentity, local: PeerLocal, limits: PeerLimits, opened: EventLoopPromise<NodeID>,
        flag: OpenFlag = OpenFlag()
    ) {
        self.identity = identity
        self.local = local
        self.limits = limits
        self.opened = opened
        self.flag = flag
        outbound = RequestQueue(maxInFlight: limits.maxRequestsInFlight, maxTotal: limits.maxOutboundRequests)
    }

    var peer: NodeID { identity.node }

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
        if case .closed = state { return }
        hasProgress = true
        decoder.feed(unwrapInboundIn(data))
        do {
            // A frame may end the connection, and a failing write may bring further bytes, so each step looks again.
            while let frame = try decoder.next(allocator: context.channel.allocator) {
                receive(frame)
                if case .closed = state { return }
            }
        } catch {
            fail(PeerError(.protocolViolation, "Node \(peer.short): \(error.message)"))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flushIfNeeded()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(PeerError(.closed, "The connection with node \(peer.short) ended"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(explained(error)) }

    func handlerRemoved(context: ChannelHandlerContext) {
        if case .handshaking = state {
            // A connection that never came about takes its handlers away, perhaps before it says why.
            fail(PeerError(.unreachable, "Nobody answers at the address of node \(peer.short)"))
        } else {
            fail(PeerError(.closed, "The connection with node \(peer.short) ended"))
        }
        self.context = nil
    }

    /// Says in our own terms what a TLS or socket error means.
    private func explained(_ error: any Error) -> PeerError {
        if let refusal = identity.refusal { return refusal }
        switch state {
        case .handshaking, .awaitingHello:
            guard error is NIOSSLError || error is BoringSSLError else {
                return PeerError(.unreachable, "Node \(peer.short) was lost during the handshake: \(error)")
            }
            return PeerError(
                .notOnLedger,
                "Node \(peer.short) ended the handshake (\(error)); is this node's key registered on the ledger?")
        case .open, .closed:
            return PeerError(.closed, "The connection with node \(peer.short) failed: \(error)")
        }
    }

    /// Ends the connection; every request without an answer fails with `error`.
    func fail(_ error: PeerError) {
        if case .closed = state { return }
        state = .closed(error)
        flag.clear()
        pingTask?.cancel()
        decoder = FrameDecoder()
        let unanswered = outbound.removeAll()
        opened.fail(error)
        for request in unanswered {
            request.timer?.cancel()
            request.promise.fail(error)
        }
        // What was said before still leaves: the peer learns from our hello why it is refused.
        flushIfNeeded()
        context?.close(promise: nil)
    }

    // MARK: Hello

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
        do {
            let body = try ByteBuffer(message: hello)
            write(Frame(type: .hello, flags: .required, requestID: 0, body: body), promise: nil)
        } catch {
            fail(PeerError(.internalError, "This node's hello cannot be encoded: \(error)"))
        }
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

    // MARK: Writing

    /// Writes a frame; it leaves with everything else of this turn of the event loop.
    func write(_ frame: Frame, promise: EventLoopPromise<Void>?) {
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
        needsFlush = true
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flushIfNeeded()
        }
    }

    private func flushIfNeeded() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    /// Bodies up to this size are copied behind their header: cheaper than a second write.
    private static let joinedBodyBytes = 4_096

    /// Writes an answer and calls `onWritten` when it has left, or when the connection ended.
    func reply(_ id: UInt32, _ type: FrameType, _ body: ByteBuffer, onWritten: @escaping () -> Void) {
        guard let context else { return onWritten() }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            if case .success = result { self.hasProgress = true }
            onWritten()
        }
        write(Frame(type: type, flags: .response, requestID: id, body: body), promise: written)
    }

    /// Writes an answer that is not counted as a request in flight. A peer that asks on and on without reading loses
    /// its connection before such answers fill the memory.
    func replySmall(_ id: UInt32, _ type: FrameType, _ message: some Message) {
        guard unreadAnswers < limits.maxUnreadAnswers else {
            return fail(PeerError(.protocolViolation, "Node \(peer.short) does not read its answers"))
        }
        guard let body = try? ByteBuffer(message: message) else { return }
        unreadAnswers += 1
        reply(id, type, body) { self.unreadAnswers -= 1 }
    }

    // MARK: Liveness

    private func scheduleNextPing() {
        guard let context else { return }
        pingTask = context.eventLoop.assumeIsolated().scheduleTask(in: limits.pingInterval) { [weak self] in
            guard let self else { return }
            ping()
        }
    }

    /// Bytes of any kind prove that the peer is there: its pong may be queued behind blocks on a slow link.
    private func ping() {
        guard hasProgress else {
            return fail(PeerError(.timeout, "Node \(peer.short) answers no pings"))
        }
        hasProgress = false
        var ping = PeerPBPing()
        ping.nonce = UInt64.random(in: 0 ... .max)
        if let body = try? ByteBuffer(message: ping) {
            write(Frame(type: .ping, flags: .required, requestID: 0, body: body), promise: nil)
        }
        scheduleNextPing()
    }
}
