import AsyncHTTPClient
public import ControlModel
import Foundation
public import Ledger
import NIOCore
import NIOHTTP1

/// Stored answers of origins, for an app's owner.
extension NodeClient {
    /// Hands an order to purge to the node, which hands it to all others. When this returns, the nodes without a problem
    /// serve nothing of what was purged.
    public func purgeCache(_ order: PurgeOrder) async throws -> PurgeReceipt {
        try await send(.POST, "/api/v1/cache/purges", .bytes(ByteBuffer(bytes: order.encoded)), signed: false)
    }

    /// What the nodes' caches did for an app since their start.
    ///
    /// - Throws: `ControlFailure` with status 403 if the client's account does not own the name.
    public func cacheStatistics(of app: AppName) async throws -> CacheStatistics {
        try await send(.GET, "/api/v1/names/\(app)/cache", .bytes(ByteBuffer()), signed: true)
    }

    /// What the nodes store of a URL of an app.
    ///
    /// - Throws: As ``cacheStatistics(of:)``.
    public func cacheInspection(of app: AppName, url: String) async throws -> CacheInspection {
        let query = url.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return try await send(
            .GET, "/api/v1/names/\(app)/cache/inspection?url=\(query)", .bytes(ByteBuffer()), signed: true)
    }
}
