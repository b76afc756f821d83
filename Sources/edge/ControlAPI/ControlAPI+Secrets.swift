import ControlModel
import Foundation
import Hummingbird
import Identity

/// Secrets of apps: lists and sealed values. This node can open what is sealed to it and nothing else.
extension ControlAPI {
    func addSecrets(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        let api = router.group("api/v1")
        api.get("names/:name/secrets") { request, context in
            let account = try gate.check(request)
            return JSONBody(try await backend.secrets(of: try context.parameters.require("name"), by: account))
        }
        api.post("names/:name/secrets") { request, context in
            let account = try gate.check(request)
            let update = try await ControlAPI.decode(SecretsUpdate.self, request)
            guard update.envelopes.count <= SecretsUpdate.maxEnvelopes else {
                throw ControlFailure(
                    status: 413, code: "control/too-many",
                    message: "Seal to at most \(SecretsUpdate.maxEnvelopes) nodes, not \(update.envelopes.count)")
            }
            return JSONBody(
                try await backend.changeSecrets(of: try context.parameters.require("name"), by: account, update))
        }
    }
}
