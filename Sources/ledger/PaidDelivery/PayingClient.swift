public import Channels
public import Exchange
public import Foundation
public import Identity
public import Ledger
public import Logging
public import NIOCore
public import Peering
import Synchronization
import Wire

/// The side that pays: opens a session with each node that wants to be paid and that it has a channel with.
public final class PayingClient: DeliveryPayer {
    /// A channel to one node.
    public struct Wallet: Sendable {
        public let channel: ChannelID
        public let commodity: Commodity
        /// As far as it was revealed.
        public internal(set) var chain: PayerChain
        /// What pays together with it, for ``PayingCalls``: one of each weight at most, see ``RadixChains``.
        public internal(set) var larger: [LargerChain]
        /// The highest multiplier that is paid through it, in thousandths; nil for the client's.
        public let maxPermille: UInt32?
        /// What a link is worth, in units of money, as the channel says.
        public let unitPrice: UInt64
        /// What was paid without having come.
        var lostUnits: UInt64 = 0

        public init(
            channel: ChannelID, commodity: Commodity, chain: PayerChain, larger: [LargerChain] = [],
            maxPermille: UInt32? = nil, unitPrice: UInt64 = 1
        ) {
            self.channel = channel
            self.commodity = commodity
            self.chain = chain
            self.larger = larger
            self.maxPermille = maxPermille
            self.unitPrice = unitPrice
        }
    }

    private struct State {
        /// By node. A wallet is taken out while a session uses it.
        var wallets: [NodeID: [Wallet]] = [:]
        var sessions: [ObjectIdentifier: PayingSession] = [:]
        var opening: [ObjectIdentifier: EventLoopFuture<any DeliverySession>] = [:]
        /// What each session uses.
        var inUse: [ObjectIdentifier: Wallet] = [:]
        /// What channels paid that are not used any more.
        var retired: [NodeID: UInt64] = [:]
    }

    private let key: SigningKey
    private let holder: NodeID
    private let network: NetworkID
    private let maxPermille: UInt32
    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameters:
    ///   - key: The payer's account key: it signs that the holder may use the channels.
    ///   - holder: Who connects to the nodes: this node, or the account's own key as a node's.
    ///   - maxPermille: The highest multiplier that is paid, in thousandths; a node that asks more is not used.
    public init(
        key: SigningKey, holder: NodeID, network: NetworkID, maxPermille: UInt32 = 1000, logger: Logger,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
    ) {
        self.key = key
        self.holder = holder
        self.network = network
        self.maxPermille = maxPermille
        self.logger = logger
        self.now = now
    }

    /// Adds a channel that pays `node` for bytes. It is used until it is exhausted or closed. No two clients may have the
    /// same one.
    public func add(_ wallet: Wallet, for node: NodeID) {
        guard wallet.commodity == .bytes else { return }
        state.withLock { $0.wallets[node, default: []].append(wallet) }
    }

    /// Units that were acknowledged to a node since this was made.
    public func acknowledgedUnits(to node: NodeID) -> UInt64 {
        state.withLock { state in
            let running = state.sessions.values.filter { $0.connection.peer == node }.reduce(0) {
                $0 + $1.chain.revealed
            }
            let resting = state.wallets[node, default: []].reduce(0) { $0 + $1.chain.revealed }
            return running + resting + state.retired[node, default: 0]
        }
    }

    /// Units that were acknowledged to all nodes since this was made, and those of earlier processes in channels that were
    /// used again.
    public var acknowledgedUnits: UInt64 {
        state.withLock { state in
            let running = state.sessions.values.reduce(0) { $0 + $1.chain.revealed }
            let resting = state.wallets.values.joined().reduce(0) { $0 + $1.chain.revealed }
            return running + resting + state.retired.values.reduce(0, +)
        }
    }

    // MARK: Sessions

    public func session(over connection: PeerConnection) -> (any DeliverySession)? {
        state.withLock { state in
            guard let session = state.sessions[ObjectIdentifier(connection)], !session.isOver else { return nil }
            return session
        }
    }

    public func open(over connection: PeerConnection) -> EventLoopFuture<any DeliverySession> {
        let id = ObjectIdentifier(connection)
        let promise = connection.eventLoop.makePromise(of: (any DeliverySession).self)
        let (known, wallet) = state.withLock { state -> (EventLoopFuture<any DeliverySession>?, Wallet?) in
            if let session = state.sessions[id], !session.isOver {
                return (connection.eventLoop.makeSucceededFuture(session), nil)
            }
            if let opening = state.opening[id] { return (opening, nil) }
            reclaim(connection.peer, &state)
            guard let wallet = state.wallets[connection.peer]?.popLast() else { return (nil, nil) }
            state.opening[id] = promise.futureResult
            return (nil, wallet)
        }
        if let known {
            promise.completeWith(known)
            return promise.futureResult
        }
        guard let wallet else {
            promise.fail(
                PeerError(
                    .paymentRequired,
                    "No channel pays node \(connection.peer.short); open one with skerry channels open"))
            return promise.futureResult
        }
        begin(wallet, over: connection).whenComplete { result in
            let isHopeless = self.finish(result, wallet, connection)
            if isHopeless {
                promise.completeWith(self.open(over: connection))
            } else {
                promise.completeWith(result.map { $0 as any DeliverySession })
            }
        }
        return promise.futureResult
    }

    /// What does not get better by asking again.
    private static let hopeless: Set<PeerError.Code> = Set(
        [ChannelsError.Code.dust, .channelEnded, .unknownChannel, .price, .badLink, .exhausted, .credit].map {
            PeerError.Code($0.description)
        })

    /// Whether a channel whose session could not be opened for this reason cannot be used any more.
    static func isHopeless(_ error: any Error) -> Bool {
        let code = (error as? PeerError)?.code ?? (error as? ChannelsError).map { PeerError.Code($0.code.description) }
        return code.map(hopeless.contains) ?? false
    }

    /// Notes how an opening ended. Returns whether the channel is not used any more, so that another may be tried.
    private func finish(
        _ result: Result<PayingSession, any Error>, _ wallet: Wallet, _ connection: PeerConnection
    ) -> Bool {
        let id = ObjectIdentifier(connection)
        var isHopeless = false
        if case .failure(let error) = result, PayingClient.isHopeless(error) {
            isHopeless = true
            logger.warning(
                "a channel cannot be used any more",
                metadata: ["channel": "\(wallet.channel)", "node": "\(connection.peer.short)", "why": "\(error)"])
        }
        state.withLock { state in
            state.opening[id] = nil
            if case .success(let session) = result {
                state.sessions[id] = session
            } else if isHopeless {
                state.retired[connection.peer, default: 0] += wallet.chain.revealed
            } else {
                state.wallets[connection.peer, default: []].insert(wallet, at: 0)
            }
        }
        return isHopeless
    }

    /// Takes back the channels of sessions whose connection has ended.
    private func reclaim(_ node: NodeID, _ state: inout State) {
        for (id, session) in state.sessions where session.connection.peer == node && session.isOver {
            state.sessions[id] = nil
            keep(session, &state)
        }
    }

    private func keep(_ session: PayingSession, _ state: inout State) {
        guard var wallet = state.inUse.removeValue(forKey: ObjectIdentifier(session)) else { return }
        wallet.chain = session.chain
        wallet.lostUnits = session.lostUnits
        // Others are tried first: a session often ends because its channel is at its end.
        state.wallets[session.connection.peer, default: []].insert(wallet, at: 0)
    }

    /// Hands each node that a session is open with a voucher for all that its channel acknowledged, so that it settles with
    /// one signature. For who is done: what is acknowledged afterwards is settled by links again, which are hashed from the
    /// last one that the ledger has.
    ///
    /// - Returns: Units that the vouchers are for, by node; 0 for nodes that took none, which settle by their links.
    public func handVouchers() async -> [NodeID: UInt64] {
        let open = state.withLock { state -> [(PayingSession, ChannelID)] in
            state.sessions.values.compactMap { session in
                session.isOver ? nil : state.inUse[ObjectIdentifier(session)].map { (session, $0.channel) }
            }
        }
        return await withTaskGroup(of: (NodeID, UInt64).self) { group in
            for (session, channel) in open {
                group.addTask {
                    let node = session.connection.peer
                    do {
                        return (
                            node, try await session.handVoucher(for: channel, network: self.network, key: self.key)
                        )
                    } catch {
                        self.logger.debug(
                            "a voucher was not taken",
                            metadata: ["channel": "\(channel)", "node": "\(node.short)", "why": "\(error)"])
                        return (node, 0)
                    }
                }
            }
            var units: [NodeID: UInt64] = [:]
            for await (node, handed) in group { units[node, default: 0] += handed }
            return units
        }
    }

    private func begin(_ wallet: Wallet, over connection: PeerConnection) -> EventLoopFuture<PayingSession> {
        let milliseconds = now()
        let grant = SessionGrant(
            network: network, channel: wallet.channel, holder: holder, milliseconds: milliseconds)
        let body: ByteBuffer
        do {
            let opening = SessionOpening(
                channel: wallet.channel, commodity: wallet.commodity, grantMilliseconds: milliseconds,
                grant: try grant.sign(with: key))
            body = ByteBuffer(bytes: opening.bytes)
        } catch {
            return connection.eventLoop.makeFailedFuture(error)
        }
        return connection.request(.openSession, body).flatMapThrowing { frame in
            guard frame.type == .sessionOpened else {
                throw PeerError(.protocolViolation, "Node \(connection.peer.short) opened a session with \(frame.type)")
            }
            let opened = try SessionOpened(bytes: Array(frame.body.readableBytesView))
            let most = wallet.maxPermille ?? self.maxPermille
            guard opened.permille <= most else {
                throw PeerError(
                    .paymentRequired,
                    "Node \(connection.peer.short) asks \(opened.permille) thousandths a unit, above \(most)")
            }
            let core = try PayerSession(opened, chain: wallet.chain, lostUnits: wallet.lostUnits)
            let session = PayingSession(core, over: connection, logger: self.logger) { session in
                self.state.withLock { state in
                    state.sessions[ObjectIdentifier(connection)] = nil
                    self.keep(session, &state)
                }
            }
            self.state.withLock { $0.inUse[ObjectIdentifier(session)] = wallet }
            return session
        }
    }
}
