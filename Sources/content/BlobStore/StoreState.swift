import Identity
import Synchronization

/// What a store knows in memory; apart from the store, since the index writer needs it before the store is complete.
final class StoreState: Sendable {
    /// The totals of the index and the room that streams have taken.
    struct Space: Sendable {
        var totals: IndexTotals
        var claimedBytes = 0
        /// Files that become stored blobs; 0 bytes from the moment in which their rows count.
        var landing: [BlobID: Int] = [:]

        func use(_ partials: PartialBlobs) -> SpaceUse {
            SpaceUse(
                storedBytes: totals.bytes, protectedBytes: totals.protectedBytes,
                partialBytes: partials.bytes { landing[$0] == nil },
                claimedBytes: landing.values.reduce(claimedBytes, +))
        }
    }

    let memory: Mutex<StoreMemory>
    let space: Mutex<Space>
    let uses: Mutex<UseLog>

    init(_ memory: StoreMemory, _ totals: IndexTotals, _ uses: UseLog) {
        self.memory = Mutex(memory)
        space = Mutex(Space(totals: totals))
        self.uses = Mutex(uses)
    }

    /// After a commit, before anybody is told.
    func apply(_ effects: [BlobIndex.Effect], _ totals: IndexTotals) {
        memory.withLock { $0.apply(effects) }
        space.withLock { space in
            space.totals = totals
            for case .inserted(let stat) in effects where space.landing[stat.id] != nil { space.landing[stat.id] = 0 }
        }
        uses.withLock { uses in
            for case .inserted(let stat) in effects { uses.noteStored(stat.id) }
        }
    }
}
