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
}
