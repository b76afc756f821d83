import Foundation
import Identity
import Ledger
import Logging
import Machines
import Manifests
import Metrics
import Placement

/// Machines of releases that are not live: one copy each, started when somebody asks for the release's own host, and ended
/// when nobody does any more. They have no lease, so they share nothing with what is live: their volumes are empty and end
/// with them. An earlier run's are ended by ``MachineKeeper``.
actor MachinePreviews {
    private struct Preview {
        let name: AppName
        let release: ReleaseID
        let manifest: MachineManifest
        let id: MachineID
        var status: MachineStatus?
        /// When its guard was told last.
        var limited: Int64
        /// What is being done to it.
        var task: Task<Void, Never>?
        /// The table knows that it is healthy.
        var isTold = false
        /// It is on its way out: nothing goes there any more.
        var isEnding = false
    }

    /// How long one lives on without its node.
    private static let limit: Int64 = 60_000
    private static let tick = Duration.seconds(1)
    private static let lookPause = Duration.milliseconds(10)

    private let world: MachineSurroundings
    private let keeper: MachineKeeper
    private let table: MachineTable
    private let logger: Logger
    /// Why this node runs none; nil if it does.
    private let unable: String?
    private var core: PreviewCore
    private var previews: [PreviewCore.Key: Preview] = [:]
    /// Whether nothing of an earlier run is left.
    private var isReady = false
    private let gauge = Gauge(label: "skerry_machine_previews")

    /// - Parameter unable: Why this node runs no machines; nil if it does.
    init(
        world: MachineSurroundings, keeper: MachineKeeper, table: MachineTable, unable: String?,
        limits: PreviewCore.Limits = PreviewCore.Limits(), logger: Logger
    ) {
        self.world = world
        self.keeper = keeper
        self.table = table
        self.unable = unable
        self.logger = logger
        core = PreviewCore(limits: limits)
    }

    /// Ends what nobody looks at, until cancelled.
    func run() async {
        while !(await keeper.isTidy) {
            guard (try? await Task.sleep(for: MachinePreviews.lookPause)) != nil else { return }
        }
        await world.dropPreviews()
        isReady = true
        while (try? await Task.sleep(for: MachinePreviews.tick)) != nil { await round() }
    }

    /// Looks once.
    func round() async {
        let now = world.now()
        for (key, preview) in previews where !preview.isEnding {
            let load = table.load(of: loadKey(preview))
            core.note(key, isBusy: load?.inFlight ?? 0 > 0, now: now)
            guard preview.task == nil else { continue }
            let status = try? await world.control.status(preview.id)
            guard previews[key]?.isEnding == false else { continue }
            previews[key]?.status = status
            switch status?.state {
            case .healthy?, .starting?, .draining?:
                if now - preview.limited >= MachinePreviews.limit / 6 { renew(key, now) }
            default:
                core.failed(key, "it ended: \(status?.reason ?? "its container is gone")", now: now)
                end(key)
            }
        }
        let room = await keeper.room()
        for key in core.expire(room: room, now: now) { end(key) }
        await publish()
    }

    // MARK: Starting

    /// Starts a preview, unless it runs, and waits until it is healthy.
    ///
    /// - Throws: ``MachineFailure``: `noMachine` if it cannot be, `notReady` if it takes longer than `patience`.
    func start(_ app: String, _ release: String, within patience: Duration) async throws -> MachineReplica {
        if let unable { throw MachineFailure(.noMachine, "This node runs no machines: \(unable)") }
        let deadline = ContinuousClock.now + patience
        guard isReady else { throw MachineFailure(.notReady, "This node is still starting; try again") }
        guard let name = AppName(app), let id = ReleaseID(release),
            let record = world.state().release(id, of: name), record.runsMachine
        else { throw MachineFailure(.noMachine, "\(app) has no release \(release) with a machine") }
        let manifest = try await world.manifest(record)
        let key = PreviewCore.Key(app: app, release: release)
        // One that is on its way out comes back as a new one.
        while previews[key]?.isEnding == true, ContinuousClock.now < deadline {
            try await Task.sleep(for: MachinePreviews.lookPause)
        }
        let room = await keeper.room()
        guard previews[key]?.isEnding != true else {
            throw MachineFailure(.notReady, "Release \(release) of \(app) is being ended; try again")
        }
        switch core.admit(key, manifest.demand, room: room, now: world.now()) {
        case .known: break
        case .refused(let reason):
            throw MachineFailure(.noMachine, "Release \(release) of \(app) is not started: \(reason)")
        case .begins(let others):
            for other in others { end(other) }
            begin(key, name, id, manifest)
        }
        while ContinuousClock.now < deadline {
            guard let preview = previews[key], !preview.isEnding else {
                let reason = core.failure(of: key) ?? "it was ended"
                throw MachineFailure(.noMachine, "Release \(release) of \(app) did not start: \(reason)")
            }
            if preview.isTold { return own(preview).report.replica }
            try await Task.sleep(for: MachinePreviews.lookPause)
        }
        throw MachineFailure(.notReady, "Release \(release) of \(app) did not become healthy in time")
    }

    private func begin(_ key: PreviewCore.Key, _ name: AppName, _ release: ReleaseID, _ manifest: MachineManifest) {
        guard let id = MachineID("\(name.description.prefix(28))-preview-\(release)") else {
            return core.failed(key, "its name cannot be a container's", now: world.now())
        }
        logger.info("a preview begins", metadata: ["app": "\(key.app)", "release": "\(key.release)"])
        previews[key] = Preview(name: name, release: release, manifest: manifest, id: id, limited: 0)
        renew(key, world.now())
        previews[key]?.task = Task {
            do {
                try await make(id, key, name, manifest)
                await started(key, nil)
            } catch {
                await started(key, error)
            }
        }
    }

    private func make(_ id: MachineID, _ key: PreviewCore.Key, _ name: AppName, _ manifest: MachineManifest)
        async throws
    {
        let image = try await world.image(manifest, id.description)
        let secrets = try await world.secrets(manifest.secrets, name).values
        let mounts = try await world.volumes(slot(name, key.release), manifest, 0)
        var spec = try MachineSpec(
            id: id, manifest, MachineSlot(name: name, slot: 0), secrets: secrets, mounts: mounts, node: world.node,
            limit: world.limitPath(id), entrance: world.entrance)
        spec.environment["SKERRY_PREVIEW"] = key.release
        try await world.control.destroy(id)
        try await world.control.create(spec, image: image)
        try await world.control.start(id)
        try await world.control.waitUntilHealthy(id, timeout: .milliseconds(manifest.rolloutTimeoutMilliseconds))
    }

    private func started(_ key: PreviewCore.Key, _ error: (any Error)?) async {
        previews[key]?.task = nil
        guard let preview = previews[key], !preview.isEnding else { return }
        if let error {
            logger.info(
                "a preview does not start",
                metadata: ["app": "\(key.app)", "release": "\(key.release)", "error": "\(error)"])
            core.failed(key, "\(error)", now: world.now())
            end(key)
            return
        }
        previews[key]?.status = try? await world.control.status(preview.id)
        await publish()
    }

    /// Moves the time on at which it ends if nobody does so again.
    private func renew(_ key: PreviewCore.Key, _ now: Int64) {
        guard let preview = previews[key] else { return }
        do {
            try world.limit(preview.id, now + MachinePreviews.limit)
            previews[key]?.limited = now
        } catch {
            logger.error(
                "a preview's end cannot be written; it will end too early",
                metadata: ["machine": "\(preview.id)", "error": "\(error)"])
        }
    }

    // MARK: Ending

    /// Ends a preview: no place of the core's is its any more.
    private func end(_ key: PreviewCore.Key) {
        guard let preview = previews[key], !preview.isEnding else { return }
        logger.info("a preview ends", metadata: ["app": "\(key.app)", "release": "\(key.release)"])
        previews[key]?.isEnding = true
        let earlier = preview.task
        Task {
            await publish()
            await earlier?.value
            do { try await world.control.destroy(preview.id) } catch {
                logger.error("a preview cannot be ended", metadata: ["machine": "\(preview.id)", "error": "\(error)"])
            }
            await world.release(preview.id.description)
            await world.dropVolumes(slot(preview.name, key.release), preview.manifest)
            table.forgetLoad(of: loadKey(preview))
            previews[key] = nil
            await publish()
        }
    }

    // MARK: Telling

    /// The container of a preview of this node, by its slot.
    func container(_ app: String, _ slot: UInt32) -> MachineID? {
        previews.values.first { preview in
            preview.name.description == app && MachineReplica.previewSlot(of: preview.release.description) == slot
        }?.id
    }

    private func publish() async {
        gauge.record(previews.count)
        let all = previews.sorted { $0.key < $1.key }.map { (key: $0.key, own: own($0.value)) }
        await keeper.setPreviews(all.map(\.own))
        for (key, own) in all { previews[key]?.isTold = own.report.replica.phase == .healthy }
    }

    private func own(_ preview: Preview) -> MachineTable.Own {
        let release = preview.release.description
        let isHealthy = preview.task == nil && preview.status?.state == .healthy
        let replica = MachineReplica(
            app: preview.name.description, slot: MachineReplica.previewSlot(of: release), release: release,
            node: world.node, fence: 0, phase: preview.isEnding ? .draining : isHealthy ? .healthy : .unready,
            ports: preview.manifest.ports.map { port in
                .init(
                    name: port.name, number: UInt16(clamping: port.number),
                    transport: port.transport == .http ? .http : .tcp)
            })
        var report = MachineReport(replica: replica)
        report.state = preview.status?.state.rawValue ?? "starting"
        report.restarts = preview.status?.restarts ?? 0
        report.startedMilliseconds = preview.status?.startedAt
        report.reason = preview.status?.reason ?? ""
        report.cpuMillis = preview.status?.usage?.cpuMillis ?? 0
        report.memoryBytes = UInt64(clamping: preview.status?.usage?.memoryBytes ?? 0)
        report.memoryLimitBytes = UInt64(clamping: preview.status?.usage?.memoryLimitBytes ?? 0)
        return MachineTable.Own(report: report, host: preview.status?.address)
    }

    /// Under which its volumes are kept.
    private func slot(_ name: AppName, _ release: String) -> MachineSlot {
        MachineSlot(name: name, slot: MachineReplica.previewSlot(of: release))
    }

    private func loadKey(_ preview: Preview) -> MachineTable.Key {
        let release = preview.release.description
        return MachineTable.Key(
            app: preview.name.description, slot: MachineReplica.previewSlot(of: release), release: release)
    }
}
