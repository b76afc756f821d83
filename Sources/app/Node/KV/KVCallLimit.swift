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
    ///   - mostWaiting: Calls that wait; each holds a value. Beyond it, the newest of whoever has most makes room for one of
    ///     whoever has fewer.
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

    /// Calls that wait, of one key or of all.
    func waitingCount(of key: Key? = nil) -> Int {
        state.withLock { state in state.waiting.count { key == nil || $0.key == key } }
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
                let (answer, displaced): (Bool?, Waiter?) = state.withLock { state in
                    // A place may have become free meanwhile.
                    if enter(key, &state) { return (true, nil) }
                    var displaced: Waiter?
                    if state.waiting.count >= mostWaiting {
                        guard let index = Self.excess(of: state.waiting, beside: key) else { return (false, nil) }
                        displaced = state.waiting.remove(at: index)
                    }
                    state.waiting.append(Waiter(name: name, key: key, turn: turn))
                    return (nil, displaced)
                }
                displaced?.turn.resume(returning: false)
                if let answer { turn.resume(returning: answer) } else if Task.isCancelled { giveUp(name) }
            }
        } onCancel: {
            giveUp(name)
        }
    }

    /// The newest waiter of the key with most of them, if that has more than another key would have with one more.
    private static func excess(of waiting: [Waiter], beside key: Key) -> Int? {
        var counts: [Key: Int] = [:]
        for waiter in waiting { counts[waiter.key, default: 0] += 1 }
        guard let most = counts.max(by: { $0.value < $1.value }), most.value > counts[key, default: 0] + 1 else {
            return nil
        }
        return waiting.lastIndex { $0.key == most.key }
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
