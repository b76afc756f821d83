import AsyncHTTPClient
import Dispatch
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// HTTP clients, one for each app, host and address, so that a connection goes to the address that was judged.
///
/// `AsyncHTTPClient` resolves names itself when it connects, and a second answer may differ from the judged one. Its
/// `dnsOverride` maps a name to an address for good, keeps the name for `Host`, SNI and certificates, but belongs to the
/// client rather than the request: hence a client for each pair. Clients share event loops and trust roots; one costs
/// some kilobytes beside its connections. Apps share none, so that no app feels or fills another's connections.
final class FetchClients: Sendable {
    struct Target: Hashable, Sendable {
        var app: String
        var host: FetchURL.Host
        var address: IPAddress
    }

    /// The connection does not lead to the address that was judged.
    struct WrongAddress: Error {}

    private struct Entry {
        let client: HTTPClient
        var uses: Int
        var usedAt: NIODeadline
    }

    private struct State {
        var entries: [Target: Entry] = [:]
        var isClosed = false
    }

    private let settings: FetchSettings
    private let eventLoops: any EventLoopGroup
    private let tls: TLSConfiguration
    private let state = Mutex(State())

    init(_ settings: FetchSettings, tls: TLSConfiguration, eventLoops: any EventLoopGroup) {
        self.settings = settings
        self.eventLoops = eventLoops
        self.tls = tls
    }

    /// The client for a target, to be given back with ``giveBack(_:)``; nil after ``close()``.
    func take(_ target: Target) -> HTTPClient? {
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

    func giveBack(_ target: Target) {
        state.withLock { state in
            state.entries[target]?.uses -= 1
            state.entries[target]?.usedAt = .now()
        }
    }

    /// Clients that exist, used or not.
    var count: Int { state.withLock { $0.entries.count } }

    /// Ends all connections.
    func close() async {
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
            timeout: .init(connect: settings.connectTimeout), decompression: .disabled)
        configuration.connectionPool.idleTimeout = settings.keepAlive
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.maxConcurrentPerApp
        if case .name(let name) = target.host { configuration.dnsOverride = [name: target.address.description] }
        // The override decides where connections go; this is the second lock on the same door.
        let check: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
            guard let remote = channel.remoteAddress?.ipAddress, IPAddress(remote) == target.address else {
                return channel.eventLoop.makeFailedFuture(WrongAddress())
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        configuration.http1_1ConnectionDebugInitializer = check
        configuration.http2ConnectionDebugInitializer = check
        return configuration
    }
}
