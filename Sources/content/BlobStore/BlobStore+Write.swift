public import Blake3
public import Identity
public import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension BlobStore {
    /// Stores bytes that are in memory; durable on return. Small blobs that arrive together share one commit.
    ///
    /// - Throws: `BlobStoreError`: `.diskFull`, `.tooLarge`, `.ioFailed`, `.indexFailed`, `.closed`. Cancelling does
    ///   not stop a commit that is under way.
    public func put(_ bytes: ByteBuffer) async throws -> BlobID {
        if bytes.readableBytes > settings.inlineLimitBytes {
            let session = try ingest(expecting: nil, sizeHint: bytes.readableBytes)
            try await session.write(bytes)
            return try await session.finish().0
        }
        let id = BlobID(bytes.withUnsafeReadableBytes { Blake3.hash($0) })
        try await insertInline(id, bytes)
        return id
    }

    /// Begins to store a stream.
    ///
    /// - Parameters:
    ///   - expecting: The blob that must come out, if it is known.
    ///   - sizeHint: The size in bytes, if it is known; used to refuse what does not fit before it is sent.
    /// - Throws: `.diskFull`, `.tooLarge`, `.closed`.
    public func ingest(expecting: BlobID?, sizeHint: Int?) throws -> BlobIngest {
        try requireOpen()
        let byteCount = max(0, sizeHint ?? 0)
        try requireSize(byteCount)
        try folder.requireSpace(byteCount)
        return BlobIngest(store: self, expecting: expecting)
    }

    /// Begins to store a blob whose verified blocks arrive in any order.
    ///
    /// - Parameters:
    ///   - byteCount: The blob's size.
    ///   - blockValues: The chaining values of its blocks, which must imply `id`.
    /// - Throws: `.digestMismatch` when they do not, `.tooLarge`, `.diskFull` (the space is reserved here), `.closed`.
    ///   May wait for the disk.
    public func assemble(_ id: BlobID, byteCount: Int, blockValues: [Digest]) throws -> BlobAssembly {
        try requireOpen()
        try requireSize(byteCount)
        guard BlockTree.root(blockValues: blockValues, byteCount: byteCount) == id.digest else {
            throw BlobStoreError(
                .digestMismatch,
                "\(blockValues.count) block values and \(byteCount) bytes do not make blob \(id); ask another peer")
        }
        try folder.requireSpace(byteCount)
        return try BlobAssembly(store: self, id: id, byteCount: byteCount, blockValues: blockValues)
    }

    /// Deletes a blob; false when it was not stored. Readers that have its file open may finish their read.
    ///
    /// The deletion is durable on return. Waits for the disk. Works on a full disk.
    @discardableResult
    public func remove(_ id: BlobID) throws -> Bool {
        try requireOpen()
        guard let stat = try index.stat(id) else { return false }
        let outcome = Outcome()
        alone(with: id) { pending in
            if !stat.isInline { folder.delete(id) }
            enqueueDeletion(id, &pending) { outcome.set($0) }
        }
        writer.drain()
        try outcome.get()
        return true
    }

    /// Asks for the deletion of a row whose files are gone; for use inside `alone`.
    func enqueueDeletion(_ id: BlobID, _ pending: inout Pending, completion: @escaping IndexWriter.Completion) {
        pending.deletions += 1
        writer.enqueue(.delete(id)) { result in
            self.alone(with: id) { pending in
                pending.deletions -= 1
                if case .success = result, pending.publications == 0 { self.folder.unmark(id) }
            }
            completion(result)
        }
    }

    func requireSize(_ byteCount: Int) throws {
        guard byteCount <= settings.maxBlobBytes else {
            throw BlobStoreError(
                .tooLarge, "a blob of \(byteCount) bytes is above the limit of \(settings.maxBlobBytes); split it")
        }
    }

    /// Stores a small blob in the index; durable on return.
    func insertInline(_ id: BlobID, _ bytes: ByteBuffer) async throws {
        if try contains(id) { return }
        try folder.requireSpace(bytes.readableBytes)
        let stat = BlobStat(
            id: id, byteCount: bytes.readableBytes, createdAtMilliseconds: Files.milliseconds(), isInline: true)
        try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
            writer.enqueue(.insert(stat, bytes: bytes)) { waiter.resume(with: $0.mapError { $0 }) }
            writer.schedule()
        }
    }

    /// Stores a complete temporary file; durable on return. The temporary name is gone afterwards in any case.
    func insertFile(_ file: DraftFile, _ id: BlobID, byteCount: Int, blockValues: [Digest]) async throws {
        let stat = BlobStat(
            id: id, byteCount: byteCount, createdAtMilliseconds: Files.milliseconds(), isInline: false)
        try await withCheckedThrowingContinuation { (waiter: CheckedContinuation<Void, any Error>) in
            threadPool.submit { state in
                do {
                    guard case .active = state else { throw BlobStoreError.storeClosed }
                    try self.publish(file, stat, blockValues) { waiter.resume(with: $0.mapError { $0 }) }
                } catch {
                    unlink(file.path)
                    waiter.resume(throwing: error)
                }
            }
        }
    }

    private func publish(
        _ file: DraftFile, _ stat: BlobStat, _ blockValues: [Digest], completion: @escaping IndexWriter.Completion
    ) throws {
        try requireOpen()
        let id = stat.id
        try Files.synchronise(file.descriptor, path: file.path)
        let isNew = try alone(with: id) { pending in
            if let known = try index.stat(id), known.isInline || folder.inode(id) != nil { return false }
            do {
                try folder.publish(file.path, as: id, blockValues: blockValues)
            } catch {
                if pending.publications == 0 { folder.delete(id) }
                folder.unmark(id)
                throw error
            }
            pending.publications += 1
            writer.enqueue(.insert(stat, bytes: nil)) { result in
                self.settle(id, result)
                completion(result)
            }
            return true
        }
        if isNew { return writer.schedule() }
        unlink(file.path)
        completion(.success(()))
    }

    /// After the row of a published file was written, or was not.
    private func settle(_ id: BlobID, _ result: Result<Void, BlobStoreError>) {
        alone(with: id) { pending in
            pending.publications -= 1
            if case .failure = result, pending.publications == 0 {
                // An earlier publication of the same blob may have got its row; then the files are its own.
                let row = try? index.stat(id)
                if (row ?? nil) == nil { folder.delete(id) }
            }
            folder.unmark(id)
        }
    }
}
