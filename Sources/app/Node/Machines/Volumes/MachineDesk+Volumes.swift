import ControlModel
import Identity
import Machines
import Manifests
import Volumes

/// What owners ask about their machines' volumes.
extension MachineDesk {
    func carryOut(_ action: VolumeAction, _ order: MachineOrder) async throws -> MachineOrderAnswer {
        guard let volumes else {
            throw ControlFailure(
                status: 409, code: "volume/none",
                message: "This node runs no machines; `skerry machines list` shows those that do")
        }
        do {
            switch action {
            case .list: break
            case .create(let name, let byteCount):
                try await requireSlot(order)
                let (id, size) = (try id(order, name), try MachineDesk.size(byteCount))
                let known = try await volumes.store.list(order.app, order.slot).map(\.id)
                guard known.contains(id) || known.count < ManifestLimits.maxVolumes else {
                    throw VolumeError(
                        .tooLarge, "A slot has \(ManifestLimits.maxVolumes) volumes at most; delete one first")
                }
                try await volumes.store.create(id, byteCount: size)
            case .snapshot(let name, isLive: true): try await volumes.snapshot(try id(order, name))
            case .snapshot(let name, isLive: false):
                let id = try id(order, name)
                try await whileStopped(order, id) { try await volumes.snapshot(id) }
            case .restore(let name, let snapshot, let byteCount):
                guard let blob = BlobID(snapshot) else {
                    throw ControlFailure(
                        status: 400, code: "volume/bad-snapshot",
                        message: "\"\(snapshot.prefix(80))\" is no blob's id; `skerry volumes list` shows the snapshots"
                    )
                }
                let id = try id(order, name)
                let size = try MachineDesk.size(byteCount)
                try await whileStopped(order, id) { try await volumes.store.restore(id, from: blob, byteCount: size) }
            case .delete(let name):
                let id = try id(order, name)
                if await !running(order).isEmpty {
                    throw VolumeError(
                        .inUse, "A machine has the volume \(id); stop it with `skerry machines stop` first")
                }
                await volumes.store.close(id)
                try await volumes.store.delete(id)
                try await volumes.forget(id)
                // The machine that is started next needs another one.
                await machines.remake(order.app, order.slot)
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
        guard ManifestLimits.volumeBytes.contains(byteCount) else {
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

    private func requireSlot(_ order: MachineOrder) async throws {
        guard await machines.holds(order.app, order.slot) else {
            throw ControlFailure(
                status: 404, code: "machine/not-here",
                message: "Slot \(order.slot) of \(order.app) is not on this node now; look at `skerry machines status`")
        }
    }

    /// The slot's containers that run: during a rollout it may be the one that is to serve next.
    private func running(_ order: MachineOrder) async -> [MachineID] {
        var running: [MachineID] = []
        for id in await machines.containers(order.app, order.slot) {
            if (try? await control.status(id))?.state.mayRun == true { running.append(id) }
        }
        return running
    }

    /// Keeps the slot's machine from running, does something, and lets it run again if it should.
    private func whileStopped(_ order: MachineOrder, _ id: VolumeID, _ body: () async throws -> Void) async throws {
        try await requireSlot(order)
        let slot = "\(order.app)/\(order.slot)"
        guard paused.insert(slot).inserted else { throw MachineDesk.isPaused(order) }
        let result: Result<Void, any Error>
        do {
            _ = await machines.setPaused(order.app, order.slot, true)
            await machines.settle(order.app, order.slot, within: MachineDesk.settleTime)
            for container in await running(order) { try await control.stop(container) }
            await volumes?.store.close(id)
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        paused.remove(slot)
        _ = await machines.setPaused(order.app, order.slot, false)
        try result.get()
    }

    /// - Throws: ``ControlFailure`` while something is being done to the slot's volumes.
    func requireUnpaused(_ order: MachineOrder) throws {
        if paused.contains("\(order.app)/\(order.slot)") { throw MachineDesk.isPaused(order) }
    }

    private static func isPaused(_ order: MachineOrder) -> ControlFailure {
        ControlFailure(
            status: 409, code: "machine/busy",
            message: "Something is being done to a volume of slot \(order.slot) of \(order.app); wait for its end")
    }
}
