import HTTPCache

/// The purges of this process, so that what was asked for before one of them is not stored after it.
///
/// In memory: what is under way when a process ends is never stored.
struct RecentPurges: Sendable {
    /// Purges that are remembered. An answer that was asked for before the oldest of them is not stored.
    static let capacity = 4_096

    /// What a purge makes of an answer.
    enum Effect: Sendable {
        case none, stale, gone
    }

    private var purges: [CachePurge] = []
    private var forgotten = 0

    /// The place of the next purge.
    var mark: Int { forgotten + purges.count }

    mutating func add(_ purge: CachePurge) {
        purges.append(purge)
        guard purges.count > RecentPurges.capacity else { return }
        forgotten += purges.count / 2
        purges.removeFirst(purges.count / 2)
    }

    /// What the purges since `mark` make of an app's answer.
    func effect(on record: StoredResponse, of app: String, since mark: Int) -> Effect {
        if mark < forgotten { return .gone }
        var effect = Effect.none
        for purge in purges.dropFirst(mark - forgotten) where purge.hits(record, of: app) {
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

    /// The URLs of keys that a purge of one URL means: of either scheme, without a port, and also where the query is not in the key.
    var urls: Set<String> {
        guard case .url(let text) = scope, let key = try? CacheKey(url: text) else { return [] }
        var found: Set<String> = []
        for scheme in ["http", "https"] {
            let base = "\(scheme)://\(key.host)\(key.path)"
            found.insert(base)
            if let query = key.query { found.insert("\(base)?\(query)") }
        }
        return found
    }
}
