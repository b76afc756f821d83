public import Logging
public import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The data plane of a node: a strict server of HTTP/1.1 and HTTP/2, in cleartext and over TLS, that serves sites, blobs and functions by the request's host.
///
/// It stores nothing and decides nothing: what answers a name, where bytes come from and what runs a function are
/// behind protocols. A connection stays on one event loop, and a request for content in memory is answered without an
/// await or a hop.
public final class Gateway: Sendable {
    private enum State {
        case idle
        case starting
        case running([any Channel])
        case stopped
    }

    /// The accept channel and the connections; one lock, taken when a connection comes or goes.
    private struct Guarded {
        var state = State.idle
        var loops: [ObjectIdentifier: NIOLoopBound<LoopContext>] = [:]
        var connectionCount = 0
        var secureAddress: SocketAddress?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Connections beyond the limit that are still told why; further ones are closed without a word.
    private static let maxRefusals = 64
    /// When a gateway stops, a client that has had all that it gets has so long to close, until it is closed here.
    private static let farewell = TimeAmount.milliseconds(250)
    /// Reads of one socket before the loop's other sockets get their turn.
    private static let readsPerTurn: UInt = 4

    #if os(Linux)
        /// `IP_FREEBIND` (ip(7)): a socket for an address that the host has later.
        private static let freeBind = NIOBSDSocket.Option(rawValue: 15)
    #endif

    private let settings: Settings
    private let group: any EventLoopGroup
    private let dispatcher: Dispatcher
    private let metrics = GatewayMetrics()
    private let nodeID: String
    private let logger: Logger
    private let guarded = Mutex(Guarded())

    /// A gateway that does not listen yet.
    ///
    /// - Parameters:
    ///   - group: Lives longer than the gateway; who made it shuts it down.
    ///   - origins: Nil if no app has any.
    ///   - machines: Nil if no app has any.
    public init(
        settings: Settings = Settings(), group: any EventLoopGroup, routes: any GatewayRoutes,
        blobs: any GatewayBlobs, functions: any GatewayFunctions, origins: (any GatewayOrigins)? = nil,
        machines: (any GatewayMachines)? = nil, pages: any GatewayPages, logger: Logger
    ) {
        self.settings = settings
        self.group = group
        self.logger = logger
        nodeID = String(decoding: pages.nodeID.utf8.filter { HTTPCharacters.isToken($0) }, as: UTF8.self)
        dispatcher = Dispatcher(
            settings: settings, routes: routes, blobs: blobs, functions: functions, origins: origins ?? NoOrigins(),
            machines: machines ?? NoMachines(), pages: pages, logger: logger)
    }

    /// Opens the listening socket. When this returns, connections are accepted.
    ///
    /// - Returns: The address that the system picked.
    /// - Throws: ``GatewayError`` with ``GatewayError/Code/cannotListen``, or ``GatewayError/Code/wrongState`` when
    ///   called more than once. After a failure the gateway can be started again.
    public func start() async throws -> SocketAddress {
        try guarded.withLock { guarded in
            guard case .idle = guarded.state else {
                throw GatewayError(.wrongState, "A gateway starts once; make a new one", origin: .node)
            }
            guarded.state = .starting
        }
        do {
            let channels = try await listen()
            let keeps = guarded.withLock { guarded in
                guard case .starting = guarded.state else { return false }
                guarded.state = .running(channels)
                if channels.count > 1 { guarded.secureAddress = channels[1].localAddress }
                return true
            }
            guard keeps, let address = channels[0].localAddress else {
                for channel in channels { try? await channel.close() }
                throw GatewayError(.wrongState, "The gateway was shut down while it started", origin: .node)
            }
            logger.info(
                "The gateway listens",
                metadata: ["address": "\(address)", "tls": "\(secureAddress.map { "\($0)" } ?? "off")"])
            return address
        } catch {
            guarded.withLock { if case .starting = $0.state { $0.state = .idle } }
            throw error
        }
    }

    /// Opens a further cleartext socket, such as one that machines of this node reach. Its address need not exist yet.
    ///
    /// - Returns: The address that the system picked.
    /// - Throws: ``GatewayError`` with ``GatewayError/Code/cannotListen``, or ``GatewayError/Code/wrongState`` unless the
    ///   gateway runs.
    public func listen(on host: String, port: Int) async throws -> SocketAddress {
        let channel: any Channel
        do {
            var server = bootstrap(isSecure: false)
            #if os(Linux)
                server = server.serverChannelOption(.ipOption(Gateway.freeBind), value: 1)
            #endif
            channel = try await server.bind(host: host, port: port).get()
        } catch {
            throw Gateway.cannotListen(host, port, error)
        }
        let isKept = guarded.withLock { guarded in
            guard case .running(let channels) = guarded.state else { return false }
            guarded.state = .running(channels + [channel])
            return true
        }
        guard isKept, let address = channel.localAddress else {
            try? await channel.close()
            throw GatewayError(.wrongState, "The gateway does not run", origin: .node)
        }
        return address
    }

    /// The address of the TLS socket; nil without one and before ``start()``.
    public var secureAddress: SocketAddress? { guarded.withLock { $0.secureAddress } }

    /// Opens the cleartext socket, and the one for TLS behind it.
    private func listen() async throws(GatewayError) -> [any Channel] {
        let channel = try await open(settings.host, settings.port, isSecure: false)
        guard let tls = settings.tls else { return [channel] }
        do {
            let secure = try await open(tls.host ?? settings.host, tls.port, isSecure: true)
            dispatcher.securePort.set(tls.redirectPort ?? secure.localAddress?.port ?? tls.port)
            return [channel, secure]
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private func open(_ host: String, _ port: Int, isSecure: Bool) async throws(GatewayError) -> any Channel {
        do {
            return try await bootstrap(isSecure: isSecure).bind(host: host, port: port).get()
        } catch {
            throw Gateway.cannotListen(host, port, error)
        }
    }

    private static func cannotListen(_ host: String, _ port: Int, _ error: any Error) -> GatewayError {
        let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        return GatewayError(.cannotListen, "Cannot listen on \(host) port \(port): \(reason)", origin: .node)
    }

    /// Stops accepting, closes idle connections, lets begun requests finish and closes what is left after `drain`.
    /// When this returns, no connection is open. May be called at any time and more than once.
    ///
    /// - Parameter drain: Zero closes everything at once. Cancellation of the calling task changes nothing.
    public func shutdown(drain: Duration) async {
        let channels: [any Channel] = guarded.withLock { guarded in
            defer { guarded.state = .stopped }
            if case .running(let channels) = guarded.state { return channels }
            return []
        }
        for channel in channels { try? await channel.close() }
        let loops = guarded.withLock { Array($0.loops.values) }
        for bound in loops { bound.eventLoop.execute { bound.value.drain() } }
        let cuts = group.any().scheduleRepeatedTask(initialDelay: Gateway.farewell, delay: Gateway.farewell) { _ in
            for bound in loops { bound.eventLoop.execute { bound.value.cutFinished() } }
        }
        let deadline = group.any().scheduleTask(in: TimeAmount(drain)) {
            for bound in loops { bound.eventLoop.execute { bound.value.closeAll() } }
        }
        await withCheckedContinuation { continuation in
            let isDone = guarded.withLock { guarded in
                if guarded.connectionCount == 0 { return true }
                guarded.waiters.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
        deadline.cancel()
        cuts.cancel()
        await settings.accessLog?.flush()
    }

    private func bootstrap(isSecure: Bool) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(clamping: settings.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: Gateway.readsPerTurn)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: max(1, settings.receiveBytes))
            )
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(
                    low: max(1, settings.writeQueueBytes / 4), high: max(1, settings.writeQueueBytes))
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.initialize(channel, isSecure: isSecure) }
            }
    }

    private func initialize(_ channel: any Channel, isSecure: Bool) throws {
        let (shared, count, isStopped) = guarded.withLock { guarded in
            guarded.connectionCount += 1
            let id = ObjectIdentifier(channel.eventLoop)
            let bound =
                guarded.loops[id]
                ?? NIOLoopBound(
                    LoopContext(nodeID: nodeID, strictTransport: settings.tls?.strictTransport),
                    eventLoop: channel.eventLoop)
            guarded.loops[id] = bound
            var isStopped = false
            if case .stopped = guarded.state { isStopped = true }
            return (bound, guarded.connectionCount, isStopped)
        }
        metrics.connectionCount(count)
        channel.closeFuture.whenComplete { _ in self.connectionClosed() }
        let isBeyond = count > settings.maxConnections
        if isBeyond { metrics.connectionRefused() }
        guard !isStopped, count <= settings.maxConnections + Gateway.maxRefusals else {
            throw GatewayError(.overloaded, "Too many connections", origin: .node)
        }
        guard isSecure, let tls = settings.tls else {
            try channel.pipeline.syncOperations.addHandler(
                HTTP1Connection(dispatcher, shared.value, metrics, refuses: isBeyond))
            return
        }
        // A handshake costs more than an answer is worth.
        guard !isBeyond else { throw GatewayError(.overloaded, "Too many connections", origin: .node) }
        let entrance = TLSEntrance(tls, logger: logger) { [dispatcher, metrics] channel, name in
            if name == "h2" {
                try HTTP2Connection.add(to: channel, dispatcher, shared.value, metrics, isSecure: true)
            } else {
                try channel.pipeline.syncOperations.addHandler(
                    HTTP1Connection(dispatcher, shared.value, metrics, isSecure: true, refuses: false))
            }
        }
        try channel.pipeline.syncOperations.addHandler(entrance)
    }

    private func connectionClosed() {
        let (count, waiters) = guarded.withLock { guarded in
            guarded.connectionCount -= 1
            guard guarded.connectionCount == 0 else {
                return (guarded.connectionCount, [CheckedContinuation<Void, Never>]())
            }
            defer { guarded.waiters = [] }
            return (0, guarded.waiters)
        }
        metrics.connectionCount(count)
        for waiter in waiters { waiter.resume() }
    }
}
