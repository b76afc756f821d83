import NIOCore
import NIOHPACK

/// From the header section of an HTTP/2 request (RFC 9113 section 8.3) to the form in which every protocol's requests
/// are answered. As strict as the parser of HTTP/1.1: what is passed on can stand in a message of that version.
enum HTTP2RequestHead {
    /// Fields that have no meaning in HTTP/2 and a dangerous one elsewhere (RFC 9113 section 8.2.2).
    private static let forbidden: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
    ]

    /// What the pseudo-fields and the few fields that frame a message said.
    private struct Draft {
        var method: String?
        /// Of an extended CONNECT (RFC 8441 section 4).
        var connects: String?
        var scheme: String?
        var path: String?
        var authority: String?
        var host: String?
        var length: String?
        var expectsContinue = false
        var cookies = ""
        var head = ByteBuffer()
        var lines: [HTTPFields.Line] = []
        var known: HTTPFields.Known = []
        var byteCount = 0
    }

    /// - Parameter isComplete: Whether no body follows.
    /// - Throws: ``GatewayError`` with the code for the answer.
    static func read(
        _ headers: HPACKHeaders, isComplete: Bool, limits: HTTPParserLimits
    ) throws(GatewayError) -> HTTPRequestHead {
        var draft = Draft()
        draft.head.reserveCapacity(512)
        draft.lines.reserveCapacity(headers.count)
        for (name, value, _) in headers { try read(name, value, &draft, limits) }
        if !draft.cookies.isEmpty {
            // Pieces of one field here, one line everywhere else (RFC 9113 section 8.2.3).
            try add("cookie", draft.cookies, &draft, limits)
        }
        if draft.connects != nil { try connect(&draft, limits) }
        return try finish(draft, isComplete: isComplete, limits)
    }

    /// Gives an extended CONNECT the form that WebSocket has in HTTP/1.1.
    private static func connect(_ draft: inout Draft, _ limits: HTTPParserLimits) throws(GatewayError) {
        guard draft.method == "CONNECT", draft.length == nil else {
            throw .malformed("The pseudo-field :protocol belongs to CONNECT, which has no length")
        }
        guard draft.connects?.lowercased() == "websocket" else {
            throw GatewayError(.unknownMethod, "WebSocket is the only protocol to connect to", origin: .client)
        }
        draft.method = HTTPMethod.get.rawValue
        try add("connection", "upgrade", &draft, limits)
        try add("upgrade", "websocket", &draft, limits)
        try add("sec-websocket-key", WebSocketKey.make(), &draft, limits)
    }

    private static func read(
        _ name: String, _ value: String, _ draft: inout Draft, _ limits: HTTPParserLimits
    ) throws(GatewayError) {
        draft.byteCount += name.utf8.count + value.utf8.count + 4
        if name.utf8.first == UInt8(ascii: ":") {
            switch name {
            case ":method": draft.method = value
            case ":scheme": draft.scheme = value
            case ":path": draft.path = value
            case ":authority": draft.authority = value
            case ":protocol": draft.connects = value
            default: throw .malformed("The pseudo-field \(name) is not one of a request")
            }
            return
        }
        guard !forbidden.contains(name), name != "te" || value == "trailers" else {
            throw .malformed("The field \(name) does not belong in HTTP/2")
        }
        switch name {
        case "host":
            guard draft.host == nil else { throw .malformed("There is more than one Host") }
            draft.host = value
        // It is the one that the gateway makes.
        case "sec-websocket-key" where draft.connects != nil: break
        case "cookie": draft.cookies += draft.cookies.isEmpty ? value : "; \(value)"
        case "content-length":
            guard draft.length == nil || draft.length == value else {
                throw .malformed("There is more than one Content-Length")
            }
            draft.length = value
            try add(name, value, &draft, limits)
        case "expect":
            guard value.lowercased() == "100-continue" else {
                throw GatewayError(.expectationFailed, "Only `Expect: 100-continue` is understood", origin: .client)
            }
            draft.expectsContinue = true
            try add(name, value, &draft, limits)
        default: try add(name, value, &draft, limits)
        }
    }

    private static func add(
        _ name: String, _ value: String, _ draft: inout Draft, _ limits: HTTPParserLimits
    ) throws(GatewayError) {
        guard draft.lines.count < limits.maxFields, draft.byteCount <= limits.maxFieldBytes else {
            throw GatewayError(
                .fieldsTooLarge,
                "The header section has more than \(limits.maxFields) fields or \(limits.maxFieldBytes) bytes",
                origin: .client)
        }
        let start = Int32(draft.head.writerIndex)
        draft.head.writeString(name)
        let middle = Int32(draft.head.writerIndex)
        draft.head.writeString(value)
        let end = Int32(draft.head.writerIndex)
        let isValid = draft.head.withUnsafeReadableBytes { bytes in
            let name = bytes[Int(start)..<Int(middle)]
            let value = bytes[Int(middle)..<Int(end)]
            guard !name.isEmpty, name.allSatisfy({ HTTPCharacters.isToken($0) && HTTPCharacters.lowercased($0) == $0 }),
                value.allSatisfy(HTTPCharacters.isValue), value.first != 0x20, value.first != 9, value.last != 0x20,
                value.last != 9
            else { return false }
            draft.known.formUnion(HTTPFields.Known(name: name))
            return true
        }
        guard isValid else { throw .malformed("Header \(draft.lines.count + 1) is not a valid field") }
        draft.lines.append(HTTPFields.Line(name: start..<middle, value: middle..<end))
    }

    private static func finish(
        _ draft: Draft, isComplete: Bool, _ limits: HTTPParserLimits
    ) throws(GatewayError) -> HTTPRequestHead {
        guard let name = draft.method else { throw .malformed("There is no method") }
        guard let method = HTTPMethod(rawValue: name) else {
            throw GatewayError(.unknownMethod, "No resource here has this method", origin: .client)
        }
        guard draft.scheme == "http" || draft.scheme == "https" else {
            throw .malformed("The scheme is neither http nor https")
        }
        guard let path = draft.path, path.utf8.first == UInt8(ascii: "/") || path == "*",
            path.utf8.allSatisfy(HTTPCharacters.isTarget)
        else { throw .malformed("The path does not begin with a slash, or holds a byte that must be percent-encoded") }
        guard path.utf8.count <= limits.maxRequestLineBytes else {
            throw GatewayError(
                .requestLineTooLong, "The path is longer than \(limits.maxRequestLineBytes) bytes", origin: .client)
        }
        let target = try HTTPRequestTarget(path, method: method)
        // Two names for one request are a way around whoever checked the other one.
        if let host = draft.host, let authority = draft.authority, host.lowercased() != authority.lowercased() {
            throw .malformed("Host and :authority differ")
        }
        guard let authority = (draft.authority ?? draft.host).flatMap({ HTTPAuthority($0) }) else {
            throw .malformed(":authority is not a host with an optional port")
        }
        let body = try framing(draft, isComplete)
        return HTTPRequestHead(
            method: method, path: target.path, query: target.query, authority: authority, minorVersion: 1,
            fields: HTTPFields(head: draft.head, lines: draft.lines, known: draft.known), body: body, keepsAlive: true,
            expectsContinue: draft.expectsContinue && body != .none)
    }

    private static func framing(_ draft: Draft, _ isComplete: Bool) throws(GatewayError) -> HTTPRequestHead.Body {
        guard let text = draft.length else { return isComplete || draft.connects != nil ? .none : .chunked }
        guard let length = HTTPCharacters.decimal(text) else {
            throw .malformed("Content-Length is not a decimal number of at most 18 digits")
        }
        guard !isComplete || length == 0 else { throw .malformed("The body is shorter than Content-Length says") }
        return length == 0 ? .none : .length(length)
    }
}
