import ControlModel
import Hummingbird

/// Images of machines that the node keeps.
extension ControlAPI {
    func addImages(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        let api = router.group("api/v1")
        api.get("images") { _, _ in JSONBody(try await backend.images()) }
        api.post("images") { request, _ in
            try gate.check(request)
            let body = try await ControlAPI.decode(ImageRequest.self, request)
            guard body.name.utf8.count <= ImageRequest.maxNameBytes else {
                throw ControlFailure(
                    status: 400, code: "control/bad-name",
                    message: "An image's name has at most \(ImageRequest.maxNameBytes) bytes")
            }
            return JSONBody(try await backend.addImage(body), status: .created)
        }
        api.post("images/prune") { request, _ in
            try gate.check(request)
            return JSONBody(try await backend.pruneImages(try await ControlAPI.decode(ImagePruneRequest.self, request)))
        }
    }
}
