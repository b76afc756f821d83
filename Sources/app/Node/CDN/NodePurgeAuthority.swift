import ControlModel
import EdgeCache
import Foundation
import Identity
import Ledger
import LedgerLog

/// Lets an order to purge count if the app's present owner signed it, in the last days.
struct NodePurgeAuthority: PurgeAuthority {
    let keeper: LedgerKeeper
    /// Milliseconds since 1970.
    let now: @Sendable () -> Int64

    func check(_ bytes: [UInt8]) throws -> CachePurge {
        let state = keeper.state
        let order = try PurgeOrder(decoding: Data(bytes), network: state.networkID)
        try order.checkAge(now: now())
        let record = try state.owned(order.app.description, by: order.owner.account, "purges its stored answers")
        let scope: CachePurge.Scope =
            switch order.scope {
            case .url: .url(order.value)
            case .key: .key(order.value)
            case .host: .host(order.value)
            case .everything: .everything
            }
        return CachePurge(
            app: FunctionReleases.tenant(record.owner, record.name.description), scope: scope, isSoft: order.isSoft,
            encoded: bytes)
    }
}
