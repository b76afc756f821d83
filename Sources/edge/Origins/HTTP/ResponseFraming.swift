/// How long an answer's body is, by its head (RFC 9112 section 6.3), read strictly: what two readers might understand
/// differently is refused.
enum ResponseFraming: Equatable, Sendable {
    /// There is none, whatever the fields say.
    case none
    /// So many bytes.
    case exactly(Int64)
    /// Chunked, or to the end of the connection.
    case open

    /// - Parameter isOld: Whether the answer is of HTTP/1.0, which knows no transfer codings (RFC 9112 section 6.1).
    /// - Throws: ``OriginError`` with the code `badResponse`.
    init(method: String, status: Int, fields: OriginFields, isOld: Bool = false) throws(OriginError) {
        let declared = try Self.declaredLength(fields)
        let codings = fields.all("transfer-encoding")
        if !codings.isEmpty {
            guard !isOld else {
                throw OriginError(
                    .badResponse, "the origin's answer has Transfer-Encoding in HTTP/1.0; fix the origin")
            }
            guard declared == nil else {
                throw OriginError(
                    .badResponse, "the origin's answer has both Content-Length and Transfer-Encoding; fix the origin")
            }
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw OriginError(
                    .badResponse, "the origin's answer has another Transfer-Encoding than chunked; fix the origin")
            }
        }
        if method == "HEAD" || status == 204 || status == 304 {
            self = .none
        } else if let declared {
            self = .exactly(declared)
        } else {
            self = .open
        }
    }

    /// The `Content-Length`; nil if there is none.
    static func declaredLength(_ fields: OriginFields) throws(OriginError) -> Int64? {
        let values = fields.all("content-length")
        guard let first = values.first else { return nil }
        guard values.count == 1, !first.isEmpty, first.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int64(first)
        else { throw OriginError(.badResponse, "the origin's answer has a bad Content-Length; fix the origin") }
        return length
    }
}
