extension CachePolicy {
    /// Methods that change nothing by their definition (RFC 9110 section 9.2.1 and the registry of methods).
    private static let safeMethods: Set<String> = [
        "GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY",
    ]

    /// The keys whose stored responses a response makes invalid (RFC 9111 section 4.4): of the target URI and of what
    /// `Location` and `Content-Location` name at the same origin, if the method may have changed something and the
    /// response is no error. All their variants are to be dropped.
    public func invalidated(by request: CacheRequest, response: ResponseHead) -> [CacheKey] {
        guard !CachePolicy.safeMethods.contains(request.method), (200...399).contains(response.status),
            let key = try? key(for: request)
        else { return [] }
        var keys = [key]
        let base = CacheURL(scheme: key.scheme, authority: key.authority, path: key.path, query: request.query)
        for name in ["location", "content-location"] {
            guard let value = response.fields.first(name), let url = base.resolving(value),
                let other = try? CacheKey(
                    scheme: url.scheme, authority: url.authority, path: url.path, query: url.query, options: keyOptions),
                other.scheme == key.scheme, other.authority == key.authority, !keys.contains(other)
            else { continue }
            keys.append(other)
        }
        return keys
    }
}
