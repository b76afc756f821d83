import NIOCore
import Synchronization

/// Hears that something has not moved for too long. Touching it costs no timer.
final class IdleAlarm: Sendable {
    private struct State {
        var touchedAt: NIODeadline
        /// While what is waited for is not the origin's part.
        var isPaused = false
        var isOver = false
        var hasExpired = false
        var timer: Scheduled<Void>?
    }

    private let loop: any EventLoop
    private let limit: TimeAmount
    private let onExpiry: @Sendable () -> Void
    private let state = Mutex(State(touchedAt: .now()))

    /// Starts.
    init(loop: any EventLoop, limit: TimeAmount, onExpiry: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.limit = limit
        self.onExpiry = onExpiry
        schedule(after: limit)
    }

    /// Whether the limit was passed.
    var hasExpired: Bool { state.withLock { $0.hasExpired } }

    /// Something moved.
    func touch() { state.withLock { $0.touchedAt = .now() } }

    /// Time does not count until ``resume()``.
    func pause() { state.withLock { $0.isPaused = true } }

    /// Time counts from now on.
    func resume() {
        state.withLock { state in
            state.isPaused = false
            state.touchedAt = .now()
        }
    }

    /// Over.
    func stop() {
        let timer = state.withLock { state in
            state.isOver = true
            return state.timer.take()
        }
        timer?.cancel()
    }

    private func schedule(after delay: TimeAmount) {
        let timer = loop.scheduleTask(in: max(delay, .milliseconds(1))) { [weak self] in
            guard let self else { return }
            check()
        }
        let isLate = state.withLock { state in
            state.timer = timer
            return state.isOver
        }
        if isLate { timer.cancel() }
    }

    private func check() {
        let next = state.withLock { state -> TimeAmount? in
            if state.isOver { return nil }
            if state.isPaused { return limit }
            let elapsed = NIODeadline.now() - state.touchedAt
            if elapsed < limit { return limit - elapsed }
            state.hasExpired = true
            state.isOver = true
            return nil
        }
        if let next { return schedule(after: next) }
        if hasExpired { onExpiry() }
    }
}
