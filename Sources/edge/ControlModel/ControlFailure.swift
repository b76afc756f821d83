/// A failed request: the body of every answer with a status from 400 on.
public struct ControlFailure: Error, Codable, Sendable, Equatable, CustomStringConvertible {
    /// The code of an answer that needs a certified state where there is none.
    public static let notCertifiedCode = "ledger/not-certified"

    /// A stable code of the room that refused, such as `ledger/name-taken`.
    public var code: String
    /// What was wrong, where, and what to do next.
    public var message: String
    /// The HTTP status; not part of the body.
    public var status: Int = 500

    private enum CodingKeys: String, CodingKey { case code, message }

    public init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}
