import Synchronization

/// Carries the result of a change from the index writer to the thread that drains it.
final class Outcome: Sendable {
    private let result = Mutex<Result<BlobIndex.Effect, BlobStoreError>?>(nil)

    func set(_ result: Result<BlobIndex.Effect, BlobStoreError>) { self.result.withLock { $0 = result } }

    /// Throws what went wrong; a change that nobody got to counts as failed.
    @discardableResult
    func get() throws -> BlobIndex.Effect { try (result.withLock { $0 } ?? .failure(.storeClosed)).get() }
}
