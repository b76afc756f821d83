import AsyncHTTPClient
public import ControlModel
import Foundation
public import Ledger
import NIOCore
import NIOHTTP1

/// Rollouts as the control API has them.
extension NodeClient {
    /// Hands a signed roll-back to the nodes that serve an app: they carry it out if its newest promotion turns out bad.
    ///
    /// - Throws: `ControlFailure` with status 409 for an order that does not fit the ledger.
    public func keepRollback(_ order: SignedTransaction, of name: AppName) async throws -> RollbackReceipt {
        try await send(
            .POST, "/api/v1/names/\(name)/rollback-order", .bytes(ByteBuffer(bytes: order.bytes)), signed: true)
    }

    /// The last roll-back of an app that its nodes carried out by themselves.
    public func automaticRollback(of name: AppName) async throws -> RollbackReport {
        try await get("/api/v1/names/\(name)/automatic-rollback")
    }
}
