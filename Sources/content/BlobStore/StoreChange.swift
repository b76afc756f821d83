public import Identity

/// What happened to a stored blob.
public enum StoreChange: Hashable, Sendable {
    /// It is stored, durably.
    case stored(BlobID)
    /// It is gone: removed, evicted, collected or damaged.
    case removed(BlobID)
}

extension BlobStore {
    /// What is stored and removed from now on, in order. A listener that is more than ``maxPendingChanges`` behind misses
    /// the oldest. Ends with the store.
    public func changes() -> AsyncStream<StoreChange> { changeReports.stream() }

    /// Changes that wait for a slow listener.
    public static let maxPendingChanges = 100_000

    static func changes(of effects: [BlobIndex.Effect]) -> [StoreChange] {
        effects.compactMap { effect in
            switch effect {
            case .inserted(let stat): .stored(stat.id)
            case .deleted(let stat): .removed(stat.id)
            default: nil
            }
        }
    }
}
