public import Streams

/// A connection that speaks another protocol from now on, such as WebSocket: raw bytes both ways between the client and
/// whatever accepted its `Upgrade` (RFC 9110 section 7.8). In HTTP/2 one stream of the connection (RFC 8441), for
/// WebSocket alone; whoever accepts does not see the difference.
///
/// Both directions push back: the gateway reads its client no further while its stream is full, and takes from
/// ``toClient`` only what the client takes. The end of one is passed on as a closed half; the connection is closed when
/// both have ended, when one fails or is stopped, or when nothing has passed for
/// ``Gateway/Settings/tunnelIdleTimeout``.
public struct GatewayTunnel: Sendable {
    /// The client's connection broke before its half was closed.
    public struct Broken: Error {
        /// Says so.
        public init() {}
    }

    /// The fields of the 101, among them what the protocol needs (`sec-websocket-accept`) and `upgrade`, which names the
    /// protocol. Names in any case; the gateway sets `connection`.
    public let headers: [(name: String, value: String)]
    /// The bytes for the client, written and finished by whoever accepted. Stopped when the client is gone.
    public let toClient: ByteStream
    /// Called once, on the event loop, when the connection changes its protocol: takes the stream of the client's bytes.
    /// It finishes when the client closes its half and fails when the connection breaks. Not called when the client
    /// went away before; ``toClient`` is stopped then.
    public let start: @Sendable (_ fromClient: ByteStream) -> Void

    /// A tunnel that waits for its client.
    public init(
        headers: [(name: String, value: String)], toClient: ByteStream,
        start: @escaping @Sendable (_ fromClient: ByteStream) -> Void
    ) {
        self.headers = headers
        self.toClient = toClient
        self.start = start
    }
}
