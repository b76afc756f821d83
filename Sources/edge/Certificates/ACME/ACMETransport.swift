public import Foundation

/// How requests reach a certificate authority.
public protocol ACMETransport: Sendable {
    /// Sends one request and reads all of the answer, whatever its status.
    ///
    /// - Parameter body: With it the method is POST and the type `application/jose+json`; nil for GET, or HEAD.
    /// - Throws: ``CertificateError`` `.authorityUnreachable` if there is no answer, or too long a one.
    func send(_ url: String, body: Data?, headOnly: Bool) async throws -> ACMEAnswer
}

/// What a certificate authority answered.
public struct ACMEAnswer: Sendable {
    public var status: Int
    /// The fields that the protocol uses, by name in lower case.
    public var fields: [String: String]
    public var body: Data

    public init(status: Int, fields: [String: String] = [:], body: Data = Data()) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// Seconds until one may come back (RFC 9110, section 10.2.3), 0 to a day; nil if nothing is said.
    func retryAfter(now: Date) -> Int? {
        guard let text = fields["retry-after"] else { return nil }
        if let seconds = Int(text) { return min(max(0, seconds), ACMELimits.maxRetryAfterSeconds) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        guard let date = formatter.date(from: text) else { return nil }
        return Int(min(max(0, date.timeIntervalSince(now).rounded(.up)), Double(ACMELimits.maxRetryAfterSeconds)))
    }
}
