import BlobStore
import Discovery
import Identity
import Logging

/// Whom the network asks for what this node holds.
protocol BlobDirectory: Sendable {
    /// Says that this node has the blobs, until they are withdrawn; again does nothing.
    func provide(_ blobs: [BlobID])
    /// Says that it has not.
    func withdraw(_ blobs: [BlobID])
    /// Says that of all blobs behind `after`, up to and with `last`, this node has these and no others; nil for the
    /// begin and the end.
    func provideOnly(_ blobs: [BlobID], after: BlobID?, through last: BlobID?)
}

/// Tells the network what this node holds: each change of the store at once, and beside that everything, page by page, at
/// the start and again from time to time. What is announced between two blobs of a page and is not there any more is
/// withdrawn, so that a change that was missed is made up for.
///
/// An actor, so that a page that is read and announced and a change come one after the other: what is removed after it
/// was read is withdrawn after it was announced, and what is stored after it was read is announced after that.
actor Announcer {
    /// How much is announced.
    struct Limits: Sendable {
        /// Blobs at most, in the order of their digests: as many as discovery provides, 1,000,000. Those behind them are
        /// only found in networks of at most ``NodeProviders/smallNetwork`` nodes. What the others keep is the nearer
        /// limit: 50,000 records of one provider and 250,000 in all. With 20 replicas of each record, n nodes can be told
        /// of 2,500 × n blobs of one node, and of 12,500 of each if all hold so many.
        var count = DiscoverySettings().maxProvided
        /// Blobs that are read from the index at once.
        var page = 1_000
        /// Between two pages: a million blobs take 17 minutes, which the records outlive.
        var pause = Duration.seconds(1)
        /// From the end of one round through the store to the beginning of the next, which finds what changes did not
        /// tell: a listener that is far behind misses some.
        var roundInterval = Duration.seconds(3_600)
    }

    private let store: BlobStore
    private let directory: any BlobDirectory
    private let logger: Logger
    private let limits: Limits

    init(store: BlobStore, discovery: Discovery, logger: Logger) {
        self.init(store: store, directory: DiscoveryDirectory(discovery: discovery), logger: logger)
    }

    init(store: BlobStore, directory: any BlobDirectory, logger: Logger, limits: Limits = Limits()) {
        self.store = store
        self.directory = directory
        self.logger = logger
        self.limits = limits
    }

    /// Runs until cancelled.
    nonisolated func run() async {
        let changes = store.changes()
        await withDiscardingTaskGroup { group in
            group.addTask { for await change in changes { await self.announce(change) } }
            group.addTask {
                while !Task.isCancelled {
                    await self.announceAll()
                    try? await Task.sleep(for: self.limits.roundInterval)
                }
            }
        }
    }

    private func announce(_ change: StoreChange) {
        switch change {
        case .stored(let id): directory.provide([id])
        case .removed(let id): directory.withdraw([id])
        }
    }

    /// Goes through the store once, a page after the other; memory does not grow with it.
    nonisolated func announceAll() async {
        var after: BlobID?
        var count = 0
        do {
            while !Task.isCancelled {
                if count >= limits.count { return warn(announced: count) }
                let page = min(limits.page, limits.count - count)
                let (last, announced) = try await announcePage(after: after, limit: page)
                count += announced
                after = last
                if announced < page { return }
                try await Task.sleep(for: limits.pause)
            }
        } catch {
            if error is CancellationError || (error as? BlobStoreError)?.code == .closed { return }
            logger.error("cannot list the blobs to announce them", metadata: ["error": "\(error)"])
        }
    }

    private nonisolated func warn(announced: Int) {
        let stored = store.usage.blobs
        guard stored > announced else { return }
        logger.warning(
            """
            more blobs than can be announced: where there are more than \(NodeProviders.smallNetwork) nodes the rest \
            cannot be found
            """,
            metadata: ["announced": "\(announced)", "stored": "\(stored)"])
    }

    private func announcePage(after: BlobID?, limit: Int) throws -> (last: BlobID?, count: Int) {
        let page = try store.list(after: after, limit: limit)
        let isEnd = page.count < limit
        directory.provideOnly(page.map(\.id), after: after, through: isEnd ? nil : page.last?.id)
        return (page.last?.id, page.count)
    }
}

/// The directory of a node.
private struct DiscoveryDirectory: BlobDirectory {
    let discovery: Discovery

    func provide(_ blobs: [BlobID]) { discovery.provide(blobs) }
    func withdraw(_ blobs: [BlobID]) { discovery.withdraw(blobs) }
    func provideOnly(_ blobs: [BlobID], after: BlobID?, through last: BlobID?) {
        discovery.provideOnly(blobs, after: after, through: last)
    }
}
