import Channels
import Exchange
import Identity
import Ledger
import Logging
import Metrics
import NIOCore
import Peering
import Stark
import Synchronization
import Wire

/// Pays one node over one connection: asks for blocks as the credit allows, in the order in which they are wanted, and
/// sends acknowledgments with the requests that follow, or alone when none does.
final class PayingSession: DeliverySession {
    private struct Wish {
        let blob: BlobID
        let index: Int
        let units: Int
        let timeout: TimeAmount
        let promise: EventLoopPromise<Frame>
    }

    private struct State {
        var core: PayerSession
        var wishes: [Wish] = []
        var failure: PeerError?
    }

    private enum Step {
        case ask(Wish, BlockPayment)
        case acknowledge([SessionAck])
        case end
    }

    private static let spent = Counter(label: "skerry_payment_spent_units_total", dimensions: [("for", "bytes")])
    /// Blocks that may wait for credit: as many as an exchange asks of one provider.
    private static let maxWishes = 4_096

    let connection: PeerConnection
    private let state: Mutex<State>
    private let logger: Logger
    private let onEnd: @Sendable (PayingSession) -> Void

    /// - Parameter onEnd: Called when the session is over; its chain may be used for another one.
    init(
        _ core: PayerSession, over connection: PeerConnection, logger: Logger,
        onEnd: @escaping @Sendable (PayingSession) -> Void
    ) {
        self.connection = connection
        self.logger = logger
        self.onEnd = onEnd
        state = Mutex(State(core: core))
    }

    /// The chain as it stands, and what of it was paid for nothing.
    var chain: PayerChain { state.withLock { $0.core.chain } }
    var lostUnits: UInt64 { state.withLock { $0.core.lostUnits } }
    var number: UInt32 { state.withLock { $0.core.number } }
    var isOver: Bool { state.withLock { $0.failure != nil } || !connection.isOpen }

    func request(_ blob: BlobID, _ index: Int, units: Int, timeout: TimeAmount) -> EventLoopFuture<Frame> {
        let promise = connection.eventLoop.makePromise(of: Frame.self)
        let wish = Wish(blob: blob, index: index, units: units, timeout: timeout, promise: promise)
        let refusal = state.withLock { state -> PeerError? in
            if let failure = state.failure { return failure }
            guard state.wishes.count < PayingSession.maxWishes else {
                return PeerError(.busy, "\(state.wishes.count) blocks wait for credit; try again later")
            }
            state.wishes.append(wish)
            return nil
        }
        if let refusal { promise.fail(refusal) } else { advance() }
        return promise.futureResult
    }

    func accept(units: Int) {
        PayingSession.spent.increment(by: Int64(units))
        pay { core throws(ChannelsError) in try core.accept(UInt64(units)) }
        advance()
    }

    private func pay(_ change: (inout PayerSession) throws(ChannelsError) -> Void) {
        let failure = state.withLock { state -> ChannelsError? in
            do throws(ChannelsError) {
                try change(&state.core)
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            end(PeerError(.busy, "Node \(connection.peer.short) is not paid any more: \(failure.message)"))
        }
    }

    // MARK: Sending

    private func advance() {
        while let step = state.withLock({ nextStep(&$0) }) {
            switch step {
            case .ask(let wish, let payment): ask(wish, payment)
            case .acknowledge(let acks): for ack in acks { send(ack) }
            case .end: end(PeerError(.busy, "The channel to node \(connection.peer.short) has no units left"))
            }
        }
    }

    private func nextStep(_ state: inout State) -> Step? {
        guard state.failure == nil else { return nil }
        // More than a request carries: the node must have them before it delivers on.
        if state.core.dueCount > BlockPayment.maxAcknowledgments { return acknowledging(&state) }
        guard let wish = state.wishes.first, state.core.ask(UInt64(wish.units)) else {
            // Nothing is asked for now that could carry them.
            if state.core.dueCount > 0 { return acknowledging(&state) }
            let isSpent = state.wishes.first.map { !state.core.canPay(UInt64($0.units)) } ?? false
            return isSpent && state.core.askedUnits == 0 ? .end : nil
        }
        state.wishes.removeFirst()
        let due = state.core.takeDue(BlockPayment.maxAcknowledgments)
        return .ask(
            wish,
            BlockPayment(
                session: state.core.number, units: wish.units,
                acknowledgments: due.map { .init(index: $0.index, link: $0.link.bytes) }))
    }

    private func acknowledging(_ state: inout State) -> Step {
        let due = state.core.takeDue(BlockPayment.maxAcknowledgments)
        return .acknowledge(due.map { SessionAck(session: state.core.number, link: $0) })
    }

    private func ask(_ wish: Wish, _ payment: BlockPayment) {
        let body = PaidBlockBody(blob: wish.blob, index: wish.index, payment: payment).buffer
        connection.request(.readPaidBlock, body, timeout: wish.timeout).whenComplete { result in
            switch result {
            case .success(let frame): wish.promise.succeed(frame)
            case .failure(let error): self.fail(wish, error)
            }
        }
    }

    private func send(_ ack: SessionAck) {
        connection.request(.acknowledge, ByteBuffer(bytes: ack.bytes)).whenFailure { error in
            // A newer one was faster: that is all the same.
            guard let error = error as? PeerError, error.code != .init(ChannelsError.Code.stale.description) else {
                return
            }
            self.end(error)
        }
    }

    /// Hands the node a voucher for all units that were acknowledged.
    ///
    /// - Returns: The units; 0 if there are none, and nothing was sent.
    /// - Throws: `PeerError`, also where the voucher is of no use to the node.
    func handVoucher(for channel: ChannelID, network: NetworkID, key: SigningKey) async throws -> UInt64 {
        let (session, units) = state.withLock { ($0.core.number, $0.core.chain.revealed) }
        guard units > 0 else { return 0 }
        let voucher = try SessionVoucher(
            session: session, channel: channel, commodity: .bytes, units: units, network: network, key: key)
        _ = try await connection.request(.handVoucher, ByteBuffer(bytes: voucher.bytes)).get()
        return units
    }

    // MARK: Failing

    private static let ends: Set<PeerError.Code> = Set(
        [ChannelsError.Code.unknownSession, .quoteExpired, .channelEnded, .badLink, .gap, .exhausted, .log].map {
            PeerError.Code($0.description)
        })
    /// What only this side says, so that the block may have been sent all the same.
    private static let silences: Set<PeerError.Code> = [.timeout, .closed, .cancelled]

    private func fail(_ wish: Wish, _ error: any Error) {
        let code = (error as? PeerError)?.code
        if let code, PayingSession.silences.contains(code) {
            pay { core throws(ChannelsError) in try core.lose(UInt64(wish.units)) }
        } else {
            state.withLock { $0.core.refuse(UInt64(wish.units)) }
        }
        if let code, PayingSession.ends.contains(code) {
            let failure = PeerError(.busy, "The session with node \(connection.peer.short) is over: \(error)")
            end(failure)
            wish.promise.fail(failure)
        } else if code == PeerError.Code(ChannelsError.Code.credit.description) {
            wish.promise.fail(PeerError(.busy, "Node \(connection.peer.short) waits for acknowledgments"))
        } else {
            wish.promise.fail(error)
        }
        advance()
    }

    private func end(_ failure: PeerError) {
        let (isFirst, wishes) = state.withLock { state in
            defer {
                state.failure = state.failure ?? failure
                state.wishes = []
            }
            return (state.failure == nil, state.wishes)
        }
        for wish in wishes { wish.promise.fail(failure) }
        guard isFirst else { return }
        logger.debug(
            "a paying session ended", metadata: ["peer": "\(connection.peer.short)", "why": "\(failure.message)"])
        onEnd(self)
    }
}
