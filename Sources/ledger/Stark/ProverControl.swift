internal import Synchronization

/// How far a prover is, and the way to stop it; for use from any thread.
public final class ProverControl: Sendable {
    private let cancelled = Atomic(false)
    private let done = Atomic<UInt32>(0)

    public init() {}

    /// Makes the prover throw soon: it looks between pieces of work that take some milliseconds each.
    public func cancel() { cancelled.store(true, ordering: .relaxed) }

    /// Whether `cancel()` was called.
    public var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// Share of the work that is done, from 0 to 1; an estimate that never goes back.
    public var fraction: Double { Double(done.load(ordering: .relaxed)) / 1_000 }

    /// Notes how many thousandths of the work are done.
    func note(thousandths: UInt32) { _ = done.max(thousandths, ordering: .relaxed) }
}
