/// What went wrong with the edge cache.
public struct EdgeCacheError: Error, Sendable, CustomStringConvertible {
    /// What was wrong, where, and what to do next.
    public let message: String

    /// - Parameter message: One sentence without a full stop at its end.
    public init(_ message: String) { self.message = message }

    /// For logs.
    public var description: String { message }
}
