import ControlModel
import Foundation
import Hummingbird
import Identity

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
            return JSONBody(
                try await backend.functionLogs(
                    of: try context.parameters.require("name"), by: account, after: after,
                    limit: min(max(limit, 1), FunctionLogPage.maxCount),
                    wait: .milliseconds(min(max(wait, 0), ControlAPI.maxWaitMillis))))
        }
    }
}
