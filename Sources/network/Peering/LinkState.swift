import Synchronization

/// What other threads may know of a connection at any time; written by its event loop.
final class LinkState: Sendable {
    private let open = Atomic(true)
    private let received = Atomic(0)

    /// Whether the connection still takes requests, while its channel may need longer to close.
    var isOpen: Bool { open.load(ordering: .relaxed) }

    /// Bytes that came so far, without those of TLS.
    var receivedBytes: Int { received.load(ordering: .relaxed) }

    func clear() { open.store(false, ordering: .relaxed) }

    /// Only the event loop adds, so that loading and storing need not be one step.
    func addReceived(_ byteCount: Int) {
        received.store(received.load(ordering: .relaxed) &+ byteCount, ordering: .relaxed)
    }
}
