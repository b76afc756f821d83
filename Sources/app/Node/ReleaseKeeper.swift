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

/// Makes this node able to serve what the ledger says: manifests of all live releases, and every blob of those that are
/// placed here. Publishes the routes that result.
actor ReleaseKeeper {
    private struct Wanted {
        let release: ReleaseRecord
        /// Whether this node is one of the release's replicas.
        let isPlacedHere: Bool
        /// The names, placed here, that want the same manifest.
        let names: Set<AppName>
    }

    /// Blobs of one release that are fetched at once.
    private static let parallelFetches = 16
    private static let firstPause = Duration.milliseconds(200)
    private static let longestPause = Duration.seconds(5)
    /// How often a question about readiness looks again: questions are rare and end within seconds.
    private static let readinessPause = Duration.milliseconds(10)

    private let node: NodeID
    private let keeper: LedgerKeeper
    private let store: BlobStore
    private let exchange: Exchange
    private let routes: RouteTable
    private let logger: Logger
    private var manifests: [BlobID: Manifest] = [:]
    private var complete = CompleteReleases()
    private var wantedPins: [PinOwner: Set<BlobID>] = [:]
    /// Pins as this process has set them: what differs is written, and nothing else.
    private var pinned: [PinOwner: Set<BlobID>] = [:]
    private var pinning: Task<Void, Never>?
    private var tasks: [BlobID: (isPlacedHere: Bool, task: Task<Void, Never>)] = [:]
    private let completeGauge = Gauge(label: "skerry_releases_complete")

    init(
        node: NodeID, keeper: LedgerKeeper, store: BlobStore, exchange: Exchange, routes: RouteTable, logger: Logger
    ) {
        self.node = node
        self.keeper = keeper
        self.store = store
        self.exchange = exchange
        self.routes = routes
        self.logger = logger
    }

    /// Follows the ledger, and what the store loses, until cancelled.
    func run() async {
        let changes = keeper.changes()
        let damages = store.damages()
        await unpinGoneNames()
        reconcile()
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in changes { await self.reconcile() } }
            group.addTask { for await damage in damages { await self.recover(from: damage.id) } }
        }
        for running in tasks.values { running.task.cancel() }
        pinning?.cancel()
    }

    /// The nodes that hold a release's blobs.
    nonisolated func replicas(of name: String) -> [NodeID] {
        let state = keeper.state
        return Rendezvous.replicas(state.participants.map(\.id), for: name, count: Int(state.parameters.replicas))
    }

    /// Whether every blob of the release is on this node's disk; waits up to `wait` for that.
    func isReady(name: String, release: String, wait: Duration) async -> Bool {
        let deadline = ContinuousClock.now + wait
        while true {
            if let name = AppName(name), let id = ReleaseID(release),
                let record = keeper.state.release(id, of: name), complete.contains(record.manifest)
            {
                return true
            }
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: ReleaseKeeper.readinessPause)) != nil
            else { return false }
        }
    }

    // MARK: Reconciling

    private func reconcile() {
        let wanted = wantedReleases()
        for manifest in tasks.keys where wanted[manifest] == nil {
            tasks.removeValue(forKey: manifest)?.task.cancel()
        }
        let live = Set(wanted.keys)
        manifests = manifests.filter { live.contains($0.key) }
        complete.keepOnly(live)
        for (manifest, want) in wanted {
            if let running = tasks[manifest] {
                // Another name may bring the same content here later.
                if running.isPlacedHere || !want.isPlacedHere { continue }
                running.task.cancel()
            }
            begin(want)
        }
        keepPins(wanted)
        publish()
    }

    private func begin(_ want: Wanted) {
        tasks[want.release.manifest] = (want.isPlacedHere, Task { await self.obtain(want) })
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

    /// Pins the manifests that are placed here, by name; what they reference is protected with them.
    private func keepPins(_ wanted: [BlobID: Wanted]) {
        var pins: [PinOwner: Set<BlobID>] = [:]
        for want in wanted.values where want.isPlacedHere {
            for name in want.names {
                guard let owner = ReleaseKeeper.owner(name) else { continue }
                pins[owner, default: []].insert(want.release.manifest)
            }
        }
        wantedPins = pins
        if pinning == nil { pinning = Task { await self.writePins() } }
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
                } catch {
                    isFull = isFull || (error as? BlobStoreError)?.isNoRoom == true
                    logger.log(
                        level: pause < ReleaseKeeper.longestPause ? .error : .debug, "cannot pin a release",
                        metadata: ["owner": "\(owner)", "error": "\(error)"])
                    // Another fault would be there the next time too.
                    if (error as? BlobStoreError)?.isNoRoom != true { pinned[owner] = ids }
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

    /// Names may have gone while this node was away.
    private func unpinGoneNames() async {
        let names = Set(keeper.state.names.compactMap { ReleaseKeeper.owner($0.name) })
        do {
            for owner in try store.pinOwners()
            where owner.description.hasPrefix(ReleaseKeeper.ownerPrefix) && !names.contains(owner) {
                _ = try await store.unpinAll(by: owner)
            }
        } catch {
            logger.error("cannot look through the pins", metadata: ["error": "\(error)"])
        }
    }

    private static let ownerPrefix = "app:"

    private static func owner(_ name: AppName) -> PinOwner? { PinOwner(ownerPrefix + name.description) }

    /// By manifest: each name's live release, the one that some visitors get, the one that a roll-back returns to, and the
    /// newest, which may be about to go live.
    private func wantedReleases() -> [BlobID: Wanted] {
        let state = keeper.state
        var wanted: [BlobID: Wanted] = [:]
        for record in state.names {
            let isPlacedHere = replicas(of: record.name.description).contains(node)
            for id in Set(
                [record.live, record.candidate?.release, record.previous, record.releases.last].compactMap { $0 })
            {
                guard let release = state.release(id, of: record.name) else { continue }
                let known = wanted[release.manifest]
                let names = isPlacedHere ? [record.name] : Set<AppName>()
                wanted[release.manifest] = Wanted(
                    release: release, isPlacedHere: known?.isPlacedHere == true || isPlacedHere,
                    names: names.union(known?.names ?? []))
            }
        }
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
                guard want.isPlacedHere else { return }
                let blobs = [want.release.manifest] + manifest.blobs
                try await fetchAll([want.release.manifest])
                try await store.setReferences(of: want.release.manifest, to: manifest.blobs)
                try await fetchAll(manifest.blobs)
                // One that was damaged meanwhile is missed here; one that is from now on, `recover` hears of.
                guard try store.missing(from: blobs).isEmpty else { continue }
                complete.insert(want.release.manifest, manifest.blobs)
                completeGauge.record(complete.count)
                return
            } catch {
                // Beyond the first tries it is the same every few seconds.
                logger.log(
                    level: pause < ReleaseKeeper.longestPause ? .warning : .debug, "a release cannot be fetched yet",
                    metadata: [
                        "name": "\(want.release.name)", "release": "\(want.release.id)", "error": "\(error)",
                    ])
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
