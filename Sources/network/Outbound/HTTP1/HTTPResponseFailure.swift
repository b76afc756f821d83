/// What is wrong with a server's bytes.
public struct HTTPResponseFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was read and what it should have been, without the server's name.
    public let description: String

    init(_ description: String) { self.description = description }

    static let headTooLong = HTTPResponseFailure(
        "the head of the answer has more than \(HTTPResponseParser.maxHeadBytes) bytes or "
            + "\(HTTPResponseParser.maxFields) fields")
    static let cutOff = HTTPResponseFailure("the connection ended before the answer did")
    static let unasked = HTTPResponseFailure("bytes came that nobody had asked for")
}
