import FunctionServices
import Synchronization

/// Which apps this node, as a home of theirs, has caught up with, and who is at it.
final class KVReadiness: Sendable {
    /// Apps that are remembered; beyond, all are looked at anew.
    private static let maxApps = 10_000
    /// Apps that are taken over at once from nodes that were homes.
    private static let maxTaken = 4

    /// What an app was caught up under: with other homes, or after the others were away, it has to be done again.
    private struct Condition: Equatable {
        let homes: KVHomes
        let generation: UInt64
        let life: UInt64
    }

    private struct State {
        var generation: UInt64 = 0
        var ready: [String: Condition] = [:]
        /// The life of this node in which an app was level, whatever came after.
        var settled: [String: UInt64] = [:]
        var running: [String: (condition: Condition, task: Task<Bool, Never>)] = [:]
        var copying: Set<String> = []
        var taken: Set<String> = []
    }

    private let state = Mutex(State())

    func isReady(_ app: String, _ homes: KVHomes, life: UInt64) -> Bool {
        state.withLock { state in
            state.ready[app] == Condition(homes: homes, generation: state.generation, life: life)
        }
    }

    /// Whether this node has been level with the other homes since it started, or was last taken for dead.
    func isSettled(_ app: String, life: UInt64) -> Bool { state.withLock { $0.settled[app] == life } }

    /// This node is no home of the app any more.
    func unsettle(_ app: String) { state.withLock { _ = $0.settled.removeValue(forKey: app) } }

    /// Everything has to be caught up anew.
    func invalidate() {
        state.withLock { state in
            state.generation += 1
            state.ready = [:]
        }
    }

    /// The attempt that is under way, or a new one: `work` says whether it caught up.
    func attempt(
        _ app: String, _ homes: KVHomes, life: UInt64, _ work: @escaping @Sendable () async -> Bool
    ) -> Task<Bool, Never> {
        state.withLock { state in
            let condition = Condition(homes: homes, generation: state.generation, life: life)
            if let running = state.running[app], running.condition == condition { return running.task }
            let task = Task {
                let isReady = await work()
                self.finish(app, condition, isReady)
                return isReady
            }
            state.running[app] = (condition, task)
            return task
        }
    }

    private func finish(_ app: String, _ condition: Condition, _ isReady: Bool) {
        state.withLock { state in
            if state.running[app]?.condition == condition { state.running[app] = nil }
            guard isReady else { return }
            if state.settled.count >= KVReadiness.maxApps { state.settled = [:] }
            state.settled[app] = condition.life
            guard condition.generation == state.generation else { return }
            if state.ready.count >= KVReadiness.maxApps { state.ready = [:] }
            state.ready[app] = condition
        }
    }

    /// Runs a whole copy of an app, or gives it away; two at once would spoil each other.
    ///
    /// - Throws: ``KVError`` `.unavailable` if one is under way; what `work` throws.
    func copying<Value: Sendable>(_ app: String, _ work: () async throws -> Value) async throws -> Value {
        guard state.withLock({ $0.copying.insert(app).inserted }) else {
            throw KVError(.unavailable, "this node already copies the app's values; try again")
        }
        defer { state.withLock { _ = $0.copying.remove(app) } }
        return try await work()
    }

    /// Takes an app over in the background, unless that is under way or four others are.
    func taking(_ app: String, _ work: @escaping @Sendable () async -> Void) {
        let isFirst = state.withLock { state in
            state.taken.count < KVReadiness.maxTaken && state.taken.insert(app).inserted
        }
        guard isFirst else { return }
        Task {
            await work()
            self.state.withLock { _ = $0.taken.remove(app) }
        }
    }
}
