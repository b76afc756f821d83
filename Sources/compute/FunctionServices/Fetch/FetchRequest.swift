import AsyncHTTPClient
import Functions
import NIOCore
import NIOHTTP1
import Outbound

/// A checked request, at one hop of its way.
struct FetchRequest: Sendable {
    var hop: FetchHop
    private let body: FunctionBody
    /// What the function says about a streamed body's length, in bytes.
    private let declaredLength: Int64?
    private let stream: BodyParts

    /// - Throws: ``HTTPURL/Malformed``, ``FetchHeaders/Refused``, ``HostCallError``.
    ///
    /// - Parameter trace: The caller's `traceparent`, for requests that have none of their own.
    init(_ argument: FetchArgument, body: FunctionBody, trace: String?, settings: FetchSettings) throws {
        let url = try HTTPURL(argument.url)
        guard let method = FetchHeaders.method(argument.method ?? "GET") else {
            throw FetchFailure.failed("the method is none, or one that must not be used")
        }
        let pairs = try (argument.headers ?? []).map { pair in
            guard pair.count == 2 else { throw FetchFailure.failed("a header is not a pair of name and value") }
            return (name: pair[0], value: pair[1])
        }
        var headers = try FetchHeaders.outgoing(pairs)
        if !headers.contains(name: "accept") { headers.add(name: "accept", value: "*/*") }
        if !headers.contains(name: "user-agent") { headers.add(name: "user-agent", value: settings.userAgent) }
        if let trace, !headers.contains(name: "traceparent") {
            headers.add(name: "traceparent", value: trace)
        }
        let kind: FetchHop.Body =
            switch body {
            case .bytes(let bytes): argument.hasBody ?? (bytes.readableBytes > 0) ? .whole : .none
            case .stream: argument.hasBody ?? true ? .stream : .none
            }
        guard kind == .none || method != "GET" && method != "HEAD" else {
            throw FetchFailure.failed("a \(method) request cannot have a body")
        }
        hop = FetchHop(url: url, method: method, headers: headers, body: kind)
        self.body = body
        stream = BodyParts(body)
        declaredLength = pairs.last { $0.name.lowercased() == "content-length" }
            .flatMap { Int64($0.value) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// Whether a server may have seen something of a streamed body.
    var hasBegunBody: Bool { stream.hasBegun.isSet }

    /// Whether asking twice does no harm (RFC 9110, section 9.2.1).
    var isRepeatable: Bool { hop.body == .none && ["GET", "HEAD", "OPTIONS"].contains(hop.method) }

    /// The request for the client. A streamed body can be sent once.
    ///
    /// - Throws: ``HostCallError`` if another parser would read the URL differently.
    func clientRequest() throws -> HTTPClientRequest {
        guard ClientURL.agrees(with: hop.url) else { throw FetchFailure.failed("the URL is ambiguous") }
        var request = HTTPClientRequest(url: hop.url.description)
        request.method = HTTPMethod(rawValue: hop.method)
        request.headers = hop.headers
        request.headers.replaceOrAdd(name: "host", value: hop.url.hostAndPort)
        switch (hop.body, body) {
        case (.whole, .bytes(let bytes)): request.body = .bytes(bytes)
        case (.stream, _): request.body = .stream(stream, length: declaredLength.map { .known($0) } ?? .unknown)
        default: break
        }
        return request
    }
}
