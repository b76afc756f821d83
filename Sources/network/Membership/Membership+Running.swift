import Identity
import Logging
import NIOCore
import Peering
import Synchronization
import Wire

/// The core's actions, executed.
extension Membership {
    /// The longest sleep between looks at the core: what arrives meanwhile may have brought its deadline forward.
    private static let maxSleep = Duration.milliseconds(100)
    /// When one member has heard that this node goes, others are waited for so long: one that hangs holds up nobody.
    private static let moreAnswers = TimeAmount.milliseconds(100)

    /// Probes the members until the task is cancelled. Peers that wait for an indirect probe then, get an error, and
    /// ``changes()`` end. May be called once at a time.
    public func run() async {
        state.withLock { $0.isRunning = true }
        var nextListAt = Duration.zero
        while !Task.isCancelled {
            let now = now
            if now >= nextListAt {
                nextListAt = now + settings.ledgerInterval
                followLedger(now: now)
            }
            let (orders, deadline) = state.withLock { state in
                let orders = prepare(state.core.swim.onTick(now: now), &state)
                return (orders, state.core.swim.nextDeadline)
            }
            execute(orders)
            let pause = min(deadline, now + Membership.maxSleep, nextListAt) - self.now
            // A cancelled sleep ends the loop.
            try? await Task.sleep(for: max(pause, .milliseconds(1)))
        }
        let (waiting, readers) = state.withLock { state in
            state.isRunning = false
            defer { state.waiting.removeAll() }
            return (Array(state.waiting.values), Array(state.readers.values))
        }
        for promise in waiting { promise.fail(PeerError(.busy, "This node is stopping; ask another")) }
        for reader in readers { reader.finish() }
    }

    /// Tells members that this node goes, so that they need not find out. Returns when those asked have answered, or a
    /// moment after the first, who tells the others, or after ``MembershipSettings/leaveTimeout``. Call it before the peer
    /// network is shut down; the object is of no further use then.
    public func leave() async {
        let orders = state.withLock { prepare($0.core.swim.leave(now: now), &$0) }
        let loop = group.next()
        let done = loop.makePromise(of: Void.self)
        let timer = loop.scheduleTask(in: .nanoseconds(settings.leaveTimeout.wholeNanoseconds)) { done.succeed() }
        let sent = execute(orders).map { $0.hop(to: loop) }
        for answer in sent {
            answer.whenSuccess { _ = loop.scheduleTask(in: Membership.moreAnswers) { done.succeed() } }
        }
        EventLoopFuture.andAllComplete(sent, on: loop).whenComplete { _ in
            timer.cancel()
            done.succeed()
        }
        try? await done.futureResult.get()
    }

    private func followLedger(now: Duration) {
        let listed = directory.nodes
        let orders = state.withLock { state -> [Order] in
            guard listed != state.listed else { return [] }
            state.listed = listed
            return prepare(state.core.setRoster(MemberRoster(listed), now: now), &state)
        }
        execute(orders)
        let (core, members) = state.withLock { ($0.core, $0.core.swim.members(now: now)) }
        metrics.report(core, members)
    }

    // MARK: Actions

    /// An action with all that it takes to execute it outside the lock.
    enum Order {
        /// A request; its nonce, if the core gave it one.
        case ask(NodeID, PeerReply, nonce: UInt64)
        /// The answer to the request that is being served.
        case reply(PeerReply)
        case finish(EventLoopPromise<PeerReply>, Result<PeerReply, any Error>)
        case tell([AsyncStream<MembershipEvent>.Continuation], MembershipEvent)
    }

    func prepare(_ actions: [SwimAction], _ state: inout State) -> [Order] {
        var orders: [Order] = []
        for action in actions {
            switch action {
            case .changed(let event):
                orders.append(.tell(Array(state.readers.values), event))
            case .refuse(let refusal, let nonce, _):
                guard let promise = state.waiting.removeValue(forKey: nonce) else { continue }
                orders.append(.finish(promise, .failure(Membership.error(refusal).answer)))
            case .send(let message, let peer):
                do {
                    let body = try state.core.frame(message).encoded()
                    switch message {
                    case .probe(let nonce, _, _), .indirectProbe(let nonce, _, _, _):
                        orders.append(.ask(peer, body, nonce: nonce))
                    case .sync: orders.append(.ask(peer, body, nonce: 0))
                    case .probeAck, .members: orders.append(.reply(body))
                    case .indirectProbeAck(let nonce, _, _):
                        guard let promise = state.waiting.removeValue(forKey: nonce) else { continue }
                        orders.append(.finish(promise, .success(body)))
                    }
                } catch {
                    logger.error("cannot make a membership message", metadata: ["error": "\(error)"])
                }
            }
        }
        return orders
    }

    private static func error(_ refusal: SwimRefusal) -> MembershipError {
        switch refusal {
        case .unknownNode:
            MembershipError(.unknownNode, "The node to probe is not on the ledger, or is one of us two")
        case .tooManyProbes:
            MembershipError(.tooManyProbes, "Too many indirect probes in this second; ask another node")
        }
    }

    /// - Returns: The requests that were sent; each ends when its answer has been taken up, or fails.
    @discardableResult
    func execute(_ orders: [Order]) -> [EventLoopFuture<Void>] {
        var sent: [EventLoopFuture<Void>] = []
        for order in orders {
            switch order {
            case .ask(let peer, let body, let nonce): sent.append(ask(peer, body, nonce))
            case .finish(let promise, let result): promise.completeWith(result)
            case .tell(let readers, let event):
                logger.debug(
                    "a member changed",
                    metadata: [
                        "member": "\(event.node.short)", "from": "\(event.from)", "to": "\(event.to)",
                        "incarnation": "\(event.incarnation)",
                    ])
                for reader in readers { reader.yield(event) }
            case .reply: break
            }
        }
        return sent
    }

    /// Sends a request, dialling first if need be, and takes up the answer.
    private func ask(_ peer: NodeID, _ body: PeerReply, _ nonce: UInt64) -> EventLoopFuture<Void> {
        let timeout = settings.roundTimeout * (settings.maxLocalHealth + 1)
        let answer = peers.connection(to: peer, on: group.next()).flatMap { connection in
            self.state.withLock { $0.core.swim.onSent(nonce: nonce, now: self.now) }
            return connection.request(body.type, body.body, timeout: .nanoseconds(timeout.wholeNanoseconds))
        }.flatMapThrowing { frame in
            try self.takeUp(PeerRequest(peer: peer, type: frame.type, body: frame.body), nonce: nonce)
        }
        answer.whenFailure { error in
            self.logger.debug(
                "a membership request failed", metadata: ["member": "\(peer.short)", "error": "\(error)"])
            guard body.type == .probe else { return }
            self.execute(
                self.state.withLock { self.prepare($0.core.swim.onSendFailed(nonce: nonce, now: self.now), &$0) })
        }
        return answer
    }

    private func takeUp(_ answer: PeerRequest, nonce: UInt64) throws {
        guard let frame = try MembershipFrame(answer, nonce: nonce) else {
            throw PeerError(.protocolViolation, "Node \(answer.peer.short) answered with \(answer.type)")
        }
        let orders = try state.withLock { state in
            let actions = try state.core.onFrame(
                frame, from: answer.peer, directory: directory, nowMillis: Membership.wallMillis, now: now)
            return prepare(actions, &state)
        }
        execute(orders)
    }
}

extension Duration {
    /// Clamped to what fits.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? Int64.max : product &+ attoseconds / 1_000_000_000
    }
}
