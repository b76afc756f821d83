import BlobStore
import Exchange
import Foundation
import Gateway
import Identity
import Ledger
import LedgerLog
import Logging
import Manifests
import Metrics
import NIOCore
import Placement
import Synchronization

/// Makes this node able to serve what the ledger says: manifests of all live releases, and every blob of those that are
/// placed here. Publishes the routes that result.
actor ReleaseKeeper {
    /// What this node does about a manifest that names want: all read it, some have its blobs here.
    enum Effort: Int {
        case read
        /// Nothing is fetched; what is here stays.
        case keep
        case fetch
    }

    private struct Wanted {
        var release: ReleaseRecord
        var effort = Effort.read
        /// The names for which its blobs are kept here.
        var names: Set<AppName> = []
    }

    /// Blobs of one release that are fetched at once.
    private static let parallelFetches = 16
    private static let firstPause = Duration.milliseconds(200)
    private static let longestPause = Duration.seconds(5)

    let node: NodeID
    let keeper: LedgerKeeper
    let store: BlobStore
    let network: any CopyNetwork
    private let exchange: Exchange
    private let routes: RouteTable
    let logger: Logger
    private(set) var manifests: [BlobID: Manifest] = [:]
    private(set) var complete = CompleteReleases()
    private var wantedPins: [PinOwner: Set<BlobID>] = [:]
    /// Pins as they are in the store: what differs is written, and nothing else.
    private var pinned: [PinOwner: Set<BlobID>] = [:]
    /// Owners whose pins could not be written.
    private var unwritten: Set<PinOwner> = []
    private var pinning: Task<Void, Never>?
    private var tasks: [BlobID: (effort: Effort, task: Task<Void, Never>)] = [:]
    var candidates = CandidateTable()
    var plan: CopyPlan
    /// The copies that this node is to hold, and has or fetches.
    var homes: Set<ReleaseCopy> = []
    /// The manifests of those, and of what only the lack of room keeps from being here.
    var homeManifests: Set<BlobID> = []
    var wantedHere: Set<BlobID> = []
    /// Manifests of releases that this node is to hold and has no room for, and when that was last so.
    var lacking: [BlobID: Duration] = [:] {
        didSet { lackingNumber.store(lacking.count, ordering: .relaxed) }
    }
    var level = RoomLevel()
    /// Nodes that were full when the copies were last decided about.
    var knownFull: Set<NodeID> = []
    let began = ContinuousClock.now
    let bell: AsyncStream<Void>.Continuation
    private let bells: AsyncStream<Void>
    private let completeGauge = Gauge(label: "skerry_releases_complete")
    let lackingGauge = Gauge(label: "skerry_releases_without_room")
    let surplusGauge = Gauge(label: "skerry_releases_surplus")
    /// As many as ``lacking`` has.
    private let lackingNumber = Atomic(0)

    init(
        node: NodeID, keeper: LedgerKeeper, store: BlobStore, exchange: Exchange, network: any CopyNetwork,
        routes: RouteTable, logger: Logger
    ) {
        self.node = node
        self.keeper = keeper
        self.store = store
        self.exchange = exchange
        self.network = network
        plan = CopyPlan(node: node)
        (bells, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.routes = routes
        self.logger = logger
    }

    /// Follows the ledger, and what the store loses, until cancelled.
    func run() async {
        let changes = keeper.changes()
        let damages = store.damages()
        await readPins()
        noteRoom()
        reconcile()
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in changes { await self.reconcile() } }
            group.addTask { for await damage in damages { await self.recover(from: damage.id) } }
            group.addTask { await self.lookAround() }
            group.addTask { for await _ in self.bells { await self.askOthers() } }
        }
        for running in tasks.values { running.task.cancel() }
        pinning?.cancel()
    }

    /// How many releases this node is to hold and has no room for.
    nonisolated var lackingCount: Int { lackingNumber.load(ordering: .relaxed) }

    // MARK: Reconciling

    private func reconcile() {
        place()
        publish()
    }

    /// Decides anew what is to be here, and sees to it.
    func place() {
        let wanted = wantedReleases()
        for manifest in tasks.keys where wanted[manifest] == nil {
            tasks.removeValue(forKey: manifest)?.task.cancel()
        }
        manifests = manifests.filter { wanted[$0.key] != nil }
        complete.keepOnly(Set(wanted.lazy.filter { $0.value.effort != .read }.map(\.key)))
        for (manifest, want) in wanted {
            if let running = tasks[manifest] {
                // Another name may bring the same content here later.
                if running.effort == want.effort { continue }
                running.task.cancel()
            }
            begin(want)
        }
        keepPins(wanted)
        tellRoom()
    }

    private func begin(_ want: Wanted) {
        tasks[want.release.manifest] = (want.effort, Task { await self.obtain(want) })
    }

    /// Releases with a blob that turned out damaged are not ready any more, and are fetched again.
    private func recover(from lost: BlobID) {
        let affected = complete.lost(lost)
        if affected.isEmpty { return }
        completeGauge.record(complete.count)
        logger.warning(
            "releases lack a blob that was damaged", metadata: ["blob": "\(lost)", "releases": "\(affected.count)"])
        let wanted = wantedReleases()
        for manifest in affected {
            guard let want = wanted[manifest] else { continue }
            tasks[manifest]?.task.cancel()
            begin(want)
        }
    }

    // MARK: Pins

    /// Pins the manifests that are kept here, by name; what they reference is protected with them.
    private func keepPins(_ wanted: [BlobID: Wanted]) {
        var pins: [PinOwner: Set<BlobID>] = [:]
        for want in wanted.values {
            for name in want.names {
                guard let owner = ReleaseKeeper.owner(name) else { continue }
                pins[owner, default: []].insert(want.release.manifest)
            }
        }
        wantedPins = pins
        if pinning == nil { pinning = Task { await self.writePins() } }
    }

    /// Whether a release's blobs are to stay here for a name, as far as that was decided.
    private func isHeld(_ manifest: BlobID, for name: AppName) -> Bool {
        ReleaseKeeper.owner(name).flatMap { wantedPins[$0] }?.contains(manifest) == true
    }

    /// Whether the store protects a release's blobs for a name, durably.
    func isPinned(_ manifest: BlobID, for name: AppName) -> Bool {
        guard let owner = ReleaseKeeper.owner(name), !unwritten.contains(owner) else { return false }
        return pinned[owner]?.contains(manifest) == true
    }

    /// Writes what differs until nothing does. Where there is no room there may be some later: without its pin, what the
    /// release has would make way then.
    private func writePins() async {
        defer { pinning = nil }
        var pause = ReleaseKeeper.firstPause
        while !Task.isCancelled {
            var isFull = false
            for owner in Set(wantedPins.keys).union(pinned.keys) where wantedPins[owner] != pinned[owner] {
                let ids = wantedPins[owner]
                do {
                    try await store.replacePins(of: owner, with: Array(ids ?? []))
                    pinned[owner] = ids
                    unwritten.remove(owner)
                } catch {
                    isFull = isFull || (error as? BlobStoreError)?.isNoRoom == true
                    logger.log(
                        level: pause < ReleaseKeeper.longestPause ? .error : .debug, "cannot pin a release",
                        metadata: ["owner": "\(owner)", "error": "\(error)"])
                    // Another fault would be there the next time too.
                    if (error as? BlobStoreError)?.isNoRoom != true {
                        pinned[owner] = ids
                        unwritten.insert(owner)
                    }
                }
            }
            if isFull {
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, ReleaseKeeper.longestPause)
            } else if wantedPins == pinned {
                return
            }
        }
    }

    /// Takes up what an earlier process has pinned. Names may have gone while this node was away.
    private func readPins() async {
        let names = Set(keeper.state.names.compactMap { ReleaseKeeper.owner($0.name) })
        do {
            for owner in try store.pinOwners() where owner.description.hasPrefix(ReleaseKeeper.ownerPrefix) {
                if names.contains(owner) {
                    pinned[owner] = Set(try store.pinned(by: owner, limit: BlobStore.maxTies))
                } else {
                    _ = try await store.unpinAll(by: owner)
                }
            }
        } catch {
            logger.error("cannot look through the pins", metadata: ["error": "\(error)"])
        }
        wantedPins = pinned
    }

    private static let ownerPrefix = "app:"

    private static func owner(_ name: AppName) -> PinOwner? { PinOwner(ownerPrefix + name.description) }

    /// By manifest: each name's live release, the one that some visitors get, the one that a roll-back returns to, and the
    /// newest, which may be about to go live.
    private func wantedReleases() -> [BlobID: Wanted] {
        let state = keeper.state
        var wanted: [BlobID: Wanted] = [:]
        beginPlacing(state)
        for record in state.names {
            for id in Set(
                [record.live, record.candidate?.release, record.previous, record.releases.last].compactMap { $0 })
            {
                guard let release = state.release(id, of: record.name) else { continue }
                let copy = ReleaseCopy(name: record.name, release: id, manifest: release.manifest)
                let role = role(of: copy, state, isHeld: isHeld(release.manifest, for: record.name))
                var want = wanted[release.manifest] ?? Wanted(release: release)
                let effort: Effort = role == .home ? .fetch : role == .leaving ? .keep : .read
                if effort.rawValue > want.effort.rawValue { want.effort = effort }
                if effort != .read { want.names.insert(record.name) }
                wanted[release.manifest] = want
            }
        }
        endPlacing()
        return wanted
    }

    private func publish() {
        let state = keeper.state
        var next: [String: RouteTable.Route] = [:]
        for record in state.names {
            guard let live = state.liveRelease(of: record.name) else { continue }
            next[record.name.description] = RouteTable.Route(
                live: app(live, of: record.owner, isShare: record.candidate != nil),
                trial: trial(record, beside: live, state))
        }
        routes.replace(next)
        completeGauge.record(complete.count)
    }

    private func trial(
        _ record: NameRecord, beside live: ReleaseRecord, _ state: LedgerState
    ) -> RouteTable.Trial? {
        guard let candidate = record.candidate, let release = state.release(candidate.release, of: record.name)
        else { return nil }
        return RouteTable.Trial(
            app: app(release, of: record.owner, isShare: true), percent: candidate.percent,
            pair: "\(live.id) \(release.id)")
    }

    private func app(_ release: ReleaseRecord, of owner: AccountID, isShare: Bool) -> GatewayApp {
        guard let manifest = manifests[release.manifest] else {
            return .unavailable(
                reason: "Release \(release.id) of \(release.name) is on its way to this node; try again shortly")
        }
        return GatewayApp(manifest, of: release, owner, isShare: isShare)
    }

    // MARK: Fetching

    private func obtain(_ want: Wanted) async {
        var pause = ReleaseKeeper.firstPause
        while !Task.isCancelled {
            do {
                let manifest = try await self.manifest(want.release.manifest)
                if want.effort == .read { return }
                let blobs = [want.release.manifest] + manifest.blobs
                if want.effort == .fetch { try await fetchAll(want.release.manifest, manifest) }
                // One that was damaged meanwhile is missed here; one that is from now on, `recover` hears of.
                guard try store.missing(from: blobs).isEmpty else {
                    if want.effort == .keep { return }
                    continue
                }
                if Task.isCancelled { return }
                complete.insert(want.release.manifest, manifest.blobs)
                completeGauge.record(complete.count)
                noteRoom(for: want.release.manifest)
                return
            } catch {
                // Beyond the first tries it is the same every few seconds.
                logger.log(
                    level: pause < ReleaseKeeper.longestPause ? .warning : .debug, "a release cannot be fetched yet",
                    metadata: [
                        "name": "\(want.release.name)", "release": "\(want.release.id)", "error": "\(error)",
                    ])
                if (error as? BlobStoreError)?.isNoRoom == true, !Task.isCancelled {
                    noteLack(of: want.release.manifest)
                }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, ReleaseKeeper.longestPause)
        }
    }

    private func manifest(_ id: BlobID) async throws -> Manifest {
        if let known = manifests[id] { return known }
        let bytes = try await exchange.readAll(id, limit: ManifestLimits.maxManifestBytes)
        let manifest = try Manifest(decoding: Data(bytes.readableBytesView))
        manifests[id] = manifest
        publish()
        return manifest
    }

    /// Brings a release's blobs here, if there is room for all of them: part of a release fills the store for nothing.
    private func fetchAll(_ id: BlobID, _ manifest: Manifest) async throws {
        try await fetchAll([id])
        try requireRoom(for: manifest)
        try await store.setReferences(of: id, to: manifest.blobs)
        try await fetchAll(manifest.blobs)
    }

    private func fetchAll(_ blobs: [BlobID]) async throws {
        let missing = try store.missing(from: blobs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, blob) in missing.enumerated() {
                if index >= ReleaseKeeper.parallelFetches { try await group.next() }
                group.addTask { try await self.exchange.fetchWhole(blob) }
            }
            try await group.waitForAll()
        }
    }
}
