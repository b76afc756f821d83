import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Lets a store close only behind the files that are just becoming stored blobs: each has moved by then, or stays where
/// it is.
final class PublicationGate: Sendable {
    private struct State {
        /// Wait for the disk to have their bytes.
        var preparing = 0
        /// Change names in the store's folders.
        var moving = 0
        var isClosing = false
        var isClosed = false
    }

    /// How long closing waits for bytes to reach the disk; names change in no time. A file that takes longer is not
    /// moved any more.
    static let patience = Duration.seconds(10)
    private static let pollMicroseconds: UInt32 = 200

    private let state = Mutex(State())

    /// Prepares a file and moves it; throws `.closed` when the store closes before the move.
    func pass<Value>(prepare: () throws -> Void, move: () throws -> Value) throws -> Value {
        try state.withLock { state in
            if state.isClosing { throw BlobStoreError.storeClosed }
            state.preparing += 1
        }
        let prepared = Result { try prepare() }
        try state.withLock { state in
            state.preparing -= 1
            try prepared.get()
            if state.isClosed { throw BlobStoreError.storeClosed }
            state.moving += 1
        }
        defer { state.withLock { $0.moving -= 1 } }
        return try move()
    }

    /// Lets nobody in any more and waits for those who are; blocks.
    func close(patience: Duration = PublicationGate.patience) {
        state.withLock { $0.isClosing = true }
        let deadline = ContinuousClock.now + patience
        while state.withLock({ $0.preparing + $0.moving > 0 }), ContinuousClock.now < deadline {
            usleep(Self.pollMicroseconds)
        }
        state.withLock { $0.isClosed = true }
        while state.withLock({ $0.moving > 0 }) { usleep(Self.pollMicroseconds) }
    }
}
