public import Functions

/// Where the values of functions are kept, as the functions' calls see it.
public protocol KeyValues: Sendable {
    /// The entry of a key; nil if there is none, or if it has expired.
    ///
    /// - Throws: ``KVError``.
    func get(_ key: String, in namespace: String, for version: FunctionVersion) async throws -> KVEntry?

    /// Stores an entry in place of what the key had.
    ///
    /// - Throws: ``KVError``.
    func put(_ key: String, _ entry: KVEntry, in namespace: String, for version: FunctionVersion) async throws

    /// Removes a key, if it is there.
    ///
    /// - Throws: ``KVError``.
    func delete(_ key: String, in namespace: String, for version: FunctionVersion) async throws

    /// Names in the order of their bytes: those with the prefix that are behind `after`, at most `limit` (1 to 1,000).
    ///
    /// - Throws: ``KVError``.
    func list(prefix: String, after: String?, limit: Int, in namespace: String, for version: FunctionVersion)
        async throws -> KVPage

    /// Seconds since 1970 UTC.
    var nowSeconds: Int { get }
}

extension KVStore: KeyValues {
    public func get(_ key: String, in namespace: String, for version: FunctionVersion) async throws -> KVEntry? {
        try await get(key, in: namespace, of: version.tenant)
    }

    public func put(_ key: String, _ entry: KVEntry, in namespace: String, for version: FunctionVersion) async throws {
        try await put(key, entry, in: namespace, of: version.tenant)
    }

    public func delete(_ key: String, in namespace: String, for version: FunctionVersion) async throws {
        try await delete(key, in: namespace, of: version.tenant)
    }

    public func list(
        prefix: String, after: String?, limit: Int, in namespace: String, for version: FunctionVersion
    ) async throws -> KVPage {
        try await list(prefix: prefix, after: after, limit: limit, in: namespace, of: version.tenant)
    }
}
