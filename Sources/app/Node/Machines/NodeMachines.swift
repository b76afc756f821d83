import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Machines
import Manifests
import Membership
import NIOCore
import Peering
import Placement
import SwiftProtobuf
import Volumes
import Wire

/// The machines of a node: what runs here, what runs elsewhere, and what owners ask of both.
final class NodeMachines: Sendable {
    /// The longest that a node may be asked to wait for a machine.
    private static let maxWait = Duration.seconds(120)
    /// Nodes that are asked to start a preview, one after the other.
    private static let previewNodes = 3

    let table: MachineTable
    let keeper: MachineKeeper
    private let previews: MachinePreviews
    private let desk: MachineDesk
    private let volumes: NodeVolumes
    private let home: MachineHome
    private let options: MachineOptions
    /// Why this node runs no machines; nil if it does.
    let unable: String?
    /// Looks at what machines take, until cancelled.
    private let watch: @Sendable () async -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - control: What runs containers here; nil on a host that runs none.
    ///   - unable: Why there is no such.
    init(
        home: MachineHome, control: (any MachineControl)?, unable: String?, options: MachineOptions,
        watch: @escaping @Sendable () async -> Void, logger: Logger
    ) throws {
        self.home = home
        self.options = options
        self.watch = watch
        self.unable = control == nil ? unable ?? "This host runs no containers" : nil
        self.logger = logger
        try home.prepare()
        let volumes = try home.nodeVolumes(logger)
        self.volumes = volumes
        let control = control ?? UnableHost(reason: unable ?? "This host runs no containers")
        let (relay, previewRelay) = (WakeRelay(), PreviewRelay())
        let node = home.node
        let membership = home.membership
        table = MachineTable(
            environment: .init(
                node: node, isUsable: { membership.isUsable($0) },
                roundTrip: { membership.estimatedRoundTrip(to: $0) }, wake: { try await relay.wake($0, $1) },
                preview: { try await previewRelay.start($0, $1, $2) }))
        let world = home.surroundings(control, volumes)
        let keeper = try MachineKeeper(
            world: world, clock: LeaseClock(term: Int64(options.leaseTerm)), table: table,
            bookPath: home.folder + "/machines.json", mayTake: self.unable == nil, logger: logger)
        self.keeper = keeper
        let previews = MachinePreviews(
            world: world, keeper: keeper, table: table, unable: self.unable, logger: logger)
        self.previews = previews
        relay.attach { replica, patience in
            if replica.node == node {
                return try await keeper.wake(replica.app, replica.slot, within: patience)
            }
            return try await home.wake(replica, within: patience)
        }
        previewRelay.attach { app, release, patience in
            try await NodeMachines.preview(app, release, within: patience, previews, world, keeper, home)
        }
        desk = MachineDesk(
            node: node, state: { home.keeper.state }, machines: keeper, previews: previews, control: control,
            volumes: volumes)
    }

    /// Starts a preview on the node that is best for it.
    private static func preview(
        _ app: String, _ release: String, within patience: Duration, _ previews: MachinePreviews,
        _ world: MachineSurroundings, _ keeper: MachineKeeper, _ home: MachineHome
    ) async throws -> MachineReplica {
        let state = world.state()
        guard let name = AppName(app), let id = ReleaseID(release), let record = state.release(id, of: name),
            record.runsMachine
        else { throw MachineFailure(.noMachine, "\(app) has no release \(release) with a machine") }
        guard state.name(name)?.live != id else {
            throw MachineFailure(.notReady, "No node has a machine of the live release \(release) of \(app) yet")
        }
        let deadline = ContinuousClock.now + patience
        let nodes = await keeper.previewOrder(name, id, try await world.manifest(record))
        var last = MachineFailure(.noMachine, "No node has room for release \(release) of \(app)")
        for node in nodes.prefix(previewNodes) {
            let rest = deadline - ContinuousClock.now
            guard rest > .zero else { break }
            do {
                if node == world.node { return try await previews.start(app, release, within: rest) }
                return try await home.preview(app, release, at: node, within: rest)
            } catch let failure as MachineFailure {
                last = failure
            }
        }
        throw last
    }

    /// The file with the ports of this node that apps have.
    var portsPath: String { home.folder + "/ports.json" }

    /// Where machines reach the gateway; nil if this node runs none.
    var entrance: MachineEntrance? { unable == nil ? home.entrance : nil }

    /// Runs until cancelled.
    func run() async {
        await volumes.store.mountAll()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keeper.run(self.home.keeper.changes()) }
            group.addTask { await self.previews.run() }
            group.addTask { await self.desk.run() }
            group.addTask { await self.volumes.run() }
            group.addTask { await self.watch() }
            group.addTask { await self.offer() }
        }
    }

    /// Lets go of the volumes' disks; machines that go on keep theirs. Call it last.
    func close() async { await volumes.store.unmountAll() }

    // MARK: Capacity

    /// Says on the ledger what this node offers to machines, as far as its operator has not.
    private func offer() async {
        if let unable { logger.notice("this node runs no machines", metadata: ["reason": "\(unable)"]) }
        let cpu = UInt64(clamping: options.cpuMillis ?? System.coreCount * 1_000)
        let memory = UInt64(clamping: options.memoryBytes ?? HostMemory.totalBytes / 2)
        while !Task.isCancelled {
            guard let record = home.keeper.state.node(home.node) else { return }
            var capacity = record.capacity
            if options.cpuMillis != nil || capacity.cpuMillis == 0 { capacity.cpuMillis = cpu }
            if options.memoryBytes != nil || capacity.memoryBytes == 0 { capacity.memoryBytes = memory }
            // What it offered while it could is room that nobody can use.
            if unable != nil { (capacity.cpuMillis, capacity.memoryBytes) = (0, 0) }
            if capacity == record.capacity { return }
            do {
                return try await home.submit(
                    .updateNode(home.node, peer: record.peer, gateway: record.gateway, capacity: capacity))
            } catch {
                logger.debug("the node's room for machines is not on the ledger yet", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    // MARK: Peers

    /// Answers what other nodes ask about machines; nil for anything else.
    func serve(_ request: PeerRequest, on eventLoop: any EventLoop) -> EventLoopFuture<PeerReply>? {
        if let answer = volumes.serve(request, on: eventLoop) { return answer }
        switch request.type {
        case .announceMachines:
            return eventLoop.makeFutureWithTask { [table] in
                try table.take(try request.message(), from: request.peer)
                return try PeerReply(.machinesAnnounced, PeerPBMachinesAnnounced())
            }
        case .wakeMachine:
            return eventLoop.makeFutureWithTask { try await self.wake(try request.message()) }
        case .machineOrder:
            return eventLoop.makeFutureWithTask {
                let order: PeerPBMachineOrder = try request.message()
                let answer: Data
                do {
                    answer = try JSONEncoder().encode(try await self.desk.answer(order.order))
                } catch let failure as ControlFailure {
                    throw PeerError(.init(failure.code), failure.message)
                }
                return try PeerReply(.machineOrderAnswer, PeerPBMachineOrderAnswer.with { $0.answer = answer })
            }
        default: return nil
        }
    }

    private func wake(_ request: PeerPBWakeMachine) async throws -> PeerReply {
        let wait = min(.milliseconds(Int64(request.waitMillis)), NodeMachines.maxWait)
        do {
            let replica =
                try await request.preview.isEmpty
                ? keeper.wake(request.app, request.slot, within: wait)
                : previews.start(request.app, request.preview, within: wait)
            return try PeerReply(
                .machineAwake, PeerPBMachineAwake.with { $0.replica = MachineReport(replica: replica).message })
        } catch let failure as MachineFailure {
            throw PeerError(.init(failure.code.rawValue), failure.message)
        }
    }

    // MARK: Control

    /// Carries a signed order out, here or on the machine's node.
    ///
    /// - Throws: ``ControlFailure``.
    func order(_ bytes: Data) async throws -> MachineOrderAnswer {
        let (order, account) = try MachineOrder.read(bytes)
        guard order.node != home.node.description else { return try await desk.answer(bytes) }
        // Others get no stranger's orders from here.
        _ = try home.keeper.state.owned(order.app, by: account, "commands its machines")
        guard let node = NodeID(order.node), home.keeper.state.isParticipating(node) else {
            throw ControlFailure(
                status: 404, code: "machine/unknown-node",
                message:
                    "No node \(order.node.prefix(70)) takes part; `skerry machines status \(order.app)` shows where it is"
            )
        }
        do {
            return try JSONDecoder().decode(MachineOrderAnswer.self, from: try await home.hand(bytes, to: node))
        } catch let error as PeerError {
            throw ControlFailure(status: 502, code: error.code.description, message: error.message)
        }
    }

    /// All machines that this node knows of.
    func list() async -> MachineList {
        let state = home.keeper.state
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        let reports = Dictionary(grouping: table.reports, by: \.replica.app)
        let apps = await keeper.wishes.values.sorted { $0.app < $1.app }.map { wish in
            info(wish, reports[wish.app.description] ?? [], now)
        }
        let hosts = state.participants.filter { $0.capacity.memoryBytes > 0 }.map { record in
            MachineHostInfo(
                node: record.id.description, cpuMillis: record.capacity.cpuMillis,
                memoryBytes: record.capacity.memoryBytes, isAlive: isAlive(record.id))
        }
        return MachineList(apps: apps, hosts: hosts)
    }

    private func isAlive(_ node: NodeID) -> Bool { node == home.node || home.membership.isUsable(node) }

    private func info(_ wish: MachineWish, _ reports: [MachineReport], _ now: Int64) -> MachineAppInfo {
        let leases = Dictionary(wish.leases.map { ($0.slot.slot, $0) }) { first, _ in first }
        let slots = Set(0..<wish.scale.most).union(
            reports.filter { !$0.replica.isPreview }.map(\.replica.slot)
        ).sorted()
        let machines = slots.flatMap { slot -> [MachineInfo] in
            let lease = leases[slot].flatMap { $0.isHeld(at: now) ? $0 : nil }
            let known = reports.filter { report in
                report.replica.slot == slot && report.replica.node == lease?.holder
            }.sorted { $0.replica.phase.rawValue < $1.replica.phase.rawValue }
            guard !known.isEmpty else {
                guard slot < wish.scale.most else { return [] }
                var info = MachineInfo(
                    app: wish.app.description, slot: slot, node: lease?.holder.description,
                    release: lease?.release.description ?? wish.beginning(of: slot)?.description ?? "",
                    state: lease == nil ? "pending" : "starting", fence: lease?.fence ?? 0,
                    leaseEnds: lease?.expiresMilliseconds)
                if lease == nil { info.reason = "no node has taken it yet" }
                return [info]
            }
            return known.map { self.info($0, lease) }
        }
        let previews = reports.filter(\.replica.isPreview).map { info($0, nil) }.sorted {
            ($0.release, $0.node ?? "") < ($1.release, $1.node ?? "")
        }
        let live = wish.releases.first
        return MachineAppInfo(
            app: wish.app.description, live: live?.record.id.description ?? "", target: wish.rollout.target,
            isSettled: wish.rollout.isDone && wish.trial?.isDone != false
                && (wish.scale.most == 0 || wish.leases.contains { $0.isHeld(at: now) }),
            image: wish.manifest.imageName, size: wish.manifest.size.description,
            minReplicas: wish.manifest.minReplicas, maxReplicas: wish.manifest.maxReplicas,
            hasHealthCheck: wish.manifest.health != nil, machines: machines, trial: trial(of: wish),
            gates: gates(of: wish), previews: previews.isEmpty ? nil : previews)
    }

    private func trial(of wish: MachineWish) -> MachineTrialInfo? {
        wish.candidate.map { candidate in
            MachineTrialInfo(
                release: candidate.record.id.description, percent: candidate.percent, target: wish.trial?.target,
                slots: Array(wish.trialSlots))
        }
    }

    /// The ports of nodes that answer and lead to an app's machines; nil for an app that asks for none.
    private func gates(of wish: MachineWish) -> [MachineGateInfo]? {
        let state = home.keeper.state
        let gates = table.gates(of: wish.app.description).filter { isAlive($0.node) }.map { node, gate in
            MachineGateInfo(
                node: node.description, host: state.node(node)?.gateway?.host, port: gate.port, number: gate.number,
                reason: gate.reason)
        }
        return gates.isEmpty ? nil : gates
    }

    private func info(_ report: MachineReport, _ lease: MachineLease?) -> MachineInfo {
        let replica = report.replica
        let lives = isAlive(replica.node)
        return MachineInfo(
            app: replica.app, slot: replica.slot, node: replica.node.description, release: replica.release,
            state: lives ? (replica.phase == .draining ? "draining" : report.state) : "lost",
            reason: lives ? report.reason : "its node does not answer; it starts elsewhere when the lease ends",
            restarts: report.restarts, startedMilliseconds: report.startedMilliseconds, cpuMillis: report.cpuMillis,
            memoryBytes: report.memoryBytes, memoryLimitBytes: report.memoryLimitBytes,
            ports: replica.ports.map {
                .init(name: $0.name, number: Int($0.number), transport: $0.transport == .http ? "http" : "tcp")
            }, fence: replica.fence, leaseEnds: lease?.expiresMilliseconds)
    }
}
