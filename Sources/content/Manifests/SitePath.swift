/// A request's path, cut at its slashes once for all patterns.
public struct SitePath: Sendable {
    /// Without the leading slash; percent-encoding is undone.
    public let text: String
    let parts: [Substring]

    /// - Parameter text: Without the leading slash; percent-encoding is undone.
    public init(_ text: String) {
        self.text = text
        parts = text.split(separator: "/", omittingEmptySubsequences: false)
    }
}
