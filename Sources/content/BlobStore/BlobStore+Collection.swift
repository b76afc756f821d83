import Identity
import Logging
import Metrics
import NIOPosix
import Synchronization

extension BlobStore {
    /// Blobs that one step of a collection looks at.
    private static let collectionStep = 256
    /// Folders of the fan-out that one step looks into; there are up to 65,536.
    private static let foldersPerStep = 64

    /// Removes what nobody protects and nobody used lately, unfinished blobs that were given up, and files and rows
    /// that lack each other. A file without a row that is what its name says gets one instead. Safe while everything
    /// else goes on; takes at most half of the time of one thread.
    ///
    /// - Returns: What went, and what stays.
    /// - Throws: `BlobStoreError`: `.sessionBusy` while another collection is under way, `.ioFailed`, `.indexFailed`,
    ///   `.closed`. Cancellation ends it between steps; what was removed until then stays removed.
    public func collect(_ policy: CollectionPolicy = .init()) async throws -> CollectionReport {
        guard !isCollecting.exchange(true, ordering: .acquiringAndReleasing) else {
            throw BlobStoreError(.sessionBusy, "a collection is under way; wait for it")
        }
        defer { isCollecting.store(false, ordering: .releasing) }
        try requireOpen()
        var report = CollectionReport()
        report.isDryRun = policy.isDryRun
        try await collectUnused(policy, &report)
        try await collectPartials(policy, &report)
        try await collectStrays(policy, &report)
        try await collectLost(policy, &report)
        if !policy.isDryRun { report.removedReferences = try await change(.dropLooseReferences(index.looseParents())) }
        (report.keptBlobs, report.keptBytes) = usage
        if policy.isDryRun {
            report.keptBlobs += report.adoptedBlobs - report.removedBlobs - report.lostBlobs
            report.keptBytes += report.adoptedBytes - report.removedBytes - report.lostBytes
        }
        metrics.collected.increment(by: policy.isDryRun ? 0 : report.removedBlobs)
        logger.info(
            "collected",
            metadata: [
                "blobs": "\(report.removedBlobs)", "bytes": "\(report.removedBytes)",
                "partials": "\(report.removedPartials)", "strays": "\(report.strayFiles)",
                "adopted": "\(report.adoptedBlobs)", "lost": "\(report.lostBlobs)",
                "dryRun": "\(policy.isDryRun)",
            ])
        return report
    }

    private func collectUnused(_ policy: CollectionPolicy, _ report: inout CollectionReport) async throws {
        let usedUntil = time.openMilliseconds - policy.minimumAge.clampedMilliseconds
        try await gently {
            self.flushUses(); self.writer.drain()
        }
        var last: ColdBlob?
        while true {
            let after = last
            let candidates = try await gently { try self.index.coldest(after: after, limit: Self.collectionStep) }
            guard let coldest = candidates.last else { return }
            last = coldest
            let young = candidates.filter { $0.usedMilliseconds > usedUntil }
            report.youngBlobs += young.count
            report.youngBytes += young.reduce(0) { $0 + $1.stat.byteCount }
            let old = candidates.filter { $0.usedMilliseconds <= usedUntil && !holds.contains($0.stat.id) }.map(\.stat)
            let removed =
                policy.isDryRun
                ? old
                : try await gently {
                    try self.removals.withLock { _ in try self.removeUnprotected(old, usedUntil: usedUntil) }
                }
            report.removedBlobs += removed.count
            report.removedBytes += removed.reduce(0) { $0 + $1.byteCount }
        }
    }

    private func collectPartials(_ policy: CollectionPolicy, _ report: inout CollectionReport) async throws {
        let now = time.openMilliseconds
        for partial in try await gently({ try self.partials() }) {
            let (age, overflow) = now.subtractingReportingOverflow(partial.usedMilliseconds)
            guard !overflow, .milliseconds(age) >= policy.partialAge else { continue }
            // One that a session has open stays, which the call reports as an error.
            guard policy.isDryRun || (try? discardPartial(partial.id)) == true else { continue }
            report.removedPartials += 1
            report.removedPartialBytes += partial.byteCount
        }
    }

    /// Files without a row: whole ones are what a lost index knew, or one that was restored from before they came.
    private func collectStrays(_ policy: CollectionPolicy, _ report: inout CollectionReport) async throws {
        let folders = try await gently { try self.folder.fanOutFolders() }
        for start in stride(from: 0, to: folders.count, by: Self.foldersPerStep) {
            let step = folders[start..<min(start + Self.foldersPerStep, folders.count)]
            let (adopted, strays) = try await gently {
                let found = try step.flatMap { try self.folder.blobs(in: $0) }
                let known = try self.index.present(found.map(\.id))
                let (whole, damaged) = try self.inspect(found.filter { !known.contains($0.id) })
                return (
                    try policy.isDryRun ? whole.map(\.stat) : self.adopt(whole),
                    try damaged.filter { try self.removeStray($0.id, isDryRun: policy.isDryRun) }
                )
            }
            report.adoptedBlobs += adopted.count
            report.adoptedBytes += adopted.reduce(0) { $0 + $1.byteCount }
            report.strayFiles += strays.count
            report.strayBytes += strays.reduce(0) { $0 + $1.byteCount }
        }
    }

    private func removeStray(_ id: BlobID, isDryRun: Bool) throws -> Bool {
        try removals.withLock { _ in
            try requireOpen()
            return try alone(with: id) { pending in
                guard pending == Pending(), try index.stat(id) == nil else { return false }
                if !isDryRun { folder.unlinkFiles(id) }
                return true
            }
        }
    }

    /// Rows without a file.
    private func collectLost(_ policy: CollectionPolicy, _ report: inout CollectionReport) async throws {
        var last: BlobID?
        while true {
            let after = last
            let (end, lost) = try await gently {
                let page = try self.index.list(after: after, limit: Self.collectionStep)
                let lost = page.filter { stat in
                    guard !stat.isInline, self.folder.inode(stat.id) == nil else { return false }
                    return policy.isDryRun || self.quarantine(stat.id, Damage(reason: "is missing", file: nil))
                }
                return (page.last?.id, lost)
            }
            guard let end else { return }
            last = end
            report.lostBlobs += lost.count
            report.lostBytes += lost.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// Runs a step on the thread pool and then rests for as long as it took.
    private func gently<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let began = ContinuousClock.now
        let value = try await threadPool.runIfActive {
            try self.requireOpen()
            return try body()
        }
        try await Task.sleep(for: ContinuousClock.now - began)
        return value
    }
}
