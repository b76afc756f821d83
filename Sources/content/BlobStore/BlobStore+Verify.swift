public import Identity
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension BlobStore {
    /// Blobs of one page of a verification.
    static let verifyPage = 256

    /// Blobs that are found damaged from now on, by readers, collections or the scrubber, until the store closes.
    ///
    /// Every caller gets all of them; the oldest are dropped for a listener that is 10,000 behind.
    public func damages() -> AsyncStream<DamagedBlob> { damageReports.stream() }

    /// Reads all bytes of a blob from the disk and hashes them; a damaged blob, one with sectors that cannot be read
    /// included, is dropped and reported.
    ///
    /// - Throws: `BlobStoreError`: `.ioFailed` when something else than the disk's sectors prevents reading, such as
    ///   permissions or a lack of descriptors; `.indexFailed`, `.closed`. Cancellation ends it between blocks.
    public func verify(_ id: BlobID) async throws -> VerifyOutcome {
        let hold = hold(id)
        defer { hold.release() }
        guard let stat = try await threadPool.runIfActive({ try self.index.stat(id) }) else { return .absent }
        do {
            let blob = try await threadPool.runIfActive { try self.openForVerification(stat) }
            for index in 0..<stat.blockCount {
                try Task.checkCancellation()
                _ = try await threadPool.runIfActive { try self.verifyBlock(index, of: stat, blob) }
            }
            return .whole(byteCount: stat.byteCount)
        } catch let damage as Damage {
            return try await threadPool.runIfActive { self.outcome(of: damage, id) }
        }
    }

    /// Verifies all blobs, in the order of their digests, as fast as it can. Blobs that cannot be read are counted, and
    /// stay.
    ///
    /// - Parameter progress: Called after each blob.
    /// - Throws: `BlobStoreError`: `.indexFailed` when the blobs cannot be listed, `.closed`. Cancellation ends it between
    ///   blocks.
    public func verifyAll(progress: @Sendable (VerifyReport) -> Void = { _ in }) async throws -> VerifyReport {
        var report = VerifyReport()
        var last: BlobID?
        while true {
            let after = last
            let page = try await threadPool.runIfActive { try self.list(after: after, limit: Self.verifyPage) }
            if page.isEmpty { return report }
            for stat in page {
                last = stat.id
                do {
                    let outcome = try await verify(stat.id)
                    if outcome == .absent { continue }
                    report.add(outcome, of: stat.id)
                } catch let error as BlobStoreError where error.code != .closed {
                    report.addUnreadable(stat.id, error)
                }
                progress(report)
            }
        }
    }

    /// Writes a copy of the index, which takes its place when it is lost; durable on return. Takes minutes for a large one.
    ///
    /// - Throws: `BlobStoreError`: `.diskFull` when the reserve would not be left, `.indexFailed`, `.ioFailed`, `.closed`.
    func copyIndex() async throws {
        try requireOpen()
        try folder.requireSpace(folder.indexByteCount)
        let draft = folder.temporaryFile()
        do {
            try await index.copy(to: draft)
            try await threadPool.runIfActive { try self.folder.installIndexCopy(draft) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Drops a blob that turned out damaged, unless it was removed or replaced meanwhile; blocks.
    func outcome(of damage: Damage, _ id: BlobID) -> VerifyOutcome {
        quarantine(id, damage) ? .damaged(reason: damage.reason) : .absent
    }

    /// Opens a blob so that its bytes come from the disk; nil for one in the index. Throws `Damage`; blocks.
    func openForVerification(_ stat: BlobStat) throws -> OpenBlob? {
        try requireOpen()
        if stat.isInline { return nil }
        let blob = try OpenBlob(stat, folder: folder)
        // What the page cache holds says nothing about the disk.
        if let file = try FileDescriptor(existing: folder.dataFile(stat.id)) {
            posix_fadvise(file.number, 0, 0, POSIX_FADV_DONTNEED)
        }
        return blob
    }

    /// Reads and hashes a block; the number of its bytes. Throws `Damage`; blocks.
    func verifyBlock(_ index: Int, of stat: BlobStat, _ blob: OpenBlob?) throws -> Int {
        try requireOpen()
        if let blob { return try blob.read(index).readableBytes }
        return try inlineBytes(stat).readableBytes
    }
}
