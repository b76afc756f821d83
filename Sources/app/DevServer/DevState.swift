import Foundation
import Functions
import Gateway
import Manifests
import Synchronization

/// What is served at the moment, and the last errors by request.
final class DevState: GatewayRoutes {
    /// An app that was read.
    struct Loaded: Sendable {
        let app: DevApp
        /// Counts loads: each is a version of its own.
        let generation: Int
        let pool: FunctionPool?

        var version: FunctionVersion { FunctionVersion(tenant: "dev/\(app.name)", release: "\(generation)") }
    }

    enum Content: Sendable {
        case loading
        case loaded(Loaded)
        case failed(String)
    }

    /// Requests whose last error is remembered.
    private static let maxErrors = 256
    /// The release of an app that cannot be served: its requests go to whoever explains that.
    static let failedRelease = "failed"

    private struct Guarded {
        var content = Content.loading
        var errors: [String: String] = [:]
        var order: [String] = []
    }

    private let guarded = Mutex(Guarded())

    var content: Content {
        get { guarded.withLock { $0.content } }
        set { guarded.withLock { $0.content = newValue } }
    }

    let isReady = true

    func app(named name: String, for visitor: String) -> GatewayApp? {
        switch content {
        case .loading: return .unavailable(reason: "it is being read")
        case .failed: return .function(FunctionRelease(name: name, release: DevState.failedRelease))
        case .loaded(let loaded):
            let release = "\(loaded.generation)"
            if let composite = loaded.app.composite {
                return .composite(
                    CompositeRelease(name: name, release: release, tenant: loaded.version.tenant, manifest: composite))
            }
            let site = loaded.app.files.map { SiteRelease(name: name, release: release, manifest: $0) }
            guard let function = loaded.app.function else {
                return site.map { .site($0) } ?? .unavailable(reason: "it has neither code nor files")
            }
            return .function(
                FunctionRelease(
                    name: name, release: release, assets: site,
                    routes: DevSchedule.routes(function.routes, hasSchedules: !function.cron.isEmpty)))
        }
    }

    /// Remembers what a request ran into.
    func note(_ text: String, for request: String) {
        guarded.withLock { guarded in
            if guarded.errors.updateValue(text, forKey: request) == nil { guarded.order.append(request) }
            if guarded.order.count > DevState.maxErrors { guarded.errors[guarded.order.removeFirst()] = nil }
        }
    }

    func error(of request: String) -> String? { guarded.withLock { $0.errors[request] } }
}
