import Blake3
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
    /// - Throws: `BlobStoreError`: `.quotaExceeded`, `.diskFull`, `.tooLarge`, `.ioFailed`, `.indexFailed`, `.closed`.
    ///   Cancelling does not stop a commit that is under way.
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
    /// - Throws: `.quotaExceeded`, `.diskFull`, `.tooLarge`, `.closed`. May wait for the disk to evict cache copies.
    public func ingest(expecting: BlobID?, sizeHint: Int?) throws -> BlobIngest {
        try requireOpen()
        let byteCount = max(0, sizeHint ?? 0)
        try requireSize(byteCount)
        try requireRoom(byteCount)
        return BlobIngest(store: self, expecting: expecting)
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
            enqueueDeletion(id, .requested, &pending) { outcome.set($0) }
        }
        writer.drain()
        try outcome.get()
        return true
    }

    /// Asks for the deletion of a row whose files are gone; for use inside `alone`.
    func enqueueDeletion(
        _ id: BlobID, _ deletion: BlobIndex.Deletion, _ pending: inout Pending,
        completion: @escaping IndexWriter.Completion
    ) {
        pending.deletions += 1
        writer.enqueue(.delete(id, deletion)) { result in
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
        // While the deletion of an older copy is under way, a new row has to follow it.
        if try alone(with: id, { pending in pending.deletions == 0 ? try contains(id) : false }) {
            return noteUse(id)
        }
        let claim = SpaceClaim(store: self)
        let byteCount = bytes.readableBytes
        if try !claim.growAtOnce(by: byteCount) {
            try await threadPool.runIfActive { try claim.grow(by: byteCount) }
        }
        claim.land(as: id)
        defer { claim.release() }
        let stat = BlobStat(
            id: id, byteCount: byteCount, createdAtMilliseconds: time.now.wallMilliseconds, isInline: true)
        _ = try await change(.insert(stat, bytes: bytes))
        evictIfFull()
    }

    /// Stores a complete temporary file; durable on return. The temporary name is gone afterwards in any case.
    func insertFile(_ file: DraftFile, _ id: BlobID, byteCount: Int, blockValues: [Digest]) async throws {
        try await insertFile(.draft(file), id, byteCount: byteCount, blockValues: blockValues)
    }

    /// Stores the file of an unfinished blob that has all its blocks; durable on return. When that fails the file is
    /// where it was, unless the disk has lost it.
    func insertFile(_ partial: PartialBlob) async throws {
        try await insertFile(
            .partial(partial), partial.id, byteCount: partial.byteCount, blockValues: partial.file.blockValues)
    }

    /// A complete file that is to be stored.
    private enum Source: Sendable {
        case draft(DraftFile)
        case partial(PartialBlob)

        var path: String {
            switch self {
            case .draft(let file): file.path
            case .partial(let partial): partial.file.path
            }
        }

        func synchronise() throws {
            switch self {
            case .draft(let file): try Files.synchronise(file.descriptor, path: file.path)
            case .partial(let partial): try partial.synchronise()
            }
        }

        /// Only what is temporary goes: an unfinished blob belongs to its session.
        func discard() { if case .draft(let file) = self { file.delete() } }
    }

    private func insertFile(_ source: Source, _ id: BlobID, byteCount: Int, blockValues: [Digest]) async throws {
        let stat = BlobStat(
            id: id, byteCount: byteCount, createdAtMilliseconds: time.now.wallMilliseconds, isInline: false)
        _ = try await withCheckedThrowingContinuation {
            (waiter: CheckedContinuation<BlobIndex.Effect, any Error>) in
            threadPool.submit { state in
                do {
                    guard case .active = state else { throw BlobStoreError.storeClosed }
                    try self.publish(source, stat, blockValues) { waiter.resume(with: $0.mapError { $0 }) }
                } catch {
                    source.discard()
                    waiter.resume(throwing: error)
                }
            }
        }
        evictIfFull()
    }

    private func publish(
        _ source: Source, _ stat: BlobStat, _ blockValues: [Digest], completion: @escaping IndexWriter.Completion
    ) throws {
        let id = stat.id
        let isNew = try publications.pass {
            try source.synchronise()
        } move: {
            try alone(with: id) { pending in
                if pending.deletions == 0, let known = try index.stat(id) {
                    if known.isInline || folder.hasFiles(of: known) { return false }
                    // What is stored is damaged, and this is what it should be.
                    memory { $0.forget(known) }
                }
                do {
                    try folder.publish(source.path, as: id, blockValues: blockValues)
                } catch {
                    takeBack(source, id, pending)
                    throw error
                }
                pending.publications += 1
                writer.enqueue(.insert(stat, bytes: nil)) { result in
                    self.settle(source, id, result)
                    completion(result)
                }
                return true
            }
        }
        if isNew { return writer.schedule() }
        source.discard()
        noteUse(id)
        completion(.success(.other(0)))
    }

    /// After the row of a published file was written, or was not.
    private func settle(_ source: Source, _ id: BlobID, _ result: Result<BlobIndex.Effect, BlobStoreError>) {
        alone(with: id) { pending in
            pending.publications -= 1
            if case .failure = result { takeBack(source, id, pending) } else { folder.unmark(id) }
        }
    }

    /// Undoes a publication; for use inside `alone`.
    private func takeBack(_ source: Source, _ id: BlobID, _ pending: Pending) {
        // An earlier publication of the same blob may have got its row; then the files are its own.
        let row = try? index.stat(id)
        if (row ?? nil) == nil {
            if case .partial(let partial) = source {
                folder.takeBack(id, partial.file.descriptor, to: partial.file.path)
            }
            if pending.publications == 0 { folder.delete(id) }
        }
        folder.unmark(id)
    }
}
