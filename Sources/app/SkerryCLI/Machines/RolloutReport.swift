import AppManifests
import Client
import ControlModel
import Ledger
import Manifests
import Placement

/// What `skerry deploy --dry-run` says of a machine.
struct RolloutReport: Encodable {
    private struct Slot: Encodable {
        var slot: UInt32
        var step: String
    }

    private let app: String
    private let size: String
    private let minReplicas: Int
    private let maxReplicas: Int
    private let isRolling: Bool
    private let rolloutTimeoutMilliseconds: Int
    private let slots: [Slot]
    private let warnings: [String]

    /// For a manifest whose image is not imported: a new image is taken for another machine.
    init(_ machine: MachineManifest, _ name: AppName, _ client: NodeClient) async throws {
        let list = try await client.machines()
        let known = list.apps.first { $0.app == name.description }
        let running = (known?.machines ?? []).compactMap { machine in
            machine.node.map { RolloutPlan.Running(slot: machine.slot, release: machine.release, node: $0) }
        }
        let plan = RolloutPlan(
            running: running, copies: UInt32(clamping: machine.maxReplicas), isRolling: machine.rollout == .rolling,
            hasVolumes: !machine.volumes.isEmpty, isSame: false)
        app = name.description
        size = machine.size.description
        minReplicas = machine.minReplicas
        maxReplicas = machine.maxReplicas
        isRolling = plan.isRolling
        rolloutTimeoutMilliseconds = machine.rolloutTimeoutMilliseconds
        slots = plan.steps.map { Slot(slot: $0.slot, step: RolloutReport.text($0.step)) }
        var warnings: [String] = []
        if machine.health == nil {
            warnings.append(
                "without [machine.health] a copy counts as healthy when its "
                    + (machine.ports.isEmpty ? "process runs" : "first port is open"))
        }
        let room = list.hosts.filter { $0.isAlive && $0.memoryBytes >= UInt64(machine.size.memoryBytes) }.count
        if room == 0 { warnings.append("no node that answers has room for machines of this size") }
        self.warnings = warnings
    }

    /// The report as people read it.
    var lines: [String] {
        let time = Human.seconds(.milliseconds(rolloutTimeoutMilliseconds))
        let least = minReplicas == maxReplicas ? "" : "\(minReplicas) to "
        return ["\(app): \(least)\(maxReplicas) \(maxReplicas == 1 ? "copy" : "copies") of \(size)"]
            + [
                isRolling
                    ? "rolling: each slot begins when the one before it is healthy"
                    : "blue-green: all slots prepare the new release, and switch when all are healthy"
            ] + slots.map { "  slot \($0.slot): \($0.step)" }
            + ["a copy that is not healthy within \(time) takes the release back everywhere"]
            + warnings.map { "warning: \($0)" }
    }

    private static func text(_ step: RolloutPlan.Step) -> String {
        switch step {
        case .start: "starts on a node with room"
        case .replace(let release, let node):
            "starts on node \(node.prefix(8)) beside release \(release), which ends when it is healthy"
        case .exchange(let release, let node):
            "release \(release) on node \(node.prefix(8)) stops, then the new one starts with its volumes"
        case .keep(let release, let node): "release \(release) on node \(node.prefix(8)) runs on"
        case .end(let release, let node): "release \(release) on node \(node.prefix(8)) ends"
        }
    }
}
