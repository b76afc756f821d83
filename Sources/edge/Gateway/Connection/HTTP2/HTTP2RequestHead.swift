import NIOCore
import NIOHPACK

/// Why a header section is not one of a request that is answered as it wants.
enum HTTP2HeadError: Error {
    /// It breaks the rules of HTTP/2 (RFC 9113 section 8.1.1): its stream is reset.
    case reset(GatewayError)
    /// It is one to HTTP/2, and no good one to us: it is answered with the error.
    case answer(GatewayError)

    var error: GatewayError {
        switch self {
        case .reset(let error), .answer(let error): error
        }
    }
}

/// From the header section of an HTTP/2 request (RFC 9113 section 8.3) to the form in which every protocol's requests
/// are answered. As strict as the parser of HTTP/1.1: what is passed on can stand in a message of that version. Nobody
/// checks it before.
enum HTTP2RequestHead {
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
        /// Pseudo-fields come first.
        var hasFields = false
        var expectsContinue = false
        var cookies = ""
        var head = ByteBuffer()
        var lines: [HTTPFields.Line] = []
        var known: HTTPFields.Known = []
        var byteCount = 0
    }

    /// Most header sections without their pseudo-fields.
    private static let usualBytes = 512

    /// - Parameter isComplete: Whether no body follows.
    static func read(
        _ headers: HPACKHeaders, isComplete: Bool, limits: HTTPParserLimits
    ) throws(HTTP2HeadError) -> HTTPRequestHead {
        var draft = Draft()
        draft.head.reserveCapacity(usualBytes)
        draft.lines.reserveCapacity(headers.count)
        for (name, value, _) in headers {
            draft.byteCount += name.utf8.count + value.utf8.count + 4
            if name.utf8.first == UInt8(ascii: ":") {
                try readPseudo(name, value, &draft)
            } else {
                draft.hasFields = true
                try read(name, value, &draft, limits)
            }
        }
        if !draft.cookies.isEmpty {
            // Pieces of one field here, one line everywhere else (RFC 9113 section 8.2.3).
            try add("cookie", draft.cookies, &draft, limits)
        }
        if draft.connects != nil { try connect(&draft, limits) }
        return try finish(draft, isComplete: isComplete, limits)
    }

    /// Whether a header section is one behind a body (RFC 9113 section 8.1): it has no pseudo-fields.
    static func isTrailers(_ headers: HPACKHeaders) -> Bool {
        headers.allSatisfy { name, value, _ in
            !name.isEmpty && name.utf8.allSatisfy(isName) && isValue(value) && !isForbidden(name, value)
        }
    }

    private static func readPseudo(_ name: String, _ value: String, _ draft: inout Draft) throws(HTTP2HeadError) {
        guard !draft.hasFields else { throw .reset(.malformed("The pseudo-field \(name) stands behind a field")) }
        switch name {
        case ":method": try set(&draft.method, name, value)
        case ":scheme": try set(&draft.scheme, name, value)
        case ":path": try set(&draft.path, name, value)
        case ":authority": try set(&draft.authority, name, value)
        case ":protocol": try set(&draft.connects, name, value)
        default: throw .reset(.malformed("The pseudo-field \(name) is not one of a request"))
        }
    }

    private static func set(_ place: inout String?, _ name: String, _ value: String) throws(HTTP2HeadError) {
        guard place == nil else { throw .reset(.malformed("The pseudo-field \(name) stands there twice")) }
        place = value
    }

    /// Gives an extended CONNECT the form that WebSocket has in HTTP/1.1.
    private static func connect(_ draft: inout Draft, _ limits: HTTPParserLimits) throws(HTTP2HeadError) {
        guard draft.method == "CONNECT", draft.length == nil else {
            throw .reset(.malformed("The pseudo-field :protocol belongs to CONNECT, which has no length"))
        }
        guard draft.connects?.lowercased() == "websocket" else {
            throw .answer(
                GatewayError(.unknownMethod, "WebSocket is the only protocol to connect to", origin: .client))
        }
        draft.method = HTTPMethod.get.rawValue
        try add("connection", "upgrade", &draft, limits)
        try add("upgrade", "websocket", &draft, limits)
        try add("sec-websocket-key", WebSocketKey.make(), &draft, limits)
    }

    private static func read(
        _ name: String, _ value: String, _ draft: inout Draft, _ limits: HTTPParserLimits
    ) throws(HTTP2HeadError) {
        // The length tells nearly all names apart from those that mean something here.
        switch name.utf8.count {
        case 2, 7, 10, 16, 17:
            guard !isForbidden(name, value) else {
                throw .reset(.malformed("The field \(name) does not belong in HTTP/2"))
            }
            // It is the one that the gateway makes.
            if draft.connects != nil, name == "sec-websocket-key" { return }
        case 4:
            guard name == "host" else { break }
            guard draft.host == nil else { throw .answer(.malformed("There is more than one Host")) }
            draft.host = value
            return
        case 6:
            if name == "cookie" {
                draft.cookies += draft.cookies.isEmpty ? value : "; \(value)"
                return
            }
            guard name == "expect" else { break }
            guard value.lowercased() == "100-continue" else {
                throw .answer(
                    GatewayError(
                        .expectationFailed, "Only `Expect: 100-continue` is understood", origin: .client))
            }
            draft.expectsContinue = true
        case 14:
            guard name == "content-length" else { break }
            guard draft.length == nil || draft.length == value else {
                throw .reset(.malformed("There is more than one Content-Length"))
            }
            draft.length = value
        default: break
        }
        try add(name, value, &draft, limits)
    }

    /// Fields that have no meaning in HTTP/2 and a dangerous one elsewhere (RFC 9113 section 8.2.2).
    private static func isForbidden(_ name: String, _ value: String) -> Bool {
        switch name {
        case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade": true
        case "te": value != "trailers"
        default: false
        }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        HTTPCharacters.isToken(byte) && HTTPCharacters.lowercased(byte) == byte
    }

    private static func isValue(_ value: String) -> Bool { value.utf8.allSatisfy(HTTPCharacters.isValue) }

    private static func add(
        _ name: String, _ value: String, _ draft: inout Draft, _ limits: HTTPParserLimits
    ) throws(HTTP2HeadError) {
        guard draft.lines.count < limits.maxFields, draft.byteCount <= limits.maxFieldBytes else {
            throw .answer(
                GatewayError(
                    .fieldsTooLarge,
                    "The header section has more than \(limits.maxFields) fields or \(limits.maxFieldBytes) bytes",
                    origin: .client))
        }
        let start = Int32(draft.head.writerIndex)
        draft.head.writeString(name)
        let middle = Int32(draft.head.writerIndex)
        draft.head.writeString(value)
        let end = Int32(draft.head.writerIndex)
        let isValid = draft.head.withUnsafeReadableBytes { bytes in
            let name = bytes[Int(start)..<Int(middle)]
            let value = bytes[Int(middle)..<Int(end)]
            guard !name.isEmpty, name.allSatisfy(isName), value.allSatisfy(HTTPCharacters.isValue),
                value.first != 0x20, value.first != 9, value.last != 0x20, value.last != 9
            else { return false }
            draft.known.formUnion(HTTPFields.Known(name: name))
            return true
        }
        guard isValid else { throw .reset(.malformed("Header \(draft.lines.count + 1) is not a valid field")) }
        draft.lines.append(HTTPFields.Line(name: start..<middle, value: middle..<end))
    }

    private static func finish(
        _ draft: Draft, isComplete: Bool, _ limits: HTTPParserLimits
    ) throws(HTTP2HeadError) -> HTTPRequestHead {
        guard let name = draft.method else { throw .reset(.malformed("There is no method")) }
        // Without a protocol it names nothing but an authority (RFC 9113 section 8.5).
        if name == "CONNECT", draft.scheme != nil || draft.path != nil || draft.authority == nil {
            throw .reset(.malformed("A CONNECT has an authority, and neither scheme nor path"))
        }
        guard let method = HTTPMethod(rawValue: name) else {
            throw refusal(name, GatewayError(.unknownMethod, "No resource here has this method", origin: .client))
        }
        guard let scheme = draft.scheme, let path = draft.path, !path.isEmpty else {
            throw .reset(.malformed("There is no scheme or no path"))
        }
        guard scheme == "http" || scheme == "https" else {
            throw refusal(scheme, .malformed("The scheme is neither http nor https"))
        }
        let target = try target(path, method, limits)
        // Two names for one request are a way around whoever checked the other one.
        if let host = draft.host, let authority = draft.authority, host.lowercased() != authority.lowercased() {
            throw refusal(host + authority, .malformed("Host and :authority differ"))
        }
        let text = draft.authority ?? draft.host ?? ""
        guard let authority = HTTPAuthority(text) else {
            throw refusal(text, .malformed(":authority is not a host with an optional port"))
        }
        let body = try framing(draft, isComplete)
        return HTTPRequestHead(
            method: method, path: target.path, query: target.query, authority: authority, minorVersion: 1,
            fields: HTTPFields(head: draft.head, lines: draft.lines, known: draft.known), body: body, keepsAlive: true,
            expectsContinue: draft.expectsContinue && body != .none)
    }

    static func target(
        _ path: String, _ method: HTTPMethod, _ limits: HTTPParserLimits
    ) throws(HTTP2HeadError) -> HTTPRequestTarget {
        guard path.utf8.first == UInt8(ascii: "/") || path == "*", path.utf8.allSatisfy(HTTPCharacters.isTarget) else {
            throw refusal(
                path,
                .malformed("The path does not begin with a slash, or holds a byte that must be percent-encoded"))
        }
        guard path.utf8.count <= limits.maxRequestLineBytes else {
            throw .answer(
                GatewayError(
                    .requestLineTooLong, "The path is longer than \(limits.maxRequestLineBytes) bytes",
                    origin: .client))
        }
        do throws(GatewayError) { return try HTTPRequestTarget(path, method: method) } catch { throw .answer(error) }
    }

    /// What to do with a pseudo-field that is no good. With a blank or a control character it is malformed to everybody.
    private static func refusal(_ value: String, _ error: GatewayError) -> HTTP2HeadError {
        value.utf8.contains { $0 <= 0x20 || $0 == 0x7f } ? .reset(error) : .answer(error)
    }

    private static func framing(_ draft: Draft, _ isComplete: Bool) throws(HTTP2HeadError) -> HTTPRequestHead.Body {
        guard let text = draft.length else { return isComplete || draft.connects != nil ? .none : .chunked }
        guard let length = HTTPCharacters.decimal(text) else {
            throw .reset(.malformed("Content-Length is not a decimal number of at most 18 digits"))
        }
        guard !isComplete || length == 0 else {
            throw .reset(.malformed("The body is shorter than Content-Length says"))
        }
        return length == 0 ? .none : .length(length)
    }
}
