/// The fields that pass between clients and functions, both ways.
enum FunctionFields {
    /// Fields that concern one connection only (RFC 9110 section 7.6.1), and their older relatives.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]
    /// What the gateway answers or states itself: a client's own word on it must not reach a function.
    private static let gatewayOwned: Set<String> = [
        "expect", "content-length", "host", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
        "x-forwarded-port", "x-real-ip", "traceparent",
    ]
    private static let neverRequested = hopByHop.union(gatewayOwned)
    /// What the gateway says in every answer.
    private static let answerOwned: Set<String> = ["content-length", "date", "server-timing"]
    private static let neverAnswered = hopByHop.union(answerOwned)
    private static let reservedPrefix = "skerry-"

    /// The fields that a function is given.
    ///
    /// - Parameter bodyBytes: The body's length; nil while it is not known.
    static func request(
        _ head: HTTPRequestHead, bodyBytes: Int?, client: ClientAddress, trace: TraceContext
    ) -> [(name: String, value: String)] {
        var result = passed(head, reserving: 5)
        // An absolute target overrules the Host field (RFC 9112 section 3.2.2).
        if let authority = head.authority { result.append(("host", authority.description)) }
        if let bodyBytes, head.body != .none || bodyBytes > 0 {
            result.append(("content-length", String(bodyBytes)))
        }
        result.append(("x-forwarded-for", client.ip))
        result.append(("x-forwarded-proto", client.scheme))
        result.append(("traceparent", trace.header))
        return result
    }

    /// The fields of a request that concern more than the client's connection and that the gateway does not state itself.
    ///
    /// - Parameter further: Room for so many more.
    static func passed(_ head: HTTPRequestHead, reserving further: Int = 0) -> [(name: String, value: String)] {
        let named = head.fields.known.contains(.connection) ? connectionOptions(head.fields.all("connection")) : []
        var pairs = head.fields.pairs(reserving: further) { name in
            !neverRequested.contains(name) && (named.isEmpty || !named.contains(name))
        }
        joinCookies(&pairs)
        if let left = head.forwardsLeft, let place = pairs.firstIndex(where: { $0.name == "max-forwards" }) {
            pairs[place].value = String(max(0, left - 1))
        }
        return pairs
    }

    /// Makes one field of several with cookies, which commas would not separate (RFC 9113 section 8.2.3).
    private static func joinCookies(_ pairs: inout [(name: String, value: String)]) {
        guard let first = pairs.firstIndex(where: { $0.name == "cookie" }) else { return }
        while let next = pairs[(first + 1)...].firstIndex(where: { $0.name == "cookie" }) {
            pairs[first].value += "; \(pairs[next].value)"
            pairs.remove(at: next)
        }
    }

    /// The fields of a request that came another way than over HTTP, names in lower case, without those that concern a
    /// connection and those that the gateway states itself.
    ///
    /// - Throws: ``GatewayError/Code/badRequest`` for a name or value that no HTTP message may hold.
    static func foreign(
        _ fields: [(name: String, value: String)]
    ) throws(GatewayError) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for field in fields {
            let name = HTTPCharacters.lowercased(field.name)
            let value = HTTPCharacters.trimmed(field.value)
            guard !name.isEmpty, name.utf8.allSatisfy(HTTPCharacters.isToken),
                value.utf8.allSatisfy(HTTPCharacters.isValue)
            else {
                throw GatewayError(
                    .badRequest, "The request has a header whose name or value no HTTP message may hold",
                    origin: .client)
            }
            if !neverRequested.contains(name) { result.append((name, value)) }
        }
        return result
    }

    /// The fields of a function's answer that go to the client, names in lower case.
    ///
    /// - Throws: ``GatewayError/Code/functionBadResponse`` for a name or value that could end its line, and for more
    ///   than `maxBytes` in total.
    static func response(
        _ fields: [(name: String, value: String)], maxBytes: Int
    ) throws(GatewayError) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        // One more for the receipt.
        result.reserveCapacity(fields.count + 1)
        var byteCount = 0
        let named = connectionOptions(
            fields.lazy.filter { $0.name.utf8.count == 10 && HTTPCharacters.lowercased($0.name) == "connection" }
                .map(\.value))
        for (rawName, rawValue) in fields {
            let name = HTTPCharacters.lowercased(rawName)
            let value = HTTPCharacters.trimmed(rawValue)
            guard !name.isEmpty, name.utf8.allSatisfy(HTTPCharacters.isToken),
                value.utf8.allSatisfy(HTTPCharacters.isValue)
            else {
                throw GatewayError(
                    .functionBadResponse,
                    "The function answered with a header whose name or value no HTTP message may hold", origin: .origin)
            }
            byteCount += name.utf8.count + value.utf8.count + 4
            guard byteCount <= maxBytes else {
                throw GatewayError(
                    .functionBadResponse, "The function answered with more than \(maxBytes) bytes of headers",
                    origin: .origin)
            }
            if neverAnswered.contains(name) || !named.isEmpty && named.contains(name) { continue }
            if name.hasPrefix(reservedPrefix) { continue }
            result.append((name, value))
        }
        return result
    }

    private static func connectionOptions(_ values: some Sequence<String>) -> Set<String> {
        var options: Set<String> = []
        for value in values { options.formUnion(HTTPCharacters.list(value).lazy.map { $0.lowercased() }) }
        return options
    }
}
