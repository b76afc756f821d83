import CJavaScriptCore
import Glibc
import WorkerProtocol

/// A worker that is driven: the same frames lead to the same answers, in any process.
extension Worker {
    /// Rounds of the engine's deferred work after one turn.
    private static let maxDeferredRounds = 1_000

    /// Takes clock, timers and randomness from the node. Only before the code.
    func drive(startMilliseconds: UInt64, seed: [UInt8]) {
        guard let engine, driven == nil, code == .none,
            let world = DrivenWorld(startMilliseconds: startMilliseconds, seed: seed)
        else { _exit(WorkerExitCode.badFrame) }
        driven = world
        var isReady = false
        enter(0, isFirst: false) {
            if case .returned = engine.call(.drive) { isReady = true }
        }
        guard isReady else { _exit(WorkerExitCode.engine) }
    }

    /// Moves the clock, fires what is due once, and says what comes next.
    func turn(to time: UInt64) {
        guard let engine, driven != nil else { _exit(WorkerExitCode.badFrame) }
        driven?.advance(to: time)
        fireTimers()
        var rounds = 0
        while rounds < Self.maxDeferredRounds, hasDeferredWork(engine) { rounds += 1 }
        let due = timersMayFire ? timers.nextDueTime() : nil
        send(.idle(due: due ?? .max, isOver: code == .loaded && requests.isIdle))
    }

    private func hasDeferredWork(_ engine: Engine) -> Bool {
        var didWork = false
        enter(0, isFirst: false) { didWork = g_main_context_iteration(engine.mainContext, 0) != 0 }
        return didWork
    }
}
