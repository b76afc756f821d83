import AsyncHTTPClient
import Functions
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import NIOSSL
import Outbound
import Streams
import Synchronization

/// Answers `fetch`: calls of functions to other servers.
///
/// Argument ``FetchArgument``, value ``FetchValue``, bodies as they are on the wire. A call ends with its body, or when
/// the body's reader stops. Cancelling the task ends the connection.
final class FetchService: Sendable {
    private let settings: FetchSettings
    private let resolver: any NameResolver
    private let clients: PinnedClients
    private let pumps: BodyPumps
    private let eventLoops: any EventLoopGroup
    private let logger: Logger
    private let calls: Mutex<AppBudget>
    private let lookups: Mutex<AppBudget>

    init(
        _ settings: FetchSettings, tls: TLSConfiguration, resolver: any NameResolver, pumps: BodyPumps,
        eventLoops: any EventLoopGroup, logger: Logger
    ) {
        self.settings = settings
        self.resolver = resolver
        self.pumps = pumps
        self.eventLoops = eventLoops
        self.logger = logger
        var limits = PinnedClients.Settings()
        limits.connectTimeout = settings.connectTimeout
        limits.keepAlive = settings.keepAlive
        limits.maxConnections = settings.maxConcurrentPerApp
        limits.maxClients = settings.maxClients
        clients = PinnedClients(limits, tls: tls, eventLoops: eventLoops)
        calls = Mutex(
            AppBudget(
                .init(
                    perSecond: settings.callsPerSecond, burst: settings.callBurst,
                    concurrent: settings.maxConcurrentPerApp, concurrentOfAll: settings.maxConcurrent)))
        lookups = Mutex(
            AppBudget(
                .init(
                    perSecond: .infinity, burst: .infinity, concurrent: settings.maxLookupsPerApp,
                    concurrentOfAll: .max)))
    }

    func close() async { await clients.close() }

    /// Calls whose answer or body is not over.
    var openCalls: Int { calls.withLock { $0.open } }

    func answer(_ call: HostCall) async throws -> HostAnswer {
        let began = NIODeadline.now()
        do {
            let answer = try await fetch(call)
            count("ok", since: began)
            return answer
        } catch {
            let failure = FetchFailure.from(error, host: "the server")
            count(failure.code, since: began)
            throw failure
        }
    }

    private func fetch(_ call: HostCall) async throws -> HostAnswer {
        let argument = try CallArgument.decode(FetchArgument.self, of: call)
        let app = call.version.tenant
        let first = try FetchRequest(argument, body: call.body, trace: call.trace, settings: settings)
        if first.hop.body == .none { call.body.stop() }
        try begin(app)
        var isOver = false
        defer { if !isOver { calls.withLock { $0.finish(app) } } }
        let (response, hop, target) = try await follow(first, mode: argument.redirect ?? .follow, app: app)
        var isKept = false
        defer { if !isKept { clients.giveBack(target) } }
        let value = FetchValue(
            url: hop.url.description, redirected: hop.redirects > 0, status: Int(response.status.code),
            statusText: response.status.reasonPhrase, headers: try FetchHeaders.incoming(response.headers))
        let text = try CallArgument.encode(value)
        isOver = true
        isKept = true
        let body = body(of: response, host: hop.url.hostAndPort, target: target, app: app)
        return HostAnswer(value: text, body: .stream(body))
    }

    private func begin(_ app: String) throws {
        switch calls.withLock({ $0.begin(app, now: .now()) }) {
        case nil: return
        case .rate: throw FetchFailure.limit("the app makes more than \(settings.callsPerSecond) calls a second")
        case .concurrency: throw FetchFailure.limit("the app has \(settings.maxConcurrentPerApp) calls open")
        case .node: throw FetchFailure.limit("this node has too many calls open; try again")
        }
    }

    /// The answer to the last hop, whose client must be given back.
    private func follow(_ first: FetchRequest, mode: FetchHop.Redirect, app: String) async throws
        -> (HTTPClientResponse, FetchHop, PinnedClients.Target)
    {
        let deadline = NIODeadline.now() + settings.headTimeout
        var request = first
        while true {
            let hop = request.hop
            let (response, target) = try await ask(request, app: app, deadline: deadline)
            switch hop.step(status: Int(response.status.code), locations: response.headers["location"], mode: mode) {
            case .done: return (response, hop, target)
            case .next(let next):
                clients.giveBack(target)
                request.hop = next
            case .failed(let reason):
                clients.giveBack(target)
                throw FetchFailure.failed(reason)
            }
        }
    }

    private func ask(_ request: FetchRequest, app: String, deadline: NIODeadline) async throws
        -> (HTTPClientResponse, PinnedClients.Target)
    {
        let url = request.hop.url
        guard !BlockedPorts.contains(url.port) else {
            throw FetchFailure.refused("port \(url.port) belongs to another protocol than HTTP")
        }
        var lastFailure: (any Error)?
        for address in try await addresses(of: url.host, app: app).prefix(max(1, settings.maxAddresses)) {
            try Task.checkCancellation()
            let target = PinnedClients.Target(owner: app, host: url.host, address: address)
            do {
                return (try await ask(request, target, deadline), target)
            } catch {
                lastFailure = error
                guard FetchFailure.isConnectFailure(error), !request.hasBegunBody else {
                    throw FetchFailure.from(error, host: url.hostAndPort)
                }
            }
        }
        guard let lastFailure else { throw FetchFailure.failed("\(url.hostAndPort) has no address") }
        throw FetchFailure.from(lastFailure, host: url.hostAndPort)
    }

    /// One address's answer; the target's client must be given back if there is one.
    private func ask(_ request: FetchRequest, _ target: PinnedClients.Target, _ deadline: NIODeadline) async throws
        -> HTTPClientResponse
    {
        guard let client = clients.take(target) else { throw FetchFailure.failed("this node is closing") }
        do {
            let message = try request.clientRequest()
            do {
                return try await client.execute(message, deadline: deadline, logger: logger)
            } catch let error as HTTPClientError
                where error == .remoteConnectionClosed && request.isRepeatable
            {
                // Servers close kept connections just when the next request leaves.
                return try await client.execute(message, deadline: deadline, logger: logger)
            }
        } catch {
            clients.giveBack(target)
            throw error
        }
    }

    /// The host's addresses, all of which may be reached.
    private func addresses(of host: HTTPURL.Host, app: String) async throws -> [IPAddress] {
        switch host {
        case .address(let address):
            if let reason = settings.addresses.refusal(of: address) {
                throw FetchFailure.refused("the address \(address) is \(reason); functions reach public addresses only")
            }
            return [address]
        case .name(let name):
            let found = try await lookUp(name, app: app)
            for address in found {
                if let reason = settings.addresses.refusal(of: address) {
                    throw FetchFailure.refused(
                        "\(name) leads to an address that is \(reason); functions reach public addresses only")
                }
            }
            return found
        }
    }

    private func lookUp(_ name: String, app: String) async throws -> [IPAddress] {
        guard lookups.withLock({ $0.begin(app, now: .now()) }) == nil else {
            throw FetchFailure.limit("the app has \(settings.maxLookupsPerApp) name lookups under way")
        }
        defer { lookups.withLock { $0.finish(app) } }
        do {
            return try await resolver.addresses(of: name)
        } catch SystemNameResolver.Failure.timeout {
            throw FetchFailure.timeout("\(name) could not be looked up in time")
        } catch {
            throw FetchFailure.failed("\(name) could not be looked up: \(error)")
        }
    }

    private func body(of response: HTTPClientResponse, host: String, target: PinnedClients.Target, app: String)
        -> ByteStream
    {
        pumps.start(
            { [self] stream, cancellation in
                let watch = IdleWatch(
                    loop: eventLoops.next(), limit: settings.idleTimeout, cancellation: cancellation)
                do {
                    var parts = response.body.makeAsyncIterator()
                    while let part = try await watch.watching({ try await parts.next() }) {
                        try await stream.write(part)
                    }
                } catch {
                    if watch.hasExpired { throw FetchFailure.timeout("\(host) stopped in the middle of its answer") }
                    throw FetchFailure.from(error, host: host)
                }
            },
            ended: { [self] in
                clients.giveBack(target)
                calls.withLock { $0.finish(app) }
            })
    }

    private func count(_ outcome: String, since began: NIODeadline) {
        Counter(label: "skerry_function_fetches_total", dimensions: [("outcome", outcome)]).increment()
        Metrics.Timer(label: "skerry_function_fetch_duration")
            .recordNanoseconds((NIODeadline.now() - began).nanoseconds)
    }
}
