import Foundation
import Functions
import NIOCore

/// Answers `kv.…`.
///
/// - `kv.get` `{namespace, key}` → `{found, metadata?, expiration?}`, body: the value
/// - `kv.put` `{namespace, key, expiration?, expirationTtl?, metadata?}`, body: the value → `{}`
/// - `kv.delete` `{namespace, key}` → `{}`
/// - `kv.list` `{namespace, prefix?, limit?, cursor?}` → `{keys: [{name, expiration?, metadata?}], complete, cursor?}`
///
/// `expiration` is in seconds since 1970 UTC, `expirationTtl` in seconds from now; metadata is any JSON. `cursor` is there
/// if `complete` is false, and the list may be shorter than `limit`. Failures have the codes of ``KVError``.
struct KVCalls: Sendable {
    struct Key: Decodable, Sendable {
        var namespace: String
        var key: String
    }

    struct Put: Decodable, Sendable {
        var namespace: String
        var key: String
        var expiration: Double?
        var expirationTtl: Double?
        var metadata: JSONValue?
    }

    struct List: Decodable, Sendable {
        var namespace: String
        var prefix: String?
        var limit: Int?
        var cursor: String?
    }

    private struct Found: Encodable {
        var found: Bool
        var metadata: JSONValue?
        var expiration: Int?
    }

    private struct Listed: Encodable {
        struct Key: Encodable {
            var name: String
            var expiration: Int?
            var metadata: JSONValue?
        }

        var keys: [Key]
        var complete: Bool
        var cursor: String?
    }

    /// A list is cut so that it has no more bytes of JSON: a worker takes twice as many.
    static let maxListBytes = 512 << 10

    let store: (any KeyValues)?
    let pumps: BodyPumps
    let memory: BodyMemory

    /// Nil if there is no such call.
    func answer(_ call: HostCall) async throws -> HostAnswer? {
        guard let store else {
            throw HostCallError("kv/unavailable", "This node keeps no key-value store")
        }
        do {
            switch call.name {
            case "kv.get": return try await get(call, store)
            case "kv.put": return try await put(call, store)
            case "kv.delete":
                let argument = try CallArgument.decode(Key.self, of: call)
                try await store.delete(argument.key, in: argument.namespace, for: call.version)
                return HostAnswer(value: "{}", body: .empty)
            case "kv.list": return try await list(call, store)
            default: return nil
            }
        } catch let error as KVError {
            throw HostCallError(error.code.rawValue, error.message)
        }
    }

    private func get(_ call: HostCall, _ store: any KeyValues) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Key.self, of: call)
        guard let entry = try await store.get(argument.key, in: argument.namespace, for: call.version) else {
            return HostAnswer(value: try CallArgument.encode(Found(found: false)), body: .empty)
        }
        let lease = memory.lease(for: call.version.tenant)
        guard lease.grow(by: entry.value.count) else {
            throw KVError(.overloaded, "the app's calls hold too many bytes; read fewer values at a time")
        }
        let value = Found(found: true, metadata: try Self.json(entry.metadata), expiration: entry.expiration)
        return HostAnswer(
            value: try CallArgument.encode(value),
            body: pumps.body(of: ByteBuffer(bytes: entry.value), lease: lease))
    }

    private func put(_ call: HostCall, _ store: any KeyValues) async throws -> HostAnswer {
        let argument = try CallArgument.decode(Put.self, of: call)
        let metadata = try argument.metadata.flatMap { $0 == .null ? nil : try CallArgument.encode($0) }
        let expiration = try Self.expiration(argument, now: store.nowSeconds)
        let lease = memory.lease(for: call.version.tenant)
        let body = try await call.wholeBody(
            limit: KVLimits.maxValueBytes, code: KVError.Code.tooLarge.rawValue,
            busyCode: KVError.Code.overloaded.rawValue, lease: lease)
        let entry = KVEntry(value: Array(body.readableBytesView), metadata: metadata, expiration: expiration)
        try await store.put(argument.key, entry, in: argument.namespace, for: call.version)
        return HostAnswer(value: "{}", body: .empty)
    }

    private func list(_ call: HostCall, _ store: any KeyValues) async throws -> HostAnswer {
        let argument = try CallArgument.decode(List.self, of: call)
        let page = try await store.list(
            prefix: argument.prefix ?? "", after: try argument.cursor.map(Self.key),
            limit: argument.limit ?? KVLimits.maxListed, in: argument.namespace, for: call.version)
        var keys = try page.keys.map {
            Listed.Key(name: $0.name, expiration: $0.expiration, metadata: try Self.json($0.metadata))
        }
        var next = page.next
        while true {
            let listed = Listed(keys: keys, complete: next == nil, cursor: next.map(Self.cursor))
            let value = try CallArgument.encode(listed)
            if value.utf8.count <= Self.maxListBytes || keys.count < 2 { return HostAnswer(value: value, body: .empty) }
            keys.removeLast(keys.count / 2)
            next = keys.last?.name
        }
    }

    /// A time to live goes before an expiration.
    private static func expiration(_ argument: Put, now: Int) throws -> Int? {
        guard let seconds = argument.expirationTtl.map({ $0 + Double(now) }) ?? argument.expiration else { return nil }
        guard seconds >= 0, seconds <= Double(KVLimits.maxExpiration) else {
            throw KVError(.argument, "the expiration is not a time between 1970 and the year 9999, in seconds")
        }
        return Int(seconds)
    }

    private static func json(_ text: String?) throws -> JSONValue? {
        try text.map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
    }

    /// Opaque for callers; the key behind which the next page begins.
    private static func cursor(_ key: String) -> String { Data(key.utf8).base64EncodedString() }

    private static func key(_ cursor: String) throws -> String {
        guard let data = Data(base64Encoded: cursor), let key = String(validating: data, as: UTF8.self) else {
            throw KVError(.argument, "the cursor is none that a list gave")
        }
        return key
    }
}
