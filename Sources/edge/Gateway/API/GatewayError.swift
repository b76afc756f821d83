/// What went wrong with a request, or with the gateway itself.
///
/// Implementers of the gateway's protocols fail their futures with this type; any other error is shown to clients as
/// ``Code/internalError`` without its text, because it may hold what only the operator should see.
public struct GatewayError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure. Text of the form `area/kind`; clients read it in the `skerry-error` header.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's text.
        public let description: String

        /// A code that the gateway does not know itself, for example one that a function's runtime reports.
        ///
        /// - Parameter description: `area/kind` in lower-case letters and hyphens; other bytes are replaced by hyphens
        ///   so that the code can always stand in a header.
        public init(_ description: String) {
            let allowed = description.utf8.allSatisfy(HTTPCharacters.isCodeByte)
            self.description =
                allowed
                ? description
                : String(
                    decoding: description.utf8.map { HTTPCharacters.isCodeByte($0) ? $0 : UInt8(ascii: "-") },
                    as: UTF8.self)
        }
    }

    /// Whose doing the failure is.
    public enum Origin: String, Sendable {
        /// The client sent something that cannot be served.
        case client
        /// The app's own code or content is at fault.
        case origin
        /// Another node failed us.
        case peer
        /// This node is at fault or has no room.
        case node
    }

    /// The kind of failure, which decides the status.
    public let code: Code
    /// What was wrong, where, and what to do next. Shown to clients: holds no secrets.
    public let message: String
    /// Whose doing it is; decides the status of a code that the gateway does not know.
    public let origin: Origin
    /// The status, where whoever failed knows it better than the gateway.
    let givenStatus: Int?
    /// When trying again may help, where whoever failed knows that: seconds.
    let givenRetryAfter: Int?

    /// An error.
    ///
    /// - Parameters:
    ///   - message: One sentence without a full stop at its end.
    ///   - status: 400 to 599; nil for what the gateway's table says of the code.
    ///   - retryAfter: Seconds; nil for what the gateway's table says of the code.
    public init(_ code: Code, _ message: String, origin: Origin, status: Int? = nil, retryAfter: Int? = nil) {
        self.code = code
        self.message = message
        self.origin = origin
        givenStatus = status
        givenRetryAfter = retryAfter
    }

    /// For logs.
    public var description: String { "\(code) (\(origin.rawValue)): \(message)" }
}
