import Synchronization

/// Calls that are under way at once, by whom they are for and in all. Others may wait for their turn.
final class KVCallLimit<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let name: UInt64
        let key: Key
        let turn: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var each: [Key: Int] = [:]
        var all = 0
        /// The longest waiting first.
        var waiting: [Waiter] = []
        var lastName: UInt64 = 0
    }

    private let most: Int
    private let mostInAll: Int
    private let mostWaiting: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - most: Calls for one key.
    ///   - mostWaiting: Calls that wait; each holds a value.
    init(most: Int, mostInAll: Int, mostWaiting: Int = 0) {
        self.most = most
        self.mostInAll = mostInAll
        self.mostWaiting = mostWaiting
    }

    /// Runs a call when it is its turn; nil if there are too many, or too many still after `limit`.
    func run<Value: Sendable>(
        for key: Key, waiting limit: Duration = .zero, _ call: () async throws -> Value
    ) async throws -> Value? {
        if !state.withLock({ enter(key, &$0) }) {
            guard limit > .zero, await turn(of: key, within: limit) else { return nil }
        }
        defer { leave(key) }
        return try await call()
    }

    private func enter(_ key: Key, _ state: inout State) -> Bool {
        let count = state.each[key, default: 0]
        guard count < most, state.all < mostInAll else { return false }
        state.each[key] = count + 1
        state.all += 1
        return true
    }

    private func turn(of key: Key, within limit: Duration) async -> Bool {
        let name = state.withLock { state in
            state.lastName += 1
            return state.lastName
        }
        let alarm = Task {
            if (try? await Task.sleep(for: limit)) != nil { self.giveUp(name) }
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { turn in
                let answer: Bool? = state.withLock { state in
                    if state.waiting.count >= mostWaiting { return false }
                    // A place may have become free meanwhile.
                    if enter(key, &state) { return true }
                    state.waiting.append(Waiter(name: name, key: key, turn: turn))
                    return nil
                }
                if let answer { turn.resume(returning: answer) } else if Task.isCancelled { giveUp(name) }
            }
        } onCancel: {
            giveUp(name)
        }
    }

    private func giveUp(_ name: UInt64) {
        let waiter: Waiter? = state.withLock { state in
            state.waiting.firstIndex { $0.name == name }.map { state.waiting.remove(at: $0) }
        }
        waiter?.turn.resume(returning: false)
    }

    private func leave(_ key: Key) {
        let next: Waiter? = state.withLock { state in
            let left = state.each[key, default: 0] - 1
            state.each[key] = left > 0 ? left : nil
            state.all -= 1
            guard let index = state.waiting.firstIndex(where: { state.each[$0.key, default: 0] < most }) else {
                return nil
            }
            let waiter = state.waiting.remove(at: index)
            return enter(waiter.key, &state) ? waiter : nil
        }
        next?.turn.resume(returning: true)
    }
}
