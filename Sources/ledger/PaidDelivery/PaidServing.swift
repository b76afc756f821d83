public import Channels
public import Exchange
public import Foundation
public import Identity
public import Ledger
import Metrics
public import NIOCore
public import Peering
import Stark
import Synchronization
public import Wire

/// The side that is paid: serves the frames of sessions, and tells the exchange who gets blocks.
public final class PaidServing: DeliveryMeter {
    /// Peers whose session for calls is remembered; when there are more, all have to open theirs again.
    private static let maxCallers = 65_536
    /// What a block of 256 KiB counts as.
    private static let unitsOfBlock: UInt64 = 2

    public let payee: PayeeLedger
    private let free: FreeUse
    private let terms: @Sendable () -> FreeTerms
    private let isNode: @Sendable (NodeID) -> Bool
    private let channel: @Sendable (ChannelID) -> ChannelRecord?
    private let now: @Sendable () -> Int64
    private let gatherer: UnitGatherer
    private let freeCounts = Mutex(FreeCounts())
    private let rates = Mutex(SignatureRates())
    /// The session that pays for a peer's calls: the last one with a credit of its own that it opened for `compute`.
    private let computeSessions = Mutex<[NodeID: UInt32]>([:])
    private let counters: PaidCounters

    /// - Parameters:
    ///   - channel: An open channel on the ledger as this node has it. Called on event loops.
    ///   - now: Milliseconds since 1970.
    ///   - terms: What the network says now.
    ///   - isNode: Whether a peer takes part in the network; others only pay.
    ///   - around: Runs the taking of acknowledgments, such as to measure it.
    public init(
        payee: PayeeLedger, free: FreeUse, channel: @escaping @Sendable (ChannelID) -> ChannelRecord?,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) },
        terms: @escaping @Sendable () -> FreeTerms = { FreeTerms() },
        isNode: @escaping @Sendable (NodeID) -> Bool = { _ in true },
        around: @escaping @Sendable (_ work: () -> Void) -> Void = { $0() }
    ) {
        self.payee = payee
        self.free = free
        self.channel = channel
        self.now = now
        self.terms = terms
        self.isNode = isNode
        let counters = PaidCounters()
        self.counters = counters
        gatherer = UnitGatherer { requests in
            var answers: [UnitAnswer] = []
            around { answers = payee.admit(requests, at: now()) }
            counters.count(requests, answers)
            return answers
        }
    }

    // MARK: Frames

    /// The frames that a payer who is no node may send: enough to be delivered to and to call functions, nothing else.
    public static let payerFrames: Set<FrameType> = [
        .openSession, .acknowledge, .readQuote, .handVoucher, .readPaidBlock, .readBlock, .statBlob, .readBlockValues,
        .callBegin, .callSend, .callRead, .callStop,
    ]

    /// Answers a request about sessions; nil if the request is about something else.
    public func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        let answer: ([UInt8], NodeID) throws -> PeerReply
        switch request.type {
        case .acknowledge: return acknowledge(request, on: eventLoop)
        case .openSession: answer = open
        case .readQuote: answer = quote
        case .handVoucher: answer = voucher
        default: return nil
        }
        return eventLoop.makeCompletedFuture {
            guard rates.withLock({ $0.admit(request.peer, at: now()) }) else {
                throw PeerError(.busy, "Too many sessions, quotes or vouchers in a short time; go on more slowly")
            }
            do {
                // The longest of them; what is longer is none and is not copied.
                let bytes = request.body.readableBytesView.prefix(SessionOpening.maxByteCount + 1)
                return try answer(Array(bytes), request.peer)
            } catch let error as ChannelsError {
                counters.refusals.increment()
                throw PeerError(error)
            }
        }
    }

    private func open(_ bytes: [UInt8], _ peer: NodeID) throws -> PeerReply {
        let opening = try SessionOpening(bytes: bytes)
        let opened = try payee.open(opening, record: channel(opening.channel), holder: peer, at: now())
        if opening.commodity == .compute, opening.sharing == 0 { keep(opened.session, of: peer) }
        return PeerReply(type: .sessionOpened, body: ByteBuffer(bytes: opened.bytes))
    }

    private func voucher(_ bytes: [UInt8], _ peer: NodeID) throws -> PeerReply {
        let voucher = try SessionVoucher(bytes: bytes)
        let units = try payee.take(voucher, holder: peer)
        counters.acknowledgedUnits.increment(by: Int64(clamping: units))
        return try owed(voucher.session, peer)
    }

    private func quote(_ bytes: [UInt8], _ peer: NodeID) throws -> PeerReply {
        let quote = try payee.quote(QuoteRequest(bytes: bytes), at: now())
        return PeerReply(type: .quote, body: ByteBuffer(bytes: quote.bytes))
    }

    private func acknowledge(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply> {
        let ack: SessionAck
        do throws(ChannelsError) {
            ack = try SessionAck(bytes: Array(request.body.readableBytesView.prefix(SessionAck.byteCount + 1)))
        } catch {
            counters.refusals.increment()
            return eventLoop.makeFailedFuture(PeerError(error))
        }
        let peer = request.peer
        let units = UnitRequest(
            holder: peer, session: ack.session, acknowledgments: [ack.link], units: 0, commodity: .bytes)
        return gatherer.submit(units, on: eventLoop).flatMapThrowing { answer in
            if let refusal = answer.refusal { throw PeerError(refusal) }
            do { return try self.owed(ack.session, peer) } catch let error as ChannelsError { throw PeerError(error) }
        }
    }

    /// What is owed, in 4 bytes.
    private func owed(_ session: UInt32, _ peer: NodeID) throws -> PeerReply {
        let owed = try payee.owed(session: session, holder: peer)
        return PeerReply(type: .acknowledged, body: ByteBuffer(integer: UInt32(clamping: owed)))
    }

    // MARK: Calls

    private func keep(_ session: UInt32, of peer: NodeID) {
        computeSessions.withLock { sessions in
            if sessions.count >= PaidServing.maxCallers, sessions[peer] == nil { sessions.removeAll() }
            sessions[peer] = session
        }
    }

    /// Whether a peer's calls are paid for: unless it gets everything for nothing.
    public func sellsCalls(to peer: NodeID) -> Bool { free.units(isNode: isNode(peer), terms()) != nil }

    /// Whether a peer is no node of the network, and let in because it pays.
    public func isPayer(_ peer: NodeID) -> Bool { !isNode(peer) }

    /// Whether the channel that pays for a call owes no more than what is delivered on credit.
    public func isWithinCredit(_ ticket: UnitTicket) -> Bool { payee.isWithinCredit(ticket) }

    /// A peer wants a call to be run: counts one unit of gas for it.
    ///
    /// - Returns: Where the rest is counted, see ``chargeCall(_:gas:)``.
    /// - Throws: Why not: without an open session for `compute`, or with too much owed in it.
    public func beginCall(by peer: NodeID) throws(PeerError) -> UnitTicket {
        guard let session = computeSessions.withLock({ $0[peer] }) else {
            throw PeerError(.paymentRequired, "This node runs no calls for nothing; open a session for compute")
        }
        do throws(ChannelsError) {
            return try payee.charge(session: session, holder: peer, commodity: .compute, at: now())
        } catch {
            counters.refusals.increment()
            throw PeerError(error)
        }
    }

    /// A call used more gas than what was counted: its channel owes it, whatever became of the session.
    public func chargeCall(_ ticket: UnitTicket, gas: UInt64) { payee.chargeAfterwards(gas, on: ticket) }

    // MARK: Blocks

    public func refusalOfUnpaid(_ peer: NodeID) -> PeerError? {
        let terms = terms()
        guard let most = free.units(isNode: isNode(peer), terms) else { return nil }
        let isFree = freeCounts.withLock {
            $0.take(PaidServing.unitsOfBlock, for: peer, upTo: most, in: terms.epoch)
        }
        return isFree
            ? nil : PeerError(.paymentRequired, "This node gives \(most) units away in an epoch; present a channel")
    }

    public func admit(
        _ payment: BlockPayment, by peer: NodeID, on eventLoop: any EventLoop
    ) -> EventLoopFuture<PeerError?> {
        var links: [ChainLink] = []
        links.reserveCapacity(payment.acknowledgments.count)
        for acknowledgment in payment.acknowledgments {
            guard let link = acknowledgment.link.withUnsafeBytes({ PoseidonLink(memory: $0) }) else {
                counters.refusals.increment()
                let error = ChannelsError(
                    .malformed, "A link is not canonical; its words are below 2^31 - 2^24 + 1")
                return eventLoop.makeSucceededFuture(PeerError(error))
            }
            links.append(ChainLink(index: acknowledgment.index, link: link))
        }
        let request = UnitRequest(
            holder: peer, session: payment.session, acknowledgments: links, units: UInt64(payment.units),
            commodity: .bytes)
        return gatherer.submit(request, on: eventLoop).map { answer in answer.refusal.map { PeerError($0) } }
    }

    public func giveBack(_ peer: NodeID, session: UInt32, units: Int) {
        payee.refund(UInt64(units), session: session, holder: peer)
    }
}

/// What was sold, for `/metrics`.
private struct PaidCounters: Sendable {
    let paidUnits = Counter(label: "skerry_delivery_paid_units_total")
    let acknowledgedUnits = Counter(label: "skerry_delivery_acknowledged_units_total")
    let refusals = Counter(label: "skerry_delivery_payment_refusals_total")

    /// One turn's, so that counting is no part of what a unit costs.
    func count(_ requests: [UnitRequest], _ answers: [UnitAnswer]) {
        var (paid, acknowledged, refused): (UInt64, UInt64, Int64) = (0, 0, 0)
        for (request, answer) in zip(requests, answers) {
            acknowledged &+= answer.acknowledged
            if answer.refusal == nil { paid &+= request.units } else { refused += 1 }
        }
        if paid > 0 { paidUnits.increment(by: Int64(clamping: paid)) }
        if acknowledged > 0 { acknowledgedUnits.increment(by: Int64(clamping: acknowledged)) }
        if refused > 0 { refusals.increment(by: refused) }
    }
}

extension PeerError {
    /// A refusal as it travels.
    init(_ error: ChannelsError) { self.init(.init(error.code.description), error.message) }
}
