import NIOCore
import NIOPosix
import NIOSSL
import Outbound
import Streams

extension OriginClient {
    /// Asks a web server to change the connection's protocol as the request's `upgrade` says, for WebSocket.
    ///
    /// The address is checked as for every request; the answer must be a 101. Nothing is sent twice.
    ///
    /// - Throws: ``OriginError``: `unsupported` for other kinds of origins, `badRequest` without an `upgrade` field,
    ///   `badResponse` if the origin does not upgrade.
    public func connect(_ request: OriginRequest, to description: OriginDescription) async throws -> OriginTunnel {
        guard case .http(let base) = description.source else {
            throw OriginError(.unsupported, "only web servers can upgrade connections; use an http or https origin")
        }
        guard let upgrade = request.fields["upgrade"], request.method == "GET", request.body == nil else {
            throw OriginError(.badRequest, "a connection is upgraded by a GET with an Upgrade field")
        }
        let url = HTTPOrigin.url(try HTTPOrigin.parse(base), request)
        var fields = try forwarded.outgoing(request, description)
        fields.add("connection", "upgrade")
        fields.add("upgrade", upgrade)
        fields.add("host", description.host ?? url.hostAndPort)
        guard fields.lines.allSatisfy({ !$0.value.contains("\r") && !$0.value.contains("\n") }) else {
            throw OriginError(.badRequest, "a field has a line break in it")
        }
        let lines = fields.lines.map { "\($0.name): \($0.value)\r\n" }.joined()
        let connection = try await dial(url, description)
        let cancellation = Cancellation()
        let limit = IdleAlarm(
            loop: eventLoops.next(), limit: description.firstByteTimeout, onExpiry: { cancellation.cancel() })
        cancellation.onCancel { connection.close() }
        defer { limit.stop() }
        do {
            let answer = try await connection.upgrade("GET \(url.target) HTTP/1.1\r\n\(lines)\r\n")
            guard answer.status == 101 else {
                throw OriginError(.badResponse, "\(url.hostAndPort) answered \(answer.status) instead of upgrading")
            }
            var kept = try ForwardedFields.incoming(answer.fields)
            if let accepted = answer.fields["upgrade"] { kept.add("upgrade", accepted) }
            return OriginTunnel(fields: kept, fromOrigin: connection.stream, handler: connection)
        } catch {
            connection.close()
            if limit.hasExpired {
                throw OriginError(.timeout, "\(url.hostAndPort) did not upgrade the connection in time")
            }
            throw TransportFailure.from(error, host: url.hostAndPort)
        }
    }

    private func dial(_ url: HTTPURL, _ description: OriginDescription) async throws -> TunnelConnection {
        let addresses = try await transport.judgedAddresses(of: url)
        let host = url.hostAndPort
        let context = url.isSecure ? try NIOSSLContext(configuration: tls) : nil
        let name: String? = if case .name(let name) = url.host { name } else { nil }
        var last: (any Error)?
        for address in addresses.prefix(HTTPTransport.maxAddresses) {
            do {
                let remote = try SocketAddress(ipAddress: address.description, port: Int(url.port))
                return try await ClientBootstrap(group: eventLoops)
                    .connectTimeout(description.connectTimeout)
                    .channelOption(.allowRemoteHalfClosure, value: true)
                    .channelOption(.autoRead, value: false)
                    .connect(to: remote) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            if let context {
                                try channel.pipeline.syncOperations.addHandler(
                                    NIOSSLClientHandler(context: context, serverHostname: name))
                            }
                            let connection = TunnelConnection(channel: channel, host: host)
                            try channel.pipeline.syncOperations.addHandler(connection)
                            return connection
                        }
                    }
            } catch { last = error }
        }
        throw TransportFailure.from(last ?? CancellationError(), host: host)
    }
}
