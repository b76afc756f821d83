import Foundation
public import Logging
import NIOPosix
import Synchronization

/// Keeps what functions write and how their requests ended, in bounded files and a bounded piece of memory.
///
/// Adding never blocks and never fails. The files survive restarts; a process that crashes loses what came in its last
/// ``LogLimits/interval``, a machine that loses power what the kernel had not written yet.
public final class FunctionLogStore: Sendable {
    private struct State {
        var book: LogBook
        /// Records of apps whose files were not looked at yet.
        var early: [String: [FunctionLogRecord]] = [:]
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var waiterApps: [UInt64: String] = [:]
        var lastWaiter: UInt64 = 0
    }

    /// Records that wait for their app's files to be looked at.
    private static let maxEarly = 1_000
    /// Live tails at once; more of them look once a second.
    private static let maxWaiters = 1_024
    private static let crowdedPause = Duration.seconds(1)

    private let limits: LogLimits
    private let logger: Logger
    private let folder: Mutex<LogFolder>
    private let state: Mutex<State>

    /// - Parameter path: The folder of the files; made when something is written.
    public init(path: String, limits: LogLimits = LogLimits(), logger: Logger) {
        self.limits = limits
        self.logger = logger
        folder = Mutex(LogFolder(path, limits: limits))
        state = Mutex(State(book: LogBook(limits: limits)))
    }

    /// Adds a record of an app.
    ///
    /// - Parameter app: `owner/name`; a record of anything else is dropped.
    public func add(_ record: FunctionLogRecord, to app: String) {
        let record = limits.bounded(record)
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            if state.book.knows(app) {
                state.book.add(record, to: app)
            } else if LogFolder.isApp(app), state.early.count < limits.maxAppsInMemory,
                state.early[app, default: []].count < FunctionLogStore.maxEarly
            {
                state.early[app, default: []].append(record)
                return []
            }
            return FunctionLogStore.takeWaiters(of: app, &state)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Writes until cancelled, then writes what is left.
    public func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: limits.interval)
            await flush()
        }
        await flush()
    }

    /// Writes what was added so far; when this returns, the kernel has it.
    public func flush() async {
        // Not cut short by a cancelled task: what is left at the end is written too.
        await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { _ in
                self.write()
                continuation.resume()
            }
        }
    }

    /// The newest records behind `sequence`, oldest first.
    ///
    /// - Parameters:
    ///   - sequence: 0 for all that are kept.
    ///   - limit: At most so many; the newest ones.
    public func records(of app: String, after sequence: UInt64 = 0, limit: Int) async -> [FunctionLogRecord] {
        let recent = state.withLock { $0.book.recent(app, after: sequence) }
        if recent.isComplete || recent.records.count >= limit { return Array(recent.records.suffix(limit)) }
        let records = try? await NIOThreadPool.singleton.runIfActive { () -> [FunctionLogRecord] in
            self.write()
            return self.folder.withLock { $0.records(of: app, after: sequence, limit: limit) }
        }
        return records ?? []
    }

    /// As ``records(of:after:limit:)``, but waits up to `wait` while there is none.
    public func records(
        of app: String, after sequence: UInt64, limit: Int, wait: Duration
    ) async -> [FunctionLogRecord] {
        let deadline = ContinuousClock.now + wait
        while true {
            let found = await records(of: app, after: sequence, limit: limit)
            guard found.isEmpty, ContinuousClock.now < deadline, !Task.isCancelled else { return found }
            await waitForRecord(of: app, after: sequence, until: deadline)
        }
    }

    // MARK: Waiting

    private func waitForRecord(
        of app: String, after sequence: UInt64, until deadline: ContinuousClock.Instant
    ) async {
        let id = state.withLock { state -> UInt64? in
            guard state.waiters.count < FunctionLogStore.maxWaiters else { return nil }
            state.lastWaiter += 1
            return state.lastWaiter
        }
        guard let id else {
            try? await Task.sleep(until: min(deadline, .now + FunctionLogStore.crowdedPause), clock: .continuous)
            return
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.suspend(id, app, sequence) }
            group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
            await group.next()
            group.cancelAll()
            self.wake(id)
        }
    }

    /// Returns when a record is added, or ``wake(_:)`` is called.
    private func suspend(_ id: UInt64, _ app: String, _ sequence: UInt64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    let hasNews = !state.book.recent(app, after: sequence).records.isEmpty
                    guard !hasNews, !Task.isCancelled else { return false }
                    state.waiters[id] = continuation
                    state.waiterApps[id] = app
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            wake(id)
        }
    }

    private func wake(_ id: UInt64) {
        state.withLock { state in
            state.waiterApps[id] = nil
            return state.waiters.removeValue(forKey: id)
        }?.resume()
    }

    private static func takeWaiters(of app: String, _ state: inout State) -> [CheckedContinuation<Void, Never>] {
        guard !state.waiters.isEmpty else { return [] }
        let ids = state.waiterApps.filter { $0.value == app }.map(\.key)
        return ids.compactMap { id in
            state.waiterApps[id] = nil
            return state.waiters.removeValue(forKey: id)
        }
    }

    // MARK: Writing

    private func write() {
        var woken: [CheckedContinuation<Void, Never>] = []
        folder.withLock { folder in
            let unknown = state.withLock { Array($0.early.keys) }
            for app in unknown {
                let now = UInt64(max(0, Date().timeIntervalSince1970 * 1_000_000))
                let last = max(folder.lastSequence(of: app), now)
                woken += state.withLock { state in
                    state.book.open(app, after: last)
                    for record in state.early.removeValue(forKey: app) ?? [] { state.book.add(record, to: app) }
                    return FunctionLogStore.takeWaiters(of: app, &state)
                }
            }
            for (app, bytes) in state.withLock({ $0.book.takePending() }) {
                do { try folder.append(bytes, to: app) } catch {
                    logger.error(
                        "cannot write a function's log", metadata: ["app": "\(app)", "error": "\(error)"])
                }
            }
        }
        for waiter in woken { waiter.resume() }
    }
}
