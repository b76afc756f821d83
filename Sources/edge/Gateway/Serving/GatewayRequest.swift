import NIOCore
import Streams

/// A request and who sent it.
struct GatewayRequest: Sendable {
    let head: HTTPRequestHead
    /// Empty unless the destination takes bodies.
    let body: ByteBuffer
    /// The body while it still arrives, in place of `body`.
    var upload: ByteStream?
    let client: ClientAddress
    /// Comes when nobody waits for the answer any more.
    let cancellation: Cancellation

    /// The body's length; nil while it is not known.
    var bodyByteCount: Int? {
        guard upload != nil else { return body.readableBytes }
        if case .length(let count) = head.body { return count }
        return nil
    }
}
