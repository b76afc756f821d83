import Identity
import Logging
import NIOCore
import SwiftProtobuf
import Wire

extension PeerHandler {
    // MARK: Ours

    /// Sends a request, or lets it wait for its turn; must be called on the event loop.
    func request(
        _ type: FrameType, _ body: ByteBuffer, timeout: TimeAmount?, label: RequestLabel? = nil,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Frame> {
        if case .closed(let error) = state { return eventLoop.makeFailedFuture(error) }
        guard body.readableBytes <= FrameHeader.maxBodyBytes else {
            return eventLoop.makeFailedFuture(
                PeerError(
                    .tooLarge,
                    "A request of \(body.readableBytes) bytes is above \(FrameHeader.maxBodyBytes); split it"))
        }
        lastRequest = .now()
        let promise = eventLoop.makePromise(of: Frame.self)
        let tag = Outbound(promise: promise, limit: timeout ?? limits.requestTimeout, label: label)
        guard outbound.add(.init(type: type, body: body, tag: tag)) else {
            promise.fail(
                PeerError(.busy, "\(outbound.count) requests to node \(peer.short) are unanswered; try again later"))
            return promise.futureResult
        }
        sendWaiting()
        return promise.futureResult
    }

    private func sendWaiting() {
        guard let context, case .open = state else { return }
        while let (id, request) = outbound.next() {
            var tag = request.tag
            tag.deadline = context.eventLoop.now + tag.limit
            outbound.update(id, tag)
            write(Frame(type: request.type, flags: .required, requestID: id, body: request.body), promise: nil)
            awaitDeadline(tag.deadline, on: context.eventLoop)
        }
    }

    /// One timer for all requests: nearly all are answered long before their time is up, and a timer of its own would cost
    /// each of them more than its frame.
    private func awaitDeadline(_ deadline: NIODeadline, on eventLoop: any EventLoop) {
        if let expiry, expiry.deadline <= deadline { return }
        expiry?.timer.cancel()
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            expireDue()
        }
        expiry = (deadline, timer)
    }

    private func expireDue() {
        guard let now = context?.eventLoop.now else { return }
        expiry = nil
        for id in outbound.inFlight.filter({ $0.value.deadline <= now }).keys.sorted() { expire(id) }
        if let context, let next = outbound.inFlight.values.lazy.map(\.deadline).min() {
            awaitDeadline(next, on: context.eventLoop)
        }
    }

    private func expire(_ id: UInt32) {
        guard let request = outbound.remove(id) else { return }
        write(Frame(type: .cancel, flags: [], requestID: id, body: ByteBuffer()), promise: nil)
        sendWaiting()
        let millis = request.limit.nanoseconds / 1_000_000
        request.promise.fail(PeerError(.timeout, "Node \(peer.short) did not answer within \(millis) ms"))
    }

    /// Ends the request with this label, if it has no answer yet.
    func cancel(_ label: RequestLabel) {
        guard let (id, request) = outbound.take(where: { $0.label == label }) else { return }
        if let id { write(Frame(type: .cancel, flags: [], requestID: id, body: ByteBuffer()), promise: nil) }
        sendWaiting()
        request.promise.fail(PeerError(.cancelled, "The request to node \(peer.short) was cancelled"))
    }

    func receiveResponse(_ frame: Frame) {
        if frame.type == .pong { return receivePong(frame) }
        // An answer after its time-out finds nobody; that is no fault of the peer.
        guard let request = outbound.remove(frame.requestID) else { return }
        sendWaiting()
        if frame.type == .error {
            request.promise.fail(PeerHandler.error(in: frame, from: peer))
        } else {
            request.promise.succeed(frame)
        }
    }

    /// The longest code and message that are taken over from a peer, in characters: they end up in logs.
    private static let maxCodeLength = 64
    private static let maxMessageLength = 1_024

    private static func error(in frame: Frame, from peer: NodeID) -> PeerError {
        let failure = (try? frame.body.message(PeerPBError.self)) ?? PeerPBError()
        let message = failure.message.prefix(maxMessageLength)
        guard !failure.code.isEmpty else { return PeerError(.internalError, "Node \(peer.short): \(message)") }
        let said = PeerError.Code(String(failure.code.prefix(maxCodeLength)))
        let code = said.fromPeer
        return PeerError(
            code, code == said ? "Node \(peer.short): \(message)" : "Node \(peer.short) says \(said): \(message)")
    }

    // MARK: The peer's

    func receiveRequest(_ frame: Frame) {
        switch frame.type {
        case .ping:
            var pong = PeerPBPong()
            pong.nonce = (try? frame.body.message(PeerPBPing.self))?.nonce ?? 0
            pong.ledgerSequence = local.ledgerSequence()
            replySmall(frame.requestID, .pong, pong)
        case .cancel:
            if activeInbound.contains(frame.requestID) {
                cancelledInbound.insert(frame.requestID)
            } else {
                dropWaitingBlock(frame.requestID)
            }
        case .hello:
            fail(PeerError(.protocolViolation, "Node \(peer.short) sent a second hello"))
        default:
            serve(frame)
        }
    }

    private func serve(_ frame: Frame) {
        guard let context else { return }
        let isFree =
            frame.type.waitsForCode
            ? inboundCalls < limits.maxInboundCalls : inboundInFlight < limits.maxInboundRequests
        guard isFree else {
            return replyError(frame.requestID, PeerError(.busy, "Too many requests at once; wait for answers"))
        }
        guard activeInbound.insert(frame.requestID).inserted else {
            return fail(PeerError(.protocolViolation, "Node \(peer.short) used a request id twice"))
        }
        // What is kept until there is an answer is the header: a body may have 2 MiB.
        let asked = frame.header
        count(asked, 1)
        let request = PeerRequest(peer: peer, type: frame.type, body: frame.body)
        local.handler.handle(request, on: context.eventLoop).hop(to: context.eventLoop).assumeIsolated()
            .whenComplete { result in
                self.answer(asked, result)
            }
    }

    private func count(_ asked: FrameHeader, _ change: Int) {
        if asked.type.waitsForCode { inboundCalls += change } else { inboundInFlight += change }
    }

    private func answer(_ asked: FrameHeader, _ result: Result<PeerReply, any Error>) {
        activeInbound.remove(asked.requestID)
        let isUnwanted = cancelledInbound.remove(asked.requestID) != nil
        guard !isUnwanted, case .open = state else {
            count(asked, -1)
            if case .success(let reply) = result { reply.onSent?() }
            return
        }
        switch result {
        case .success(let reply) where reply.body.readableBytes <= FrameHeader.maxBodyBytes:
            // The request counts until its answer has left, so that a peer that does not read cannot pile up blocks.
            self.reply(asked.requestID, reply.type, reply.body) {
                self.count(asked, -1)
                reply.onSent?()
            }
        case .success(let reply):
            count(asked, -1)
            reply.onSent?()
            local.logger.error(
                "an answer is above the limit of a frame",
                metadata: ["type": "\(reply.type)", "bytes": "\(reply.body.readableBytes)"])
            replyError(asked.requestID, PeerError(.internalError, "The answer is too large for a frame; ask for less"))
        case .failure(let error as PeerError):
            count(asked, -1)
            // Whoever sends an optional request reads silence as "unknown here".
            if error.code == .unsupported, !asked.flags.contains(.required) { return }
            replyError(asked.requestID, error)
        case .failure(let error):
            count(asked, -1)
            local.logger.warning("a peer's request failed", metadata: ["peer": "\(peer.short)", "error": "\(error)"])
            replyError(asked.requestID, PeerError(.internalError, "The request failed inside the node"))
        }
    }

    private func replyError(_ id: UInt32, _ error: PeerError) {
        var message = PeerPBError()
        message.code = error.code.description
        message.message = error.message
        replySmall(id, .error, message)
    }
}
