public import Blake3
import HTTPCache

/// What an app's owner wants to be served no more, as every node carries it out.
public struct CachePurge: Sendable, Hashable {
    /// Which stored answers are meant.
    public enum Scope: Sendable, Hashable {
        /// All variants of one URL.
        case url(String)
        /// All that carry a surrogate key.
        case key(String)
        /// All of one host, without a port.
        case host(String)
        /// Everything of the app.
        case everything
    }

    /// Tells purges apart: a hash of ``encoded``.
    public let id: Digest
    /// Whose stored answers are meant, `<owner>/<name>`.
    public let app: String
    /// Which of them.
    public let scope: Scope
    /// Whether they become stale rather than go: then they are validated, and serve while the origin cannot be reached.
    public let isSoft: Bool
    /// The order as its owner signed it, for other nodes.
    public let encoded: [UInt8]
    /// The URLs of keys that a purge of one URL means: of either scheme, without a port, and also where the query is not in
    /// the key. None for other scopes, and for what is no URL.
    let urls: Set<String>

    /// A purge; nothing is checked.
    public init(app: String, scope: Scope, isSoft: Bool, encoded: [UInt8]) {
        id = Blake3.hash(encoded)
        self.app = app
        self.scope = scope
        self.isSoft = isSoft
        self.encoded = encoded
        var urls: Set<String> = []
        if case .url(let text) = scope, let key = try? CacheKey(url: text) {
            for scheme in ["http", "https"] {
                let base = "\(scheme)://\(key.host)\(key.path)"
                urls.insert(base)
                if let query = key.query { urls.insert("\(base)?\(query)") }
            }
        }
        self.urls = urls
    }
}
