import ControlModel
import EdgeCache
import Foundation
import Identity
import Ledger
import LedgerLog

/// Lets an order to purge count if the app's present owner signed it.
struct NodePurgeAuthority: PurgeAuthority {
    let keeper: LedgerKeeper

    func check(_ bytes: [UInt8]) throws -> CachePurge {
        let state = keeper.state
        let order = try PurgeOrder(decoding: Data(bytes), network: state.networkID)
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
