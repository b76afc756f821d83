import NIOCore

/// What a function answered. Nothing in it is trusted: the gateway checks the status and every header.
public struct FunctionResponse: Sendable {
    /// 200 to 599.
    public let status: Int
    /// In order; names in any case, repeated names are kept. `content-length`, `date` and the hop-by-hop fields are
    /// ignored, since the gateway sets them.
    public let headers: [(name: String, value: String)]
    /// The id of what the node signs about the request, for the `skerry-receipt` field, which no function sets.
    public let receipt: String?
    /// Not sent for HEAD, 204 and 304. A stream goes to the client part by part as it comes.
    public let body: FunctionRequest.Body
    /// Takes the connection over, in place of everything else here; only for requests with ``FunctionRequest/upgrade``.
    public let tunnel: GatewayTunnel?

    /// A response; the gateway checks it when it arrives.
    public init(
        status: Int, headers: [(name: String, value: String)], body: FunctionRequest.Body, receipt: String? = nil
    ) {
        self.receipt = receipt
        tunnel = nil
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer that changes the connection's protocol.
    public init(_ tunnel: GatewayTunnel) {
        status = 101
        headers = tunnel.headers
        receipt = nil
        body = .bytes(ByteBuffer())
        self.tunnel = tunnel
    }
}
