import ControlAPI
import ControlModel
import EdgeCache
import Identity
import Ledger
import LedgerLog

/// Stored answers of origins, for apps' owners.
extension NodeControl {
    func purgeCache(_ order: [UInt8]) async throws -> PurgeReceipt { try await cache.purge(order) }

    func cacheStatistics(of name: String, by account: AccountID) async throws -> CacheStatistics {
        try await cache.statistics(app: try app(name, account))
    }

    func cacheInspection(of name: String, url: String, by account: AccountID) async throws -> CacheInspection {
        do { return try await cache.inspect(url, app: try app(name, account)) } catch let error as EdgeCacheError {
            throw ControlFailure(status: 400, code: "cache/bad-url", message: error.message)
        }
    }

    private func app(_ name: String, _ account: AccountID) throws -> String {
        let record = try keeper.state.owned(name, by: account, "looks at its stored answers")
        return FunctionReleases.tenant(record.owner, record.name.description)
    }
}
