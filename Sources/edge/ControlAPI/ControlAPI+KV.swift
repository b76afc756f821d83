import Blake3
import ControlModel
import Foundation
import Hummingbird
import Identity
import NIOCore

/// What owners of apps do with their values.
extension ControlAPI {
    func addKeyValues(to router: Router<ControlContext>, _ gate: SignatureGate) {
        let values = backend.keyValues
        let api = router.group("api/v1/names/:name/kv/:namespace")
        api.get("value") { request, context in
            let account = try gate.check(request)
            let place = try ControlAPI.place(request, context)
            guard let value = try await values.value(at: place, by: account) else {
                throw ControlFailure(
                    status: 404, code: "kv/not-found",
                    message: "The namespace \(place.namespace) has no key \"\(place.key)\"; "
                        + "`skerry kv list \(place.name) \(place.namespace)` shows those that there are")
            }
            return JSONBody(value)
        }
        api.put("value") { request, context in
            let account = try gate.check(request)
            let place = try ControlAPI.place(request, context)
            let body = try await ControlAPI.collect(request)
            let bytes = Data(body.readableBytesView)
            guard request.uri.queryParameters["hash"].map({ String($0) }) == Blake3.hash(bytes).hex else {
                throw ControlFailure(
                    status: 400, code: "control/wrong-hash",
                    message: "The value is not the one whose hash was signed; send it again")
            }
            let expiration = try ControlAPI.seconds(request, "expiration")
            let metadata = request.uri.queryParameters["metadata"].map { String($0) }
            try await values.put(
                KVValueInfo(value: bytes, metadata: metadata, expiration: expiration),
                ttl: try ControlAPI.seconds(request, "ttl"), at: place, by: account)
            return JSONBody(KVChangeInfo(namespace: place.namespace, key: place.key))
        }
        api.delete("value") { request, context in
            let account = try gate.check(request)
            let place = try ControlAPI.place(request, context)
            try await values.delete(place, by: account)
            return JSONBody(KVChangeInfo(namespace: place.namespace, key: place.key))
        }
        api.get("keys") { request, context in
            let account = try gate.check(request)
            let query = request.uri.queryParameters
            let limit = Int(clamping: try ControlAPI.number(request, "limit") ?? UInt64(KVKeyList.maxCount))
            return JSONBody(
                try await values.keys(
                    of: try context.parameters.require("name"), in: try context.parameters.require("namespace"),
                    prefix: query["prefix"].map { String($0) } ?? "", limit: limit,
                    cursor: query["cursor"].map { String($0) }, by: account))
        }
    }

    private static func place(_ request: Request, _ context: ControlContext) throws -> KVPlace {
        guard let key = request.uri.queryParameters["key"] else {
            throw ControlFailure(status: 400, code: "kv/argument", message: "The request names no key; add ?key=…")
        }
        return KVPlace(
            name: try context.parameters.require("name"), namespace: try context.parameters.require("namespace"),
            key: String(key))
    }

    private static func seconds(_ request: Request, _ name: String) throws -> Int? {
        try number(request, name).map { Int(clamping: $0) }
    }
}
