import NIOCore

/// What is answered because of TLS, before any app.
extension Dispatcher {
    private static let challengePath = "/.well-known/acme-challenge/"
    private static let maxTokenBytes = 128

    /// The answer to a certificate authority's challenge, or the way from cleartext to TLS; nil for most requests.
    func early(_ head: HTTPRequestHead, _ client: ClientAddress, _ tls: Gateway.Settings.TLS) -> Reply? {
        if let reply = challenge(head, tls) { return reply }
        guard tls.redirectsCleartext, !client.isSecure, let host = head.authority?.host, head.path != "*" else {
            return nil
        }
        // The node's pages are for health checks and people with an address, for which there is no certificate. What is
        // below `localhost` never leaves the machine, and has a certificate that no browser knows.
        guard host != "localhost", !host.hasSuffix(".localhost"), !HostName.isAddress(host),
            tls.certificates.context(for: host) != nil
        else { return nil }
        let port = securePort.port == 443 ? "" : ":\(securePort.port)"
        let location = "https://\(host)\(port)\(head.path)\(head.query.map { "?\($0)" } ?? "")"
        return Reply(status: 308, fields: [("location", location)], contentLength: 0, kind: .page)
    }

    private func challenge(_ head: HTTPRequestHead, _ tls: Gateway.Settings.TLS) -> Reply? {
        guard head.path.hasPrefix(Dispatcher.challengePath), head.method == .get || head.method == .head else {
            return nil
        }
        let token = head.path.dropFirst(Dispatcher.challengePath.count)
        guard (1...Dispatcher.maxTokenBytes).contains(token.utf8.count),
            token.utf8.allSatisfy({ HTTPCharacters.isToken($0) }),
            let key = tls.certificates.keyAuthorization(token: String(token), host: head.authority?.host)
        else { return nil }
        let body = ByteBuffer(string: key)
        let fields = [("content-type", "application/octet-stream"), ("cache-control", "no-store")]
        return Reply(
            status: 200, fields: fields, contentLength: body.readableBytes,
            body: head.method == .head ? .none : .bytes(body), kind: .page)
    }
}
