import NIOCore
import Streams
import Testing

@testable import EdgeCache

@Suite("Bodies that many read")
struct SpoolTests {
    @Test("A reader on another node that stands still does not hold up a body for good")
    func deadRemote() async throws {
        let spool = Spool(ingest: nil, patience: .milliseconds(200))
        spool.expectRemote(at: 0)
        let start = ContinuousClock.now
        await #expect(throws: ByteStream.Stopped.self) {
            for _ in 0..<64 {
                _ = await spool.write(ByteBuffer(repeating: 7, count: 64 << 10))
                try await spool.waitForReaders()
            }
        }
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(spool.byteCount < 2 * Spool.tailBytes)
    }
}
