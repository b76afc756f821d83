import NIOCore
import Synchronization

/// Ends a wait that takes too long, by cancelling it.
final class IdleWatch: Sendable {
    private let loop: any EventLoop
    private let limit: TimeAmount
    private let cancellation: Cancellation
    private let expired = Atomic(false)

    init(loop: any EventLoop, limit: TimeAmount, cancellation: Cancellation) {
        self.loop = loop
        self.limit = limit
        self.cancellation = cancellation
    }

    /// Whether a wait took too long.
    var hasExpired: Bool { expired.load(ordering: .acquiring) }

    /// Waits for `body`, for so long as the limit allows.
    func watching<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        let alarm = loop.scheduleTask(in: limit) { [self] in
            expired.store(true, ordering: .releasing)
            cancellation.fire()
        }
        defer { alarm.cancel() }
        return try await body()
    }
}
