import FunctionServices
import Functions
import Gateway
import Ledger
import Manifests
import NIOCore
import Streams
import Synchronization

/// Runs functions for other functions, here or where they belong, and has machines answer them.
final class NodeServices: ServiceInvoker {
    private let releases: FunctionReleases
    private let routes: RouteTable
    private let group: any EventLoopGroup
    private let calls = Mutex<FunctionCalls?>(nil)
    private let machines = Mutex<MachineCalls?>(nil)

    init(releases: FunctionReleases, routes: RouteTable, group: any EventLoopGroup) {
        self.releases = releases
        self.routes = routes
        self.group = group
    }

    /// The pool asks its host, and its host asks the pool: so one of them comes later.
    func attach(_ calls: FunctionCalls) { self.calls.withLock { $0 = calls } }

    /// Whom to ask for apps that are machines.
    func attach(_ machines: MachineCalls) { self.machines.withLock { $0 = machines } }

    /// The machine that answers; nil for an app whose function does, or that has neither.
    private static func machine(_ app: GatewayApp?) -> MachineRelease? {
        switch app {
        case .machine(let release): return release
        case .composite(let composite):
            guard release(app) == nil else { return nil }
            for route in composite.routes { if case .machine(let release) = route.part { return release } }
            return nil
        case .site, .function, .origin, .unavailable, nil: return nil
        }
    }

    /// The release whose function answers; nil for an app without one.
    private static func release(_ app: GatewayApp?) -> String? {
        switch app {
        case .function(let release): return release.release
        case .composite(let release):
            let runsCode = release.routes.contains { if case .function = $0.part { true } else { false } }
            return runsCode ? release.release : nil
        case .site, .origin, .machine, .unavailable, nil: return nil
        }
    }

    func answer(_ request: ServiceRequest) async throws -> ServiceResponse {
        let caller = try await releases.manifest(of: request.caller)
        switch caller.bindings.first(where: { $0.name == request.binding })?.target {
        case .service(let app): return try await answer(request, by: app)
        case .machine:
            guard let release = ownMachine(of: request.caller), let machines = machines.withLock({ $0 }) else {
                throw HostCallError("service/unavailable", "This node knows of no machine of the app now; try again")
            }
            return try await machines.answer(release, request, on: group.next())
        case .assets, .kv, nil:
            throw HostCallError("service/unknown", "The app has no service called \(request.binding)")
        }
    }

    /// The machine of a function's own app. Releases that visitors have or had share the machines that serve; others, which
    /// are previewed, have one of their own.
    private func ownMachine(of caller: FunctionVersion) -> MachineRelease? {
        guard let name = releases.name(of: caller) else { return nil }
        let release = ReleaseID(caller.release)
        let isVisited = name.candidate?.release == release || name.liveHistory.contains { $0 == release }
        return MachineRelease(
            name: name.name.description, release: caller.release, tenant: caller.tenant, isPreview: !isVisited,
            isShare: name.candidate != nil)
    }

    private func answer(_ request: ServiceRequest, by app: String) async throws -> ServiceResponse {
        // One caller stays with one release while two are live.
        let target = routes.app(named: app, for: request.caller.tenant)
        if let release = NodeServices.machine(target), let machines = machines.withLock({ $0 }) {
            var request = request
            request.headers = request.headers(for: release.tenant)
            return try await machines.answer(release, request, on: group.next())
        }
        guard let release = NodeServices.release(target),
            let found = releases.release(release, of: app), let calls = calls.withLock({ $0 })
        else { throw HostCallError("service/unavailable", "\(app) is no function that this node can run now") }
        var headers = request.headers(for: found.version.tenant)
        if let trace = request.trace, !headers.contains(where: { $0.name == "traceparent" }) {
            headers.append(("traceparent", trace))
        }
        let cancellation = Cancellation()
        let call = FunctionCall(
            id: request.requestID, trace: request.trace, method: request.method, url: request.url, headers: headers,
            body: request.body,
            cancellation: cancellation)
        let reply = try await withTaskCancellationHandler {
            try await calls.invoke(found.version, call, on: group.next()).get()
        } onCancel: {
            cancellation.cancel()
        }
        return ServiceResponse(status: reply.status, headers: reply.headers, body: reply.body)
    }
}
