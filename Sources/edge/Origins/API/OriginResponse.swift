public import Streams

/// What an origin answered.
public struct OriginResponse: Sendable {
    /// 200 to 599; for 1xx answers see ``OriginRequest/onInterim``.
    public var status: Int
    /// Fields of the answer, without those of one connection.
    public var fields: OriginFields
    /// The body, to be read to its end or stopped, which ends the transfer. It ends only if all of it came; otherwise it
    /// fails with an ``OriginError``.
    public var body: ByteStream
    /// Bytes of the body as the origin declared them; nil if it did not. For HEAD, those that a GET would have.
    public var length: Int64?
    /// How often the origin was asked, at least 1.
    public var attempts: Int

    /// An answer.
    public init(status: Int, fields: OriginFields, body: ByteStream, length: Int64?, attempts: Int = 1) {
        self.status = status
        self.fields = fields
        self.body = body
        self.length = length
        self.attempts = attempts
    }
}
