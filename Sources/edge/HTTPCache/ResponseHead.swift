/// Status and header section of a final response.
public struct ResponseHead: Sendable, Equatable {
    /// 200 to 599; interim responses (1xx) are not for the cache and go to the client at once.
    public var status: Int
    /// As it was received.
    public var fields: CacheFields

    /// A final response as it arrived from the origin.
    public init(status: Int, fields: CacheFields = [:]) {
        self.status = status
        self.fields = fields
    }

    /// The bytes that a 206 with one range has, half-open, and how many there are in all, if it says so; nil for all other
    /// responses (RFC 9110 section 14.4).
    public var part: (range: Range<Int64>, total: Int64?)? {
        guard status == 206, let part = fields.first("content-range").flatMap(ContentRange.init) else { return nil }
        return (part.range, part.total)
    }
}
