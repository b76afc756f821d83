import BlobStore
import Logging
import Metrics
import Synchronization

/// Whether there is room for anything new. A core.
struct DiskLevel: Sendable {
    private(set) var isFull = false

    /// Full below the reserve; not any more with a quarter of it to spare, so that it does not come and go.
    ///
    /// - Returns: Whether that has changed.
    mutating func note(freeBytes: Int, reserveBytes: Int) -> Bool {
        let before = isFull
        isFull = freeBytes < reserveBytes || isFull && freeBytes - reserveBytes < reserveBytes / 4
        return isFull != before
    }
}

/// Looks how much room the disk has, and says when there is none for anything new.
///
/// That makes no node unready: what it has it serves, and what it has not it passes on without storing it. To send its
/// visitors to others, which may be as full, would lose what works.
struct DiskWatch: Sendable {
    private static let interval = Duration.seconds(5)

    private final class State: Sendable {
        let level = Mutex(DiskLevel())
    }

    let store: BlobStore
    let logger: Logger
    private let state = State()
    private let freeBytes = Gauge(label: "skerry_disk_free_bytes")
    private let full = Gauge(label: "skerry_disk_full")

    init(store: BlobStore, logger: Logger) {
        self.store = store
        self.logger = logger
        look()
    }

    var isFull: Bool { state.level.withLock { $0.isFull } }

    /// What to do about a disk that is full; nil for one that is not.
    var warning: String? {
        guard isFull, let space = try? store.diskSpace() else { return nil }
        return "the disk has \(space.freeBytes) bytes free, and \(space.reserveBytes) shall stay free: what is here is "
            + "served, and nothing new is stored. Free some space, or `skerry blob gc`"
    }

    /// Looks until cancelled.
    func run() async {
        while (try? await Task.sleep(for: DiskWatch.interval)) != nil { look() }
    }

    private func look() {
        guard let space = try? store.diskSpace() else { return }
        let (hasChanged, isFull) = state.level.withLock { level in
            (level.note(freeBytes: space.freeBytes, reserveBytes: space.reserveBytes), level.isFull)
        }
        freeBytes.record(space.freeBytes)
        full.record(isFull ? 1 : 0)
        guard hasChanged else { return }
        if let warning {
            logger.warning("the disk is full", metadata: ["advice": "\(warning)"])
        } else {
            logger.notice("the disk has room again", metadata: ["free_bytes": "\(space.freeBytes)"])
        }
    }
}
