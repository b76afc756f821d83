public import AsyncHTTPClient
import Dispatch
public import NIOCore
public import NIOSSL
import Synchronization

/// HTTP clients, one for each owner, host and address, so that a connection goes to the address that was judged.
///
/// `AsyncHTTPClient` resolves names itself when it connects, and a second answer may differ from the judged one. Its
/// `dnsOverride` maps a name to an address for good, keeps the name for `Host`, SNI and certificates, but belongs to the
/// client rather than the request: hence a client for each pair. Clients share event loops and trust roots; one costs
/// some kilobytes beside its connections. Owners share none, so that no app feels or fills another's connections.
///
/// HTTP/1.1 only: in HTTP/2 a stalled reader of one body holds others' flow control, and the client's reader of its
/// statuses traps on some numbers.
public final class PinnedClients: Sendable {
    /// Limits of the clients.
    public struct Settings: Sendable {
        /// Time for connecting to one address, TLS included. Default 10 s.
        public var connectTimeout: TimeAmount = .seconds(10)
        /// How long an unused connection is kept. Default 30 s.
        public var keepAlive: TimeAmount = .seconds(30)
        /// Connections of one client at a time. Default 256.
        public var maxConnections = 256
        /// Clients that are kept. Default 512; those in use are not counted out.
        public var maxClients = 512
        /// Prepares each new connection, on its event loop, before its first request; one for which it throws is
        /// not used. Default: nothing.
        public var prepare: (@Sendable (any Channel) throws -> Void)?

        /// The defaults.
        public init() {}
    }

    /// Where a client's connections go.
    public struct Target: Hashable, Sendable {
        /// Who shares the connections.
        public var owner: String
        /// Names the server in `Host`, SNI and certificates.
        public var host: HTTPURL.Host
        /// The address that was judged.
        public var address: IPAddress
        /// Time for connecting; nil: that of the settings.
        public var connectTimeout: TimeAmount?

        /// A target.
        public init(owner: String, host: HTTPURL.Host, address: IPAddress, connectTimeout: TimeAmount? = nil) {
            self.owner = owner
            self.host = host
            self.address = address
            self.connectTimeout = connectTimeout
        }
    }

    /// The connection does not lead to the address that was judged.
    public struct WrongAddress: Error {}

    private struct Entry {
        let client: HTTPClient
        var uses: Int
        var usedAt: NIODeadline
    }

    private struct State {
        var entries: [Target: Entry] = [:]
        var isClosed = false
    }

    private let settings: Settings
    private let eventLoops: any EventLoopGroup
    private let tls: TLSConfiguration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - settings: Limits.
    ///   - tls: Whom connections trust.
    ///   - eventLoops: Where connections live.
    public init(_ settings: Settings, tls: TLSConfiguration, eventLoops: any EventLoopGroup) {
        self.settings = settings
        self.eventLoops = eventLoops
        self.tls = tls
    }

    /// The client for a target, to be given back with ``giveBack(_:)``; nil after ``close()``.
    public func take(_ target: Target) -> HTTPClient? {
        let (client, old) = state.withLock { state -> (HTTPClient?, [HTTPClient]) in
            if state.isClosed { return (nil, []) }
            if let client = state.entries[target]?.client {
                state.entries[target]?.uses += 1
                return (client, [])
            }
            let old = Self.removeIdle(&state, keeping: settings.maxClients - 1, idleTimeout: settings.keepAlive)
            let client = HTTPClient(eventLoopGroup: eventLoops, configuration: configuration(for: target))
            state.entries[target] = Entry(client: client, uses: 1, usedAt: .now())
            return (client, old)
        }
        end(old)
        return client
    }

    /// Ends a use of the target's client.
    public func giveBack(_ target: Target) {
        state.withLock { state in
            state.entries[target]?.uses -= 1
            state.entries[target]?.usedAt = .now()
        }
    }

    /// Clients that exist, used or not.
    public var count: Int { state.withLock { $0.entries.count } }

    /// Ends all connections.
    public func close() async {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.entries.removeAll() }
            return state.entries.values.map(\.client)
        }
        for client in all { try? await client.shutdown() }
    }

    /// Takes out clients that nobody uses: those without connections by now, and the longest unused above a number.
    private static func removeIdle(_ state: inout State, keeping: Int, idleTimeout: TimeAmount) -> [HTTPClient] {
        let now = NIODeadline.now()
        let idle = state.entries.filter { $0.value.uses == 0 }.sorted { $0.value.usedAt < $1.value.usedAt }
        let excess = max(0, state.entries.count - keeping)
        var old: [HTTPClient] = []
        for (target, entry) in idle where old.count < excess || entry.usedAt + idleTimeout < now {
            state.entries[target] = nil
            old.append(entry.client)
        }
        return old
    }

    private func end(_ clients: [HTTPClient]) {
        for client in clients { client.shutdown(queue: .global()) { _ in } }
    }

    private func configuration(for target: Target) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: target.connectTimeout ?? settings.connectTimeout), decompression: .disabled)
        configuration.connectionPool.idleTimeout = settings.keepAlive
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.maxConnections
        configuration.httpVersion = .http1Only
        if case .name(let name) = target.host { configuration.dnsOverride = [name: target.address.description] }
        // The override decides where connections go; this is the second lock on the same door.
        let prepare = settings.prepare
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                guard let remote = channel.remoteAddress?.ipAddress, IPAddress(remote) == target.address else {
                    throw WrongAddress()
                }
                try AnswerGuard.add(to: channel)
                try prepare?(channel)
            }
        }
        return configuration
    }
}
