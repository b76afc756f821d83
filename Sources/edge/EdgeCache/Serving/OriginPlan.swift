public import Gateway
public import HTTPCache
public import Origins

/// What a release says about its origin, as the cache uses it.
public struct OriginPlan: Sendable {
    /// The app's name.
    public let name: String
    /// The release's id, as people read it.
    public let release: String
    /// Whose stored answers they are, `<owner>/<name>`.
    public let app: String
    /// Where content comes from, with the secrets that open it.
    public let origin: @Sendable () async throws -> OriginDescription
    /// What paths begin with and the origin does not see, without the slash at its end; empty for nothing.
    public let strippedPrefix: String
    /// The rules for a path, as visitors see it.
    public let policy: @Sendable (_ path: String) -> CachePolicy
    /// Whether answers for a path are never stored.
    public let bypasses: @Sendable (_ path: String) -> Bool
    /// Whether one node asks the origin for all.
    public let usesShield: Bool
    /// Changes an answer's fields before it is judged and stored.
    public let rewrite: (@Sendable (inout CacheFields) -> Void)?
    /// The largest content that is fetched, in bytes.
    public let maxObjectBytes: Int

    /// A plan; nothing is checked.
    public init(
        name: String, release: String, app: String, strippedPrefix: String = "",
        origin: @escaping @Sendable () async throws -> OriginDescription,
        policy: @escaping @Sendable (String) -> CachePolicy,
        bypasses: @escaping @Sendable (String) -> Bool = { _ in false }, usesShield: Bool = true,
        rewrite: (@Sendable (inout CacheFields) -> Void)? = nil, maxObjectBytes: Int = 16 << 30
    ) {
        self.name = name
        self.release = release
        self.strippedPrefix = strippedPrefix
        self.app = app
        self.origin = origin
        self.policy = policy
        self.bypasses = bypasses
        self.usesShield = usesShield
        self.rewrite = rewrite
        self.maxObjectBytes = maxObjectBytes
    }
}

extension OriginPlan {
    /// A visitor's path as the origin sees it.
    func originPath(_ path: String) -> String {
        guard !strippedPrefix.isEmpty, path.hasPrefix(strippedPrefix) else { return path }
        let rest = path.dropFirst(strippedPrefix.count)
        return rest.isEmpty ? "/" : rest.hasPrefix("/") ? String(rest) : path
    }
}

/// Whoever knows what releases say. Called on event loops: must be quick and must never block.
public protocol OriginPlans: Sendable {
    /// The plan of a release that the gateway serves.
    ///
    /// - Throws: `GatewayError` if it cannot be served yet, for example while a secret is missing.
    func plan(for release: OriginRelease) throws -> OriginPlan

    /// The plan for a path of a release that another node serves; nil if it is not served here.
    func plan(named name: String, release: String, path: String) -> OriginPlan?
}
