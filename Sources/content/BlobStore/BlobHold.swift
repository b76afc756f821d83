public import Identity
import Synchronization

/// Keeps a blob from eviction and collection until it is released or goes away: for readers and fetches under way.
///
/// In memory only; a hold on a blob that is not stored yet holds it from its arrival on.
public final class BlobHold: Sendable {
    /// The blob that is held.
    public let id: BlobID
    private let holds: Holds
    private let isHeld = Atomic(true)

    init(_ id: BlobID, in holds: Holds) {
        self.id = id
        self.holds = holds
        holds.add(id)
    }

    deinit { release() }

    /// Lets go; again does nothing.
    public func release() {
        if isHeld.exchange(false, ordering: .relaxed) { holds.remove(id) }
    }
}

/// How often each blob is held.
final class Holds: Sendable {
    private let counts = Mutex<[BlobID: Int]>([:])

    func contains(_ id: BlobID) -> Bool { counts.withLock { $0[id] != nil } }

    func add(_ id: BlobID) { counts.withLock { $0[id, default: 0] += 1 } }

    func remove(_ id: BlobID) {
        counts.withLock { counts in
            guard let count = counts[id] else { return }
            counts[id] = count > 1 ? count - 1 : nil
        }
    }
}
