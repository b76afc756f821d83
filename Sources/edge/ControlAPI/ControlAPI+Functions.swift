import ControlModel
import Foundation
import Hummingbird
import Identity
import ServiceLifecycle

/// What developers see of their functions on this node.
extension ControlAPI {
    /// Records without a word on how many.
    private static let defaultRecords = 1_000

    func addFunctions(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        router.group("api/v1").get("names/:name/logs") { request, context in
            let account = try gate.check(request)
            let query = request.uri.queryParameters
            let after = query["after"].flatMap { UInt64($0) } ?? 0
            let limit = query["limit"].flatMap { Int($0) } ?? ControlAPI.defaultRecords
            let wait = query["wait"].flatMap { Int($0) } ?? 0
            let name = try context.parameters.require("name")
            // A node that stops does not wait for those who wait for news.
            let page = try await cancelWhenGracefulShutdown {
                try await backend.functionLogs(
                    of: name, by: account, after: after, limit: min(max(limit, 1), FunctionLogPage.maxCount),
                    wait: .milliseconds(min(max(wait, 0), ControlAPI.maxWaitMillis)))
            }
            return JSONBody(page)
        }
    }
}
