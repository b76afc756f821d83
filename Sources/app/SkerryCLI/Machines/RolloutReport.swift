import AppManifests
import Client
import ControlModel
import Ledger
import Manifests
import Placement

/// What `skerry deploy --dry-run` says of a machine.
enum RolloutReport {
    /// The lines, for a manifest whose image is not imported: a new image is taken for another machine.
    static func lines(_ app: AppManifest, _ name: AppName, _ client: NodeClient) async throws -> [String] {
        guard let machine = app.machine?.described else { return [] }
        let list = try await client.machines()
        let known = list.apps.first { $0.app == name.description }
        let running = (known?.machines ?? []).compactMap { machine in
            machine.node.map { RolloutPlan.Running(slot: machine.slot, release: machine.release, node: $0) }
        }
        let plan = RolloutPlan(
            running: running, copies: UInt32(clamping: machine.maxReplicas), isRolling: machine.rollout == .rolling,
            hasVolumes: !machine.volumes.isEmpty, isSame: false)
        var lines = ["\(name): \(machine.minReplicas) to \(machine.maxReplicas) copies of \(machine.size)"]
        lines.append(
            plan.isRolling
                ? "rolling: each slot begins when the one before it is healthy"
                : "blue-green: all slots prepare the new release, and switch when all are healthy")
        let time = Human.seconds(.milliseconds(machine.rolloutTimeoutMilliseconds))
        for (slot, step) in plan.steps { lines.append("  slot \(slot): \(text(step, time))") }
        lines.append("a copy that is not healthy within \(time) takes the release back everywhere")
        if machine.health == nil {
            lines.append(
                "warning: without [machine.health] a copy counts as healthy when its "
                    + (machine.ports.isEmpty ? "process runs" : "first port is open"))
        }
        let room = list.hosts.filter { $0.isAlive && $0.memoryBytes >= UInt64(machine.size.memoryBytes) }.count
        if room == 0 { lines.append("warning: no node that answers has room for machines of this size") }
        return lines
    }

    private static func text(_ step: RolloutPlan.Step, _ time: String) -> String {
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
