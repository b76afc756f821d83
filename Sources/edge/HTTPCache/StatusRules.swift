/// What a cache knows of status codes.
enum StatusRules {
    /// Cacheable without explicit freshness (RFC 9110 section 15.1, RFC 7725 section 3).
    static let heuristic: Set<Int> = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501]

    /// Never stored, whatever the response says (RFC 6585 sections 3 to 6).
    static let unstorable: Set<Int> = [428, 429, 431, 511]

    /// What an origin answers to some fields of a request: so it is no answer to other requests, which no `Vary` says.
    static let answers: [Int: Set<String>] = [
        412: ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"], 416: ["range"], 417: ["expect"],
    ]

    /// Whose meaning for caches is known here, for `must-understand` (RFC 9111 section 5.2.2.3).
    static let understood: Set<Int> = heuristic.union([
        201, 202, 205, 302, 303, 307, 400, 401, 402, 403, 406, 408, 409, 411, 412, 413, 415, 417, 421, 422, 426, 500,
        502, 503, 504, 505,
    ])

    /// Errors that `stale-if-error` is about (RFC 5861 section 4).
    static let errors: Set<Int> = [500, 502, 503, 504]
}
