import NIOCore
import NIOEmbedded
import Streams
import Testing

@Suite struct EventLoopFutureTests {
    private struct Failure: Error {}

    @Test func oneBodySeesValueAndFailure() throws {
        let loop = EmbeddedEventLoop()
        let text: @Sendable (Result<Int, any Error>) throws -> String = { outcome in
            switch outcome {
            case .success(let value) where value < 0: throw Failure()
            case .success(let value): return "\(value)"
            case .failure: return "failed"
            }
        }
        #expect(try loop.makeSucceededFuture(1).mapOutcome(text).wait() == "1")
        #expect(try loop.makeFailedFuture(Failure()).mapOutcome(text).wait() == "failed")
        #expect(throws: Failure.self) { try loop.makeSucceededFuture(-1).mapOutcome(text).wait() }
    }
}
