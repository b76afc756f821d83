import ControlModel
import Foundation
import NIOCore

/// Machines, for their owners and for whoever wants to know.
extension NodeControl {
    func machineList() async -> MachineList { await machines.list() }

    func orderMachine(_ order: ByteBuffer) async throws -> MachineOrderAnswer {
        do { return try await machines.order(Data(order.readableBytesView)) } catch {
            throw NodeControl.explained(error)
        }
    }
}
