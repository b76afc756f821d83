import Synchronization

/// Tells everybody who listens.
final class Broadcast<Value: Sendable>: Sendable {
    /// Values kept for a listener that is slow; then the oldest go.
    let maxPending: Int

    private struct Listeners {
        var streams: [Int: AsyncStream<Value>.Continuation] = [:]
        var next = 0
        var isFinished = false
    }

    private let listeners = Mutex(Listeners())

    init(maxPending: Int) { self.maxPending = maxPending }

    func stream() -> AsyncStream<Value> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Value.self, bufferingPolicy: .bufferingNewest(maxPending))
        let number = listeners.withLock { listeners -> Int? in
            guard !listeners.isFinished else { return nil }
            defer { listeners.next += 1 }
            listeners.streams[listeners.next] = continuation
            return listeners.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [self] _ in
            _ = listeners.withLock { $0.streams.removeValue(forKey: number) }
        }
        return stream
    }

    func send(_ value: Value) {
        for stream in listeners.withLock({ Array($0.streams.values) }) { stream.yield(value) }
    }

    func finish() {
        let streams = listeners.withLock { listeners in
            listeners.isFinished = true
            return Array(listeners.streams.values)
        }
        for stream in streams { stream.finish() }
    }
}
