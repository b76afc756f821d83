/// Whoever fetches from origins by their description: ``OriginClient``, or a fake in tests.
public protocol OriginFetcher: Sendable {
    /// The answer of the origin that is described; its body arrives at the reader's pace.
    ///
    /// - Throws: ``OriginError``; also when the origin is refused, its breaker is open or the retry budget is spent.
    ///   Statuses such as 404 and 503 are answers, not errors. Cancelling ends the request.
    func fetch(_ request: OriginRequest, from description: OriginDescription) async throws -> OriginResponse
}
