import Gateway
import Synchronization

/// What the gateway serves by name: a snapshot that is replaced whole when the ledger changes.
final class RouteTable: GatewayRoutes {
    private let apps = Mutex<[String: GatewayApp]>([:])

    private let known = Atomic(false)

    /// Whether the ledger has been read.
    var isReady: Bool { known.load(ordering: .acquiring) }

    func app(named name: String) -> GatewayApp? { apps.withLock { $0[name] } }

    /// Replaces all routes. A name whose new release is still being fetched keeps its old one.
    func replace(_ next: [String: GatewayApp]) {
        defer { known.store(true, ordering: .releasing) }
        apps.withLock { current in
            current = next.merging(current.filter { next[$0.key] != nil }) { new, old in
                if case .unavailable = new { old } else { new }
            }
        }
    }

    /// Names that cannot be served yet.
    var waiting: [String] {
        apps.withLock { apps in
            apps.compactMap { name, app in
                if case .unavailable = app { name } else { nil }
            }
        }
    }
}
