import AsyncHTTPClient
public import ControlModel
import Foundation
public import Identity
import NIOCore
import NIOHTTP1

/// Machines, and what their owners ask of them.
extension NodeClient {
    /// All machines that the node knows of, its own and others'.
    public func machines() async throws -> MachineList { try await get("/api/v1/machines") }

    /// Has a machine's node carry out what `action` says; the node that this client talks to hands it on.
    ///
    /// - Parameters:
    ///   - node: The node that has the slot, as ``machines()`` says.
    ///   - key: Of the app's owner.
    /// - Throws: `ControlFailure` with status 403 for anybody else, 404 if the slot is elsewhere by now.
    public func order(
        _ action: MachineOrder.Action, app: String, slot: UInt32, at node: String, key: SigningKey
    ) async throws -> MachineOrderAnswer {
        let network = try await nodeID.value(self).network
        let order = MachineOrder(
            network: network, app: app, slot: slot, node: node, time: Int64(Date().timeIntervalSince1970),
            action: action)
        return try await send(
            .POST, "/api/v1/machines/orders", .bytes(ByteBuffer(bytes: try order.signed(by: key))), signed: false)
    }
}
