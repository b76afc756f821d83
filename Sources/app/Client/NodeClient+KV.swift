import AsyncHTTPClient
import Blake3
public import ControlModel
import Foundation
public import Ledger
import NIOCore
import NIOHTTP1

/// What an app's owner does with the app's values.
///
/// Calls throw `ControlFailure` with status 403 if the client's account does not own the name, and with 503 while no node
/// that keeps the values answers.
extension NodeClient {
    /// The value of a key; nil if there is none.
    public func value(of key: String, in namespace: String, of name: AppName) async throws -> KVValueInfo? {
        let place = KVPlace(name: name.description, namespace: namespace, key: key)
        do {
            return try await send(.GET, place.target, .bytes(ByteBuffer()), signed: true)
        } catch let failure as ControlFailure where failure.code == "kv/not-found" {
            return nil
        }
    }

    /// Stores a value. When this returns, it is durable where `docs/design/kv.md` says.
    ///
    /// - Parameters:
    ///   - ttl: Seconds from now; goes before the value's own expiration.
    public func put(
        _ value: KVValueInfo, ttl: Int? = nil, as key: String, in namespace: String, of name: AppName
    ) async throws {
        var query = [("key", key), ("hash", Blake3.hash(value.value).hex)]
        if let ttl { query.append(("ttl", "\(ttl)")) }
        if let expiration = value.expiration { query.append(("expiration", "\(expiration)")) }
        if let metadata = value.metadata { query.append(("metadata", metadata)) }
        let target = KVPlace.target(name.description, namespace, "value", query)
        let _: KVChangeInfo = try await send(.PUT, target, .bytes(ByteBuffer(bytes: value.value)), signed: true)
    }

    /// Removes a key, if it is there.
    public func deleteValue(of key: String, in namespace: String, of name: AppName) async throws {
        let place = KVPlace(name: name.description, namespace: namespace, key: key)
        let _: KVChangeInfo = try await send(.DELETE, place.target, .bytes(ByteBuffer()), signed: true)
    }

    /// Names in the order of their bytes.
    ///
    /// - Parameters:
    ///   - limit: 1 to ``KVKeyList/maxCount``.
    ///   - cursor: Of the page before; nil for the first.
    public func keys(
        in namespace: String, of name: AppName, prefix: String = "", limit: Int = KVKeyList.maxCount,
        cursor: String? = nil
    ) async throws -> KVKeyList {
        var query = [("prefix", prefix), ("limit", "\(limit)")]
        if let cursor { query.append(("cursor", cursor)) }
        let target = KVPlace.target(name.description, namespace, "keys", query)
        return try await send(.GET, target, .bytes(ByteBuffer()), signed: true)
    }
}
