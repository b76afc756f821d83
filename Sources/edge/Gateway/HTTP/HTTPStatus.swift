/// Reason phrases (RFC 9110 section 15). Clients ignore them; people who read captures do not.
enum HTTPStatus {
    private static let phrases: [Int: String] = [
        102: "Processing", 103: "Early Hints", 200: "OK", 201: "Created", 202: "Accepted",
        203: "Non-Authoritative Information", 204: "No Content",
        205: "Reset Content", 206: "Partial Content", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Found",
        303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
        400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
        411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
        415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
        421: "Misdirected Request", 422: "Unprocessable Content", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
        502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    ]

    /// Its content is always empty (RFC 9110 section 15.3.6).
    static let resetContent = 205

    static func phrase(_ status: Int) -> String { phrases[status] ?? "Status" }

    /// Whether a response with this status never has content (RFC 9110 sections 15.3.5 and 15.4.5).
    static func hasNoContent(_ status: Int) -> Bool { status == 204 || status == 304 }
}
