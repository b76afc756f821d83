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
    /// The release that some visitors get; nil for none, or while its manifest is not here.
    let candidate: Candidate?
    let leases: [MachineLease]
    /// Of the slots that run what most visitors get.
    let rollout: SlotRollout
    /// Of the slots that run the candidate.
    let trial: SlotRollout?
    /// The slots that run the candidate.
    let trialSlots: Range<UInt32>
    /// The manifest of the rollout's target, or of the live release if all failed.
    let manifest: MachineManifest
    let scale: MachineScale

    /// A release that some visitors get.
    struct Candidate: Sendable {
        var record: ReleaseRecord
        var manifest: MachineManifest
        /// 1 to 99 of a hundred visitors.
        var percent: Int
    }

    /// - Parameters:
    ///   - releases: At least one, the live one first.
    ///   - wallTime: Milliseconds since 1970.
    init?(
        app: AppName, releases: [(record: ReleaseRecord, manifest: MachineManifest)], candidate: Candidate? = nil,
        leases: [MachineLease], wallTime: Int64
    ) {
        guard let live = releases.first else { return nil }
        self.app = app
        self.releases = releases
        self.candidate = candidate
        self.leases = leases
        let slots = leases.map { lease in
            SlotRollout.Slot(
                number: lease.slot.slot, isHeld: lease.isHeld(at: wallTime), release: lease.release.description,
                ready: lease.ready?.description, failed: lease.failed?.description)
        }
        // What failed in one slot is no slot's target any more.
        let failed = Set(slots.compactMap(\.failed))
        let ids = releases.map { $0.record.id.description }.filter { !failed.contains($0) }
        // Two copies of a slot would write to one volume, so none can be prepared beside the one that runs.
        let isRolling = live.manifest.rollout == .rolling || !live.manifest.volumes.isEmpty
        let strategy: SlotRollout.Strategy = isRolling ? .rolling : .blueGreen
        let manifest = releases.first { $0.record.id.description == ids.first }?.manifest ?? live.manifest
        let scale = MachineScale(
            least: UInt32(clamping: manifest.minReplicas), most: UInt32(clamping: manifest.maxReplicas),
            inFlightTarget: manifest.inFlightTarget, idleMilliseconds: Int64(manifest.idleMilliseconds))
        let trialSlots = scale.trialSlots(percent: candidate?.percent ?? 0)
        self.manifest = manifest
        self.scale = scale
        self.trialSlots = trialSlots
        rollout = SlotRollout(
            strategy: strategy, releases: ids, slots: slots.filter { !trialSlots.contains($0.number) })
        if let candidate, !trialSlots.isEmpty {
            trial = SlotRollout(
                strategy: .rolling, releases: [candidate.record.id.description] + ids,
                slots: slots.filter { trialSlots.contains($0.number) })
        } else {
            trial = nil
        }
    }

    /// The rollout that a slot takes part in.
    func rollout(of slot: UInt32) -> SlotRollout {
        trialSlots.contains(slot) ? trial ?? rollout : rollout
    }

    /// Whether the release that a slot is brought to is so new that one that does not become healthy is given up for the one
    /// before. Later it has shown that it works, and what keeps it from being healthy is something else.
    func isOnTrial(slot: UInt32, _ wallTime: Int64) -> Bool {
        if trialSlots.contains(slot) { return true }
        guard releases.count > 1, let live = releases.first else { return false }
        let trial = max(10 * Int64(live.manifest.rolloutTimeoutMilliseconds), MachineWish.leastTrial)
        return wallTime - live.record.publishedMilliseconds < trial
    }

    private static let leastTrial: Int64 = 600_000

    /// What a slot of it takes away from its node.
    var demand: MachinePlacement.Demand { manifest.demand }

    /// Whether only nodes that hold the app's secrets may run it.
    var needsSecrets: Bool { !manifest.secrets.isEmpty || candidate?.manifest.secrets.isEmpty == false }

    /// What the slots' cores are told of releases.
    var templates: [String: String] {
        var templates = Dictionary(releases.map { ($0.record.id.description, $0.manifest.template) }) { first, _ in
            first
        }
        if let candidate { templates[candidate.record.id.description] = candidate.manifest.template }
        return templates
    }

    /// The release that a slot begins with.
    func beginning(of slot: UInt32) -> ReleaseID? {
        rollout(of: slot).target.flatMap { ReleaseID($0) } ?? releases.first?.record.id
    }

    /// The ports that nodes are to open for it.
    func openings(of owner: AccountID?) -> [PortPlan.Wish] {
        guard let owner, scale.most > 0 else { return [] }
        return manifest.ports.compactMap { port in
            let place = PortPlan.Place(app: app.description, port: port.name)
            switch port.opening {
            case nil: return nil
            case .any: return PortPlan.Wish(place, number: nil, owner: owner.description)
            case .number(let number): return PortPlan.Wish(place, number: number, owner: owner.description)
            }
        }
    }

    func manifest(of release: String) -> MachineManifest? {
        if let candidate, candidate.record.id.description == release { return candidate.manifest }
        return releases.first { $0.record.id.description == release }?.manifest
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
