import Dispatch
import Foundation
public import Logging
import Metrics
public import NIOCore
public import NIOPosix
import NIOSSL
public import Outbound
import Streams
import Synchronization

/// Fetches from origins: picks the kind, keeps to limits, sends failed requests again and leaves failing origins alone.
///
/// One for a node. ``close()`` ends it.
public final class OriginClient: OriginFetcher {
    /// Most times that a request is sent again, whatever its description says.
    static let maxRetries = 5
    /// Between two lines of the log about failures of one origin.
    private static let tellInterval = TimeAmount.seconds(10)

    private let settings: Settings
    let transport: HTTPTransport
    let forwarded: ForwardedFields
    let tls: TLSConfiguration
    let eventLoops: any EventLoopGroup
    private let blocks: BlockFetcher
    private let resolver: SystemNameResolver?
    private let logger: Logger
    private let backoff = Backoff()
    private let origins = Mutex<[OwnedOrigin: OriginHealth]>([:])
    private let clock: @Sendable () -> Int64

    /// An origin as one owner knows it.
    private struct OwnedOrigin: Hashable {
        let owner: String
        let name: String

        init(_ description: OriginDescription) {
            owner = description.owner
            name = description.name
        }
    }

    /// Starts without connections.
    ///
    /// - Parameters:
    ///   - settings: What the operator decides.
    ///   - resolver: Who looks names up; nil: the system.
    ///   - clock: Seconds since 1970, for signatures; nil: the system's.
    ///   - eventLoops: Where connections live.
    ///   - logger: For what origins do wrong.
    /// - Throws: If the settings' trust roots are not PEM.
    public init(
        _ settings: Settings = Settings(), resolver: (any NameResolver)? = nil,
        clock: (@Sendable () -> Int64)? = nil,
        eventLoops: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup, logger: Logger
    ) throws {
        self.settings = settings
        self.clock = clock ?? { Int64(Date().timeIntervalSince1970) }
        self.logger = logger
        self.eventLoops = eventLoops
        let tls = try TrustRoots.configuration(extra: settings.extraTrustRoots)
        self.tls = tls
        let names: any NameResolver
        if let resolver {
            names = resolver
            self.resolver = nil
        } else {
            let system = SystemNameResolver(settings.names, eventLoops: eventLoops)
            names = system
            self.resolver = system
        }
        var limits = PinnedClients.Settings()
        limits.keepAlive = settings.keepAlive
        limits.maxConnections = 1_024
        let interim = InterimListeners()
        limits.prepare = { try InterimHandler.add(to: $0, interim) }
        forwarded = ForwardedFields(pseudonym: settings.pseudonym)
        transport = HTTPTransport(
            clients: PinnedClients(limits, tls: tls, eventLoops: eventLoops),
            addresses: OriginAddresses(
                guardian: settings.addresses, allowed: settings.allowedHosts, resolver: names),
            interim: interim, eventLoops: eventLoops, logger: logger)
        blocks = BlockFetcher(transport: transport, forwarded: forwarded, logger: logger)
    }

    /// Breaks off all transfers and ends all connections.
    public func close() async {
        await transport.close()
        resolver?.close()
    }

    /// What was counted for each origin of each owner, by name.
    public var statistics: [OriginStatistics] {
        origins.withLock { $0.map { $0.value.snapshot(name: $0.key.name) } }.sorted { $0.name < $1.name }
    }

    /// Checks a description without asking the origin.
    ///
    /// - Throws: ``OriginError`` with the code `badDescription` or, for directories, `refusedAddress`.
    public func check(_ description: OriginDescription) throws { _ = try origin(description) }

    public func fetch(_ request: OriginRequest, from description: OriginDescription) async throws -> OriginResponse {
        do {
            return try await answer(request, description)
        } catch {
            request.body?.stream.stop()
            let known = OriginError.from(error)
            count(known.code.description)
            tell(known, of: description)
            throw known
        }
    }

    /// Logs why an origin fails, which visitors are not told; of each origin once in a while.
    private func tell(_ error: OriginError, of description: OriginDescription) {
        guard error.isOriginsFault || error.code == .refusedAddress || error.code == .badDescription else { return }
        let name = OwnedOrigin(description)
        let isNews = origins.withLock { origins in
            let now = NIODeadline.now()
            if origins[name] == nil, origins.count >= settings.maxOrigins { Self.forgetIdle(&origins) }
            guard now - origins[name, default: OriginHealth()].toldAt >= Self.tellInterval else { return false }
            origins[name, default: OriginHealth()].toldAt = now
            return true
        }
        guard isNews else { return }
        logger.warning(
            "An origin failed",
            metadata: [
                "app": "\(description.owner)", "origin": "\(description.name)", "code": "\(error.code)",
                "reason": "\(error.message)",
            ])
    }

    private func answer(_ request: OriginRequest, _ description: OriginDescription) async throws -> OriginResponse {
        try forwarded.checkLoop(request.fields)
        let origin = try origin(description)
        let name = OwnedOrigin(description)
        let first = try begin(name, description)
        var isOver = false
        defer { if !isOver { change(name) { $0.end(now: .now()) } } }
        let (response, pass, relay) = try await attempts(request, origin, description, first)
        isOver = true
        count("\(response.status / 100)xx")
        relay.choose { [self] error in
            change(name) { health in
                if let error { health.report(error.isOriginDown ? .failure : .abandoned, pass, now: .now()) }
                health.end(now: .now())
            }
        }
        return response
    }

    /// Asks until there is an answer, or no more retry. However often it failed, that is one failure to the breaker: a few
    /// visitors of one bad page must not close the origin to all.
    private func attempts(
        _ request: OriginRequest, _ origin: any Origin, _ description: OriginDescription, _ first: CircuitBreaker.Pass
    ) async throws -> (OriginResponse, CircuitBreaker.Pass, EndRelay) {
        let name = OwnedOrigin(description)
        let retries = request.isRepeatable ? min(max(0, description.retries), Self.maxRetries) : 0
        var pass = first
        var attempt = 1
        while true {
            let relay = EndRelay()
            let result: Result<OriginResponse, OriginError>
            do {
                result = .success(try await origin.fetch(request, ended: { relay.report($0) }))
            } catch {
                result = .failure(OriginError.from(error))
            }
            let outcome = Self.outcome(result)
            guard Self.mayRepeat(result, description), attempt <= retries else {
                report(outcome, pass, name)
                return (try Self.numbered(result, attempt), pass, relay)
            }
            guard let next = change(name, { $0.beginRetry(pass, now: .now()) }) else {
                report(outcome, pass, name)
                return (try Self.numbered(result.mapError(Self.budgetSpent), attempt), pass, relay)
            }
            pass = next
            if case .success(let response) = result { response.body.stop() }
            do {
                try await Task.sleep(for: Self.pause(backoff, attempt))
            } catch {
                report(.abandoned, pass, name)
                throw error
            }
            attempt += 1
        }
    }

    private func origin(_ description: OriginDescription) throws -> any Origin {
        switch description.source {
        case .http(let url):
            try HTTPOrigin(url: url, description, transport: transport, forwarded: forwarded)
        case .s3(let location):
            try S3Origin(
                location, description, transport: transport, pseudonym: forwarded.pseudonym, clock: clock)
        case .ipfs(let location): try IPFSOrigin(location, description, blocks: blocks)
        case .directory(let path):
            try DirectoryOrigin(path: path, roots: settings.allowedDirectories, threads: .singleton)
        }
    }

    // MARK: Health

    private func begin(_ name: OwnedOrigin, _ description: OriginDescription) throws -> CircuitBreaker.Pass {
        do {
            return try origins.withLock { origins throws(OriginHealth.Refusal) in
                if origins[name] == nil, origins.count >= settings.maxOrigins { Self.forgetIdle(&origins) }
                return try origins[name, default: OriginHealth()].begin(
                    maxConcurrent: max(1, description.maxConcurrent), now: .now())
            }
        } catch {
            switch error {
            case .full:
                throw OriginError(
                    .overloaded,
                    "\(description.maxConcurrent) requests to \(name.name) are open; raise the limit or wait",
                    retryAfter: 1)
            case .breakerOpen(let remaining):
                let seconds = Int((remaining.nanoseconds + 999_999_999) / 1_000_000_000)
                throw OriginError(
                    .breakerOpen,
                    "\(name.name) failed again and again and is left alone for \(seconds) s more; repair it",
                    retryAfter: max(1, seconds))
            }
        }
    }

    /// Makes room for one more: a tenth of the origins without requests, the longest unused ones.
    private static func forgetIdle(_ origins: inout [OwnedOrigin: OriginHealth]) {
        let idle = origins.filter { $0.value.inFlight == 0 }.sorted { $0.value.usedAt < $1.value.usedAt }
        for (name, _) in idle.prefix(max(1, origins.count / 10)) { origins[name] = nil }
    }

    @discardableResult
    private func change<Value: Sendable>(_ name: OwnedOrigin, _ body: (inout OriginHealth) -> Value?) -> Value? {
        origins.withLock { origins in
            guard var health = origins[name] else { return nil }
            defer { origins[name] = health }
            return body(&health)
        }
    }

    private func report(_ outcome: OriginHealth.Outcome, _ pass: CircuitBreaker.Pass, _ name: OwnedOrigin) {
        let news: Bool? = change(name) { health in
            let before = health.breaker.openings
            health.report(outcome, pass, now: .now())
            return health.breaker.openings > before
        }
        guard news == true else { return }
        logger.warning("An origin fails and is left alone for a while", metadata: ["origin": "\(name.name)"])
        Counter(label: "skerry_origin_breaker_openings_total").increment()
    }

    private static func outcome(_ result: Result<OriginResponse, OriginError>) -> OriginHealth.Outcome {
        switch result {
        case .success(let response): response.isFailure ? .failure : .success
        case .failure(let error): error.isOriginDown ? .failure : .abandoned
        }
    }

    /// Whether what failed is asked for again. An error that a web server answers with is its answer, and more requests are the
    /// last thing that helps it; S3 wants its clients to try again. Who waited for one that is slow has waited for long.
    private static func mayRepeat(_ result: Result<OriginResponse, OriginError>, _ description: OriginDescription)
        -> Bool
    {
        switch result {
        case .failure(let error): error.isOriginsFault && error.code != .timeout
        case .success(let response): if case .s3 = description.source { response.isFailure } else { false }
        }
    }

    private static func numbered(_ result: Result<OriginResponse, OriginError>, _ attempt: Int) throws -> OriginResponse
    {
        var response = try result.get()
        response.attempts = attempt
        return response
    }

    private static func budgetSpent(_ error: OriginError) -> OriginError {
        OriginError(.budgetSpent, "\(error.message); so many requests fail that no more are sent again", retryAfter: 10)
    }

    private static func pause(_ backoff: Backoff, _ retry: Int) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return .nanoseconds(backoff.delay(retry: retry, using: &generator).nanoseconds)
    }

    private func count(_ outcome: String) {
        Counter(label: "skerry_origin_requests_total", dimensions: [("outcome", outcome)]).increment()
    }
}

extension OriginResponse {
    /// Whether the origin, or who stands before it, could not answer. An error that says how long it is to be kept, of which
    /// version it is, or when to ask again, is an answer, perhaps to one client alone.
    fileprivate var isFailure: Bool {
        let isVersion = fields["etag"] != nil || fields["last-modified"] != nil
        guard [502, 503, 504].contains(status), !isVersion, fields["retry-after"] == nil else { return false }
        let said = fields.list("cache-control").map { $0.lowercased() }
        if said.contains(where: { $0.hasPrefix("max-age=") || $0.hasPrefix("s-maxage=") }) { return false }
        return fields["expires"] == nil || said.contains("no-store") || said.contains("no-cache")
    }
}

extension OriginError {
    /// Whether it speaks against the origin, so that another attempt may help.
    var isOriginsFault: Bool {
        switch code {
        case .unreachable, .timeout, .badResponse, .verificationFailed, .tooLarge: true
        default: false
        }
    }

    /// Whether it says that the origin as a whole does not answer, which the breaker counts. A bad answer says that of one page.
    fileprivate var isOriginDown: Bool { code == .unreachable || code == .timeout }
}
