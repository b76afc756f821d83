import NIOCore
import Streams

/// An answer before any protocol's framing.
struct Reply: Sendable {
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// Parts of a blob that is still to be read. Whoever holds the reply closes the blob exactly once.
        case stream(any GatewayBlob, [BodyCursor.Part])
        /// Bytes that still come, of unknown number.
        case flow(ByteStream)
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
    /// The connection has no use after this answer.
    var closes = false

    /// Lets go of what the reply holds, when nobody is left to read it.
    func abandon() {
        switch body {
        case .stream(let blob, _): blob.close()
        case .flow(let stream): stream.stop()
        case .none, .bytes: break
        }
    }
}

/// What kind of thing answered; for metrics and logs.
enum RequestKind: Int, Sendable, CaseIterable, CustomStringConvertible {
    case site, blob, function, page, invalid

    var description: String {
        switch self {
        case .site: "site"
        case .blob: "blob"
        case .function: "function"
        case .page: "page"
        case .invalid: "invalid"
        }
    }
}
