import NIOHTTP1

/// What a function's headers become on the wire, and what of an answer's headers functions see.
enum FetchHeaders {
    /// Most header lines of a request.
    static let maxRequestLines = 128
    /// Names and values of a request together, in bytes.
    static let maxRequestBytes = 32 << 10
    /// Most header lines of an answer.
    static let maxResponseLines = 256
    /// Names and values of an answer together, in bytes.
    static let maxResponseBytes = 64 << 10

    /// Why headers cannot be sent.
    struct Refused: Error, CustomStringConvertible {
        /// Too many or too long, as against malformed.
        let isLimit: Bool
        let description: String
    }

    /// Those that speak about one connection (RFC 9110, section 7.6.1), and those that the node sets itself.
    private static let connectionNames: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "http2-settings",
    ]
    private static let nodeNames: Set<String> = ["host", "content-length", "expect"]
    /// Go with the body when a redirect drops it (Fetch standard, "request-body-header name").
    private static let bodyNames = ["content-encoding", "content-language", "content-location", "content-type"]
    /// Meant for one origin: gone when a redirect leads to another.
    private static let credentialNames = ["authorization", "cookie"]

    /// The headers to send.
    ///
    /// Names that are not tokens and values with control characters are refused rather than repaired: they are attempts
    /// to smuggle lines. Headers of one connection and those that the node sets are left out.
    static func outgoing(_ pairs: [(name: String, value: String)]) throws(Refused) -> HTTPHeaders {
        guard pairs.count <= maxRequestLines else {
            throw Refused(isLimit: true, description: "more than \(maxRequestLines) header lines")
        }
        let dropped = droppedNames(pairs.lazy.filter { $0.name.lowercased() == "connection" }.map(\.value))
        var headers = HTTPHeaders()
        var byteCount = 0
        for (name, value) in pairs {
            guard isToken(name) else {
                throw Refused(isLimit: false, description: "a header's name has characters that names cannot have")
            }
            guard value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f }) else {
                throw Refused(isLimit: false, description: "the header \(name) has control characters in its value")
            }
            byteCount += name.utf8.count + value.utf8.count
            let lower = name.lowercased()
            if !dropped.contains(lower), !nodeNames.contains(lower) { headers.add(name: lower, value: value) }
        }
        guard byteCount <= maxRequestBytes else {
            throw Refused(isLimit: true, description: "more than \(maxRequestBytes) bytes of headers")
        }
        return headers
    }

    /// An answer's headers for the function, names in lower case.
    static func incoming(_ headers: HTTPHeaders) throws(Refused) -> [[String]] {
        var byteCount = 0
        for (name, value) in headers { byteCount += name.utf8.count + value.utf8.count }
        guard headers.count <= maxResponseLines, byteCount <= maxResponseBytes else {
            throw Refused(
                isLimit: true,
                description: "the answer has more than \(maxResponseLines) header lines, or \(maxResponseBytes) bytes")
        }
        let dropped = droppedNames(headers["connection"])
        return headers.compactMap { name, value in
            let lower = name.lowercased()
            return dropped.contains(lower) ? nil : [lower, value]
        }
    }

    /// Takes away what belongs to a body that is not sent again.
    static func dropBodyHeaders(_ headers: inout HTTPHeaders) {
        for name in bodyNames { headers.remove(name: name) }
    }

    /// Takes away what another origin must not see.
    static func dropCredentials(_ headers: inout HTTPHeaders) {
        for name in credentialNames { headers.remove(name: name) }
    }

    /// A method that may be sent, in its normal form; nil for what is none, and for those that the Fetch standard forbids.
    static func method(_ text: String) -> String? {
        guard isToken(text), text.utf8.count <= 32 else { return nil }
        let upper = text.uppercased()
        switch upper {
        case "CONNECT", "TRACE", "TRACK": return nil
        case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT": return upper
        default: return text
        }
    }

    private static func droppedNames(_ connection: some Sequence<String>) -> Set<String> {
        connectionNames.union(
            connection.flatMap { $0.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" }.map(String.init) })
    }

    private static func isToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(tokenBytes.contains) }

    private static let tokenBytes = Set(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
}
