import ControlModel
import Identity
import Machines
import Volumes

/// What owners ask about their machines' volumes.
extension MachineDesk {
    /// The largest volume that may be made by an order, in bytes: 16 TiB, the limit of the file system.
    private static let maxVolumeBytes = 16 << 40
    /// The smallest, in bytes: 16 MiB, which a file system needs for itself.
    private static let minVolumeBytes = 16 << 20

    func carryOut(_ action: VolumeAction, _ order: MachineOrder) async throws -> MachineOrderAnswer {
        guard let volumes else {
            throw ControlFailure(status: 409, code: "volume/none", message: "This node runs no machines")
        }
        do {
            switch action {
            case .list: break
            case .create(let name, let byteCount):
                try await volumes.store.create(try id(order, name), byteCount: try MachineDesk.size(byteCount))
            case .snapshot(let name, isLive: true): try await volumes.snapshot(try id(order, name))
            case .snapshot(let name, isLive: false):
                let id = try id(order, name)
                try await whileStopped(order, [id]) { try await volumes.snapshot(id) }
            case .restore(let name, let snapshot, let byteCount):
                guard let blob = BlobID(snapshot) else {
                    throw ControlFailure(
                        status: 400, code: "volume/bad-snapshot", message: "\"\(snapshot.prefix(80))\" is no blob's id")
                }
                let id = try id(order, name)
                let size = try MachineDesk.size(byteCount)
                try await whileStopped(order, [id]) { try await volumes.store.restore(id, from: blob, byteCount: size) }
            case .delete(let name):
                let id = try id(order, name)
                if let container = await machines.container(order.app, order.slot),
                    try await control.status(container).state.mayRun
                {
                    throw VolumeError(
                        .inUse, "A machine has the volume \(id); stop it with `skerry machines stop` first")
                }
                await volumes.store.close(id)
                try await volumes.store.delete(id)
            }
            var answer = MachineOrderAnswer()
            answer.volumes = try await volumes.list(order.app, order.slot)
            return answer
        } catch let error as VolumeError {
            throw ControlFailure(
                status: MachineDesk.status(error.code), code: error.code.description, message: error.message)
        }
    }

    private func id(_ order: MachineOrder, _ name: String) throws -> VolumeID {
        guard let id = VolumeID(app: order.app, slot: order.slot, name: name) else {
            throw ControlFailure(
                status: 400, code: "volume/bad-name",
                message:
                    "\"\(name.prefix(80))\" cannot be a volume's name: 1 to 63 lower-case letters, digits and hyphens")
        }
        return id
    }

    private static func size(_ byteCount: Int) throws -> Int {
        guard (minVolumeBytes...maxVolumeBytes).contains(byteCount) else {
            throw ControlFailure(
                status: 400, code: "volume/bad-size", message: "A volume has 16 MiB to 16 TiB; ask for another size")
        }
        return byteCount
    }

    private static func status(_ code: VolumeError.Code) -> Int {
        switch code {
        case .notFound: 404
        case .inUse, .changed: 409
        case .badSnapshot: 400
        case .tooLarge: 413
        default: 507
        }
    }

    /// Stops the slot's machine, if it runs, does something, and lets it run again.
    private func whileStopped(
        _ order: MachineOrder, _ ids: [VolumeID], _ body: () async throws -> Void
    ) async throws {
        guard let container = await machines.container(order.app, order.slot) else {
            throw ControlFailure(
                status: 404, code: "machine/not-here",
                message: "Slot \(order.slot) of \(order.app) is not on this node now; look at `skerry machines status`")
        }
        let ran = try await control.status(container).state.mayRun
        if ran {
            _ = await machines.setStopped(order.app, order.slot, true)
            try await control.stop(container)
        }
        for id in ids { await volumes?.store.close(id) }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        if ran { _ = await machines.setStopped(order.app, order.slot, false) }
        try result.get()
    }
}
