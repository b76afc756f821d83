import NIOCore
public import Streams

extension FunctionRequest {
    /// A visitor's request that came another way than over HTTP, as the function of a release is given one that came here:
    /// with an id of this node's, a trace, the app's own host, and no word of the client's on what the gateway states
    /// itself.
    ///
    /// - Parameters:
    ///   - method: In upper case.
    ///   - target: Path and query, as they would stand in a request line.
    ///   - fields: Names in any case.
    /// - Throws: ``GatewayError`` for what no HTTP request may hold.
    public convenience init(
        of release: FunctionRelease, method: String, target: String, fields: [(name: String, value: String)],
        body: Body, cancellation: Cancellation
    ) throws(GatewayError) {
        guard let method = HTTPMethod(rawValue: method) else {
            throw GatewayError(.unknownMethod, "No resource here has this method", origin: .client)
        }
        guard target.utf8.first == UInt8(ascii: "/"), target.utf8.allSatisfy(HTTPCharacters.isTarget) else {
            throw GatewayError(
                .badRequest, "The path must begin with / and hold visible ASCII that a URL may have", origin: .client)
        }
        let host = "\(release.name).localhost"
        let trace = TraceContext(parent: fields.first { HTTPCharacters.lowercased($0.name) == "traceparent" }?.value)
        var headers = try FunctionFields.foreign(fields)
        headers.append(("host", host))
        if case .bytes(let bytes) = body, bytes.readableBytes > 0 {
            headers.append(("content-length", String(bytes.readableBytes)))
        }
        headers.append(("x-forwarded-for", "unknown"))
        headers.append(("x-forwarded-proto", "http"))
        headers.append(("traceparent", trace.header))
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let path = String(target[..<mark])
        let stripped = Dispatcher.path(path, without: release.strippedPrefix) ?? path
        self.init(
            id: trace.span, trace: trace.header, method: method.rawValue,
            url: "http://\(host)\(stripped)\(target[mark...])", headers: headers, body: body,
            cancellation: cancellation)
    }
}
