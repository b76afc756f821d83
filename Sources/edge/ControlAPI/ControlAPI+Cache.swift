import ControlModel
import Foundation
import Hummingbird
import Identity

/// Stored answers of origins: purging, counting and looking.
extension ControlAPI {
    func addCache(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        let api = router.group("api/v1")
        // The order carries its owner's signature.
        api.post("cache/purges") { request, _ in
            let body = try await ControlAPI.collect(request)
            return JSONBody(try await backend.purgeCache(Array(body.readableBytesView)))
        }
        api.get("names/:name/cache") { request, context in
            let account = try gate.check(request)
            let name = try context.parameters.require("name")
            return JSONBody(try await backend.cacheStatistics(of: name, by: account))
        }
        api.get("names/:name/cache/inspection") { request, context in
            let account = try gate.check(request)
            let name = try context.parameters.require("name")
            guard let url = request.uri.queryParameters["url"] else {
                throw ControlFailure(
                    status: 400, code: "control/no-url", message: "Say which URL to look at: ?url=https://…")
            }
            return JSONBody(try await backend.cacheInspection(of: name, url: String(url), by: account))
        }
    }
}
