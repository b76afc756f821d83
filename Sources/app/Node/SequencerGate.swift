import Synchronization

/// Closed until the sequencer has taken what other nodes have beyond its own log.
final class SequencerGate: Sendable {
    private let flag = Atomic(false)

    var isOpen: Bool { flag.load(ordering: .acquiring) }

    func open() { flag.store(true, ordering: .releasing) }
}
