import NIOCore
import Streams

/// A request and who sent it.
final class GatewayRequest: Sendable {
    let head: HTTPRequestHead
    /// Empty unless the destination takes bodies.
    let body: ByteBuffer
    /// The body while it still arrives, in place of `body`.
    let upload: ByteStream?
    let client: ClientAddress
    /// Comes when nobody waits for the answer any more.
    let cancellation: Cancellation
    /// Sends values of `Link` ahead of the answer (RFC 8297); nil for a client that would not use them. Called on the
    /// asking event loop, before the answer is there.
    let hint: (@Sendable ([String]) -> Void)?
    /// Sends interim answers of whoever answers; nil for clients and destinations that have none.
    let interim: InterimAnswers?

    init(
        head: HTTPRequestHead, body: ByteBuffer, upload: ByteStream?, client: ClientAddress,
        cancellation: Cancellation, hint: (@Sendable ([String]) -> Void)?, interim: InterimAnswers?
    ) {
        self.head = head
        self.body = body
        self.upload = upload
        self.client = client
        self.cancellation = cancellation
        self.hint = hint
        self.interim = interim
    }

    /// The protocol that the client wants to change to, as it names it; nil for none. The answer may then be a tunnel.
    var upgrade: String? { head.upgrade }

    /// The body's length; nil while it is not known.
    var bodyByteCount: Int? {
        guard upload != nil else { return body.readableBytes }
        if case .length(let count) = head.body { return count }
        return nil
    }
}
