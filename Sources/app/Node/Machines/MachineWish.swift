import Blake3
import Foundation
import Identity
import Ledger
import Manifests
import Placement

/// What is wished for an app's machines, as every node reads it from the ledger and the manifests.
struct MachineWish: Sendable {
    let app: AppName
    /// The releases that were made live, the present one first, as far as they are machines whose manifests are here.
    let releases: [(record: ReleaseRecord, manifest: MachineManifest)]
    let leases: [MachineLease]
    let rollout: SlotRollout
    /// The manifest of the rollout's target, or of the live release if all failed.
    let manifest: MachineManifest
    let scale: MachineScale

    /// - Parameters:
    ///   - releases: At least one, the live one first.
    ///   - wallTime: Milliseconds since 1970.
    init?(
        app: AppName, releases: [(record: ReleaseRecord, manifest: MachineManifest)], leases: [MachineLease],
        wallTime: Int64
    ) {
        guard let live = releases.first else { return nil }
        self.app = app
        self.releases = releases
        self.leases = leases
        let slots = leases.map { lease in
            SlotRollout.Slot(
                number: lease.slot.slot, isHeld: lease.isHeld(at: wallTime), release: lease.release.description,
                ready: lease.ready?.description, failed: lease.failed?.description)
        }
        let ids = releases.map { $0.record.id.description }
        // Two copies of a slot would write to one volume, so none can be prepared beside the one that runs.
        let isRolling = live.manifest.rollout == .rolling || !live.manifest.volumes.isEmpty
        let strategy: SlotRollout.Strategy = isRolling ? .rolling : .blueGreen
        rollout = SlotRollout(strategy: strategy, releases: ids, slots: slots)
        let target = rollout.target
        manifest = releases.first { $0.record.id.description == target }?.manifest ?? live.manifest
        scale = MachineScale(
            least: UInt32(clamping: manifest.minReplicas), most: UInt32(clamping: manifest.maxReplicas),
            inFlightTarget: manifest.inFlightTarget, idleMilliseconds: Int64(manifest.idleMilliseconds))
    }

    /// Whether the live release is so new that one that does not become healthy is given up for the one before. Later
    /// it has shown that it works, and what keeps it from being healthy is something else.
    func isOnTrial(_ wallTime: Int64) -> Bool {
        guard releases.count > 1, let live = releases.first else { return false }
        let trial = max(10 * Int64(live.manifest.rolloutTimeoutMilliseconds), MachineWish.leastTrial)
        return wallTime - live.record.publishedMilliseconds < trial
    }

    private static let leastTrial: Int64 = 600_000

    /// What a slot of it takes away from its node.
    var demand: MachinePlacement.Demand { manifest.demand }

    /// What the slots' cores are told of releases.
    var templates: [String: String] {
        Dictionary(releases.map { ($0.record.id.description, $0.manifest.template) }) { first, _ in first }
    }

    /// The release that a slot begins with.
    var beginning: ReleaseID? { rollout.target.flatMap { ReleaseID($0) } ?? releases.first?.record.id }

    func manifest(of release: String) -> MachineManifest? {
        releases.first { $0.record.id.description == release }?.manifest
    }
}

extension MachineManifest {
    /// Equal for machines that differ in nothing but their scale.
    var template: String {
        let bytes = (try? Manifest.machine(withoutScale).encoded()) ?? .init()
        return Blake3.hash(bytes).hex
    }

    var demand: MachinePlacement.Demand {
        MachinePlacement.Demand(cpuMillis: size.reservedCPUMillis, memoryBytes: size.memoryBytes)
    }
}
