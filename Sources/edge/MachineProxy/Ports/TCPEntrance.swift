public import Gateway
public import Logging
public import NIOCore
import NIOPosix
import Synchronization

/// Listens on ports of this node whose connections go to machines as they are.
public final class TCPEntrance: Sendable {
    /// Finds the machine for a visitor, whose address comes first: a tunnel, on the event loop.
    public typealias Connect = @Sendable (String, any EventLoop) -> EventLoopFuture<GatewayTunnel>

    /// The limits of an entrance.
    public struct Settings: Sendable {
        /// The address to listen on. Default loopback.
        public var host = "127.0.0.1"
        /// Ports at once. Default 256.
        public var maxPorts = 256
        /// Connections of all ports at once; further ones are closed. Default 4,096.
        public var maxConnections = 4_096
        /// Connections of one port at once, so that one machine's visitors leave room for others'. Default 1,024.
        public var maxConnectionsOfPort = 1_024
        /// A connection on which nothing moves for so long is closed. Default 10 min.
        public var idleTimeout = TimeAmount.minutes(10)
        /// Bytes that wait for a machine before its visitor is read no further. Default 256 KiB.
        public var windowBytes = 256 << 10

        /// The defaults.
        public init() {}
    }

    /// Why a port is not open.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case tooManyPorts(limit: Int)
        case cannotListen(port: Int, reason: String)
        case closed

        /// For people.
        public var description: String {
            switch self {
            case .tooManyPorts(let limit): "This node has \(limit) open ports already, as many as it may"
            case .cannotListen(let port, let reason):
                "Cannot listen on port \(port) (\(reason)); is another process there?"
            case .closed: "The node is closing"
            }
        }
    }

    private struct State {
        var listeners: [Int: any Channel] = [:]
        var visitors: [ObjectIdentifier: any Channel] = [:]
        /// Visitors of each listener, which are numbered.
        var counts: [Int: Int] = [:]
        var lastListener = 0
        var opening = 0
        var isClosed = false
    }

    private let settings: Settings
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())

    /// Listens nowhere yet.
    public init(settings: Settings = Settings(), group: any EventLoopGroup, logger: Logger) {
        self.settings = settings
        self.group = group
        self.logger = logger
    }

    /// The ports that are open.
    public var ports: Set<Int> { state.withLock { Set($0.listeners.keys) } }
    /// Visitors' connections.
    public var connectionCount: Int { state.withLock { $0.visitors.count } }

    /// Opens a port. When this returns, connections are accepted.
    ///
    /// - Parameter port: 0 lets the system pick one.
    /// - Returns: The port.
    /// - Throws: ``Failure``.
    public func open(_ port: Int, to connect: @escaping Connect) async throws(Failure) -> Int {
        let refusal = state.withLock { state -> Failure? in
            if state.isClosed { return .closed }
            guard state.listeners.count + state.opening < settings.maxPorts else {
                return .tooManyPorts(limit: settings.maxPorts)
            }
            state.opening += 1
            return nil
        }
        if let refusal { throw refusal }
        let channel: any Channel
        do { channel = try await bootstrap(connect).bind(host: settings.host, port: port).get() } catch {
            state.withLock { $0.opening -= 1 }
            throw .cannotListen(port: port, reason: "\(error)")
        }
        let bound = channel.localAddress?.port ?? port
        let isKept = state.withLock { state in
            state.opening -= 1
            guard !state.isClosed else { return false }
            state.listeners[bound] = channel
            return true
        }
        guard isKept else {
            try? await channel.close()
            throw .closed
        }
        logger.info("a port for machines is open", metadata: ["port": "\(bound)"])
        return bound
    }

    /// Accepts no more on a port; what is connected stays.
    public func close(_ port: Int) async {
        let channel = state.withLock { $0.listeners.removeValue(forKey: port) }
        try? await channel?.close()
    }

    /// Ends all ports and connections.
    public func close() async {
        let channels = state.withLock { state in
            state.isClosed = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values) + Array(state.visitors.values)
        }
        for channel in channels { try? await channel.close() }
    }

    private func bootstrap(_ connect: @escaping Connect) -> ServerBootstrap {
        let listener = state.withLock { state in
            state.lastListener += 1
            return state.lastListener
        }
        return ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let id = ObjectIdentifier(channel)
                    let isFree = self.state.withLock { state in
                        let count = state.counts[listener] ?? 0
                        guard !state.isClosed, state.visitors.count < self.settings.maxConnections,
                            count < self.settings.maxConnectionsOfPort
                        else { return false }
                        state.visitors[id] = channel
                        state.counts[listener] = count + 1
                        return true
                    }
                    guard isFree else { throw Failure.closed }
                    channel.closeFuture.whenComplete { _ in
                        self.state.withLock { state in
                            state.visitors[id] = nil
                            let rest = (state.counts[listener] ?? 0) - 1
                            state.counts[listener] = rest > 0 ? rest : nil
                        }
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        TCPVisitor(
                            windowBytes: self.settings.windowBytes, idleTimeout: self.settings.idleTimeout,
                            connect: connect))
                }
            }
    }
}
