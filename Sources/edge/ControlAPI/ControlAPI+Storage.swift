import ControlModel
import Foundation
import Hummingbird
import Identity

/// What an operator does with the blobs of a node.
extension ControlAPI {
    func addStorage(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let backend = self.backend
        let api = router.group("api/v1")
        api.get("blobs") { request, _ in
            let query = request.uri.queryParameters
            let after = try query["after"].map { try ControlAPI.blobID(String($0)) }
            let limit = query["limit"].flatMap { Int($0) } ?? BlobPage.maxCount
            let filter = try ControlAPI.filter(query["filter"].map(String.init))
            return JSONBody(
                try await backend.blobs(after: after, limit: min(max(limit, 1), BlobPage.maxCount), isPinned: filter))
        }
        api.get("blobs/:blob/fetch") { _, context in
            let id = try ControlAPI.blobID(try context.parameters.require("blob"))
            guard let info = backend.fetch(of: id) else {
                throw ControlFailure(
                    status: 404, code: "blob/no-fetch", message: "This node is not fetching \(id) at the moment")
            }
            return JSONBody(info)
        }
        api.post("pins") { request, _ in
            let account = try gate.check(request)
            let body = try await ControlAPI.decode(PinRequest.self, request)
            return JSONBody(
                try await backend.pin(try ControlAPI.ids(body.blobs), asFolders: body.asFolders, by: account))
        }
        api.post("pins/remove") { request, _ in
            let account = try gate.check(request)
            let list = try await ControlAPI.decode(BlobList.self, request)
            return JSONBody(try await backend.unpin(try ControlAPI.ids(list.blobs), by: account))
        }
        api.post("collections") { request, _ in
            try gate.check(request)
            let body = try await ControlAPI.decode(CollectionRequest.self, request)
            guard body.minimumAgeSeconds >= 0 else {
                throw ControlFailure(
                    status: 400, code: "control/bad-age", message: "minimumAgeSeconds must be 0 or more")
            }
            return JSONBody(try await backend.collect(body))
        }
        api.post("verifications") { request, _ in
            try gate.check(request)
            let body = try await ControlAPI.decode(VerificationRequest.self, request)
            guard body.blobs.count <= VerificationRequest.maxCount else {
                throw ControlFailure(
                    status: 413, code: "control/too-many",
                    message: "Verify at most \(VerificationRequest.maxCount) blobs at once, not \(body.blobs.count)")
            }
            return JSONBody(
                try await backend.verify(
                    try body.blobs.map(ControlAPI.blobID), after: try body.after.map(ControlAPI.blobID),
                    repair: body.repair))
        }
    }

    private static func ids(_ texts: [String]) throws -> [BlobID] {
        guard texts.count <= BlobList.maxCount else {
            throw ControlFailure(
                status: 413, code: "control/too-many",
                message: "Name at most \(BlobList.maxCount) blobs at once, not \(texts.count)")
        }
        return try texts.map(blobID)
    }

    private static func filter(_ text: String?) throws -> Bool? {
        switch text {
        case nil, "all": nil
        case "pinned": true
        case "unpinned": false
        default:
            throw ControlFailure(
                status: 400, code: "control/bad-filter", message: "The filter is all, pinned or unpinned")
        }
    }
}
