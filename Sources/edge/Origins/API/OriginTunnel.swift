public import Streams

/// A connection to an origin that changed its protocol, such as to WebSocket (RFC 9110 section 7.8): raw bytes both ways.
public struct OriginTunnel: Sendable {
    /// Fields of the 101, among them `upgrade`; without `connection`.
    public let fields: OriginFields
    /// The origin's bytes; it finishes when the origin closes. Stopping it ends the connection.
    public let fromOrigin: ByteStream
    private let handler: TunnelConnection

    init(fields: OriginFields, fromOrigin: ByteStream, handler: TunnelConnection) {
        self.fields = fields
        self.fromOrigin = fromOrigin
        self.handler = handler
    }

    /// Sends a client's bytes to the origin, at its pace, until they end; then closes that half. Call it once.
    public func start(_ fromClient: ByteStream) { handler.send(fromClient) }
}
