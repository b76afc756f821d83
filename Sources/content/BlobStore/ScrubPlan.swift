import Identity

/// Where a scrub is; survives a restart.
struct ScrubPosition: Hashable, Sendable {
    /// When the pass began, in the store's own time.
    var beganMilliseconds: Int64
    /// The last blob that is done; nil before the first.
    var after: BlobID?
    /// The blob that is being read, and its next block.
    var current: BlobID?
    var block = 0
    /// Whether the pass is over.
    var isFinished = false
}

/// Decides when a scrubber reads what. Times are the store's own, in milliseconds.
struct ScrubPlan: Sendable {
    enum Step: Hashable, Sendable {
        case rest(milliseconds: Int64)
        case save(ScrubPosition)
        /// Find the blob behind this one and tell by `found`.
        case find(after: BlobID?)
        /// Read a block and tell by `checked` or `failed`.
        case read(BlobStat, block: Int)
    }

    /// A store is verified within so many seconds: 30 days.
    static let passSeconds = 30 * 86_400
    static let minBytesPerSecond = 8 << 20
    /// A crash repeats what was read in so long.
    static let saveInterval: Int64 = 30_000
    /// Rests are cut to this, so that settings and clocks are looked at again.
    static let maxRest: Int64 = 60_000
    /// What finding and opening a blob costs beside its bytes.
    static let blobOverheadBytes = 4_096

    private(set) var position: ScrubPosition
    private let settings: ScrubSettings
    private var current: BlobStat?
    private var readyAt: Int64
    private var savedAt: Int64
    private var mustSave = false
    private var seenReads: UInt64 = 0
    private var hasYielded = false

    init(_ settings: ScrubSettings, resuming position: ScrubPosition?, at now: Int64) {
        self.settings = settings
        self.position = position ?? ScrubPosition(beganMilliseconds: now)
        // A damaged index may hold any number, and one from a copy a later one.
        self.position.beganMilliseconds = min(max(0, self.position.beganMilliseconds), now)
        readyAt = now
        savedAt = now
    }

    /// - Parameter foregroundReads: Number of reads so far that waited for the disk.
    mutating func step(at now: Int64, foregroundReads: UInt64) -> Step {
        if mustSave || now - savedAt >= Self.saveInterval {
            mustSave = false
            savedAt = now
            return .save(position)
        }
        if position.isFinished {
            let wait = settings.passInterval.clampedMilliseconds - max(0, now - position.beganMilliseconds)
            if wait > 0 { return .rest(milliseconds: min(wait, Self.maxRest)) }
            position = ScrubPosition(beganMilliseconds: now)
            mustSave = true
        }
        if now < readyAt { return .rest(milliseconds: min(readyAt - now, Self.maxRest)) }
        // Once for each block, so that a store that is always read is verified too.
        if foregroundReads != seenReads && !hasYielded {
            seenReads = foregroundReads
            hasYielded = true
            let wait = min(settings.yieldTime.clampedMilliseconds, Self.maxRest)
            if wait > 0 { return .rest(milliseconds: wait) }
        }
        hasYielded = false
        if let current { return .read(current, block: position.block) }
        return .find(after: position.after)
    }

    /// The blob to read next; nil at the end of the store.
    mutating func found(_ stat: BlobStat?) {
        guard let stat else {
            position.isFinished = true
            position.current = nil
            mustSave = true
            return
        }
        current = stat
        if position.current != stat.id || position.block >= stat.blockCount { position.block = 0 }
        position.current = stat.id
    }

    /// A block was read and is right.
    mutating func checked(_ byteCount: Int, at now: Int64, storeBytes: Int) {
        guard let current else { return }
        var byteCount = byteCount
        position.block += 1
        if position.block >= current.blockCount {
            byteCount += Self.blobOverheadBytes
            end(current)
        }
        let rate = settings.bytesPerSecond ?? max(Self.minBytesPerSecond, storeBytes / Self.passSeconds)
        readyAt = max(readyAt, now) + Int64(byteCount) * 1000 / Int64(max(1, rate))
    }

    /// The blob is damaged or gone.
    mutating func failed() {
        if let current { end(current) }
    }

    private mutating func end(_ stat: BlobStat) {
        current = nil
        position.after = stat.id
        position.current = nil
        position.block = 0
    }
}
