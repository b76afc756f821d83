public import NIOCore
public import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the addresses of a host name.
public protocol NameResolver: Sendable {
    /// The name's addresses, the preferred one first; empty if it has none.
    ///
    /// - Parameter name: An ASCII host name.
    /// - Throws: If the lookup failed or took too long.
    func addresses(of name: String) async throws -> [IPAddress]
}

/// Asks the system (`getaddrinfo`), on threads of its own, since such calls block and cannot be stopped.
///
/// An answer is used again for ``Settings/memory``. That is safe: addresses are judged each time, and connections go
/// to the address that was judged.
public final class SystemNameResolver: NameResolver {
    /// Limits of a resolver.
    public struct Settings: Sendable {
        /// Lookups at a time. Default 16. Names of hostile servers may block one each for ``timeout`` and longer.
        public var threads = 16
        /// Lookups that wait for a thread. Default 256; the next one fails.
        public var maxWaiting = 256
        /// A lookup fails after this time. Default 5 s.
        public var timeout: TimeAmount = .seconds(5)
        /// How long an answer is used again. Default 10 s.
        public var memory: TimeAmount = .seconds(10)
        /// Names whose answers are kept. Default 4,096.
        public var maxNames = 4_096

        /// The defaults.
        public init() {}
    }

    /// Why there is no answer.
    public enum Failure: Error, CustomStringConvertible {
        /// It took longer than ``Settings/timeout``.
        case timeout
        /// More than ``Settings/maxWaiting`` lookups wait.
        case busy
        /// The system's reason.
        case failed(String)

        public var description: String {
            switch self {
            case .timeout: "the lookup took too long"
            case .busy: "too many lookups wait on this node"
            case .failed(let reason): reason
            }
        }
    }

    private struct Answer {
        var addresses: [IPAddress]
        var until: NIODeadline
    }

    private struct State {
        var answers: [String: Answer] = [:]
        var running = 0
    }

    private let settings: Settings
    private let threadPool: NIOThreadPool
    private let eventLoops: any EventLoopGroup
    private let state = Mutex(State())

    /// A resolver with its threads; ``close()`` ends them.
    public init(
        _ settings: Settings = Settings(), eventLoops: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup
    ) {
        self.settings = settings
        self.eventLoops = eventLoops
        threadPool = NIOThreadPool(numberOfThreads: max(1, settings.threads))
        threadPool.start()
    }

    public func addresses(of name: String) async throws -> [IPAddress] {
        if let known = remembered(name) { return known }
        let isAdmitted = state.withLock { state in
            guard state.running < settings.threads + settings.maxWaiting else { return false }
            state.running += 1
            return true
        }
        guard isAdmitted else { throw Failure.busy }
        let loop = eventLoops.next()
        let promise = loop.makePromise(of: [IPAddress].self)
        let alarm = loop.scheduleTask(in: settings.timeout) { promise.fail(Failure.timeout) }
        threadPool.submit { [self] _ in
            let result = Result { try Self.ask(name) }
            state.withLock { $0.running -= 1 }
            if case .success(let addresses) = result { remember(name, addresses) }
            loop.execute {
                alarm.cancel()
                promise.completeWith(result)
            }
        }
        return try await promise.futureResult.get()
    }

    /// Ends the threads once their lookups are over, without waiting for that.
    public func close() { threadPool.shutdownGracefully { _ in } }

    private func remembered(_ name: String) -> [IPAddress]? {
        state.withLock { state in
            guard let answer = state.answers[name], answer.until > .now() else { return nil }
            return answer.addresses
        }
    }

    private func remember(_ name: String, _ addresses: [IPAddress]) {
        state.withLock { state in
            let now = NIODeadline.now()
            if state.answers.count >= settings.maxNames {
                state.answers = state.answers.filter { $0.value.until > now }
            }
            if state.answers.count >= settings.maxNames { state.answers.removeAll() }
            state.answers[name] = Answer(addresses: addresses, until: now + settings.memory)
        }
    }

    /// Blocks.
    private static func ask(_ name: String) throws -> [IPAddress] {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        if status == EAI_NONAME { return [] }
        guard status == 0 else {
            throw Failure.failed("the system cannot look the name up: \(String(cString: gai_strerror(status)))")
        }
        var addresses: [IPAddress] = []
        var entry = list
        while let current = entry {
            if let address = address(current.pointee), !addresses.contains(address) { addresses.append(address) }
            entry = current.pointee.ai_next
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let raw = entry.ai_addr else { return nil }
        switch entry.ai_family {
        case AF_INET where entry.ai_addrlen >= socklen_t(MemoryLayout<sockaddr_in>.size):
            return raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin_addr) { IPAddress(bytes: $0) }
            }
        case AF_INET6 where entry.ai_addrlen >= socklen_t(MemoryLayout<sockaddr_in6>.size):
            return raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin6_addr) { IPAddress(bytes: $0) }
            }
        default: return nil
        }
    }
}
