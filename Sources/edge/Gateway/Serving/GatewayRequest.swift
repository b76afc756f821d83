import NIOCore

/// A complete request and who sent it.
struct GatewayRequest: Sendable {
    let head: HTTPRequestHead
    /// Empty unless the destination takes bodies.
    let body: ByteBuffer
    let client: ClientAddress
}
