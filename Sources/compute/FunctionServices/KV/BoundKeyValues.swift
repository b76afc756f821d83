public import Functions

/// Lets functions reach only the namespaces that their release is bound to.
public struct BoundKeyValues: KeyValues {
    private let values: any KeyValues
    private let namespaces: @Sendable (FunctionVersion) async throws -> Set<String>

    /// - Parameters:
    ///   - values: Where they are kept.
    ///   - namespaces: The namespaces of a release's bindings.
    public init(
        _ values: any KeyValues, namespaces: @escaping @Sendable (FunctionVersion) async throws -> Set<String>
    ) {
        self.values = values
        self.namespaces = namespaces
    }

    public func get(_ key: String, in namespace: String, for version: FunctionVersion) async throws -> KVEntry? {
        try await check(namespace, version)
        return try await values.get(key, in: namespace, for: version)
    }

    public func put(_ key: String, _ entry: KVEntry, in namespace: String, for version: FunctionVersion) async throws {
        try await check(namespace, version)
        try await values.put(key, entry, in: namespace, for: version)
    }

    public func delete(_ key: String, in namespace: String, for version: FunctionVersion) async throws {
        try await check(namespace, version)
        try await values.delete(key, in: namespace, for: version)
    }

    public func list(
        prefix: String, after: String?, limit: Int, in namespace: String, for version: FunctionVersion
    ) async throws -> KVPage {
        try await check(namespace, version)
        return try await values.list(prefix: prefix, after: after, limit: limit, in: namespace, for: version)
    }

    public var nowSeconds: Int { values.nowSeconds }

    private func check(_ namespace: String, _ version: FunctionVersion) async throws {
        guard try await namespaces(version).contains(namespace) else {
            throw KVError(
                .notBound,
                "the app has no kv binding with the namespace \"\(namespace.prefix(KVLimits.maxNamespaceBytes))\"; add one "
                    + "to skerry.toml and deploy again")
        }
    }
}
