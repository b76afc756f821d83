import Identity
import Synchronization

/// Room that bytes take on their way to becoming a stored blob, so that none is counted twice or not at all.
final class SpaceClaim: Sendable {
    private struct State {
        var byteCount = 0
        var landing: BlobID?
    }

    private let store: BlobStore
    private let state = Mutex(State())

    init(store: BlobStore) { self.store = store }

    deinit { release() }

    /// Takes more; evicts cache copies when that is needed, and then waits for the disk.
    ///
    /// - Throws: `.quotaExceeded`, `.diskFull`.
    func grow(by count: Int) throws {
        try store.takeRoom(count)
        state.withLock { $0.byteCount += count }
    }

    /// As `grow` without evicting; false when that would be needed. Does not wait for the disk.
    func growAtOnce(by count: Int) throws -> Bool {
        guard try store.takeRoomAtOnce(count) else { return false }
        state.withLock { $0.byteCount += count }
        return true
    }

    /// Counts as that blob from now on: until its row does, and instead of what is unfinished of it.
    ///
    /// - Parameter more: Bytes that were not claimed before.
    func land(as id: BlobID, adding more: Int = 0) {
        let byteCount = state.withLock { state in
            defer { state = State(landing: id) }
            return state.byteCount
        }
        store.state.space.withLock { space in
            space.claimedBytes -= byteCount
            space.landing[id, default: 0] += byteCount + more
        }
    }

    /// Gives the room back, unless a row has taken it over; again does nothing.
    func release() {
        let state = state.withLock { state in
            defer { state = State() }
            return state
        }
        store.state.space.withLock { space in
            space.claimedBytes -= state.byteCount
            if let id = state.landing { space.landing[id] = nil }
        }
    }
}
