import ControlModel
import Hummingbird

/// Custom domains, for reading: they are bound by transactions.
extension ControlAPI {
    func addDomains(to router: Router<ControlContext>) {
        let backend = backend
        router.group("api/v1").get("domains/:domain") { _, context in
            JSONBody(try await backend.domain(try context.parameters.require("domain")))
        }
    }
}
