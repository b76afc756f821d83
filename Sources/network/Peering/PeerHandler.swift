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
        let label: RequestLabel?
        /// When the request fails; known once it is on the wire.
        var deadline = NIODeadline.distantFuture
    }

    /// A block that was answered and not written yet.
    private struct WaitingBlock {
        let frame: Frame
        let onWritten: () -> Void
    }

    let identity: PeerIdentity
    let local: PeerLocal
    let limits: PeerLimits
    let link: LinkState
    private let opened: EventLoopPromise<NodeID>
    private(set) var state = State.handshaking
    private(set) var context: ChannelHandlerContext?
    /// What both sides speak; nil until the peer's hello is here.
    private(set) var agreement: PeerAgreement?
    private var decoder = FrameDecoder()
    private var needsFlush = false
    /// Small frames of this turn whose leaving nobody waits for: one write, and so one TLS record, for all.
    private var gathered = ByteBuffer()
    private var isFlushScheduled = false
    private var pingTask: Scheduled<Void>?
    /// Whether bytes came, or went, since the last ping.
    private var hasProgress = true
    /// Nonces of the pings that have no pong yet, oldest first.
    private var unansweredPings = CircularBuffer<UInt64>()
    /// Whether this node dialled, and so is the only one that asks on this connection.
    private let isDialled: Bool
    /// When this node asked for something last.
    var lastRequest = NIODeadline.now()
    var outbound: RequestQueue<Outbound>
    /// Runs at the first deadline of a request on the wire, or earlier.
    var expiry: (deadline: NIODeadline, timer: Scheduled<Void>)?
    /// Requests that are served, or whose answer has not left yet.
    var inboundInFlight = 0
    /// The same of those whose answer takes as long as somebody's code.
    var inboundCalls = 0
    var activeInbound: Set<UInt32> = []
    var cancelledInbound: Set<UInt32> = []
    private var unreadAnswers = 0
    /// Blocks that wait until the channel takes more: what is smaller overtakes them.
    private var waitingBlocks = CircularBuffer<WaitingBlock>()
    private var isSendingWaiting = false

    init(
        identity: PeerIdentity, local: PeerLocal, limits: PeerLimits, opened: EventLoopPromise<NodeID>,
        link: LinkState? = nil
    ) {
        self.identity = identity
        self.local = local
        self.limits = limits
        self.opened = opened
        self.link = link ?? LinkState()
        isDialled = link != nil
        outbound = RequestQueue(
            maxInFlight: limits.maxRequestsInFlight, maxCalls: limits.maxCallsInFlight,
            maxTotal: limits.maxOutboundRequests)
    }

    var peer: NodeID { identity.node }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent, case .handshaking = state {
            completeHandshake()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .closed = state { return }
        hasProgress = true
        let bytes = unwrapInboundIn(data)
        link.addReceived(bytes.readableBytes)
        decoder.feed(bytes)
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
        link.clear()
        pingTask?.cancel()
        expiry?.timer.cancel()
        decoder = FrameDecoder()
        let unanswered = outbound.removeAll()
        opened.fail(error)
        for request in unanswered { request.promise.fail(error) }
        // What was said before still leaves: the peer learns from our hello why it is refused.
        flushIfNeeded()
        context?.close(promise: nil)
        let unsent = waitingBlocks
        waitingBlocks.removeAll()
        for block in unsent { block.onWritten() }
    }

    // MARK: Hello

    /// A handshake that goes on with an earlier session (RFC 8446, section 2.2) shows no certificate, and so would pass by
    /// the ledger. Nodes never do that.
    private func completeHandshake() {
        guard identity.isProven else {
            return fail(PeerError(.protocolViolation, "Somebody resumed a TLS session; a full handshake is required"))
        }
        state = .awaitingHello
        sendHello()
    }

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
        local.offer.write(to: &hello)
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
        guard let offer = PeerOffer(hello) else {
            return fail(
                PeerError(
                    .protocolViolation,
                    "Node \(peer.short) says that it speaks protocol versions from \(hello.minimumVersion) to "
                        + "\(hello.protocolVersion)"))
        }
        guard let agreement = local.offer.agreement(with: offer) else {
            return fail(
                PeerError(
                    .incompatible,
                    "Node \(peer.short) speaks protocol versions \(PeerHandler.text(offer.versions)), this node "
                        + "\(PeerHandler.text(local.offer.versions)); update the older one"))
        }
        guard hello.network == local.network else {
            return fail(PeerError(.incompatible, "Node \(peer.short) belongs to another network"))
        }
        self.agreement = agreement
        state = .open
        scheduleNextPing()
        opened.succeed(peer)
    }

    private static func text(_ versions: ClosedRange<UInt32>) -> String {
        "\(versions.lowerBound) to \(versions.upperBound)"
    }

    // MARK: Writing

    /// Writes a frame; it leaves with everything else of this turn of the event loop.
    func write(_ frame: Frame, promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.fail(PeerError(.closed, "The connection with node \(peer.short) ended"))
            return
        }
        let words = frame.header.words
        let isJoined = frame.body.readableBytes <= PeerHandler.joinedBodyBytes
        gathered.reserveCapacity(
            minimumWritableBytes: FrameHeader.byteCount + (isJoined ? frame.body.readableBytes : 0))
        gathered.writeMultipleIntegers(words.0, words.1, words.2)
        if isJoined {
            gathered.writeImmutableBuffer(frame.body)
            if promise != nil { writeGathered(context, promise) }
        } else {
            writeGathered(context, nil)
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
        guard let context else { return }
        if gathered.readableBytes > 0 { writeGathered(context, nil) }
        context.flush()
    }

    private func writeGathered(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let bytes = gathered
        gathered = ByteBuffer()
        context.write(wrapOutboundOut(bytes), promise: promise)
    }

    /// Bodies up to this size are copied behind their header: cheaper than a second write.
    private static let joinedBodyBytes = 4_096

    /// Writes an answer and calls `onWritten` when it has left, or when the connection ended. Blocks wait while the
    /// channel is full, so that smaller answers need not wait behind them.
    func reply(_ id: UInt32, _ type: FrameType, _ body: ByteBuffer, onWritten: @escaping () -> Void) {
        let frame = Frame(type: type, flags: .response, requestID: id, body: body)
        guard type.isBlock, let context, !waitingBlocks.isEmpty || !context.channel.isWritable else {
            return send(frame, onWritten: onWritten)
        }
        waitingBlocks.append(WaitingBlock(frame: frame, onWritten: onWritten))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // A flush may make the channel full and writable again before it returns.
        if !isSendingWaiting {
            isSendingWaiting = true
            while context.channel.isWritable, let block = waitingBlocks.popFirst() {
                send(block.frame, onWritten: block.onWritten)
            }
            isSendingWaiting = false
        }
        context.fireChannelWritabilityChanged()
    }

    /// Takes back an answer that has not been written yet.
    func dropWaitingBlock(_ id: UInt32) {
        guard let index = waitingBlocks.firstIndex(where: { $0.frame.requestID == id }) else { return }
        waitingBlocks.remove(at: index).onWritten()
    }

    private func send(_ frame: Frame, onWritten: @escaping () -> Void) {
        guard let context else { return onWritten() }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            if case .success = result { self.hasProgress = true }
            onWritten()
        }
        write(frame, promise: written)
        // Only what was flushed counts against the channel's mark.
        if frame.type.isBlock { flushIfNeeded() }
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

    /// Ends a connection that nobody used for long, in two steps so that no request meets it while it closes: first
    /// nobody gets it any more, then, a ping interval later, it goes.
    private func isIdle() -> Bool {
        guard outbound.count == 0, NIODeadline.now() - lastRequest > limits.idleTimeout else { return false }
        guard link.isOpen else {
            fail(PeerError(.closed, "The connection with node \(peer.short) was not used"))
            return true
        }
        link.clear()
        return false
    }

    /// Bytes of any kind prove that the peer is there: its pong may be queued behind blocks on a slow link.
    private func ping() {
        guard hasProgress else {
            return fail(PeerError(.timeout, "Node \(peer.short) answers no pings"))
        }
        guard unansweredPings.count < limits.maxUnansweredPings else {
            return fail(
                PeerError(.timeout, "Node \(peer.short) sends, but left \(unansweredPings.count) pings unanswered"))
        }
        if isDialled, isIdle() { return }
        hasProgress = false
        var ping = PeerPBPing()
        ping.nonce = UInt64.random(in: 0 ... .max)
        if let body = try? ByteBuffer(message: ping) {
            unansweredPings.append(ping.nonce)
            write(Frame(type: .ping, flags: .required, requestID: 0, body: body), promise: nil)
        }
        scheduleNextPing()
    }

    /// Pings are answered in their order, so a pong has the nonce of the oldest one. Any other was made up: a peer that
    /// does not read what this node sends would seem to.
    func receivePong(_ frame: Frame) {
        let pong = try? frame.body.message(PeerPBPong.self)
        guard let nonce = unansweredPings.popFirst(), nonce == pong?.nonce else {
            return fail(PeerError(.protocolViolation, "Node \(peer.short) sent a pong that answers no ping"))
        }
    }
}
