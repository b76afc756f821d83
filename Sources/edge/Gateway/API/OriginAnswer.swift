public import NIOCore
public import Streams

/// An answer with an origin's content.
public struct OriginAnswer: Sendable {
    /// The content.
    public enum Body: Sendable {
        /// None, or that of an answer to HEAD.
        case none
        /// All of it.
        case bytes(ByteBuffer)
        /// Parts of a blob, at least one, none of them empty. The gateway makes a `multipart/byteranges` of several, and
        /// closes the blob exactly once.
        case blob(any GatewayBlob, [Range<Int>])
        /// On its way. If the length is known and the stream ends elsewhere, the client's connection is closed, so that
        /// nobody takes the content for complete.
        case stream(ByteStream)
    }

    /// 200 to 599.
    public var status: Int
    /// Fields in the form in which they are sent, shared by many answers. With `date`, the gateway adds none of its own.
    public var prepared: PreparedFields?
    /// Further fields: names in lower case, values checked.
    public var fields: [(name: String, value: String)]
    /// The value of `content-length`, also for HEAD; nil if the length is not known.
    public var contentLength: Int?
    /// The content.
    public var body: Body
    /// What the cache did, in a word (a token), for the log and `Server-Timing`; empty if there is none in between.
    public var cache: String
    /// Microseconds that the origin took to the head of its answer; nil if it was not asked.
    public var originMicros: Int?

    /// An answer; nothing is checked.
    public init(
        status: Int, prepared: PreparedFields? = nil, fields: [(name: String, value: String)] = [],
        contentLength: Int? = nil, body: Body, cache: String, originMicros: Int? = nil
    ) {
        self.status = status
        self.prepared = prepared
        self.fields = fields
        self.contentLength = contentLength
        self.body = body
        self.cache = cache
        self.originMicros = originMicros
    }

    /// Lets go of what the answer holds, when nobody is left to read it.
    public func abandon() {
        switch body {
        case .blob(let blob, _): blob.close()
        case .stream(let stream): stream.stop()
        case .none, .bytes: break
        }
    }
}
