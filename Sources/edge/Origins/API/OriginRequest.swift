public import Streams

/// What is asked of an origin.
public struct OriginRequest: Sendable {
    /// A body on its way.
    public struct Body: Sendable {
        /// The bytes; read once.
        public let stream: ByteStream
        /// How many bytes come; nil if nobody knows.
        public let length: Int64?

        /// - Parameters:
        ///   - stream: The bytes.
        ///   - length: How many; nil if nobody knows.
        public init(_ stream: ByteStream, length: Int64?) {
            self.stream = stream
            self.length = length
        }
    }

    /// Who asked the node, for `Forwarded` and `X-Forwarded-…`.
    public struct Visitor: Hashable, Sendable {
        /// The address, IPv6 without brackets; nil if it is not to be told.
        public var address: String?
        /// `http` or `https`.
        public var scheme: String
        /// The host that was asked for, with the port unless it is the scheme's own.
        public var host: String
        /// Protocol version of the visitor's request for `Via`: `1.0`, `1.1` or `2`.
        public var version: String

        /// What is known of a visitor.
        public init(address: String?, scheme: String, host: String, version: String = "1.1") {
            self.address = address
            self.scheme = scheme
            self.host = host
            self.version = version
        }
    }

    /// Hears of an answer's interim ones (RFC 9110 section 15.2): status, and fields without those of one connection. On any
    /// thread.
    public typealias InterimListener = @Sendable (_ status: Int, _ fields: OriginFields) -> Void

    /// In upper case, such as `GET`.
    public var method: String
    /// Percent-encoded, begins with a slash.
    public var path: String
    /// What follows the question mark, percent-encoded; nil if there is no question mark.
    public var query: String?
    /// Fields of the visitor's request or the cache's own; those of one connection are left out when sending.
    public var fields: OriginFields
    /// The body; nil if there is none.
    public var body: Body?
    /// Bytes wanted; goes before a `range` in ``fields``.
    public var range: OriginRange?
    /// Who asked; nil if the node asks for itself.
    public var visitor: Visitor?
    /// Hears of interim answers of web servers, at most 16 before each answer, but not of 100 and
    /// 101; after a retry of those of the next attempt too. Nil: they are dropped.
    public var onInterim: InterimListener?

    /// A request.
    public init(
        method: String = "GET", path: String, query: String? = nil, fields: OriginFields = [:], body: Body? = nil,
        range: OriginRange? = nil, visitor: Visitor? = nil, onInterim: InterimListener? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.range = range
        self.visitor = visitor
        self.onInterim = onInterim
    }

    /// Whether asking twice does what asking once does (RFC 9110 section 9.2.2) and the body is not used up.
    public var isRepeatable: Bool { body == nil && Self.idempotent.contains(method) }

    /// ``range``, or the one of the `range` field if it is a single one without a condition.
    var wantedRange: OriginRange? {
        if let range { return range }
        guard method == "GET", fields["if-range"] == nil else { return nil }
        return fields["range"].flatMap { OriginRange($0) }
    }

    private static let idempotent: Set<String> = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]
}
