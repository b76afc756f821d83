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
/// A peer is dialled at the address that the ledger names, must prove the key that the ledger names, and is given up for
/// a growing while after failures. Requests travel over the connection that this side dialled, so a pair of nodes has
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
        var isShutDown = false
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

    /// Reads of this size let a 256 KiB block arrive in few pieces.
    private static let receiveBufferBytes = 256 << 10

    /// - Parameters:
    ///   - key: The node's key; its certificate is made from it.
    ///   - network: The hash of the genesis; peers of other networks are refused.
    ///   - ledgerSequence: The highest ledger entry applied here, told to peers.
    ///   - handler: Answers what peers ask.
    /// - Throws: ``IdentityError`` or a TLS library error if the key cannot be used.
    public init(
        key: SigningKey, network: Data, directory: any PeerDirectory, handler: any PeerRequestHandler,
        ledgerSequence: @escaping @Sendable () -> UInt64, group: any EventLoopGroup, limits: PeerLimits = .init(),
        logger: Logger
    ) throws {
        node = key.publicKey.node
        tls = try PeerTLS(NodeCertificate(key))
        local = PeerLocal(network: network, ledgerSequence: ledgerSequence, handler: handler, logger: logger)
        self.directory = directory
        self.limits = limits
        self.group = group
        self.logger = logger
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
            .childChannelInitializer { channel in self.accept(channel) }
            .bind(host: host, port: port).get()
        state.withLock { $0.listener = channel }
        return channel.localAddress?.port ?? port
    }

    /// A connection with `peer`: the open one, or a new one.
    ///
    /// - Throws: ``PeerError`` if the peer is not on the ledger, cannot be reached, proves another key, or failed so
    ///   recently that it is not tried again yet.
    public func connection(to peer: NodeID) async throws -> PeerConnection {
        try await connectionFuture(to: peer).get()
    }

    /// The peers with an open connection.
    public var connectedPeers: [NodeID] {
        state.withLock { state in
            state.entries.compactMap { id, entry in
                if case .connected(let connection) = entry, connection.isOpen { id } else { nil }
            }
        }
    }

    /// Closes everything. Requests in flight fail.
    public func shutdown() async {
        let (listener, channels) = state.withLock { state in
            state.isShutDown = true
            let outbound = state.entries.values.compactMap { entry -> (any Channel)? in
                if case .connected(let connection) = entry { connection.channel } else { nil }
            }
            defer { state.entries.removeAll() }
            return (state.listener, outbound + Array(state.inbound.values))
        }
        try? await listener?.close().get()
        for channel in channels { try? await channel.close().get() }
    }

    // MARK: Accepting

    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        let id = ObjectIdentifier(channel)
        let refused = state.withLock { state in
            if state.isShutDown || state.inbound.count >= limits.maxInboundConnections { return true }
            state.inbound[id] = channel
            return false
        }
        if refused { return channel.close() }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { _ = $0.inbound.removeValue(forKey: id) }
        }
        let identity = PeerIdentity(expected: nil)
        let opened = channel.eventLoop.makePromise(of: NodeID.self)
        watchHandshake(channel, opened)
        opened.futureResult.whenComplete { result in
            switch result {
            case .success(let node):
                self.logger.debug("a peer connected", metadata: ["peer": "\(node.short)"])
            case .failure(let error):
                self.logger.info("refused a connection", metadata: ["error": "\(error)"])
            }
        }
        return channel.eventLoop.makeCompletedFuture {
            let handler = PeerHandler(identity: identity, local: local, limits: limits, opened: opened)
            try channel.pipeline.syncOperations.addHandler(
                tls.serverHandler { self.check($0, expected: nil, identity) })
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    private func check(_ key: PublicKey, expected: NodeID?, _ identity: PeerIdentity) -> Bool {
        if let expected, key.node != expected {
            identity.refuse(
                PeerError(
                    .notOnLedger,
                    "The node at that address proves the key of \(key.node.short), not of \(expected.short); "
                        + "the ledger's address is out of date or somebody else listens there"))
            refusals.increment()
            return false
        }
        guard directory.isParticipating(key) else {
            identity.refuse(
                PeerError(
                    .notOnLedger,
                    "The key of node \(key.node.short) is not on the ledger; register the node before it connects"))
            refusals.increment()
            return false
        }
        identity.accept(key.node)
        return true
    }

    private func watchHandshake(_ channel: any Channel, _ opened: EventLoopPromise<NodeID>) {
        let timer = channel.eventLoop.scheduleTask(in: limits.handshakeTimeout) {
            opened.fail(PeerError(.timeout, "The handshake took too long"))
            channel.close(promise: nil)
        }
        opened.futureResult.whenComplete { _ in timer.cancel() }
    }

    // MARK: Dialling

    private func connectionFuture(to peer: NodeID) -> EventLoopFuture<PeerConnection> {
        let loop = group.next()
        let promise = loop.makePromise(of: PeerConnection.self)
        enum Step {
            case use(EventLoopFuture<PeerConnection>)
            case dial(TimeAmount)
        }
        let step = state.withLock { state -> Step in
            if state.isShutDown {
                return .use(loop.makeFailedFuture(PeerError(.closed, "This node is shutting down")))
            }
            var backoff = limits.initialBackoff
            switch state.entries[peer] {
            case .connected(let connection) where connection.isOpen:
                return .use(loop.makeSucceededFuture(connection))
            case .dialling(let future):
                return .use(future)
            case .failed(let error, let until, let last):
                if NIODeadline.now() < until { return .use(loop.makeFailedFuture(error)) }
                backoff = min(.nanoseconds(last.nanoseconds * 2), limits.maxBackoff)
            case .connected, nil:
                break
            }
            state.entries[peer] = .dialling(promise.futureResult)
            return .dial(backoff)
        }
        switch step {
        case .use(let future):
            promise.fail(PeerError(.closed, "unused"))
            return future
        case .dial(let backoff):
            dial(peer, on: loop).whenComplete { result in
                self.finishDial(peer, result, backoff)
                promise.completeWith(result)
            }
            return promise.futureResult
        }
    }

    private func finishDial(_ peer: NodeID, _ result: Result<PeerConnection, any Error>, _ backoff: TimeAmount) {
        let connected = state.withLock { state -> Int in
            switch result {
            case .success(let connection):
                state.entries[peer] = state.isShutDown ? nil : .connected(connection)
                if state.isShutDown { connection.close() }
            case .failure(let error):
                let error = error as? PeerError ?? PeerError(.unreachable, "Node \(peer.short) cannot be reached: \(error)")
                state.entries[peer] = .failed(error, until: .now() + backoff, backoff: backoff)
            }
            return state.entries.values.count { if case .connected = $0 { true } else { false } }
        }
        connectionsGauge.record(connected)
    }

    private func dial(_ peer: NodeID, on loop: any EventLoop) -> EventLoopFuture<PeerConnection> {
        guard let endpoint = directory.endpoint(of: peer) else {
            return loop.makeFailedFuture(PeerError(.notOnLedger, "Node \(peer.short) is not on the ledger"))
        }
        let identity = PeerIdentity(expected: peer)
        let opened = loop.makePromise(of: NodeID.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(limits.handshakeTimeout)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                ChannelOptions.recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: PeerNetwork.receiveBufferBytes)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = PeerHandler(
                        identity: identity, local: self.local, limits: self.limits, opened: opened)
                    try channel.pipeline.syncOperations.addHandler(
                        self.tls.clientHandler { self.check($0, expected: peer, identity) })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let connected = bootstrap.connect(host: endpoint.host, port: endpoint.port)
        connected.whenFailure { _ in
            opened.fail(PeerError(.unreachable, "Nobody answers at \(endpoint), the address of node \(peer.short)"))
        }
        connected.whenSuccess { self.watchHandshake($0, opened) }
        return opened.futureResult.and(connected.flatMapError { error in
            opened.futureResult.flatMapThrowing { _ in throw error }
        }).flatMapThrowing { node, channel in
            let handler = try channel.pipeline.syncOperations.handler(type: PeerHandler.self)
            return PeerConnection(
                peer: node, channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }.flatMapErrorThrowing { error in
            throw error as? PeerError ?? PeerError(.unreachable, "Node \(peer.short) cannot be reached: \(error)")
        }
    }
}
