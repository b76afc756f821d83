public import Foundation

/// When a certificate authority wants a certificate renewed (RFC 9773).
public struct RenewalAdvice: Sendable, Equatable {
    /// The window to pick a time from.
    public let window: Range<Date>
    /// Where people read why; at most 200 characters.
    public let explanation: String?
    /// When to ask again, in seconds.
    public let askAgainSeconds: Int

    /// Advice as it is; nothing is checked.
    public init(
        window: Range<Date>, explanation: String? = nil, askAgainSeconds: Int = RenewalAdvice.defaultPause
    ) {
        self.window = window
        self.explanation = explanation
        self.askAgainSeconds = askAgainSeconds
    }

    /// Six hours: how soon it is asked again where the authority does not say.
    public static let defaultPause = 6 * 3_600
    /// A minute to a day: how soon it is asked again, whatever the authority says (section 4.3.2).
    static let pauses = 60...86_400
}

/// Renewal information (section 4.2).
struct ACMERenewal: Decodable, Sendable {
    struct Window: Decodable, Sendable {
        var start: String
        var end: String
    }
    var suggestedWindow: Window
    var explanationURL: String?

    /// Nil for a window that is none.
    func advice(retryAfter: Int?) -> RenewalAdvice? {
        guard let start = Self.date(suggestedWindow.start), let end = Self.date(suggestedWindow.end), start < end else {
            return nil
        }
        let pauses = RenewalAdvice.pauses
        let pause = retryAfter.map { min(max($0, pauses.lowerBound), pauses.upperBound) }
        return RenewalAdvice(
            window: start..<end, explanation: explanationURL.map { String($0.prefix(200)) },
            askAgainSeconds: pause ?? RenewalAdvice.defaultPause)
    }

    /// RFC 3339, with or without parts of a second.
    private static func date(_ text: String) -> Date? {
        let formatter = ISO8601DateFormatter()
        if let date = formatter.date(from: text) { return date }
        formatter.formatOptions.insert(.withFractionalSeconds)
        return formatter.date(from: text)
    }
}
