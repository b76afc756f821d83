/// What a visitor's fields become on the way to an origin, and an origin's on the way back (RFC 9110 section 7.6).
struct ForwardedFields: Sendable {
    /// This network's name in `Via` and `CDN-Loop`, a token.
    let pseudonym: String

    /// Most lines of a message.
    static let maxLines = 256
    /// Names and values of a message together.
    static let maxBytes = 64 << 10
    /// Nodes of this network that a request may have passed already.
    static let maxPasses = 1

    /// Fields of one connection (RFC 9110 section 7.6.1, RFC 9113 section 8.2.2), and those that framing sets.
    private static let connectionNames: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
        "proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
        InterimListeners.fieldName,
    ]
    private static let framingNames: Set<String> = ["host", "content-length", "expect"]
    /// Says that a request was sent for visitors; a node's control API refuses it.
    static let loopName = "cdn-loop"
    /// Fields by which networks notice loops; no app may take them away (RFC 8586 section 2).
    private static let passageNames: Set<String> = ["via", loopName]
    /// Fields that say what the node alone knows, with all that begin with ``visitorPrefix``; a visitor's own are not
    /// believed.
    private static let visitorNames: Set<String> = [
        "forwarded", "x-real-ip", "x-client-ip", "x-host", "x-original-host", "front-end-https", "x-url-scheme",
    ]
    private static let visitorPrefix = "x-forwarded-"
    /// Fields by which some servers answer for another URL than is asked for, and another method if that is GET or HEAD:
    /// what they answer would be kept under the wrong name.
    private static let urlNames: Set<String> = ["x-original-url", "x-rewrite-url"]
    private static let methodNames: Set<String> = ["x-http-method", "x-http-method-override", "x-method-override"]

    /// The fields to send.
    ///
    /// - Throws: ``OriginError``: a loop, or fields that cannot be sent.
    func outgoing(_ request: OriginRequest, _ description: OriginDescription) throws(OriginError) -> OriginFields {
        try checkLoop(request.fields)
        var dropped = Self.connectionNames.union(Self.framingNames).union(Self.visitorNames).union(Self.urlNames)
            .union(request.fields.list("connection").map { $0.lowercased() })
            .union(description.removedFields.map { $0.lowercased() })
            .subtracting(Self.passageNames)
        if ["GET", "HEAD"].contains(request.method) { dropped.formUnion(Self.methodNames) }
        var fields = OriginFields(
            request.fields.pairs.filter { !dropped.contains($0.name) && !$0.name.hasPrefix(Self.visitorPrefix) })
        if let range = request.range {
            fields.set("range", range.description)
        } else if request.method != "GET" {
            fields.remove("range")
        }
        if let visitor = request.visitor { addVisitor(visitor, to: &fields) }
        append("via", "\(request.visitor?.version ?? "1.1") \(pseudonym)", to: &fields)
        append(Self.loopName, pseudonym, to: &fields)
        for line in description.addedFields.lines where !Self.isFixed(line.name) { fields.remove(line.name) }
        for line in description.addedFields.lines where !Self.isFixed(line.name) { fields.add(line.name, line.value) }
        try Self.check(fields)
        return fields
    }

    /// An answer's fields without those of its connection.
    static func incoming(_ fields: OriginFields) throws(OriginError) -> OriginFields {
        let byteCount = fields.lines.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard fields.lines.count <= maxLines, byteCount <= maxBytes else {
            throw OriginError(
                .badResponse,
                "the origin's answer has more than \(maxLines) header lines or \(maxBytes) bytes of them; send fewer")
        }
        let dropped = connectionNames.union(fields.list("connection").map { $0.lowercased() })
        return OriginFields(fields.pairs.filter { !dropped.contains($0.name) })
    }

    /// Refuses a request that this network has sent before (RFC 8586 section 2).
    func checkLoop(_ fields: OriginFields) throws(OriginError) {
        let loops = fields.list("cdn-loop").filter { member in
            member.prefix { $0 != ";" && $0 != " " }.lowercased() == pseudonym.lowercased()
        }.count
        let vias = fields.list("via").filter { member in
            member.split(separator: " ").dropFirst().first?.lowercased() == pseudonym.lowercased()
        }.count
        guard max(loops, vias) < Self.maxPasses else {
            throw OriginError(
                .loop, "the request came through \(pseudonym) before; the origin must not be a host of this network")
        }
    }

    private func addVisitor(_ visitor: OriginRequest.Visitor, to fields: inout OriginFields) {
        var parts: [String] = []
        if let address = visitor.address {
            fields.set("x-forwarded-for", address)
            parts.append(address.contains(":") ? "for=\"[\(address)]\"" : "for=\(address)")
        }
        let isToken = Self.isToken(visitor.host)
        parts.append(isToken ? "host=\(visitor.host)" : "host=\"\(visitor.host.filter { $0 != "\"" && $0 != "\\" })\"")
        parts.append("proto=\(visitor.scheme)")
        fields.set("forwarded", parts.joined(separator: ";"))
        fields.set("x-forwarded-host", visitor.host)
        fields.set("x-forwarded-proto", visitor.scheme)
    }

    private func append(_ name: String, _ member: String, to fields: inout OriginFields) {
        let others = fields.all(name).filter { !$0.isEmpty }
        fields.set(name, (others + [member]).joined(separator: ", "))
    }

    /// Whether a description changes nothing about a field.
    static func isFixed(_ name: String) -> Bool {
        connectionNames.contains(name) || framingNames.contains(name) || passageNames.contains(name)
    }

    /// What could smuggle lines is refused rather than repaired.
    private static func check(_ fields: OriginFields) throws(OriginError) {
        var byteCount = 0
        for line in fields.lines {
            byteCount += line.name.utf8.count + line.value.utf8.count
            guard isToken(line.name) else {
                throw OriginError(.badRequest, "a header's name has characters that names cannot have; rename it")
            }
            guard line.value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f }) else {
                throw OriginError(
                    .badRequest, "the header \(line.name) has control characters in its value; remove them")
            }
        }
        guard fields.lines.count <= maxLines, byteCount <= maxBytes else {
            throw OriginError(
                .badRequest,
                "the request has more than \(maxLines) header lines or \(maxBytes) bytes of them; send fewer")
        }
    }

    static func isToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(tokenBytes.contains) }

    private static let tokenBytes = Set(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
}
