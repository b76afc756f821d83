import Foundation
import Identity
import Metrics
import Peering
import Placement
import Synchronization
import Wire

/// What this node knows of all machines: its own, and what other nodes announced of theirs. Safe to use from any thread;
/// nothing here is durable, because announcements are repeated.
final class MachineTable: MachineDirectory {
    /// A slot's machine of one release.
    struct Key: Hashable, Sendable {
        var app: String
        var slot: UInt32
        var release: String
    }

    /// The other nodes, and what this node can do.
    struct Environment: Sendable {
        var node: NodeID
        /// Whether a node is believed alive.
        var isUsable: @Sendable (NodeID) -> Bool
        var roundTrip: @Sendable (NodeID) -> Duration?
        /// Wakes a machine of this or of another node and waits until it is healthy.
        var wake: @Sendable (MachineReplica, Duration) async throws -> MachineReplica
        /// Starts a preview of a release on this or on another node and waits until it is healthy. Throws
        /// ``MachineFailure``, with `noMachine` if it is no use to try again soon.
        var preview: @Sendable (_ app: String, _ release: String, Duration) async throws -> MachineReplica = {
            app, _, _ in
            throw MachineFailure(.noMachine, "This node starts no previews of \(app)")
        }
    }

    /// A machine of this node.
    struct Own: Sendable {
        var report: MachineReport
        /// The container's IPv4 address; nil while it has none.
        var host: String?
    }

    /// Whose a slot is, as the ledger says.
    struct Lease: Hashable, Sendable {
        var holder: NodeID
        var fence: UInt64
    }

    private struct Other {
        var run: UInt64
        var sequence: UInt64
        var reports: [MachineReport]
        var gates: [MachineGate]
    }

    /// Work at one of this node's machines.
    private struct Load {
        var inFlight = 0
        /// When the last work ended.
        var idleSince: ContinuousClock.Instant
    }

    private struct State {
        var own: [Own] = []
        var others: [NodeID: Other] = [:]
        /// By app and slot.
        var leases: [String: [UInt32: Lease]] = [:]
        /// By app; the highest fence of each slot wins.
        var byApp: [String: [MachineReplica]] = [:]
        var apps: Set<String> = []
        var scales: [String: MachineScale] = [:]
        /// Ports that apps ask for.
        var openings: [PortPlan.Wish] = []
        /// Ports of this node.
        var gates: [MachineGate] = []
        var loads: [Key: Load] = [:]
        /// What machines are called by now whose release was renamed.
        var names: [Key: Key] = [:]
        /// Requests of this node's gateway, by app.
        var outbound: [String: Int] = [:]
        var waking: [String: Task<MachineReplica, any Error>] = [:]
    }

    /// Machines of one node in its announcement at most; a longer one is refused.
    static let maxReplicas = 4_096
    /// How long another copy that is wanted may take to come.
    private static let growthTime = Duration.seconds(30)
    private static let lookPause = Duration.milliseconds(5)

    private let environment: Environment
    private let state = Mutex(State())
    private let wakeCounter = Counter(label: "skerry_machine_wakes_total")

    init(environment: Environment) { self.environment = environment }

    // MARK: What is there

    /// Takes over this node's machines.
    func replaceOwn(_ own: [Own]) {
        state.withLock { state in
            state.own = own
            MachineTable.index(&state)
        }
    }

    /// Takes over what another node announced, unless something newer of it is known.
    ///
    /// - Throws: `PeerError` with `protocolViolation`.
    func take(_ message: PeerPBAnnounceMachines, from node: NodeID) throws {
        guard message.replicas.count <= MachineTable.maxReplicas else {
            throw PeerError(.protocolViolation, "Node \(node.short) announces \(message.replicas.count) machines")
        }
        guard message.gates.count <= MachineGate.maxCount else {
            throw PeerError(.protocolViolation, "Node \(node.short) announces \(message.gates.count) open ports")
        }
        let reports = try message.replicas.map { try MachineReport($0, from: node) }
        let gates = try message.gates.map { try MachineGate($0, from: node) }
        state.withLock { state in
            if let known = state.others[node], (message.run, message.sequence) <= (known.run, known.sequence) { return }
            state.others[node] = Other(run: message.run, sequence: message.sequence, reports: reports, gates: gates)
            MachineTable.index(&state)
        }
    }

    /// Forgets nodes that do not take part any more.
    func keepOnly(_ nodes: Set<NodeID>) {
        state.withLock { state in
            guard state.others.keys.contains(where: { !nodes.contains($0) }) else { return }
            state.others = state.others.filter { nodes.contains($0.key) }
            MachineTable.index(&state)
        }
    }

    /// Takes over which apps have machines, how they grow, which ports they ask for, and whose their slots are.
    func setApps(
        _ scales: [String: MachineScale], all apps: Set<String>, openings: [PortPlan.Wish] = [],
        leases: [String: [UInt32: Lease]]
    ) {
        state.withLock { state in
            state.scales = scales
            state.apps = apps
            state.openings = openings
            guard state.leases != leases else { return }
            state.leases = leases
            MachineTable.index(&state)
        }
    }

    /// Ports that apps ask nodes to open, as far as their manifests are here.
    var openings: [PortPlan.Wish] { state.withLock { $0.openings } }

    /// Takes over which ports of this node lead to machines.
    func setGates(_ gates: [MachineGate]) { state.withLock { $0.gates = gates } }

    /// This node's ports that lead to machines.
    var gates: [MachineGate] { state.withLock { $0.gates } }

    /// The ports of all nodes that lead to an app's machines, by node.
    func gates(of app: String) -> [(node: NodeID, gate: MachineGate)] {
        let known = state.withLock { state in
            var known = state.gates.map { (node: environment.node, gate: $0) }
            for (node, other) in state.others { known += other.gates.map { (node: node, gate: $0) } }
            return known
        }
        return known.filter { $0.gate.app == app }.sorted { ($0.gate.port, $0.node) < ($1.gate.port, $1.node) }
    }

    /// Everything that is known, of dead nodes too.
    var reports: [MachineReport] {
        state.withLock { state in state.own.map(\.report) + state.others.values.flatMap(\.reports) }
    }

    private static func index(_ state: inout State) {
        var best: [String: [UInt32: UInt64]] = [:]
        let leases = state.leases
        let own = state.own.map(\.report.replica).filter { replica in
            // What was just taken may not have come here from the ledger yet.
            replica.isPreview || replica.fence >= leases[replica.app]?[replica.slot]?.fence ?? 0
        }
        let others = state.others.values.flatMap { $0.reports.map(\.replica) }.filter { replica in
            // Any node could say that it has any slot, and any preview under a fence that nobody else's has.
            replica.isPreview
                ? replica.fence == 0
                : leases[replica.app]?[replica.slot] == Lease(holder: replica.node, fence: replica.fence)
        }
        let all = own + others
        for replica in all {
            best[replica.app, default: [:]][replica.slot] = max(
                replica.fence, best[replica.app]?[replica.slot] ?? 0)
        }
        state.byApp = Dictionary(grouping: all.filter { best[$0.app]?[$0.slot] == $0.fence }, by: \.app)
    }

    // MARK: Reading

    func healthy(_ app: String, release: String?) -> [MachineReplica] { replicas(app, release, .healthy) }

    private func replicas(_ app: String, _ release: String?, _ phase: MachineReplica.Phase) -> [MachineReplica] {
        let known = state.withLock { $0.byApp[app] ?? [] }
        let node = environment.node
        let usable = known.filter { replica in
            replica.phase == phase && (release.map { $0 == replica.release } ?? !replica.isPreview)
                && (replica.node == node || environment.isUsable(replica.node))
        }
        if usable.count < 2 { return usable }
        func distance(_ replica: MachineReplica) -> Double {
            if replica.node == node { return -1 }
            return environment.roundTrip(replica.node).map { $0 / .milliseconds(1) } ?? 1e9
        }
        return usable.map { ($0, distance($0)) }.sorted { left, right in
            left.1 == right.1 ? (left.0.slot, left.0.fence) < (right.0.slot, right.0.fence) : left.1 < right.1
        }.map(\.0)
    }

    func hasMachines(_ app: String) -> Bool {
        state.withLock { $0.apps.contains(app) || $0.byApp[app]?.contains { !$0.isPreview } == true }
    }

    /// Whether a slot runs a release, or is about to.
    private func hasSlot(_ app: String, _ release: String) -> Bool {
        let known = state.withLock { $0.byApp[app] ?? [] }
        return known.contains { replica in
            !replica.isPreview && replica.release == release
                && (replica.node == environment.node || environment.isUsable(replica.node))
        }
    }

    func address(_ app: String, slot: UInt32, port: String?, _ transport: MachineReplica.Transport) -> MachineAddress? {
        state.withLock { state in
            // What serves comes first, what drains after it.
            let found = state.own.first { own in
                let replica = own.report.replica
                return replica.app == app && replica.slot == slot
                    && (replica.phase == .healthy || replica.phase == .draining)
            }
            guard let found, let host = found.host,
                let number = found.report.replica.ports.first(where: {
                    $0.transport == transport && (port == nil || $0.name == port)
                })?.number
            else { return nil }
            return MachineAddress(host: host, port: number, release: found.report.replica.release)
        }
    }

    // MARK: Waking

    func wake(_ app: String, release: String?, within patience: Duration) async throws -> MachineReplica {
        if let first = healthy(app, release: release).first { return first }
        let key = "\(app) \(release ?? "")"
        let task = state.withLock { state in
            if let task = state.waking[key] { return task }
            let task = Task { try await self.rouse(app, release, patience) }
            state.waking[key] = task
            return task
        }
        defer {
            state.withLock { state in
                if state.waking[key] == task { state.waking[key] = nil }
            }
        }
        return try await task.value
    }

    private func rouse(_ app: String, _ release: String?, _ patience: Duration) async throws -> MachineReplica {
        wakeCounter.increment()
        let deadline = ContinuousClock.now + patience
        var last: (any Error)?
        while true {
            if let first = healthy(app, release: release).first { return first }
            let sleeping = replicas(app, release, .asleep)
            for replica in sleeping {
                let rest = deadline - ContinuousClock.now
                guard rest > .zero else { break }
                do { return try await environment.wake(replica, rest) } catch { last = error }
            }
            guard ContinuousClock.now < deadline else { break }
            if let release {
                if sleeping.isEmpty, !hasSlot(app, release) {
                    do { return try await environment.preview(app, release, deadline - ContinuousClock.now) } catch {
                        if (error as? MachineFailure)?.code == .noMachine { throw error }
                        last = error
                    }
                }
            } else if sleeping.isEmpty {
                if !hasMachines(app) || state.withLock({ $0.scales[app]?.most == 0 }) {
                    throw MachineFailure(.noMachine, "\(app) has no machines")
                }
                if isStopped(app) {
                    throw MachineFailure(.noMachine, "The machines of \(app) are stopped by their owner")
                }
            }
            // One that starts is on its way; one that could not be woken may be elsewhere in a moment.
            try await Task.sleep(for: sleeping.isEmpty && last == nil ? MachineTable.lookPause : .milliseconds(100))
        }
        let why = last.map { ": \($0)" } ?? ""
        throw MachineFailure(.notReady, "No machine of \(app) became healthy in time\(why); try again")
    }

    /// Whether the owner stopped all machines of an app that are anywhere.
    private func isStopped(_ app: String) -> Bool {
        let reports = reports.filter { $0.replica.app == app && !$0.replica.isPreview }
        return !reports.isEmpty && reports.allSatisfy { $0.state == MachineReport.stopped }
    }

    // MARK: Load

    func began(_ replica: MachineReplica) {
        let (inFlight, scale) = state.withLock { state in
            state.outbound[replica.app, default: 0] += 1
            return (state.outbound[replica.app] ?? 0, state.scales[replica.app])
        }
        guard let scale, scale.inFlightTarget > 0 else { return }
        let awake = healthy(replica.app, release: nil).count
        guard scale.wantsMore(inFlight: inFlight, awake: awake) else { return }
        grow(replica.app)
    }

    func ended(_ replica: MachineReplica) {
        state.withLock { state in
            let rest = (state.outbound[replica.app] ?? 0) - 1
            state.outbound[replica.app] = rest > 0 ? rest : nil
        }
    }

    func stir(_ app: String, release: String) {
        guard healthy(app, release: release).isEmpty else { return }
        grow(app, release)
    }

    /// Wakes one more machine of an app, unless that is under way.
    private func grow(_ app: String, _ release: String? = nil) {
        guard let replica = replicas(app, release, .asleep).first else { return }
        let key = "\(app) +\(release ?? "")"
        state.withLock { state in
            guard state.waking[key] == nil else { return }
            state.waking[key] = Task {
                defer { _ = self.state.withLock { $0.waking.removeValue(forKey: key) } }
                return try await self.environment.wake(replica, MachineTable.growthTime)
            }
        }
    }

    func entered(_ app: String, slot: UInt32, release: String) {
        let key = Key(app: app, slot: slot, release: release)
        let (inFlight, scale) = state.withLock { state in
            let key = state.names[key] ?? key
            state.loads[key, default: Load(idleSince: .now)].inFlight += 1
            return (state.loads[key]?.inFlight ?? 0, state.scales[app])
        }
        // Requests of all gateways meet here, of which each counts its own.
        if let scale, scale.inFlightTarget > 0, inFlight > scale.inFlightTarget { grow(app) }
    }

    func left(_ app: String, slot: UInt32, release: String) {
        let key = Key(app: app, slot: slot, release: release)
        state.withLock { state in
            let key = state.names[key] ?? key
            guard var load = state.loads[key] else { return }
            load.inFlight = max(0, load.inFlight - 1)
            load.idleSince = .now
            state.loads[key] = load
        }
    }

    /// The work at one of this node's machines: how much, and since when there is none; nil if it never had any.
    func load(of key: Key) -> (inFlight: Int, idleSince: ContinuousClock.Instant)? {
        state.withLock { state in state.loads[state.names[key] ?? key].map { ($0.inFlight, $0.idleSince) } }
    }

    /// A machine goes on under another release's name, with the work that it has.
    func rename(_ key: Key, to other: Key) {
        state.withLock { state in
            if let load = state.loads.removeValue(forKey: key) { state.loads[other] = load }
            state.names[other] = nil
            for (name, known) in state.names where known == key { state.names[name] = other }
            state.names[key] = other
        }
    }

    /// Forgets a machine that is gone.
    func forgetLoad(of key: Key) {
        state.withLock { state in
            let key = state.names[key] ?? key
            state.loads[key] = nil
            state.names = state.names.filter { $0.value != key }
        }
    }
}
