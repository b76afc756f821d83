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
    private var complete: Set<BlobID> = []
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

    /// Follows the ledger until cancelled.
    func run() async {
        reconcile()
        for await _ in keeper.changes() { reconcile() }
        for running in tasks.values { running.task.cancel() }
    }

    /// The nodes that hold a release's blobs.
    nonisolated func replicas(of name: String) -> [NodeID] {
        let state = keeper.state
        return Rendezvous.replicas(state.nodes.map(\.id), for: name, count: Int(state.parameters.replicas))
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
        complete.formIntersection(live)
        for (manifest, want) in wanted {
            if let running = tasks[manifest] {
                // Another name may bring the same content here later.
                if running.isPlacedHere || !want.isPlacedHere { continue }
                running.task.cancel()
            }
            tasks[manifest] = (want.isPlacedHere, Task { await self.obtain(want) })
        }
        publish()
    }

    /// By manifest: each name's live release, the one that a roll-back returns to, and the newest, which may be about to
    /// go live.
    private func wantedReleases() -> [BlobID: Wanted] {
        let state = keeper.state
        var wanted: [BlobID: Wanted] = [:]
        for record in state.names {
            let isPlacedHere = replicas(of: record.name.description).contains(node)
            for id in Set([record.live, record.previous, record.releases.last].compactMap { $0 }) {
                guard let release = state.release(id, of: record.name) else { continue }
                let known = wanted[release.manifest]?.isPlacedHere ?? false
                wanted[release.manifest] = Wanted(release: release, isPlacedHere: known || isPlacedHere)
            }
        }
        return wanted
    }

    private func publish() {
        let state = keeper.state
        var apps: [String: GatewayApp] = [:]
        for record in state.names {
            guard let release = state.liveRelease(of: record.name) else { continue }
            apps[record.name.description] = app(release)
        }
        routes.replace(apps)
        completeGauge.record(complete.count)
    }

    private func app(_ release: ReleaseRecord) -> GatewayApp {
        let name = release.name.description
        return switch manifests[release.manifest] {
        case .site(let manifest): .site(SiteRelease(name: name, release: release.id.description, manifest: manifest))
        case .function: .function(FunctionRelease(name: name, release: release.id.description))
        case nil: .unavailable(reason: "Release \(release.id) of \(name) is on its way to this node; try again shortly")
        }
    }

    // MARK: Fetching

    private func obtain(_ want: Wanted) async {
        var pause = ReleaseKeeper.firstPause
        while !Task.isCancelled {
            do {
                let manifest = try await self.manifest(want.release.manifest)
                guard want.isPlacedHere else { return }
                try await fetchAll(manifest.blobs)
                complete.insert(want.release.manifest)
                completeGauge.record(complete.count)
                return
            } catch {
                logger.warning(
                    "a release cannot be fetched yet",
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
        try await exchange.fetchWhole(id)
        let bytes = try await store.readAll(id, limit: ManifestLimits.maxManifestBytes)
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
