import NIOCore

/// Answers that this room makes itself, for origins that do not speak HTTP.
enum SyntheticResponse {
    /// A status with one line of text.
    static func text(_ status: Int, _ text: String, _ fields: OriginFields = [:], method: String = "GET")
        -> OriginResponse
    {
        var fields = fields
        let bytes = ByteBuffer(string: text + "\n")
        fields.set("content-type", "text/plain; charset=utf-8")
        fields.set("content-length", "\(bytes.readableBytes)")
        return OriginResponse(
            status: status, fields: fields, body: method == "HEAD" ? Pump.empty() : Pump.body(of: bytes),
            length: Int64(bytes.readableBytes))
    }

    /// Status 405 for methods that files do not have.
    static func methodNotAllowed(_ method: String) -> OriginResponse {
        text(405, "The origin has files only: use GET or HEAD.", ["allow": "GET, HEAD"], method: method)
    }

    /// Status 404.
    static func notFound(method: String) -> OriginResponse { text(404, "Not found at the origin.", method: method) }

    /// To a folder's address with its slash, relative to the visitor's address of it.
    static func folder(_ name: String, method: String) -> OriginResponse {
        let target = "./" + PercentEncoding.encode(name.utf8) + "/"
        return text(301, "This is a folder.", ["location": target], method: method)
    }

    /// Which part of a representation to send, with status and fields; nil bytes: none (304, 412, 416).
    struct Selection: Equatable {
        var status: Int
        var bytes: Range<Int64>?
        var fields: OriginFields
    }

    /// Conditions and ranges (RFC 9110 sections 13.2.2 and 14) for a representation with a strong tag.
    static func select(_ request: OriginRequest, count: Int64, tag: String, modified: String?) -> Selection {
        var fields: OriginFields = ["etag": tag, "accept-ranges": "bytes"]
        if let modified { fields.add("last-modified", modified) }
        if let tags = request.fields["if-match"], tags != "*", !request.fields.list("if-match").contains(tag) {
            return Selection(status: 412, bytes: nil, fields: fields)
        }
        if request.fields["if-none-match"] != nil {
            let tags = request.fields.list("if-none-match").map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
            if tags.contains(tag) || tags == ["*"] { return Selection(status: 304, bytes: nil, fields: fields) }
        } else if let since = request.fields["if-modified-since"], since == modified {
            return Selection(status: 304, bytes: nil, fields: fields)
        }
        var wanted = request.range
        if wanted == nil, request.method == "GET", let value = request.fields["range"] {
            let condition = request.fields["if-range"]
            if condition == nil || condition == tag || condition == modified { wanted = OriginRange(value) }
        }
        guard let wanted else {
            fields.set("content-length", "\(count)")
            return Selection(status: 200, bytes: 0..<count, fields: fields)
        }
        guard let range = wanted.resolve(count: count) else {
            fields.set("content-range", "bytes */\(count)")
            return Selection(status: 416, bytes: nil, fields: fields)
        }
        fields.set("content-length", "\(range.count)")
        fields.set("content-range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(count)")
        return Selection(status: 206, bytes: range, fields: fields)
    }
}
