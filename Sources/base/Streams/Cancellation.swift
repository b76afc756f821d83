import Synchronization

/// Lets whoever waits for something say that nobody waits any more. Any thread.
public final class Cancellation: Sendable {
    private enum State {
        case idle
        case watched(@Sendable () -> Void)
        case cancelled
    }

    private let state = Mutex(State.idle)

    /// Not cancelled.
    public init() {}

    /// Runs `body` once when the cancellation comes, at once if it has come. The last one that is given counts.
    public func onCancel(_ body: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if case .cancelled = state { return true }
            state = .watched(body)
            return false
        }
        if isLate { body() }
    }

    /// Nobody waits any more. Further calls do nothing.
    public func cancel() {
        let body = state.withLock { state -> (@Sendable () -> Void)? in
            defer { state = .cancelled }
            if case .watched(let body) = state { return body }
            return nil
        }
        body?()
    }
}
