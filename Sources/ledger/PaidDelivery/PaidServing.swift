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
    /// Peers whose free units are counted: all nodes of a ledger that is not huge. When there are more, all begin anew.
    private static let maxCountedPeers = 65_536

    public let payee: PayeeLedger
    private let free: FreeUse
    private let channel: @Sendable (ChannelID) -> ChannelRecord?
    private let now: @Sendable () -> Int64
    private let freeUnits = Mutex<[NodeID: UInt64]>([:])
    /// The session that pays for a peer's calls: the last one that it opened for `compute`.
    private let computeSessions = Mutex<[NodeID: UInt32]>([:])
    private let paidUnits = Counter(label: "skerry_delivery_paid_units_total")
    private let acknowledgedUnits = Counter(label: "skerry_delivery_acknowledged_units_total")
    private let refusals = Counter(label: "skerry_delivery_payment_refusals_total")

    /// - Parameters:
    ///   - channel: An open channel on the ledger as this node has it. Called on event loops.
    ///   - now: Milliseconds since 1970.
    public init(
        payee: PayeeLedger, free: FreeUse, channel: @escaping @Sendable (ChannelID) -> ChannelRecord?,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
    ) {
        self.payee = payee
        self.free = free
        self.channel = channel
        self.now = now
    }

    // MARK: Frames

    /// Answers a request about sessions; nil if the request is about something else.
    public func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        let answer: ([UInt8], NodeID) throws -> PeerReply
        switch request.type {
        case .openSession: answer = open
        case .acknowledge: answer = acknowledge
        case .readQuote: answer = quote
        case .handVoucher: answer = voucher
        default: return nil
        }
        return eventLoop.makeCompletedFuture {
            // The longest of them; what is longer is none and is not copied.
            let bytes = request.body.readableBytesView.prefix(SessionOpening.maxByteCount + 1)
            return try answer(Array(bytes), request.peer)
        }
    }

    /// The frames that a payer who is no node may send: enough to be delivered to, nothing else.
    public static let payerFrames: Set<FrameType> = [
        .openSession, .acknowledge, .readQuote, .handVoucher, .readPaidBlock, .statBlob, .readBlockValues,
    ]

    private func open(_ bytes: [UInt8], _ peer: NodeID) throws -> PeerReply {
        try answering {
            let opening = try SessionOpening(bytes: bytes)
            let opened = try payee.open(opening, record: channel(opening.channel), holder: peer, at: now())
            if opening.commodity == .compute { keep(opened.session, of: peer) }
            return PeerReply(type: .sessionOpened, body: ByteBuffer(bytes: opened.bytes))
        }
    }

    private func acknowledge(_ bytes: [UInt8], _ peer: NodeID) throws -> PeerReply {
        try answering {
            let ack = try SessionAck(bytes: bytes)
            let units = try payee.acknowledge(ack, holder: peer)
            acknowledgedUnits.increment(by: Int64(clamping: units))
            return try owed(ack.session, peer)
        }
    }

    private func voucher(_ bytes: [UInt8], _ peer: NodeID) throws -> PeerReply {
        try answering {
            let voucher = try SessionVoucher(bytes: bytes)
            let units = try payee.take(voucher, holder: peer)
            acknowledgedUnits.increment(by: Int64(clamping: units))
            return try owed(voucher.session, peer)
        }
    }

    private func quote(_ bytes: [UInt8], _ peer: NodeID) throws -> PeerReply {
        try answering {
            let quote = try payee.quote(QuoteRequest(bytes: bytes), at: now())
            return PeerReply(type: .quote, body: ByteBuffer(bytes: quote.bytes))
        }
    }

    /// What is owed, in 4 bytes.
    private func owed(_ session: UInt32, _ peer: NodeID) throws -> PeerReply {
        let owed = try payee.owed(session: session, holder: peer)
        return PeerReply(type: .acknowledged, body: ByteBuffer(integer: UInt32(clamping: owed)))
    }

    private func answering(_ answer: () throws -> PeerReply) throws -> PeerReply {
        do {
            return try answer()
        } catch let error as ChannelsError {
            refusals.increment()
            throw PeerError(error)
        }
    }

    // MARK: Calls

    private func keep(_ session: UInt32, of peer: NodeID) {
        computeSessions.withLock { sessions in
            if sessions.count >= PaidServing.maxCountedPeers, sessions[peer] == nil { sessions.removeAll() }
            sessions[peer] = session
        }
    }

    /// Whether calls are paid for: by everybody, unless everything is given away.
    public var sellsCalls: Bool { free != .always }

    /// A peer wants a call to be run: counts one unit of gas for it.
    ///
    /// - Returns: Why not: without an open session for `compute`, or with too much owed in it.
    public func refusalOfCall(by peer: NodeID) -> PeerError? {
        guard let session = computeSessions.withLock({ $0[peer] }) else {
            return PeerError(.paymentRequired, "This node runs no calls for nothing; open a session for compute")
        }
        do throws(ChannelsError) {
            try payee.charge(session: session, holder: peer, at: now())
            return nil
        } catch {
            refusals.increment()
            return PeerError(error)
        }
    }

    /// A call used more gas than what was counted. If the session has been replaced meanwhile, the new one owes it.
    public func chargeCall(of peer: NodeID, gas: UInt64) {
        guard let session = computeSessions.withLock({ $0[peer] }) else { return }
        try? payee.chargeAfterwards(gas, session: session, holder: peer)
    }

    // MARK: Blocks

    public func refusalOfUnpaid(_ peer: NodeID) -> PeerError? {
        guard case .units(let most) = free else { return nil }
        let isFree = freeUnits.withLock { counts in
            if counts.count >= PaidServing.maxCountedPeers, counts[peer] == nil { counts.removeAll() }
            let used = counts[peer, default: 0]
            guard used + 2 <= most else { return false }
            counts[peer] = used + 2
            return true
        }
        return isFree
            ? nil : PeerError(.paymentRequired, "This node gave \(most) units away; present a channel for more")
    }

    public func refusal(of payment: BlockPayment, by peer: NodeID) -> PeerError? {
        do throws(ChannelsError) {
            var units: UInt64 = 0
            for acknowledgment in payment.acknowledgments {
                guard let link = acknowledgment.link.withUnsafeBytes({ PoseidonLink(memory: $0) }) else {
                    throw ChannelsError(.malformed, "A link is not canonical; its words are below 2^31 - 2^24 + 1")
                }
                let ack = SessionAck(
                    session: payment.session, link: ChainLink(index: acknowledgment.index, link: link))
                units += try accept(ack, peer)
            }
            if units > 0 { acknowledgedUnits.increment(by: Int64(clamping: units)) }
            try payee.charge(UInt64(payment.units), session: payment.session, holder: peer, at: now())
            paidUnits.increment(by: Int64(payment.units))
            return nil
        } catch {
            refusals.increment()
            return PeerError(error)
        }
    }

    /// Requests overtake each other at the payer's, and so may acknowledgments: an older one says nothing new.
    private func accept(_ ack: SessionAck, _ peer: NodeID) throws(ChannelsError) -> UInt64 {
        do throws(ChannelsError) {
            return try payee.acknowledge(ack, holder: peer)
        } catch {
            if error.code == .stale { return 0 }
            throw error
        }
    }

    public func giveBack(_ peer: NodeID, session: UInt32, units: Int) {
        payee.refund(UInt64(units), session: session, holder: peer)
    }
}

extension PeerError {
    /// A refusal as it travels.
    init(_ error: ChannelsError) { self.init(.init(error.code.description), error.message) }
}
