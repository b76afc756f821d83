import ControlModel
import Hummingbird
import Identity

/// Orders to roll back.
extension ControlAPI {
    func addRollouts(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        let api = router.group("api/v1")
        api.get("names/:name/automatic-rollback") { _, context in
            JSONBody(try await backend.automaticRollback(of: try context.parameters.require("name")))
        }
        api.post("names/:name/rollback-order") { request, context in
            let account = try gate.check(request)
            let order = try await ControlAPI.collect(request)
            return JSONBody(
                try await backend.keepRollback(order, of: try context.parameters.require("name"), by: account))
        }
    }
}
