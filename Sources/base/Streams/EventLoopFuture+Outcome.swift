public import NIOCore

extension EventLoopFuture {
    /// What `body` makes of the value, or of the failure: with one future, where a map for each would take two.
    @inlinable
    public func mapOutcome<NewValue: Sendable>(
        _ body: @escaping @Sendable (Result<Value, any Error>) throws -> NewValue
    ) -> EventLoopFuture<NewValue> {
        let promise = eventLoop.makePromise(of: NewValue.self)
        whenComplete { outcome in
            promise.completeWith(Result { try body(outcome) })
        }
        return promise.futureResult
    }
}
