import BlobStore
import Synchronization

/// Clocks that stand still until a test moves them.
final class ManualStoreClock: Sendable {
    private let times = Mutex((wall: Int64(1_800_000_000_000), uptime: Int64(5_000)))

    var clock: StoreClock {
        StoreClock(
            wallMilliseconds: { self.times.withLock { $0.wall } },
            uptimeMilliseconds: { self.times.withLock { $0.uptime } })
    }

    /// Time passes.
    func advance(_ duration: Duration) {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        times.withLock { $0 = ($0.wall + milliseconds, $0.uptime + milliseconds) }
    }

    /// Somebody sets the wall clock.
    func jump(_ duration: Duration) { times.withLock { $0.wall += duration.components.seconds * 1000 } }
}

let day = Duration.seconds(86_400)
let year = Duration.seconds(365 * 86_400)
