public import NIOCore
public import NIOSSL

/// Who a gateway is to TLS clients, and what it answers to a certificate authority that checks a name.
///
/// Every method is called on an event loop for each handshake or challenge: it looks things up in memory and never
/// blocks. A context is made once (``GatewayTLS``) and handed out many times.
public protocol GatewayCertificates: Sendable {
    /// What proves the server's name in a handshake.
    ///
    /// - Parameter serverName: The name of the handshake (RFC 6066 section 3) in lower case without a dot at its end;
    ///   nil when the client sent none, as for an address.
    /// - Returns: A context whose application protocols are ``GatewayTLS/protocols``; nil when no certificate fits,
    ///   which ends the connection with the alert `unrecognized_name`.
    func context(for serverName: String?) -> NIOSSLContext?

    /// A context that has to be got first, for a name that ``context(for:)`` has none for. The handshake waits for it.
    ///
    /// - Returns: A future of what ``context(for:)`` says then; nil when there is nothing to wait for.
    func contextToCome(for serverName: String, on eventLoop: any EventLoop) -> EventLoopFuture<NIOSSLContext?>?

    /// What answers TLS-ALPN-01 (RFC 8737), for a handshake that offers the protocol `acme-tls/1` alone. The gateway
    /// closes such a connection after its handshake.
    ///
    /// - Returns: A context from ``GatewayTLS/challengeContext(chain:key:)``; nil when no order waits for this name.
    func challengeContext(for serverName: String) -> NIOSSLContext?

    /// What answers HTTP-01 (RFC 8555 section 8.3) at `/.well-known/acme-challenge/<token>`, over cleartext and TLS
    /// and before any app or redirect.
    ///
    /// - Parameters:
    ///   - token: 1 to 128 characters of base64url.
    ///   - host: The request's host in lower case without its port; nil when there is none.
    /// - Returns: The key authorization; nil when no order waits for this token, and the app answers.
    func keyAuthorization(token: String, host: String?) -> String?
}

extension GatewayCertificates {
    /// There is nothing to wait for.
    public func contextToCome(
        for serverName: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<NIOSSLContext?>? { nil }
    /// No order waits.
    public func challengeContext(for serverName: String) -> NIOSSLContext? { nil }
    /// No order waits.
    public func keyAuthorization(token: String, host: String?) -> String? { nil }
}
