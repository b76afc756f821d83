import Foundation
import Identity
import Ledger
import Logging
import Machines
import Manifests
import Metrics
import Placement
import SwiftProtobuf
import Wire

/// Runs the machines that are this node's: takes and renews leases of slots, starts what the slots should run, lets new
/// releases take the place of old ones, ends what it has no lease for any more, and tells the other nodes.
actor MachineKeeper {
    /// A slot whose lease this node has.
    struct Held {
        /// Of the lease.
        var fence: UInt64
        /// When the lease was asked for last, by ``MachineSurroundings/now``.
        var asked: Int64
        var core = SlotCore()
        /// Whether its machine should run; false lets it sleep.
        var isAwake: Bool
        /// Whether the owner stopped it.
        var isStopped = false
        /// The containers that something is being done to, by release; the last thing is awaited by the next.
        var busy: [String: Task<Void, Never>] = [:]
        /// Why the container of a release could not be made, and when that is tried again.
        var failures: [String: MakeFailure] = [:]
        /// Releases whose containers this keeper stopped: others that are stopped ended by themselves.
        var stopped: Set<String> = []
        /// Containers that finish what they have.
        var draining: Set<String> = []
        /// Containers that finish what they have and are kept.
        var stopping: Set<String> = []
        /// Something is being done to its volumes: nothing runs meanwhile.
        var isPaused = false
        /// Nobody wants the slot any more: it finishes what it has, and is given back.
        var isEnding = false
        /// How long what it works on may take when it is to stop.
        var patience = Duration.zero
        /// What the ledger says of it, when it was last renewed.
        var claimed: MachineClaim?
        var healthySince: ContinuousClock.Instant?

        /// The container of a release is another release's from now on, with what is known of it.
        mutating func rename(_ release: String, to other: String) {
            busy[other] = busy.removeValue(forKey: release)
            failures[other] = failures.removeValue(forKey: release)
            if stopped.remove(release) != nil { stopped.insert(other) }
            if stopping.remove(release) != nil { stopping.insert(other) }
        }
    }

    /// How often everything is looked at when nothing happens.
    private static let tick = Duration.milliseconds(200)
    /// How often announcements are repeated.
    private static let repeatInterval: Int64 = 3_000

    let world: MachineSurroundings
    let clock: LeaseClock
    let table: MachineTable
    let logger: Logger
    private let bookPath: String
    /// Whether this node runs machines at all.
    let mayTake: Bool
    var book: MachineBook
    var held: [MachineSlot: Held] = [:]
    var wishes: [AppName: MachineWish] = [:]
    var statuses: [MachineID: MachineStatus] = [:]
    /// Since when a slot that nobody has is known to be free.
    var freeSince: [MachineSlot: Int64] = [:]
    /// Until when slots are left to other nodes, because their machines could not be made here.
    var leftUntil: [MachineSlot: Int64] = [:]
    /// How many containers of slots that are not this node's any more are still being ended, or the lease given back: until
    /// then the slot is not taken again, or two containers would have its volumes.
    var ending: [MachineSlot: Int] = [:]
    var isClaiming = false
    /// Containers of releases that are not live, which somebody looks at.
    private var previews: [MachineTable.Own] = []
    /// Whether what an earlier run left over has been ended.
    private(set) var isTidy = false
    private var manifests: [BlobID: MachineManifest] = [:]
    private var loading: Set<BlobID> = []
    private let runNumber: UInt64
    /// Of the last announcement.
    private(set) var sequence: UInt64 = 0
    /// Of the last announcement that all nodes confirmed, or had time to.
    private(set) var heard: UInt64 = 0
    private var announced: [MachineReport] = []
    private var announcedGates: [MachineGate] = []
    private var announcedAt: Int64 = 0
    private let heldGauge = Gauge(label: "skerry_machine_slots_held")
    let leaseCounter = Counter(label: "skerry_machine_leases_lost_total")

    /// - Parameters:
    ///   - bookPath: The file with the containers that were made.
    ///   - mayTake: False for a node that only knows of others' machines.
    init(
        world: MachineSurroundings, clock: LeaseClock, table: MachineTable, bookPath: String, mayTake: Bool = true,
        logger: Logger
    ) throws {
        self.world = world
        self.clock = clock
        self.table = table
        self.bookPath = bookPath
        self.mayTake = mayTake
        self.logger = logger
        book = try MachineBook(path: bookPath)
        // Greater than the last one also where the clock went back.
        runNumber = max(UInt64(max(0, world.wallTime())), (book.lastRun ?? 0) &+ 1)
        book.lastRun = runNumber
        guard mayTake else { return }
        do { try book.writeJSON(to: bookPath) } catch {
            logger.warning("cannot write the list of machines", metadata: ["path": "\(bookPath)", "error": "\(error)"])
        }
    }

    /// Runs until cancelled; machines run on then, until their leases end.
    func run(_ changes: AsyncStream<UInt64>) async {
        // Known first: what goes on would look as if it was gone.
        for status in await world.control.list() { take(status) }
        let known = Set(book.entries.map(\.id))
        let leftovers = statuses.keys.filter { !known.contains($0) }.sorted()
        await withDiscardingTaskGroup { group in
            // Beside the rounds: leases end while something takes its time to stop.
            group.addTask { await self.end(leftovers) }
            group.addTask { for await _ in changes { await self.round() } }
            group.addTask { for await status in await self.world.control.changes() { await self.note(status) } }
            group.addTask {
                while (try? await Task.sleep(for: MachineKeeper.tick)) != nil { await self.round() }
            }
        }
    }

    /// Ends containers that no list knows, which are nobody's. Until they are gone none is made or started, for they may have
    /// the same volumes.
    private func end(_ leftovers: [MachineID]) async {
        let (control, logger) = (world.control, logger)
        await withDiscardingTaskGroup { group in
            for id in leftovers {
                group.addTask {
                    logger.warning("a container that nobody asked for is ended", metadata: ["machine": "\(id)"])
                    do { try await control.destroy(id) } catch {
                        logger.error("it cannot be ended", metadata: ["machine": "\(id)", "error": "\(error)"])
                    }
                }
            }
        }
        // Those who are gone hold no image any more; a crash may have come before they let go.
        for holder in await world.holders() where !book.entries.contains(where: { $0.id.description == holder }) {
            await world.release(holder)
        }
        isTidy = true
        round()
    }

    func note(_ status: MachineStatus) {
        // Others' are previews, or were forgotten meanwhile.
        guard book.entries.contains(where: { $0.id == status.id }) else { return }
        let old = statuses[status.id]
        take(status)
        // Usage alone changes nothing, and late news neither.
        guard let status = statuses[status.id], old?.state != status.state || old?.address != status.address else {
            return
        }
        logger.info(
            "machine is \(status.state.rawValue)",
            metadata: ["machine": "\(status.id)", "reason": "\(status.reason ?? "")"])
        reconcile()
        publish()
    }

    /// Keeps the newest: news may come later than what was asked for after it.
    func take(_ status: MachineStatus) {
        if let known = statuses[status.id], known.sequence > status.sequence { return }
        statuses[status.id] = status
    }

    /// Looks at everything once. Never waits for the ledger or for containers.
    func round() {
        let now = world.now()
        expire(now)
        look()
        dropUnwanted()
        reconcile()
        claim(now)
        publish()
    }

    // MARK: Wishes

    /// Reads from the ledger what should run.
    private func look() {
        let state = world.state()
        let wallTime = world.wallTime()
        var next: [AppName: MachineWish] = [:]
        var apps: Set<String> = []
        var leases: [String: [UInt32: MachineTable.Lease]] = [:]
        var used: Set<BlobID> = []
        for record in state.names {
            guard let live = state.liveRelease(of: record.name), live.runsMachine else { continue }
            apps.insert(record.name.description)
            let known = state.machineLeases(of: record.name)
            leases[record.name.description] = Dictionary(
                known.map { ($0.slot.slot, .init(holder: $0.holder, fence: $0.fence)) }, uniquingKeysWith: { $1 })
            var releases: [(record: ReleaseRecord, manifest: MachineManifest)] = []
            var seen: Set<ReleaseID> = []
            for id in record.liveHistory.reversed().prefix(3) where seen.insert(id).inserted {
                guard let release = state.release(id, of: record.name), release.runsMachine else { continue }
                used.insert(release.manifest)
                if let manifest = self.manifest(of: release) {
                    releases.append((release, manifest))
                } else if id == live.id {
                    break
                }
            }
            next[record.name] =
                MachineWish(
                    app: record.name, releases: releases, candidate: candidate(record, state, &used),
                    leases: known, wallTime: wallTime) ?? wishes[record.name]
        }
        wishes = next
        manifests = manifests.filter { used.contains($0.key) }
        table.setApps(
            Dictionary(uniqueKeysWithValues: next.map { ($0.key.description, $0.value.scale) }), all: apps,
            openings: next.values.flatMap { wish in wish.openings(of: state.name(wish.app)?.owner) }, leases: leases)
        table.keepOnly(Set(state.participants.map(\.id)))
    }

    /// The release that some visitors get, if it has a machine whose manifest is here.
    private func candidate(
        _ record: NameRecord, _ state: LedgerState, _ used: inout Set<BlobID>
    ) -> MachineWish.Candidate? {
        guard let candidate = record.candidate, let release = state.release(candidate.release, of: record.name),
            release.runsMachine
        else { return nil }
        used.insert(release.manifest)
        return manifest(of: release).map {
            MachineWish.Candidate(record: release, manifest: $0, percent: Int(candidate.percent))
        }
    }

    /// A manifest that is here; else it is fetched.
    private func manifest(of release: ReleaseRecord) -> MachineManifest? {
        if let known = manifests[release.manifest] { return known }
        guard loading.insert(release.manifest).inserted else { return nil }
        Task {
            do {
                let manifest = try await world.manifest(release)
                manifests[release.manifest] = manifest
                loading.remove(release.manifest)
                round()
            } catch {
                logger.debug("a machine's manifest is not here yet", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(500))
                loading.remove(release.manifest)
            }
        }
        return nil
    }

    /// Ends slots that nobody wants any more, and gives their leases back.
    private func dropUnwanted() {
        for (slot, known) in held where !known.isEnding {
            if let wish = wishes[slot.name], slot.slot < wish.scale.most, !mustMove(slot, known, wish) { continue }
            logger.notice(
                "a slot is not wanted here any more", metadata: ["app": "\(slot.name)", "slot": "\(slot.slot)"])
            held[slot]?.isEnding = true
            Task { await leave(slot, known) }
        }
        // Containers of an earlier run whose slots are not this node's.
        for entry in book.entries {
            guard let name = AppName(entry.app) else { continue }
            let slot = MachineSlot(name: name, slot: entry.slot)
            if held[slot] != nil || mayResume(slot) { continue }
            if statuses[entry.id] != nil { statuses[entry.id] = nil }
            finish(slot, [remove(entry)], yields: false)
        }
    }

    /// Lets a slot finish what it has, ends its containers and gives its lease back.
    private func leave(_ slot: MachineSlot, _ known: Held) async {
        if let release = known.core.release {
            let key = MachineTable.Key(app: slot.name.description, slot: slot.slot, release: release)
            await drain(key, slot, known.patience)
        }
        guard held[slot]?.fence == known.fence else { return }
        end(slot, yields: true)
    }

    /// Whether this node still has the slot's lease from before it was restarted, or may be about to have it again.
    private func mayResume(_ slot: MachineSlot) -> Bool {
        guard let lease = world.state().machineLease(of: slot),
            wishes[slot.name].map({ slot.slot < $0.scale.most }) ?? true
        else { return false }
        return lease.holder == world.node && lease.isHeld(at: world.wallTime())
    }

    // MARK: Telling

    /// Takes over what runs here beside the slots.
    func setPreviews(_ own: [MachineTable.Own]) {
        previews = own
        publish()
    }

    /// Tells the table, and the other nodes if something changed that matters to them.
    func publish() {
        heldGauge.record(held.count)
        let own = held.sorted { $0.key < $1.key }.flatMap { slot, held in reports(of: slot, held) } + previews
        table.replaceOwn(own)
        let told = own.map(\.report)
        let now = world.now()
        let gates = table.gates
        let isNews = told.map(MachineKeeper.matter) != announced.map(MachineKeeper.matter) || gates != announcedGates
        guard isNews || now - announcedAt >= MachineKeeper.repeatInterval else { return }
        announced = told
        announcedGates = gates
        announcedAt = now
        sequence += 1
        let message = PeerPBAnnounceMachines.with {
            $0.run = runNumber
            $0.sequence = sequence
            $0.replicas = told.map(\.message)
            $0.gates = gates.map(\.message)
        }
        Task {
            await world.announce(message)
            heard = max(heard, message.sequence)
        }
    }

    /// What of a report is news.
    private static func matter(_ report: MachineReport) -> MachineReport {
        var report = report
        report.cpuMillis = 0
        report.memoryBytes = 0
        return report
    }

    /// Writes down which containers there are, before they are made and after they are gone.
    func save() {
        do { try book.writeJSON(to: bookPath) } catch {
            logger.error("cannot write the list of machines", metadata: ["path": "\(bookPath)", "error": "\(error)"])
        }
    }
}
