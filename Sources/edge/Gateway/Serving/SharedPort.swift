import Synchronization

/// A port that is known only when its socket is open; read on every event loop.
final class SharedPort: Sendable {
    private let value = Atomic<Int>(0)

    var port: Int { value.load(ordering: .relaxed) }

    func set(_ port: Int) { value.store(port, ordering: .relaxed) }
}
