import Blake3
import Calls
import Functions
import Identity
import NIOCore
import NIOPosix
import Peering
import Streams
import Synchronization
import Testing
import Wire

@testable import Node

@Suite("Calls that other nodes hand on", .timeLimit(.minutes(1)))
struct CallServerTests {
    @Test("Of a body that nobody reads one part waits here, however many are sent")
    func waitingParts() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let gate = ByteStream()
        let given = Mutex<FunctionCall?>(nil)
        let server = CallServer { _, call, _, _ async throws(CallFailure) in
            given.withLock { $0 = call }
            _ = try? await gate.next()
            return FunctionReply(status: 200, headers: [], body: .empty)
        }
        let peer = NodeID(Blake3.hash([9]))
        @Sendable func ask(_ type: FrameType, _ body: ByteBuffer) -> EventLoopFuture<PeerReply> {
            loop.flatSubmit {
                server.serve(PeerRequest(peer: peer, type: type, body: body), on: loop)
                    ?? loop.makeFailedFuture(PeerError(.unsupported, "nobody serves this"))
            }
        }
        let begin = CallFrames.Begin(
            call: 7, hops: 1, deadlineMillis: 60_000, tenant: "owner/app", release: "r1",
            request: .init(id: "1", trace: "", method: "POST", url: "http://app.localhost/", headers: []),
            body: ByteBuffer(), hasMore: true)
        let answer = ask(.callBegin, CallFrames.encode(begin))
        let part = CallFrames.encode(.more, of: 7, ByteBuffer(repeating: 1, count: CallFrames.maxPartBytes))
        let first = ask(.callSend, part)
        for _ in 0..<3 { await #expect(throws: PeerError.self) { try await ask(.callSend, part).get() } }

        while given.withLock({ $0 }) == nil { try await Task.sleep(for: .milliseconds(1)) }
        guard case .stream(let upload)? = given.withLock({ $0 })?.body else {
            Issue.record("the body is no stream")
            return
        }
        #expect(upload.bufferedBytes == CallFrames.maxPartBytes)
        _ = try await upload.next()
        _ = try await first.get()
        let next = ask(.callSend, part)
        _ = try await upload.next()
        _ = try await next.get()
        gate.finish()
        _ = try await answer.get()
        #expect(server.count == 0)
    }
}
