/// Which fields go where.
enum FieldRules {
    /// Fields of one connection (RFC 9110 section 7.6.1).
    static let hopByHop: Set<String> = [
        "connection", "proxy-connection", "keep-alive", "te", "transfer-encoding", "upgrade", "trailer",
    ]

    /// Not stored although they are not of one connection (RFC 9111 section 3.1).
    static let proxyOnly: Set<String> = [
        "proxy-authenticate", "proxy-authentication-info", "proxy-authorization", "http2-settings",
    ]

    /// Depend on the bytes that are stored, so that a 304 does not change them (RFC 9111 section 3.2).
    static let ofBytes: Set<String> = ["content-encoding", "content-length", "content-range"]

    /// Say what a 304 says of no use to a client that has the body (RFC 9110 section 15.4.5).
    static let notIn304: Set<String> = [
        "content-encoding", "content-length", "content-range", "content-type", "content-language",
    ]

    static let conditions: Set<String> = [
        "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range",
    ]

    /// The fields of one connection in a message, with those that `Connection` lists.
    static func connection(of fields: CacheFields) -> Set<String> {
        guard let listed = fields.combined("connection") else { return hopByHop }
        return hopByHop.union(FieldText.members(listed).map { $0.lowercased() })
    }
}
