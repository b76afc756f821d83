import NIOCore
import Streams

/// An answer before any protocol's framing.
struct Reply: Sendable {
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// Parts of a blob that is still to be read. Whoever holds the reply closes the blob exactly once.
        case stream(any GatewayBlob, [BodyCursor.Part])
        /// Bytes that still come, as many as `contentLength` says, or of unknown number.
        case flow(ByteStream)
        /// The connection changes its protocol; the status is 101. Only for requests with ``GatewayRequest/upgrade``.
        case tunnel(GatewayTunnel)
    }

    var status: Int
    /// Names in lower case; checked, so that they can be written as they are.
    var fields: [(name: String, value: String)] = []
    /// Further fields that are kept ready for many answers.
    var prepared: PreparedFields?
    /// The value of `Content-Length`, which for HEAD is not the length of `body`; nil for none.
    var contentLength: Int?
    var body = Body.none
    var kind: RequestKind
    /// What went wrong, if anything did.
    var error: GatewayError?
    /// The id in the answer to a failure, for the log.
    var id: String?
    /// What the answer says about its making beside the time at this node.
    var timing: ReplyTiming?
    /// The connection has no use after this answer.
    var closes = false

    /// Lets go of what the reply holds, when nobody is left to read it.
    func abandon() {
        switch body {
        case .stream(let blob, _): blob.close()
        case .flow(let stream): stream.stop()
        case .tunnel(let tunnel): tunnel.toClient.stop()
        case .none, .bytes: break
        }
    }
}

/// What `Server-Timing` says beside the time at this node.
struct ReplyTiming: Sendable {
    /// In one token how the cache took part, such as `hit`.
    var cache: String?
    /// Microseconds that the origin took to its head.
    var originMicros: Int?
}

/// What kind of thing answered; for metrics and logs.
enum RequestKind: Int, Sendable, CaseIterable, CustomStringConvertible {
    case site, blob, function, origin, machine, page, invalid

    var description: String {
        switch self {
        case .site: "site"
        case .blob: "blob"
        case .function: "function"
        case .origin: "origin"
        case .machine: "machine"
        case .page: "page"
        case .invalid: "invalid"
        }
    }
}
