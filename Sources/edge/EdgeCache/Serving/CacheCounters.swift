import Metrics
import Synchronization

/// What the cache did, for `/metrics` and by app.
final class CacheCounters: Sendable {
    /// Counts of one app since the node's start.
    struct Counts: Sendable, Hashable, Codable {
        var hits = 0
        var misses = 0
        /// Misses that waited for another request's answer.
        var joined = 0
        var passes = 0
        /// Requests that this node sent to the origin.
        var fetches = 0
        /// Answers that came from another node.
        var filled = 0
        var revalidations = 0
        /// Bytes of bodies of hits.
        var hitBytes = 0
        var stored = 0
        var purged = 0
    }

    /// One app's counts.
    final class Tally: Sendable {
        let app: String
        private let counts = Mutex(Counts())

        init(_ app: String) { self.app = app }

        var current: Counts { counts.withLock { $0 } }

        func change(_ body: (inout Counts) -> Void) { counts.withLock { body(&$0) } }
    }

    /// Apps that are counted one by one.
    private static let maxApps = 4_096

    private let apps = Mutex<[String: Tally]>([:])
    private let hits = Counter(label: "skerry_cache_hits_total")
    private let misses = Counter(label: "skerry_cache_misses_total")
    private let joins = Counter(label: "skerry_cache_joined_total")
    private let passes = Counter(label: "skerry_cache_passes_total")
    private let fetches = Counter(label: "skerry_cache_origin_requests_total")
    private let fills = Counter(label: "skerry_cache_peer_fills_total")
    private let purges = Counter(label: "skerry_cache_purged_total")
    private let losses = Counter(label: "skerry_cache_bodies_lost_total")
    private let resumptions = Counter(label: "skerry_cache_bodies_resumed_total")
    private let refusals = Counter(label: "skerry_cache_not_stored_total")

    func counts(_ app: String) -> Counts { apps.withLock { $0[app] }?.current ?? Counts() }

    /// Where an app is counted; what comes beyond ``maxApps`` is counted where nobody looks.
    func tally(_ app: String) -> Tally {
        apps.withLock { apps in
            if let known = apps[app] { return known }
            let made = Tally(app)
            if apps.count < CacheCounters.maxApps { apps[app] = made }
            return made
        }
    }

    func hit(_ tally: Tally, bytes: Int) {
        hits.increment()
        tally.change {
            $0.hits += 1
            $0.hitBytes += bytes
        }
    }

    func miss(_ app: String, collapsed: Bool) {
        misses.increment()
        if collapsed { joins.increment() }
        change(app) {
            $0.misses += 1
            if collapsed { $0.joined += 1 }
        }
    }

    func pass(_ app: String) {
        passes.increment()
        change(app) { $0.passes += 1 }
    }

    func fetch(_ app: String) {
        fetches.increment()
        change(app) { $0.fetches += 1 }
    }

    func fill(_ app: String) {
        fills.increment()
        change(app) { $0.filled += 1 }
    }

    func revalidated(_ app: String) { change(app) { $0.revalidations += 1 } }

    func stored(_ app: String) { change(app) { $0.stored += 1 } }

    func purged(_ app: String, _ count: Int) {
        purges.increment(by: count)
        change(app) { $0.purged += count }
    }

    /// A stored body was damaged or gone.
    func lostBody() { losses.increment() }

    /// A body went on from another source when its own one failed.
    func resumed() { resumptions.increment() }

    /// There was no room, or the disk failed.
    func full() { refusals.increment() }

    private func change(_ app: String, _ body: (inout Counts) -> Void) { tally(app).change(body) }
}
