import BlobStore
import ControlModel
import Exchange
import Foundation
import Gateway
import Identity
import Ledger
import LedgerLog
import Logging
import Manifests
import NIOCore
import Synchronization

/// Releases under their own hosts, whichever is live. Manifests are fetched when somebody asks for the first time.
final class PreviewReleases: Sendable {
    /// Manifests that are kept; a site's may have up to 16 MiB.
    private static let maxKept = 16
    /// Manifests that are fetched at once.
    private static let maxLoading = 8

    private struct State {
        var kept: [BlobID: Manifest] = [:]
        var loading: Set<BlobID> = []
    }

    private let keeper: LedgerKeeper
    private let exchange: Exchange
    private let logger: Logger
    private let state = Mutex(State())

    init(keeper: LedgerKeeper, exchange: Exchange, logger: Logger) {
        self.keeper = keeper
        self.exchange = exchange
        self.logger = logger
    }

    /// What a host label stands for; nil if it is no release that the ledger keeps. Never blocks: what is not here yet
    /// is fetched for whoever asks again.
    func app(_ label: String) -> GatewayApp? {
        let state = keeper.state
        guard let host = PreviewHost(label), let release = state.release(host.release, of: host.name),
            let owner = state.name(host.name)?.owner
        else { return nil }
        let id = release.manifest
        let (known, begins) = self.state.withLock { state -> (Manifest?, Bool) in
            if let known = state.kept[id] { return (known, false) }
            guard state.loading.count < PreviewReleases.maxLoading else { return (nil, false) }
            return (nil, state.loading.insert(id).inserted)
        }
        if let known { return GatewayApp(known, of: release, owner, isPreview: true) }
        if begins { Task { await load(id) } }
        return .unavailable(reason: "Release \(release.id) of \(release.name) is on its way to this node; try again")
    }

    private func load(_ id: BlobID) async {
        var manifest: Manifest?
        do {
            let bytes = try await exchange.readAll(id, limit: ManifestLimits.maxManifestBytes)
            manifest = try Manifest(decoding: Data(bytes.readableBytesView))
        } catch {
            logger.info("a release cannot be previewed", metadata: ["manifest": "\(id)", "error": "\(error)"])
        }
        state.withLock { state in
            state.loading.remove(id)
            if state.kept.count >= PreviewReleases.maxKept { state.kept = [:] }
            state.kept[id] = manifest
        }
    }
}
