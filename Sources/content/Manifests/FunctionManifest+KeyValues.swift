extension FunctionManifest {
    /// The namespaces of its bindings of type `kv`.
    public var namespaces: Set<String> {
        Set(bindings.compactMap { if case .kv(let namespace) = $0.target { namespace } else { nil } })
    }
}
