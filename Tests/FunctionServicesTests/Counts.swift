import Synchronization

/// Numbers by name, from any thread.
final class Counts: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    subscript(_ name: String) -> Int { counts.withLock { $0[name, default: 0] } }

    @discardableResult
    func increment(_ name: String, by count: Int = 1) -> Int {
        counts.withLock { counts in
            counts[name, default: 0] += count
            return counts[name, default: 0]
        }
    }
}
