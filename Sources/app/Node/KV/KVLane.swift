import FunctionServices
import NIOCore
import Peering
import Wire

/// Brings this node's own changes of one app to one other home, in order, many at once.
actor KVLane {
    /// How long a change waits for the other home at most.
    private static let patience = Duration.seconds(3)
    /// How long one flight goes on taking pages, and how long one page may take.
    private static let flightTime = Duration.milliseconds(1_500)
    private static let timeout = TimeAmount.milliseconds(1_500)

    private struct Waiter {
        let clock: Int64
        /// Whether a flight ended since it waits: that one may have been read before the change was made.
        var sawLanding = false
        let continuation: CheckedContinuation<Bool, Never>
    }

    private let app: String
    private let writer: Int64
    private let store: KVStore
    private let send: @Sendable (PeerPBKVChanges, TimeAmount) async throws -> Int64
    /// The last clock that the other home is known to have; nil if nothing is known.
    private var acked: Int64?
    private var isFlying = false
    private var waiters: [Int: Waiter] = [:]
    private var lastWaiter = 0
    /// Why the last flight failed.
    private(set) var failure: (any Error)?

    /// - Parameter send: Hands a page over and says how far the other home is then.
    init(
        app: String, writer: Int64, store: KVStore,
        send: @escaping @Sendable (PeerPBKVChanges, TimeAmount) async throws -> Int64
    ) {
        self.app = app
        self.writer = writer
        self.store = store
        self.send = send
    }

    /// Returns when the other home has the change on its disk, when that failed, or after 3 s: whether it has.
    func bring(_ clock: Int64) async -> Bool {
        if acked ?? 0 >= clock { return true }
        lastWaiter += 1
        let id = lastWaiter
        let timer = Task {
            try? await Task.sleep(for: KVLane.patience)
            settle(id, false)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            waiters[id] = Waiter(clock: clock, continuation: continuation)
            if !isFlying { depart(before: clock) }
        }
    }

    private func settle(_ id: Int, _ isThere: Bool) {
        waiters.removeValue(forKey: id)?.continuation.resume(returning: isThere)
    }

    private func depart(before clock: Int64) {
        isFlying = true
        Task {
            await fly(from: acked ?? clock - 1)
            land()
        }
    }

    private func land() {
        isFlying = false
        for (id, waiter) in waiters {
            if acked ?? 0 >= waiter.clock {
                settle(id, true)
            } else if waiter.sawLanding {
                settle(id, false)
            } else {
                waiters[id]?.sawLanding = true
            }
        }
        if let first = waiters.values.map(\.clock).min() { depart(before: first) }
    }

    private func fly(from first: Int64) async {
        let end = ContinuousClock.now + KVLane.flightTime
        var from = first
        failure = nil
        do {
            while ContinuousClock.now < end {
                // Nil: the other home has been away for too long, and asks for everything itself.
                guard let page = try await store.changes(of: app, since: KVVector([writer: from]), writer: writer),
                    let span = page.spans.first
                else { return }
                let reached = try await send(page.message(of: app), KVLane.timeout)
                if reached >= span.to {
                    acked = reached
                    if page.isComplete { return }
                } else if reached >= from {
                    throw PeerError(.protocolViolation, "A home takes changes and does not have them")
                }
                from = reached
            }
        } catch {
            acked = nil
            failure = error
        }
    }
}
