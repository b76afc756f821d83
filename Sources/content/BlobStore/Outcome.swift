import Synchronization

/// Carries the result of a change from the index writer to the thread that drains it.
final class Outcome: Sendable {
    private let result = Mutex<Result<Void, BlobStoreError>?>(nil)

    func set(_ result: Result<Void, BlobStoreError>) { self.result.withLock { $0 = result } }

    /// Throws what went wrong; a change that nobody got to counts as failed.
    func get() throws { try (result.withLock { $0 } ?? .failure(.storeClosed)).get() }
}
