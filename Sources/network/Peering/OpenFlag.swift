import Synchronization

/// Whether a connection still takes requests; read from any thread, while its channel may need longer to close.
final class OpenFlag: Sendable {
    private let open = Atomic(true)

    var isOpen: Bool { open.load(ordering: .relaxed) }

    func clear() { open.store(false, ordering: .relaxed) }
}
