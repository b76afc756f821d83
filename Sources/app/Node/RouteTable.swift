import Blake3
import Gateway
import Synchronization

/// What the gateway serves by name: a snapshot that is replaced whole when the ledger changes.
final class RouteTable: GatewayRoutes {
    /// What the visitors of a name get.
    struct Route: Sendable {
        /// Visitors outside ``trial`` get it.
        var live: GatewayApp
        /// The release that a share of the visitors gets instead.
        var trial: Trial?
    }

    /// A release on the way to become live.
    struct Trial: Sendable {
        let app: GatewayApp
        /// 1 to 99.
        let percent: UInt8
        /// Names the two releases: another pair divides the visitors anew.
        let pair: String
    }

    private let routes = Mutex<[String: Route]>([:])

    private let domains = Mutex<[String: String]>([:])
    private let known = Atomic(false)
    private let previews = Mutex<(@Sendable (String) -> GatewayApp?)?>(nil)

    /// Whether the ledger has been read.
    var isReady: Bool { known.load(ordering: .acquiring) }

    func app(named name: String, for visitor: String) -> GatewayApp? {
        guard let route = routes.withLock({ $0[name] }) else {
            return name.contains("--") ? previews.withLock { $0 }?(name) : nil
        }
        guard let trial = route.trial, RouteTable.bucket(trial.pair, visitor) < trial.percent else { return route.live }
        // What is not here yet is nobody's problem as long as there is the other one.
        if case .unavailable = trial.app { return route.live }
        return trial.app
    }

    func appName(forDomain host: String) -> String? {
        domains.withLock { domains in
            domains[host] ?? (host.hasSuffix(".") ? domains[String(host.dropLast())] : nil)
        }
    }

    /// Replaces all custom domains, each with its app's name.
    func replaceDomains(_ next: [String: String]) { domains.withLock { $0 = next } }

    /// Whom to ask for names that only a release's own host has; must not block.
    func onPreview(_ body: @escaping @Sendable (String) -> GatewayApp?) { previews.withLock { $0 = body } }

    /// 0 to 99: where a visitor falls as long as the two releases are the same, on every node. A growing share only
    /// takes visitors in.
    static func bucket(_ pair: String, _ visitor: String) -> UInt8 {
        let digest = Blake3.hash(Array("\(pair)\n\(visitor)".utf8))
        let number = digest.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        return UInt8(number % 100)
    }

    /// Replaces all routes. A name whose new release is still being fetched keeps its old one.
    func replace(_ next: [String: Route]) {
        defer { known.store(true, ordering: .releasing) }
        routes.withLock { current in
            current = next.merging(current.filter { next[$0.key] != nil }) { new, old in
                guard case .unavailable = new.live else { return new }
                return Route(live: old.live, trial: new.trial)
            }
        }
    }

    /// Names that cannot be served yet.
    var waiting: [String] {
        routes.withLock { routes in
            routes.compactMap { name, route in
                if case .unavailable = route.live { name } else { nil }
            }
        }
    }
}
