import Blake3
import Foundation
import Identity
import Ledger
import LedgerLog
import Synchronization

/// A log in memory that several nodes share, with a fence: only the holder of the lead may append.
final class SharedLog: Sendable {
    /// What becomes of one append by whoever holds the lead.
    enum Fault { case lostBefore, lostAfter, lostAfterAndDown }

    private struct Content {
        var base: LogBase?
        var entries: [Entry] = []
        var holder: NodeID?
        var appendFaults: [Fault] = []
        var isDown = false
        var delay = Duration.zero
        var attempts: [Entry] = []
        var reads = 0
    }

    private let content = Mutex(Content())
    private let start: Digest
    private let listeners = Mutex<[AsyncStream<Void>.Continuation]>([])

    init(_ network: Network) { start = network.genesis.networkID.digest }

    var head: LogHead { content.withLock { self.head($0) } }
    var appends: Int { content.withLock { $0.attempts.count } }
    /// Everything that anybody tried to append.
    var attempts: [Entry] { content.withLock { $0.attempts } }
    var entries: [Entry] { content.withLock { $0.entries } }
    /// How often anybody read something.
    var reads: Int { content.withLock { $0.reads } }

    func lead(_ node: NodeID?) { content.withLock { $0.holder = node } }
    func fail(_ fault: Fault, times: Int = 1) {
        content.withLock { $0.appendFaults = Array(repeating: fault, count: times) }
    }
    func setDown(_ isDown: Bool) { content.withLock { $0.isDown = isDown } }
    func slowDown(_ delay: Duration) { content.withLock { $0.delay = delay } }

    /// Forgets what it had, as if somebody restored it.
    func clear() { content.withLock { $0.entries = [] } }

    /// Adds entries behind the fence's back.
    func force(_ entries: [Entry]) {
        content.withLock { $0.entries += entries }
        wake()
    }

    /// The log as `node` sees it.
    ///
    /// - Parameter tellsHead: Whether pages come with the head.
    func handle(_ node: NodeID, tellsHead: Bool = true) -> any LedgerLog {
        Handle(log: self, node: node, tellsHead: tellsHead)
    }

    private func wake() { for listener in listeners.withLock({ $0 }) { listener.yield() } }

    private func head(_ content: Content) -> LogHead {
        if let last = content.entries.last { return LogHead(sequence: last.sequence, hash: last.hash) }
        return content.base.map { LogHead(sequence: $0.sequence, hash: $0.hash) } ?? LogHead(sequence: 0, hash: start)
    }

    private func append(_ entry: Entry, _ node: NodeID) throws {
        defer { wake() }
        try content.withLock { content in
            content.attempts.append(entry)
            if content.isDown { throw LedgerLogError(.unavailable, "down") }
            guard content.holder == node else { throw LedgerLogError(.notSequencer, "fenced") }
            let fault = content.appendFaults.popLast()
            if fault == .lostBefore { throw LedgerLogError(.unavailable, "lost") }
            let head = head(content)
            guard entry.sequence == head.sequence + 1, entry.previousHash == head.hash else {
                throw LedgerLogError(.conflict, "head is \(head.sequence)")
            }
            content.entries.append(entry)
            if fault == .lostAfterAndDown { content.isDown = true }
            if fault != nil { throw LedgerLogError(.unavailable, "lost") }
        }
    }

    private struct Handle: LedgerLog {
        let log: SharedLog
        let node: NodeID
        let tellsHead: Bool

        private func reading<Result>(_ body: (Content) throws -> Result) throws -> Result {
            try log.content.withLock { content in
                content.reads += 1
                if content.isDown { throw LedgerLogError(.unavailable, "down") }
                return try body(content)
            }
        }

        func head() async throws -> LogHead { try reading { log.head($0) } }

        func append(_ record: LogRecord) async throws {
            let delay = log.content.withLock { $0.delay }
            if delay > .zero { try await Task.sleep(for: delay) }
            try log.append(record.entry, node)
        }

        func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
            try await page(from: sequence, limit: limit, byteLimit: byteLimit).entries
        }

        func page(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> LogPage {
            try reading { content in
                let base = content.base?.sequence ?? 0
                guard sequence > base else { throw LedgerLogError(.truncated, "begins at \(base)") }
                let entries = content.entries.filter { $0.sequence >= sequence }.prefix(min(limit, 3)).map(\.bytes)
                return LogPage(entries: entries, head: tellsHead ? log.head(content) : nil)
            }
        }

        func base() async throws -> LogBase? { try reading { $0.base } }

        func truncate(to base: LogBase) async throws {
            log.content.withLock { content in
                content.base = base
                content.entries.removeAll { $0.sequence <= base.sequence }
            }
        }

        func wakeUps() -> AsyncStream<Void> {
            let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            log.listeners.withLock { $0.append(continuation) }
            return stream
        }

        func close() async throws {}
    }
}

/// A leadership that the test decides.
final class TestLeadership: Leadership {
    private struct State {
        var standing = Standing.vacant
        var listeners: [AsyncStream<Standing>.Continuation] = []
    }

    private let state = Mutex(State())

    var standing: Standing { state.withLock { $0.standing } }

    func set(_ standing: Standing) {
        state.withLock { state in
            state.standing = standing
            for listener in state.listeners { listener.yield(standing) }
        }
    }

    func changes() -> AsyncStream<Standing> {
        let (stream, continuation) = AsyncStream.makeStream(of: Standing.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.listeners.append(continuation)
            continuation.yield(state.standing)
        }
        return stream
    }

    func run() async {}
}
