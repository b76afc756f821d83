import Ledger
import Synchronization

/// The states at the newest checkpoints, the newest that is certified, and who wants to hear of the next.
final class CheckpointStates: Sendable {
    private struct Kept {
        /// Ascending by sequence, none below the certified one.
        var newest: [(checkpoint: Checkpoint, state: LedgerState)] = []
        var certified: (certificate: Certificate, state: LedgerState)?
    }

    private let states = Mutex(Kept())
    private let kept: Int
    let news: Broadcast<(Checkpoint, LedgerState)>

    init(kept: Int) {
        self.kept = max(kept, 1)
        news = Broadcast(kept: self.kept)
    }

    /// Takes note of a state if it is a checkpoint. The certificates of its entry come before it: what they certify may
    /// be the oldest state that is here.
    func note(_ state: LedgerState) {
        guard let checkpoint = state.checkpoint, checkpoint.sequence == state.sequence else { return }
        states.withLock { states in
            states.newest.append((checkpoint, state))
            states.newest.removeFirst(max(0, states.newest.count - kept))
        }
        news.send((checkpoint, state))
    }

    func state(at sequence: UInt64) -> LedgerState? {
        states.withLock { $0.newest.first { $0.checkpoint.sequence == sequence }?.state }
    }

    /// The newest certificate with the state that it certifies.
    var certified: (certificate: Certificate, state: LedgerState)? { states.withLock { $0.certified } }

    /// What is kept and not certified, the oldest first.
    var uncertified: [(checkpoint: Checkpoint, state: LedgerState)] {
        states.withLock { states in
            let certified = states.certified?.certificate.checkpoint.sequence ?? 0
            return states.newest.filter { $0.checkpoint.sequence > certified }
        }
    }

    /// Takes note of a certificate that the ledger recorded, if the state that it certifies is still here. It stands for
    /// all checkpoints before it, whose states would only take memory.
    func note(_ certificate: Certificate?) {
        guard let certificate else { return }
        let checkpoint = certificate.checkpoint
        states.withLock { states in
            guard let state = states.newest.first(where: { $0.checkpoint == checkpoint })?.state else { return }
            states.certified = (certificate, state)
            states.newest.removeAll { $0.checkpoint.sequence < checkpoint.sequence }
        }
    }

    /// Takes note of a snapshot: a state that the caller compared with its certificate.
    func note(_ certificate: Certificate, of snapshot: LedgerState) {
        states.withLock { $0.certified = (certificate, snapshot) }
    }
}
