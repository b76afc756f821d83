/// One kind of origin.
protocol Origin: Sendable {
    /// The answer of one attempt.
    ///
    /// `ended` runs once if this returns, when the body is over: with nil if all of it came or nobody wanted the rest. It
    /// does not run if this throws.
    func fetch(_ request: OriginRequest, ended: @escaping @Sendable (OriginError?) -> Void) async throws
        -> OriginResponse
}
