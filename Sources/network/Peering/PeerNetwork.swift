public import Foundation
public import Identity
public import Logging
import Metrics
public import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Wire

/// The node's connections with its peers: it accepts theirs and dials on demand.
///
/// A peer is dialled at the address that the ledger names, must prove the key that the ledger names, and is given up
/// for a growing while after failures. Requests travel over the connection that this side dialled, so a pair of nodes has
/// at most two.
public final class PeerNetwork: Sendable {
    private enum Entry {
        case dialling(EventLoopFuture<PeerConnection>)
        case connected(PeerConnection)
        case failed(PeerError, until: NIODeadline, backoff: TimeAmount)
    }

    private struct State {
        var entries: [NodeID: Entry] = [:]
        var listener: (any Channel)?
        var inbound: [ObjectIdentifier: any Channel] = [:]
        /// The channels of `inbound` whose peer has not proven itself, oldest first.
        var unproven: [any Channel] = []
        /// The channels of `inbound` whose peer has proven itself, oldest first.
        var inboundByPeer: [NodeID: [any Channel]] = [:]
        /// The channels of `inboundByPeer` whose peer is a guest, oldest first.
        var guests: [any Channel] = []
        var isShutDown = false
        var told = ToldRefusals()
    }

    /// This node.
    public let node: NodeID
    private let tls: PeerTLS
    private let local: PeerLocal
    private let directory: any PeerDirectory
    private let limits: PeerLimits
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())
    private let connectionsGauge = Gauge(label: "skerry_peer_connections")
    private let refusals = Counter(label: "skerry_peer_refusals_total")

    /// How long peers have to answer the farewell of a node that stops.
    private static let farewell = TimeAmount.milliseconds(250)
    /// How much a channel holds encrypted before blocks wait: two of them, so that the socket never runs dry.
    private static let unsentMark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 512 << 10)

    /// Reads of this size let a 256 KiB block arrive in few pieces.
    private static let receiveBufferBytes = 256 << 10

    /// - Parameters:
    ///   - key: The node's key; its certificate is made from it.
    ///   - network: The hash of the genesis; peers of other networks are refused.
    ///   - ledgerSequence: The highest ledger entry applied here, told to peers.
    ///   - handler: Answers what peers ask.
    /// - Throws: ``IdentityError`` or a TLS library error if the key cannot be used.
    public convenience init(
        key: SigningKey, network: Data, directory: any PeerDirectory, handler: any PeerRequestHandler,
        ledgerSequence: @escaping @Sendable () -> UInt64, group: any EventLoopGroup, limits: PeerLimits = .init(),
        logger: Logger
    ) throws {
        let local = PeerLocal(network: network, ledgerSequence: ledgerSequence, handler: handler, logger: logger)
        try self.init(key: key, local: local, directory: directory, group: group, limits: limits)
    }

    /// As above, for a node that speaks what `local` says.
    init(
        key: SigningKey, local: PeerLocal, directory: any PeerDirectory, group: any EventLoopGroup, limits: PeerLimits
    ) throws {
        node = key.publicKey.node
        tls = try PeerTLS(NodeCertificate(key))
        self.local = local
        self.directory = directory
        self.limits = limits
        self.group = group
        logger = local.logger
    }

    /// Listens for peers.
    ///
    /// - Parameter port: 0 lets the system choose.
    /// - Returns: The port that was bound.
    /// - Throws: The system's error, such as an address in use.
    public func listen(host: String, port: Int) async throws -> Int {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                ChannelOptions.recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: PeerNetwork.receiveBufferBytes)
            )
            .childChannelOption(ChannelOptions.writeBufferWaterMark, value: PeerNetwork.unsentMark)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in self.accept(channel) }
            .bind(host: host, port: port).get()
        state.withLock { $0.listener = channel }
        return channel.localAddress?.port ?? port
    }

    /// A connection with `peer`: the open one, or a new one.
    ///
    /// - Throws: ``PeerError`` if the peer is not on the ledger, cannot be reached, proves another key, or failed so
    ///   recently that it is not tried again yet. Cancelling the task does not end the attempt.
    public func connection(to peer: NodeID) async throws -> PeerConnection {
        if let open = openConnection(to: peer) { return open }
        return try await connection(to: peer, on: group.next()).get()
    }

    /// As ``connection(to:)``, for event loops: completes on `eventLoop`.
    public func connection(to peer: NodeID, on eventLoop: any EventLoop) -> EventLoopFuture<PeerConnection> {
        connectionFuture(to: peer).hop(to: eventLoop)
    }

    /// The peers with an open connection that this node dialled.
    public var connectedPeers: [NodeID] {
        state.withLock { state in
            state.entries.compactMap { id, entry in
                if case .connected(let connection) = entry, connection.isOpen { id } else { nil }
            }
        }
    }

    /// Closes everything. Requests in flight fail with `peer/closed`. Returns when all sockets are closed, about a
    /// second later if peers do not answer the farewell; dialling that is under way ends by itself. Calling it again
    /// does nothing.
    public func shutdown() async {
        let (listener, outbound, inbound) = state.withLock { state in
            state.isShutDown = true
            let outbound = state.entries.values.compactMap { entry -> PeerConnection? in
                if case .connected(let connection) = entry { connection } else { nil }
            }
            defer {
                state.entries.removeAll()
                state.listener = nil
            }
            return (state.listener, outbound, Array(state.inbound.values))
        }
        try? await listener?.close().get()
        for connection in outbound { connection.close() }
        for channel in inbound { channel.close(promise: nil) }
        let channels = outbound.map(\.channel) + inbound
        // A peer that hangs does not hold up the end of this node.
        let cut = group.next().scheduleTask(in: PeerNetwork.farewell) {
            for channel in channels { PeerTLS.cut(channel) }
        }
        for channel in channels { try? await channel.closeFuture.get() }
        cut.cancel()
    }

    // MARK: Accepting

    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        let id = ObjectIdentifier(channel)
        let (isRefused, surplus) = state.withLock { state -> (Bool, (any Channel)?) in
            if state.isShutDown || state.inbound.count >= limits.maxInboundConnections { return (true, nil) }
            state.inbound[id] = channel
            state.unproven.append(channel)
            return (false, state.unproven.count > limits.maxUnprovenConnections ? state.unproven.removeFirst() : nil)
        }
        if isRefused { return channel.close() }
        surplus?.close(promise: nil)
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.inbound[id] = nil
                state.unproven.removeAll { $0 === channel }
            }
        }
        let identity = PeerIdentity(expected: nil)
        let opened = channel.eventLoop.makePromise(of: NodeID.self)
        watchHandshake(channel, opened, deadline: .now() + limits.handshakeTimeout)
        opened.futureResult.whenComplete { result in
            switch result {
            case .success(let node):
                self.logger.debug("a peer connected", metadata: ["peer": "\(node.short)"])
                self.register(channel, of: node)
            case .failure(let error):
                let isNews = identity.refused.map { node in self.state.withLock { $0.told.isNews(node) } } ?? true
                self.logger.log(
                    level: isNews ? .info : .debug, "refused a connection", metadata: ["error": "\(error)"])
            }
        }
        return channel.eventLoop.makeCompletedFuture {
            let handler = PeerHandler(identity: identity, local: local, limits: limits, opened: opened)
            try channel.pipeline.syncOperations.addHandler(
                tls.serverHandler { self.check($0, expected: nil, identity) })
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    /// Counts an inbound connection of a peer that has proven itself.
    private func register(_ channel: any Channel, of node: NodeID) {
        let isGuest = directory.isGuest(node)
        let surplus = state.withLock { state -> (any Channel)? in
            // Who connects is there: it need not be left alone any longer.
            if case .failed = state.entries[node] { state.entries[node] = nil }
            state.told.forget(node)
            state.unproven.removeAll { $0 === channel }
            state.inboundByPeer[node, default: []].append(channel)
            if isGuest { state.guests.append(channel) }
            if let channels = state.inboundByPeer[node], channels.count > limits.maxInboundConnectionsPerPeer {
                let oldest = state.inboundByPeer[node]?.removeFirst()
                state.guests.removeAll { $0 === oldest }
                return oldest
            }
            return state.guests.count > limits.maxGuestConnections ? state.guests.removeFirst() : nil
        }
        surplus?.close(promise: nil)
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.inboundByPeer[node]?.removeAll { $0 === channel }
                if state.inboundByPeer[node]?.isEmpty == true { state.inboundByPeer[node] = nil }
                if isGuest { state.guests.removeAll { $0 === channel } }
            }
        }
    }

    private func check(_ key: PublicKey, expected: NodeID?, _ identity: PeerIdentity) -> Bool {
        if let expected, key.node != expected {
            identity.refuse(
                key.node,
                PeerError(
                    .notOnLedger,
                    "The node at that address proves the key of \(key.node.short), not of \(expected.short); "
                        + "the ledger's address is out of date or somebody else listens there"))
            refusals.increment()
            return false
        }
        guard directory.isParticipating(key) else {
            identity.refuse(
                key.node,
                PeerError(
                    .notOnLedger,
                    "Node \(key.node.short) does not take part: it is not on the ledger, or has left; `skerry node join` brings "
                        + "it back"))
            refusals.increment()
            return false
        }
        identity.accept(key.node)
        return true
    }

    private func watchHandshake(_ channel: any Channel, _ opened: EventLoopPromise<NodeID>, deadline: NIODeadline) {
        let timer = channel.eventLoop.scheduleTask(deadline: deadline) {
            opened.fail(PeerError(.timeout, "The handshake took too long"))
            channel.close(promise: nil)
        }
        opened.futureResult.whenComplete { _ in timer.cancel() }
    }

    // MARK: Dialling

    private enum Step {
        case use(PeerConnection)
        case wait(EventLoopFuture<PeerConnection>)
        case fail(PeerError)
        case dial(EventLoopPromise<PeerConnection>, TimeAmount)
        /// The peer left the ledger.
        case part(PeerConnection)
    }

    /// Without a way over an event loop, which nearly all that ask need not go.
    private func openConnection(to peer: NodeID) -> PeerConnection? {
        guard directory.endpoint(of: peer) != nil else { return nil }
        return state.withLock { state in
            guard !state.isShutDown, case .connected(let connection) = state.entries[peer], connection.isOpen else {
                return nil
            }
            return connection
        }
    }

    private func connectionFuture(to peer: NodeID) -> EventLoopFuture<PeerConnection> {
        let endpoint = directory.endpoint(of: peer)
        let loop = group.next()
        let step = state.withLock { nextStep(to: peer, isOnLedger: endpoint != nil, on: loop, &$0) }
        switch step {
        case .use(let connection): return loop.makeSucceededFuture(connection)
        case .wait(let future): return future
        case .fail(let error): return loop.makeFailedFuture(error)
        case .part(let connection):
            connection.close()
            return loop.makeFailedFuture(PeerNetwork.notOnLedger(peer))
        case .dial(let promise, let backoff):
            guard let endpoint else {
                promise.fail(PeerNetwork.notOnLedger(peer))
                return promise.futureResult
            }
            dial(peer, at: endpoint, on: loop).whenComplete { result in
                promise.completeWith(self.finishDial(peer, result, backoff))
            }
            return promise.futureResult
        }
    }

    private func nextStep(to peer: NodeID, isOnLedger: Bool, on loop: any EventLoop, _ state: inout State) -> Step {
        if state.isShutDown { return .fail(PeerError(.closed, "This node is shutting down")) }
        guard isOnLedger else {
            if case .connected(let connection) = state.entries.removeValue(forKey: peer) { return .part(connection) }
            return .fail(PeerNetwork.notOnLedger(peer))
        }
        var backoff = limits.initialBackoff
        switch state.entries[peer] {
        case .connected(let connection) where connection.isOpen: return .use(connection)
        case .dialling(let future): return .wait(future)
        case .failed(let error, let until, let last):
            if NIODeadline.now() < until { return .fail(error) }
            backoff = min(.nanoseconds(last.nanoseconds * 2), limits.maxBackoff)
        case .connected, nil: break
        }
        let promise = loop.makePromise(of: PeerConnection.self)
        state.entries[peer] = .dialling(promise.futureResult)
        return .dial(promise, backoff)
    }

    private static func notOnLedger(_ peer: NodeID) -> PeerError {
        PeerError(.notOnLedger, "Node \(peer.short) is not on the ledger")
    }

    /// Notes how an attempt ended; what it returns is what the callers get.
    private func finishDial(
        _ peer: NodeID, _ result: Result<PeerConnection, any Error>, _ backoff: TimeAmount
    ) -> Result<PeerConnection, any Error> {
        let isShutDown = state.withLock { state in
            if state.isShutDown { return true }
            switch result {
            case .success(let connection):
                state.entries[peer] = .connected(connection)
            case .failure(let error):
                state.entries[peer] = .failed(
                    PeerNetwork.explained(error, peer), until: .now() + backoff, backoff: backoff)
            }
            return false
        }
        guard case .success(let connection) = result else { return result }
        if isShutDown {
            connection.close()
            return .failure(PeerError(.closed, "This node is shutting down"))
        }
        reportConnections()
        connection.channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                guard case .connected(let current) = state.entries[peer], current === connection else { return }
                state.entries[peer] = nil
            }
            self.reportConnections()
        }
        return result
    }

    private func reportConnections() { connectionsGauge.record(connectedPeers.count) }

    private static func explained(_ error: any Error, _ peer: NodeID) -> PeerError {
        error as? PeerError ?? PeerError(.unreachable, "Node \(peer.short) cannot be reached: \(error)")
    }

    private func dial(
        _ peer: NodeID, at endpoint: PeerEndpoint, on loop: any EventLoop
    ) -> EventLoopFuture<PeerConnection> {
        let identity = PeerIdentity(expected: peer)
        let opened = loop.makePromise(of: NodeID.self)
        let link = LinkState()
        let deadline = NIODeadline.now() + limits.handshakeTimeout
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(limits.handshakeTimeout)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                ChannelOptions.recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: PeerNetwork.receiveBufferBytes)
            )
            .channelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = PeerHandler(
                        identity: identity, local: self.local, limits: self.limits, opened: opened, link: link)
                    try channel.pipeline.syncOperations.addHandler(
                        self.tls.clientHandler { self.check($0, expected: peer, identity) })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let connected = bootstrap.connect(host: endpoint.host, port: endpoint.port)
        connected.whenFailure { _ in
            opened.fail(PeerError(.unreachable, "Nobody answers at \(endpoint), the address of node \(peer.short)"))
        }
        connected.whenSuccess { self.watchHandshake($0, opened, deadline: deadline) }
        return opened.futureResult.and(
            connected.flatMapError { error in
                opened.futureResult.flatMapThrowing { _ in throw error }
            }
        ).flatMapThrowing { node, channel in
            let handler = try channel.pipeline.syncOperations.handler(type: PeerHandler.self)
            guard let agreement = handler.agreement else {
                throw PeerError(.closed, "The connection with node \(node.short) ended during the handshake")
            }
            return PeerConnection(
                peer: node, agreement: agreement, channel: channel,
                handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), link: link)
        }.flatMapErrorThrowing { throw PeerNetwork.explained($0, peer) }
    }
}
