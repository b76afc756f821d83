import Blake3
import Synchronization

/// A state of a table's tree that somebody holds: it never changes, and any thread may read it.
final class MerkleVersion<Row: MerkleRow>: Sendable {
    let top: MerkleLink
    /// The root of the binary trie.
    let root: Digest
    private let arena: MerkleArena<Row>

    /// The version in which `changes`, in ascending order of their paths, are brought into `base`, or into no rows; nil if
    /// none are left.
    static func merge(_ base: MerkleVersion?, _ changes: [MerkleChange<Row>]) -> MerkleVersion? {
        let arena = base?.arena ?? MerkleArena()
        let (top, root) = arena.merge(base?.top ?? .none, changes)
        return withExtendedLifetime(base) { top.count == 0 ? nil : MerkleVersion(arena, top, root) }
    }

    private init(_ arena: MerkleArena<Row>, _ top: MerkleLink, _ root: Digest) {
        self.arena = arena
        self.top = top
        self.root = root
    }

    deinit { arena.drop(top) }
}

/// What the versions of one table share: their memory, which whoever makes a version locks.
private final class MerkleArena<Row: MerkleRow>: Sendable {
    private let store = Mutex(MerkleStore<Row>())
    /// What versions that are gone led to. The next merge takes it back, so that readers never wait for one.
    private let dropped = Mutex<[MerkleLink]>([])

    func merge(_ old: MerkleLink, _ changes: [MerkleChange<Row>]) -> (link: MerkleLink, hash: Digest) {
        let gone = dropped.withLock { dropped in
            defer { dropped = [] }
            return dropped
        }
        return store.withLock { store in
            for link in gone { store.release(link) }
            return store.merge(old, changes)
        }
    }

    func drop(_ top: MerkleLink) { dropped.withLock { $0.append(top) } }

    deinit {
        let gone = dropped.withLock { $0 }
        store.withLock { store in for link in gone { store.release(link) } }
    }
}
