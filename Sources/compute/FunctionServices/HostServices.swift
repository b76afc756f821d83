public import Functions
public import Logging
import Metrics
public import NIOCore
public import NIOPosix
public import Outbound

/// What functions can do beyond computing: answers their calls by name.
///
/// `fetch`, `crypto.…`, `compress`, `assets.get`, `service` and `kv.…`; `docs/design/function-services.md` describes
/// them. A call of another name fails with `host/unknown`. No argument or body ends the process.
public final class HostServices: FunctionHost {
    /// What the services work with.
    public struct Settings: Sendable {
        /// Calls to other servers.
        public var fetch = FetchSettings()
        /// Cryptography.
        public var crypto = CryptoSettings()
        /// Name lookups.
        public var names = SystemNameResolver.Settings()

        /// The defaults.
        public init() {}
    }

    private let pumps = BodyPumps()
    private let memory = BodyMemory()
    private let fetch: FetchService
    private let crypto: CryptoService
    private let compression: CompressionService
    private let assets: AssetService
    private let services: ServiceCalls
    private let keyValues: KVCalls
    private let systemResolver: SystemNameResolver?
    private let logger: Logger

    /// Starts the services; ``close()`` ends them.
    ///
    /// - Parameters:
    ///   - assets: Where releases' files come from; nil: none has any.
    ///   - invoker: Who runs functions for other functions; nil: nobody.
    ///   - keyValues: Where values are kept; nil: nowhere. Closing it is the caller's part, after ``close()``.
    ///   - resolver: Who looks names up; nil: the system.
    ///   - eventLoops: Where connections live.
    /// - Throws: If the settings' trust roots are not PEM.
    public init(
        _ settings: Settings = Settings(), assets: (any FunctionAssets)? = nil, invoker: (any ServiceInvoker)? = nil,
        keyValues: (any KeyValues)? = nil, resolver: (any NameResolver)? = nil,
        eventLoops: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup, logger: Logger
    ) throws {
        // Before anything has begun that would have to be ended.
        let tls = try TrustRoots.configuration(extra: settings.fetch.extraTrustRoots)
        let system = resolver == nil ? SystemNameResolver(settings.names, eventLoops: eventLoops) : nil
        systemResolver = system
        self.logger = logger
        fetch = FetchService(
            settings.fetch, tls: tls, resolver: resolver ?? system ?? NoNames(), pumps: pumps, eventLoops: eventLoops,
            logger: logger)
        crypto = CryptoService(settings.crypto, pumps: pumps, memory: memory)
        compression = CompressionService(pumps: pumps)
        self.assets = AssetService(assets: assets)
        services = ServiceCalls(invoker)
        self.keyValues = KVCalls(store: keyValues, pumps: pumps, memory: memory)
    }

    public func answer(_ call: HostCall) async throws -> HostAnswer {
        do {
            let answer = try await dispatch(call)
            count(call, "ok")
            return answer
        } catch {
            // Nobody reads what is left of the body.
            call.body.stop()
            let failure = failure(error, call)
            count(call, failure.code)
            throw failure
        }
    }

    /// Bodies of answers that are not over.
    var openBodies: Int { pumps.count }

    /// Breaks off all bodies, ends all connections and threads.
    public func close() async {
        await pumps.close()
        await fetch.close()
        try? await crypto.close()
        systemResolver?.close()
    }

    private func dispatch(_ call: HostCall) async throws -> HostAnswer {
        let service = call.name.prefix { $0 != "." }
        let found: HostAnswer? =
            switch call.name {
            case "fetch": try await holding(call, code: "fetch/limit") { try await fetch.answer(call) }
            case "compress": try await compression.answer(call)
            case "assets.get": try await assets.answer(unburdened(call))
            case "service": try await holding(call, code: "host/limit") { try await services.answer(call) }
            case _ where service == "crypto": try await crypto.answer(call)
            case "kv.put": try await keyValues.answer(call)
            case _ where service == "kv": try await keyValues.answer(unburdened(call))
            default: nil
            }
        guard let found else {
            throw HostCallError(
                "host/unknown",
                "This node has no call \"\(call.name.prefix(64))\"; is it older than the app?")
        }
        return found
    }

    /// Has a call answered that may wait long for others, and holds the body that came with it until then: what all calls of
    /// an app hold is bounded.
    ///
    /// - Parameter code: For an app whose calls hold as much as they may.
    private func holding(
        _ call: HostCall, code: String, _ answer: () async throws -> HostAnswer
    ) async throws -> HostAnswer {
        guard case .bytes(let bytes) = call.body else { return try await answer() }
        let lease = memory.lease(for: call.version.tenant)
        defer { withExtendedLifetime(lease) {} }
        guard lease.grow(by: bytes.readableBytes) else {
            throw HostCallError(
                code, "The app's calls hold more than \(BodyMemory.maxBytesPerApp) bytes; send less at a time")
        }
        return try await answer()
    }

    /// The call without its body, which nobody wants.
    private func unburdened(_ call: HostCall) -> HostCall {
        call.body.stop()
        var call = call
        call.body = .empty
        return call
    }

    private func failure(_ error: any Error, _ call: HostCall) -> HostCallError {
        switch error {
        case let known as HostCallError: return known
        case is CancellationError: return HostCallError("host/cancelled", "The call was cancelled")
        default:
            logger.warning(
                "a function's call failed",
                metadata: ["call": "\(call.name.prefix(64))", "app": "\(call.version)", "error": "\(error)"])
            return HostCallError("host/failed", "The node could not answer this call; its log says why")
        }
    }

    private func count(_ call: HostCall, _ outcome: String) {
        let known: Set<Substring> = ["fetch", "compress", "assets", "service", "crypto", "kv"]
        let service = call.name.prefix { $0 != "." }
        Counter(
            label: "skerry_function_host_calls_total",
            dimensions: [("service", known.contains(service) ? String(service) : "unknown"), ("outcome", outcome)]
        ).increment()
    }
}

/// Knows no name.
private struct NoNames: NameResolver {
    func addresses(of name: String) async throws -> [IPAddress] { [] }
}
