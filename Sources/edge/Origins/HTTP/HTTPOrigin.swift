import NIOCore
import Outbound
import Streams

/// A web server as an origin.
struct HTTPOrigin: Origin {
    /// Redirects that are followed for one request, where the description asks for that.
    static let maxRedirects = 5

    private let base: HTTPURL
    private let description: OriginDescription
    private let transport: HTTPTransport
    private let forwarded: ForwardedFields

    /// - Throws: ``OriginError`` with the code `badDescription` if the URL is none.
    init(url: String, _ description: OriginDescription, transport: HTTPTransport, forwarded: ForwardedFields) throws {
        base = try Self.parse(url)
        self.description = description
        self.transport = transport
        self.forwarded = forwarded
    }

    static func parse(_ url: String) throws -> HTTPURL {
        do {
            return try HTTPURL(url)
        } catch {
            throw OriginError(
                .badDescription, "the origin's address \(OriginName.withoutSecrets(url)) is wrong: \(error.description)"
            )
        }
    }

    func fetch(_ request: OriginRequest, ended: @escaping @Sendable (OriginError?) -> Void) async throws
        -> OriginResponse
    {
        guard request.body == nil || !["GET", "HEAD"].contains(request.method) else {
            throw OriginError(.badRequest, "a \(request.method) request cannot have a body")
        }
        guard ForwardedFields.isToken(request.method), !["CONNECT", "TRACE"].contains(request.method) else {
            throw OriginError(.badRequest, "the method \(request.method.prefix(32)) is not passed on to origins")
        }
        var message = HTTPTransport.Message(
            owner: description.owner, method: request.method, url: Self.url(base, request),
            fields: try forwarded.outgoing(request, description),
            host: description.host, body: request.body, connectTimeout: description.connectTimeout,
            firstByteTimeout: description.firstByteTimeout, idleTimeout: description.idleTimeout,
            onInterim: request.onInterim)
        var redirects = 0
        while true {
            let relay = EndRelay()
            let response = try await transport.send(message, ended: { relay.report($0) })
            guard description.followsRedirects, ["GET", "HEAD"].contains(message.method),
                [301, 302, 303, 307, 308].contains(response.status), let location = response.fields["location"]
            else {
                relay.choose(ended)
                return response
            }
            response.body.stop()
            redirects += 1
            guard redirects <= Self.maxRedirects else {
                throw OriginError(.badResponse, "\(base.hostAndPort) redirects more than \(Self.maxRedirects) times")
            }
            message = try redirected(message, to: location)
        }
    }

    private func redirected(_ message: HTTPTransport.Message, to location: String) throws -> HTTPTransport.Message {
        var next = message
        do {
            next.url = try message.url.resolving(location)
        } catch {
            throw OriginError(.badResponse, "\(message.url.hostAndPort) redirects to a bad address: \(error)")
        }
        if next.url.origin != message.url.origin {
            next.host = nil
            // What the visitor or the description gave for one origin is not for another.
            for name in ["authorization", "cookie"] + description.addedFields.lines.map(\.name)
            where !ForwardedFields.isFixed(name) {
                next.fields.remove(name)
            }
        }
        return next
    }

    /// The base's path, then the request's, which cannot climb out of it.
    static func url(_ base: HTTPURL, _ request: OriginRequest) -> HTTPURL {
        var url = base
        var folder = base.target.prefix { $0 != "?" }
        while folder.hasSuffix("/") { folder = folder.dropLast() }
        let text = request.query.map { "\(request.path)?\($0)" } ?? request.path
        url.target = folder + HTTPURL.target(Substring(text.hasPrefix("/") ? text : "/" + text))
        return url
    }
}
