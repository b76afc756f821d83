import Identity
public import Logging
import Metrics
import NIOPosix
import Synchronization

/// Verifies a store in the background, at a limited rate and behind those who wait for its blobs.
///
/// Damaged blobs are dropped, their files moved to `corrupt/`, and reported by `BlobStore.damages()`. Every hour, and at the
/// end of a pass, SQLite looks through the index, which is copied if it is right. Where the scrubber was survives a
/// restart. One scrubber a store.
public final class Scrubber: Sendable {
    private struct State {
        var plan: ScrubPlan?
        /// The block's blob, with its files when they are open.
        var open: (stat: BlobStat, blob: OpenBlob?)?
        /// Blobs that come next; some may be gone by then.
        var upcoming: [BlobStat] = []
        var progress = ScrubProgress()
        /// When to look through the index at the latest, in the store's own time.
        var indexDue: Int64?
    }

    /// What looking through large indexes may come to on average.
    private static let indexBytesPerMillisecond: Int64 = 32
    /// From the start to the first look through the index at most.
    private static let firstIndexDelay = Duration.seconds(600)

    /// Behind a failure other than damage; then it goes on with the next blob.
    private static let pauseAfterFailure: Int64 = 10_000

    private let store: BlobStore
    private let settings: ScrubSettings
    private let logger: Logger
    private let state = Mutex(State())

    /// A scrubber that does nothing before `run`.
    ///
    /// - Parameter store: May close before the scrubber ends.
    public init(store: BlobStore, settings: ScrubSettings = .init(), logger: Logger) {
        self.store = store
        self.settings = settings
        self.logger = logger
    }

    /// What was verified since this scrubber began.
    public var progress: ScrubProgress { state.withLock { $0.progress } }

    /// Scrubs until the task is cancelled or the store closes.
    public func run() async {
        while !Task.isCancelled {
            do {
                let rest = try await step()
                if rest > 0 { try await Task.sleep(for: .milliseconds(rest)) }
            } catch let error as BlobStoreError where error.code != .closed {
                logger.error("cannot verify stored blobs", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(Self.pauseAfterFailure))
            } catch {
                return
            }
        }
    }

    /// Does one thing, at most a block, and says how many milliseconds to rest before the next.
    package func step() async throws -> Int64 {
        let (rest, mustCheckIndex) = try await store.threadPool.runIfActive { [self] in
            try state.withLock { state in
                let passes = state.progress.passes
                let rest = try advance(&state)
                return (rest, isIndexDue(&state) || state.progress.passes > passes)
            }
        }
        if mustCheckIndex { try await checkIndex() }
        return rest
    }

    private func isIndexDue(_ state: inout State) -> Bool {
        let now = store.time.openMilliseconds
        if let due = state.indexDue { return now >= due }
        let first = min(Self.firstIndexDelay, settings.indexInterval).clampedMilliseconds
        state.indexDue = now.addingReportingOverflow(first).partialValue
        return false
    }

    private func checkIndex() async throws {
        let pause = max(
            settings.indexInterval.clampedMilliseconds,
            Int64(store.folder.indexByteCount) / Self.indexBytesPerMillisecond)
        let due = store.time.openMilliseconds.addingReportingOverflow(pause)
        state.withLock { $0.indexDue = due.overflow ? .max : due.partialValue }
        guard let problems = try await store.index.check(timeLimit: settings.indexCheckTime) else {
            return logger.notice("looking through the index of the blob store took too long; it was not finished")
        }
        state.withLock { $0.progress.indexProblems = problems.count }
        store.metrics.indexProblems.record(problems.count)
        if problems.isEmpty { return try await copyIndex() }
        logger.critical(
            """
            the index of the blob store is damaged: stop the node, move blobs.sqlite away with its -wal and -shm, and \
            check the disk; at the next start the last copy takes its place, and files in data get rows
            """,
            metadata: ["problems": "\(problems.count)", "first": "\(problems[0])"])
    }

    private func copyIndex() async throws {
        do {
            try await store.copyIndex()
            state.withLock { $0.progress.indexCopies += 1 }
        } catch let error as BlobStoreError where error.code != .closed {
            logger.warning("cannot copy the index of the blob store", metadata: ["error": "\(error)"])
        }
    }

    private func advance(_ state: inout State) throws -> Int64 {
        try store.requireOpen()
        let now = store.time.openMilliseconds
        var plan =
            try state.plan ?? ScrubPlan(settings, resuming: store.index.scrubPosition(), at: now)
        defer { state.plan = plan }
        switch plan.step(at: now, foregroundReads: store.foregroundReads.load(ordering: .relaxed)) {
        case .rest(let milliseconds): return milliseconds
        case .save(let position):
            let outcome = Outcome()
            store.writer.enqueue(.scrub(position)) { outcome.set($0) }
            store.writer.drain()
            try outcome.get()
        case .find(let after):
            let next = try nextBlob(after: after, &state)
            plan.found(next)
            if next == nil { state.progress.passes += 1 }
        case .read(let stat, let block):
            do {
                let count = try read(stat, block, &state)
                plan.checked(count, at: now, storeBytes: store.usage.bytes)
                state.progress.bytes += count
                store.metrics.scrubbedBytes.increment(by: count)
                if block == stat.blockCount - 1 { state.progress.blobs += 1 }
            } catch let damage as Damage {
                plan.failed()
                state.open = nil
                if case .damaged = store.outcome(of: damage, stat.id) { state.progress.damagedBlobs += 1 }
            } catch let error as BlobStoreError where error.code != .closed {
                plan.failed()
                state.open = nil
                state.progress.unreadableBlobs += 1
                logger.error("cannot read a stored blob", metadata: ["blob": "\(stat.id)"])
                throw error
            }
        }
        return 0
    }

    private func nextBlob(after: BlobID?, _ state: inout State) throws -> BlobStat? {
        if state.upcoming.isEmpty {
            state.upcoming = try store.index.list(after: after, limit: BlobStore.verifyPage).reversed()
        }
        return state.upcoming.popLast()
    }

    private func read(_ stat: BlobStat, _ block: Int, _ state: inout State) throws -> Int {
        let open = state.open
        let blob = open?.stat == stat ? open?.blob : try store.openForVerification(stat)
        state.open = block < stat.blockCount - 1 ? (stat, blob) : nil
        return try store.verifyBlock(block, of: stat, blob)
    }
}
