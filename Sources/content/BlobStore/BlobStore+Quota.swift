import Identity
import Logging
import Metrics
import NIOPosix
import Synchronization

extension BlobStore {
    /// Blobs that one step of an eviction removes; a transaction each.
    private static let evictionStep = 256
    /// How long eviction in the background leaves alone what was stored or used. Milliseconds.
    private static let freshMilliseconds: Int64 = 60_000
    /// Evictions that a write waits for before it gives up: others may take what the first one freed.
    private static let maxEvictions = 4

    /// Bytes that the disk has free, and how many of those stay free: below that nothing is stored. Throws `.ioFailed`.
    public func diskSpace() throws -> (freeBytes: Int, reserveBytes: Int) {
        (try folder.freeBytes(), folder.reserveBytes)
    }

    /// Bytes that protected blobs could still take, negative when they take more than they may, and bytes that the store may
    /// hold in all. Throws `.ioFailed`.
    public func room() throws -> (freeBytes: Int, capacityBytes: Int) {
        let (use, freeBytes) = (currentUse, try folder.freeBytes())
        return (plan.rest(use, freeBytes: freeBytes), plan.capacity(use, freeBytes: freeBytes))
    }

    /// Throws `.quotaExceeded` or `.diskFull` unless so many bytes fit, once cache copies have made way.
    func requireRoom(_ byteCount: Int) throws { try findRoom(byteCount, claim: false) }

    /// As `requireRoom`, and counts the bytes as claimed.
    func takeRoom(_ byteCount: Int) throws { try findRoom(byteCount, claim: true) }

    /// As `takeRoom` without evicting; false when that would be needed. Does not wait for the disk.
    func takeRoomAtOnce(_ byteCount: Int) throws -> Bool { try lookForRoom(byteCount, claim: true).shortfall == 0 }

    private func findRoom(_ byteCount: Int, claim: Bool) throws {
        for attempt in 0...Self.maxEvictions {
            let (shortfall, mayFit) = try lookForRoom(byteCount, claim: claim)
            if shortfall == 0 { return }
            guard mayFit, attempt < Self.maxEvictions, try evict(shortfall) > 0 else { break }
        }
        try refuse(byteCount)
    }

    private func lookForRoom(_ byteCount: Int, claim: Bool) throws -> (shortfall: Int, mayFit: Bool) {
        let freeBytes = try folder.freeBytes()
        return state.space.withLock { space in
            let use = space.use(partialBlobs)
            let shortfall = plan.shortfall(use, freeBytes: freeBytes, adding: byteCount)
            if shortfall == 0 && claim { space.claimedBytes += byteCount }
            return (shortfall, plan.mayFit(use, freeBytes: freeBytes, adding: byteCount))
        }
    }

    private func refuse(_ byteCount: Int) throws -> Never {
        // The disk first: raising a quota does not help against it.
        try folder.requireSpace(byteCount)
        let use = currentUse
        throw BlobStoreError(
            .quotaExceeded,
            "\(byteCount) more bytes do not fit the quota of \(plan.quotaBytes ?? 0): \(use.totalBytes) are used, of"
                + " which \(use.protectedBytes) are pinned, \(use.partialBytes) belong to unfinished blobs and"
                + " \(use.claimedBytes) are being written; unpin something or raise the quota, stored blobs can still"
                + " be read")
    }

    /// Has the thread pool evict down to the low water mark when the store is above the high one. As long as all of it fits
    /// its quota, what was stored or used within ``freshMilliseconds`` stays: whoever stored it may be about to pin it.
    func evictIfFull() {
        guard isSurplus, !isEvictionScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        threadPool.submit { state in
            var evicted = 0
            do {
                if case .active = state {
                    let fits = try self.lookForRoom(0, claim: false).shortfall == 0
                    evicted = try self.evict(
                        try self.surplus(),
                        usedUntil: fits ? self.time.openMilliseconds - Self.freshMilliseconds : .max)
                }
            } catch {
                self.logger.error("cannot evict blobs", metadata: ["error": "\(error)"])
            }
            self.isEvictionScheduled.store(false, ordering: .releasing)
            // Writers that came meanwhile left it to this round.
            if evicted > 0 { self.evictIfFull() }
        }
    }

    private var isSurplus: Bool { ((try? surplus()) ?? 0) > 0 }

    private func surplus() throws -> Int {
        plan.surplus(currentUse, freeBytes: try folder.freeBytes())
    }

    private var currentUse: SpaceUse {
        state.space.withLock { $0.use(partialBlobs) }
    }

    /// Removes what is least worth keeping: unfinished blobs that nobody works on, the oldest first, then cache
    /// copies, the coldest first. Waits for the disk.
    ///
    /// - Parameter usedUntil: In the store's own time; what was used since stays.
    /// - Returns: Bytes that were freed; fewer than asked for when nothing more may go.
    func evict(_ byteCount: Int, usedUntil: Int64 = .max) throws -> Int {
        try removals.withLock { _ in
            try requireOpen()
            var freed = try evictPartials(byteCount)
            var blobs = 0
            flushUses()
            writer.drain()
            var last: ColdBlob?
            while freed < byteCount {
                let candidates = try index.coldest(after: last, limit: Self.evictionStep)
                if candidates.isEmpty { break }
                var chosen: [BlobStat] = []
                var sum = freed
                for candidate in candidates where sum < byteCount {
                    last = candidate
                    guard candidate.usedMilliseconds <= usedUntil, !holds.contains(candidate.stat.id) else { continue }
                    chosen.append(candidate.stat)
                    sum += max(1, candidate.stat.byteCount)
                }
                let removed = try removeUnprotected(chosen, usedUntil: usedUntil)
                blobs += removed.count
                freed += removed.reduce(0) { $0 + $1.byteCount }
            }
            metrics.evicted.increment(by: blobs)
            metrics.evictedBytes.increment(by: freed)
            logger.debug("evicted blobs", metadata: ["blobs": "\(blobs)", "bytes": "\(freed)"])
            return freed
        }
    }

    private func evictPartials(_ byteCount: Int) throws -> Int {
        guard partialBytes > 0 else { return 0 }
        var freed = 0
        for partial in try partials().sorted(by: { $0.isOlder(than: $1) }) {
            if freed >= byteCount { break }
            let before = partialBytes
            // One that a session has open stays, which the call reports as an error.
            guard (try? discardPartial(partial.id)) == true else { continue }
            freed += max(0, before - partialBytes)
        }
        return freed
    }

    /// Removes those of these blobs that nothing protects or holds and that were not used after `usedUntil` in the
    /// store's own time; for use with `removals` held. Waits for the disk.
    ///
    /// The row goes first, on the condition that is checked in the same transaction, then the files; a mark remembers
    /// them in between.
    func removeUnprotected(_ stats: [BlobStat], usedUntil: Int64) throws -> [BlobStat] {
        var begun: [(stat: BlobStat, outcome: Outcome)] = []
        for stat in stats {
            alone(with: stat.id) { pending in
                guard pending == Pending() else { return }
                if !stat.isInline { folder.mark(stat.id) }
                pending.deletions += 1
                let outcome = Outcome()
                writer.enqueue(.delete(stat.id, .unprotected(usedUntil: usedUntil))) { outcome.set($0) }
                begun.append((stat, outcome))
            }
        }
        writer.drain()
        var removed: [BlobStat] = []
        var failure: (any Error)?
        for (stat, outcome) in begun {
            do { if case .deleted(let gone) = try outcome.get() { removed.append(gone) } } catch { failure = error }
            alone(with: stat.id) { settleRemoval(of: stat, &$0) }
        }
        if removed.isEmpty, let failure { throw failure }
        return removed
    }

    private func settleRemoval(of stat: BlobStat, _ pending: inout Pending) {
        pending.deletions -= 1
        guard !stat.isInline, pending == Pending() else { return }
        // The same blob may have been stored again meanwhile; then the files are its own. Without an answer they stay
        // for a collection to find.
        if case .success(nil) = Result(catching: { try index.stat(stat.id) }) { folder.unlinkFiles(stat.id) }
        folder.unmark(stat.id)
    }
}
