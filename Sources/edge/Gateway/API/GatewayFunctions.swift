public import NIOCore

/// What runs functions.
public protocol GatewayFunctions: Sendable {
    /// Runs one request. Must not block.
    ///
    /// - Parameter completion: Called once, on `eventLoop`; it may be before this returns. A failure is ``GatewayError``
    ///   whose code says which limit was met, for example `function/cpu-limit`. When the client goes away the answer is
    ///   dropped, and the request's cancellation comes.
    func invoke(
        _ release: FunctionRelease, _ request: FunctionRequest, on eventLoop: any EventLoop,
        completion: @escaping @Sendable (Result<FunctionResponse, any Error>) -> Void
    )
}
