import HTTPCache

/// The purges of this process, so that what was asked for before one of them is not stored after it.
///
/// In memory: what is under way when a process ends is never stored.
struct RecentPurges: Sendable {
    /// Purges of one app that are remembered. Its answers that were asked for before the oldest of them are not stored.
    static let capacity = 4_096
    /// Apps whose purges are remembered. No answer that was asked for before the last purge of one that was forgotten is
    /// stored.
    static let maxApps = 256

    /// What a purge makes of an answer.
    enum Effect: Sendable {
        case none, stale, gone
    }

    private struct App {
        var purges: [(place: Int, purge: CachePurge)] = []
        /// The place of the first purge that is remembered for certain.
        var start: Int
    }

    private var apps: [String: App] = [:]
    private var start = 0

    /// The place of the next purge.
    private(set) var mark = 0

    mutating func add(_ purge: CachePurge) {
        if apps[purge.app] == nil, apps.count >= RecentPurges.maxApps { forgetOldest() }
        var app = apps.removeValue(forKey: purge.app) ?? App(start: start)
        app.purges.append((mark, purge))
        mark += 1
        if app.purges.count > RecentPurges.capacity {
            app.purges.removeFirst(app.purges.count / 2)
            app.start = app.purges[0].place
        }
        apps[purge.app] = app
    }

    private mutating func forgetOldest() {
        func last(_ app: App) -> Int { app.purges.last?.place ?? 0 }
        guard let oldest = apps.min(by: { last($0.value) < last($1.value) }) else { return }
        start = max(start, last(oldest.value) + 1)
        apps[oldest.key] = nil
    }

    /// What the purges since `mark` make of an app's answer.
    func effect(on record: StoredResponse, of name: String, since mark: Int) -> Effect {
        let app = apps[name] ?? App(start: start)
        if mark < app.start { return .gone }
        var effect = Effect.none
        for (place, purge) in app.purges.reversed() {
            if place < mark { break }
            guard purge.hits(record, of: name) else { continue }
            if !purge.isSoft { return .gone }
            effect = .stale
        }
        return effect
    }
}

extension CachePurge {
    /// Whether a stored answer is meant.
    func hits(_ record: StoredResponse, of app: String) -> Bool {
        guard app == self.app else { return false }
        return switch scope {
        case .url: urls.contains(record.key.url)
        case .key(let key): record.surrogateKeys.contains(key)
        case .host(let host): record.key.host == host.lowercased()
        case .everything: true
        }
    }
}
