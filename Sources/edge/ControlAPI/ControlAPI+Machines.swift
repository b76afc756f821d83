import ControlModel
import Hummingbird
import ServiceLifecycle

/// Machines: where they are and how they do, and what their owners ask of them.
extension ControlAPI {
    func addMachines(to router: Router<ControlContext>) {
        let backend = self.backend
        let api = router.group("api/v1")
        api.get("machines") { _, _ in JSONBody(await backend.machineList()) }
        // The order carries its owner's signature. A node that stops does not wait for those who wait for news.
        api.post("machines/orders") { request, _ in
            let body = try await ControlAPI.collect(request)
            return JSONBody(try await cancelWhenGracefulShutdown { try await backend.orderMachine(body) })
        }
    }
}
