import BlobStore
import Exchange
import Identity
import Logging
import Metrics
import Synchronization

/// Fetches from peers what the scrubber or a reader found damaged, and every protected blob that is not here, for as long
/// as it is protected: a disk may lose more than peers can give back at once, and nodes restart.
struct Repairer: Sendable {
    /// What a search through the store has done.
    struct Search: Hashable, Sendable {
        var missing = 0
        var repaired = 0
        var failed = 0
    }

    /// Attempts for a blob right after its damage was found.
    private static let attempts = 5
    static let firstPause = Duration.seconds(1)
    /// Between two searches for protected blobs that are not here: shorter while some were not to be had, since the first
    /// search comes before the peers.
    private static let searchIntervals = Duration.seconds(10)...Duration.seconds(300)
    /// Blobs that are looked at in one call of the store.
    private static let searchPage = 10_000
    /// Blobs that one search asks peers for at most; the next one goes on behind them.
    static let maxFetchesPerSearch = 2_000
    /// Blobs that are fetched at once.
    private static let parallelFetches = 4

    let store: BlobStore
    let logger: Logger
    private let firstPause: Duration
    private let fetch: @Sendable (BlobID) async throws -> Void
    private let book = Book()
    private let repaired = Counter(label: "skerry_blobs_repaired_total")
    private let lost = Counter(label: "skerry_blobs_lost_total")
    private let missing = Gauge(label: "skerry_blobs_missing")

    /// What a search leaves for the next one.
    private final class Book: Sendable {
        let plan = Mutex(RepairPlan())
        let cursor = Mutex<BlobID?>(nil)
        let tally = Mutex(Tally())
    }

    /// What the metrics say.
    struct Tally: Hashable, Sendable {
        /// Protected blobs that were found not to be here, and damaged ones while peers are asked for them.
        var missing = MissingBlobs()
        var repaired = 0
        /// Damage that no peer could mend when it was found; once for each.
        var lost = 0
    }

    var tally: Tally { book.tally.withLock { $0 } }

    init(store: BlobStore, exchange: Exchange, logger: Logger) {
        self.init(store: store, logger: logger) { try await exchange.fetchWhole($0) }
    }

    /// - Parameters:
    ///   - firstPause: Behind the first attempt for a damaged blob; doubles with each.
    ///   - fetch: Brings a blob into the store.
    init(
        store: BlobStore, logger: Logger, firstPause: Duration = Repairer.firstPause,
        fetch: @escaping @Sendable (BlobID) async throws -> Void
    ) {
        self.store = store
        self.logger = logger
        self.firstPause = firstPause
        self.fetch = fetch
    }

    /// Repairs until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { for await damage in store.damages() { await mend(damage.id) } }
            group.addTask {
                let began = ContinuousClock.now
                while !Task.isCancelled {
                    await search(at: ContinuousClock.now - began)
                    let (shortest, longest) = (
                        Repairer.searchIntervals.lowerBound, Repairer.searchIntervals.upperBound
                    )
                    let due = book.plan.withLock { $0.nextDue }
                    let pause = due.map { $0 - (ContinuousClock.now - began) } ?? longest
                    try? await Task.sleep(for: min(max(pause, shortest), longest))
                }
            }
        }
    }

    /// Each damage is reported once, however many ask for its repair besides: so here is counted what was lost.
    func mend(_ id: BlobID) async {
        if await repair(id) || Task.isCancelled { return }
        lost.increment()
        book.tally.withLock { $0.lost += 1 }
        let isWanted = (try? store.isProtected(id)) ?? false
        logger.error(
            "a damaged blob cannot be had from any peer; it was set aside in the store's folder corrupt",
            metadata: ["blob": "\(id)", "asked_again": "\(isWanted)"])
    }

    /// Asks peers for a damaged blob, several times if need be.
    ///
    /// - Returns: Whether the blob is whole again.
    func repair(_ id: BlobID) async -> Bool {
        if isHere(id) {
            noteSettled(id)
            return true
        }
        if (try? store.isProtected(id)) ?? true { noteMissing(id) }
        var pause = firstPause
        for attempt in 1...Repairer.attempts {
            do {
                try await fetch(id)
                noteRepaired(id)
                return true
            } catch {
                guard attempt < Repairer.attempts, !Task.isCancelled else { break }
                logger.debug("cannot repair yet", metadata: ["blob": "\(id)", "error": "\(error)"])
                guard (try? await Task.sleep(for: pause)) != nil else { return false }
                pause = pause * 2
            }
        }
        if (try? store.isProtected(id)) == false { noteSettled(id) }
        return false
    }

    /// Asks peers once for a protected blob that is not here.
    ///
    /// - Returns: Whether it is here now.
    func repairMissing(_ id: BlobID) async -> Bool {
        if isHere(id) {
            noteSettled(id)
            return true
        }
        noteMissing(id)
        do {
            try await fetch(id)
            noteRepaired(id)
            return true
        } catch {
            logger.debug("cannot fetch a protected blob yet", metadata: ["blob": "\(id)", "error": "\(error)"])
            return false
        }
    }

    private func isHere(_ id: BlobID) -> Bool { (try? store.stat(id)) ?? nil != nil }

    // MARK: Counting

    private func changeMissing(_ change: (inout MissingBlobs) -> Void) {
        missing.record(
            book.tally.withLock { tally in
                change(&tally.missing)
                return tally.missing.count
            })
    }

    private func noteMissing(_ id: BlobID) { changeMissing { $0.insert(id) } }

    /// Of a blob that came by another way, or that nobody wants any more.
    private func noteSettled(_ id: BlobID) {
        book.plan.withLock { $0.settled(id) }
        changeMissing { $0.remove(id) }
    }

    /// Counts a blob that is here again: once, whoever else asked for it at the same time.
    private func noteRepaired(_ id: BlobID) {
        book.plan.withLock { $0.settled(id) }
        let left = book.tally.withLock { tally -> Int? in
            guard tally.missing.remove(id) else { return nil }
            tally.repaired += 1
            return tally.missing.count
        }
        guard let left else { return }
        repaired.increment()
        missing.record(left)
        logger.notice("fetched a blob that was lost from peers", metadata: ["blob": "\(id)"])
    }

    // MARK: Searching

    /// Looks through what is protected, from where the last search stopped, and fetches what is not here and due.
    ///
    /// - Parameter now: Time of a clock that only goes forwards.
    @discardableResult
    func search(at now: Duration) async -> Search {
        var search = Search()
        var after = book.cursor.withLock { $0 }
        repeat {
            do {
                let (page, last) = try store.missingProtected(after: after, limit: Repairer.searchPage)
                let room = Repairer.maxFetchesPerSearch - search.repaired - search.failed
                let due = book.plan.withLock { plan in page.filter { plan.isDue($0, at: now) } }
                if due.count > room, room == 0 { break }
                // The next search goes on with those that this one leaves.
                let end = due.count > room ? due[room - 1] : last
                note(Set(page.filter { isWithin($0, after, end) }), after: after, through: end, &search)
                await fetchAll(due.prefix(room), at: now, &search)
                after = end
                if due.count > room { break }
            } catch {
                if (error as? BlobStoreError)?.code != .closed {
                    logger.error("cannot look for blobs that were lost", metadata: ["error": "\(error)"])
                }
                return search
            }
        } while after != nil && !Task.isCancelled
        book.cursor.withLock { [after] in $0 = after }
        if search.failed > 0 {
            logger.warning(
                "protected blobs are not here, and no peer can give them at present",
                metadata: [
                    "missing": "\(search.missing)", "tried": "\(search.failed)", "fetched": "\(search.repaired)",
                ])
        }
        return search
    }

    /// Takes up all that is missing in a part of the store. What was and is not any more came by other ways, or is not
    /// wanted any more.
    private func note(_ missing: Set<BlobID>, after: BlobID?, through last: BlobID?, _ search: inout Search) {
        search.missing += missing.count
        book.plan.withLock { $0.keepOnly(missing, after: after, through: last) }
        changeMissing { $0.found(missing, after: after, through: last) }
    }

    private func fetchAll(_ ids: ArraySlice<BlobID>, at now: Duration, _ search: inout Search) async {
        let repaired = await withTaskGroup(of: Bool.self) { group in
            var count = 0
            for (number, id) in ids.enumerated() {
                if number >= Repairer.parallelFetches, await group.next() == true { count += 1 }
                group.addTask { await tryOnce(id, at: now) }
            }
            for await isRepaired in group where isRepaired { count += 1 }
            return count
        }
        search.repaired += repaired
        search.failed += ids.count - repaired
    }

    private func tryOnce(_ id: BlobID, at now: Duration) async -> Bool {
        if await repairMissing(id) { return true }
        book.plan.withLock { $0.failed(id, at: now) }
        return false
    }
}
