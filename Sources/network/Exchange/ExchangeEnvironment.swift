import Blake3
import BlobStore
import Foundation
import Identity
import Logging
import Metrics
import NIOCore
import Peering
import Synchronization

/// What every fetch of a node shares.
final class ExchangeEnvironment: Sendable {
    let store: BlobStore
    let peers: PeerNetwork
    let finder: any ProviderFinder
    let meter: any DeliveryMeter
    let payer: any DeliveryPayer
    let settings: ExchangeSettings
    let group: any EventLoopGroup
    let logger: Logger
    let metrics = ExchangeMetrics()
    let accounts = PeerAccounts()
    private let onReport: @Sendable (ProviderReport) -> Void
    private let bans: Mutex<ProviderBans>
    private let origin = ContinuousClock.now

    init(
        store: BlobStore, peers: PeerNetwork, finder: any ProviderFinder, meter: any DeliveryMeter,
        payer: any DeliveryPayer, settings: ExchangeSettings, group: any EventLoopGroup, logger: Logger,
        onReport: @escaping @Sendable (ProviderReport) -> Void
    ) {
        self.store = store
        self.peers = peers
        self.finder = finder
        self.meter = meter
        self.payer = payer
        self.settings = settings
        self.group = group
        self.logger = logger
        self.onReport = onReport
        bans = Mutex(ProviderBans(first: Duration(settings.banTime), longest: Duration(settings.maxBanTime)))
    }

    /// Since this was made: the time that the cores know.
    var now: Duration { ContinuousClock.now - origin }

    func isBanned(_ node: NodeID) -> Bool {
        let now = now
        return bans.withLock { $0.isBanned(node, at: now) }
    }

    /// Bans who sent wrong bytes, and tells everybody who wants to know.
    func report(_ report: ProviderReport, reason: String) {
        let now = now
        let until = bans.withLock { $0.add(report.provider, at: now) }
        accounts.update(report.provider) { $0.badBlocks += 1 }
        metrics.corruptBlocks.increment()
        logger.warning(
            "a peer does not send what it claims to have; others are asked",
            metadata: [
                "peer": "\(report.provider)", "blob": "\(report.blob)", "reason": "\(reason)",
                "banned": "\((until - now).formatted())",
            ])
        onReport(report)
    }

    /// How often a fetch that waits looks at the time.
    var planTick: TimeAmount { .milliseconds(10) }

    /// The limits of one fetch.
    func planSettings(keeping: Exchange.Keeping) -> FetchPlan.Settings {
        let block = BlockTree.blockByteCount
        var plan = FetchPlan.Settings()
        plan.maxWindow = settings.window
        plan.maxProviders = max(1, settings.maxProviders)
        plan.maxInFlight = max(1, settings.fetchMemoryBytes / block)
        plan.readAhead = max(1, (keeping == .nowhere ? settings.streamWindowBytes : settings.readAheadBytes) / block)
        plan.hedgeShare = settings.hedgeShare
        plan.minimumRate = settings.minimumRate
        plan.stallTime = Duration(settings.stallTime)
        plan.busyPause = Duration(settings.busyPause)
        return plan
    }
}

/// Counters of the exchange.
struct ExchangeMetrics: Sendable {
    let fetchedBytes = Counter(label: "skerry_exchange_fetched_bytes_total")
    let servedBytes = Counter(label: "skerry_exchange_served_bytes_total")
    let duplicateBytes = Counter(label: "skerry_exchange_duplicate_bytes_total")
    let hedges = Counter(label: "skerry_exchange_hedges_total")
    let corruptBlocks = Counter(label: "skerry_exchange_corrupt_blocks_total")
    let fetches = Counter(label: "skerry_exchange_fetches_total")
    let failures = Counter(label: "skerry_exchange_fetch_failures_total")
}

extension BlobID {
    /// The digest as a protobuf field.
    var bytes: Data { Data(digest.bytes) }
}
