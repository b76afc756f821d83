import AckProofs
import Foundation
import Stark
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Makes settlement proofs on threads that everything else on the machine goes before.
///
/// One proof at a time; memory is taken for its rows and given back. A task that is cancelled ends the proof early.
struct SettlementProver: Sendable {
    /// Threads of a proof: half of the machine's cores, at least one.
    let threads: Int

    init(cores: Int = ProcessInfo.processInfo.activeProcessorCount) { threads = max(1, cores / 2) }

    /// The proof's bytes, and how long it took.
    func prove(_ claims: [AckClaim], context: [UInt8]) async throws -> (proof: [UInt8], duration: Duration) {
        let control = ProverControl()
        let options = ProverOptions(threads: threads, niceness: Int(LowPriority.niceness), control: control)
        return try await withTaskCancellationHandler {
            try await LowPriority.run { _ in
                let start = ContinuousClock.now
                let proof = try AckProof.prove(claims, context: context, options: options)
                return (proof, ContinuousClock.now - start)
            }
        } onCancel: {
            control.cancel()
        }
    }
}

/// Work that fills a core for a while, on a thread of its own with low priority.
enum LowPriority {
    /// How far below the node's other threads it runs: 15 of the 19 steps that Linux knows.
    static let niceness: Int32 = 15

    /// - Parameter work: Gets a question that is answered true once the caller is cancelled.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Value
    ) async throws -> Value {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
                let thread = Thread {
                    // A name that is given before the start does not reach the system.
                    Thread.current.name = "settlement"
                    // Of this thread and those that it starts: on Linux each has a priority of its own.
                    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
                    continuation.resume(with: Result { try work { flag.isSet } })
                }
                thread.stackSize = 8 << 20
                thread.start()
            }
        } onCancel: {
            flag.set()
        }
    }
}

/// Set once, by another thread.
private final class CancellationFlag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}
