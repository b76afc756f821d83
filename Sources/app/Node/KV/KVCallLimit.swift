import Synchronization

/// Calls that are under way at once, by whom they are for and in all.
final class KVCallLimit<Key: Hashable & Sendable>: Sendable {
    private let most: Int
    private let mostInAll: Int
    private let counts = Mutex<(each: [Key: Int], all: Int)>(([:], 0))

    init(most: Int, mostInAll: Int) {
        self.most = most
        self.mostInAll = mostInAll
    }

    /// Runs a call; nil if there are too many.
    func run<Value: Sendable>(for key: Key, _ call: () async throws -> Value) async throws -> Value? {
        let isAllowed = counts.withLock { counts in
            let count = counts.each[key, default: 0]
            guard count < most, counts.all < mostInAll else { return false }
            counts.each[key] = count + 1
            counts.all += 1
            return true
        }
        guard isAllowed else { return nil }
        defer {
            counts.withLock { counts in
                let left = counts.each[key, default: 0] - 1
                counts.each[key] = left > 0 ? left : nil
                counts.all -= 1
            }
        }
        return try await call()
    }
}
