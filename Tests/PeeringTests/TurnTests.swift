import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import Peering

@Suite("Requests of one turn of the event loop")
struct TurnTests {
    private static func ask(
        _ connection: StillConnection, _ body: ByteBuffer, timeout: TimeAmount = .seconds(10)
    ) -> EventLoopFuture<Frame> {
        connection.handler.request(.statBlob, body, timeout: timeout, on: connection.channel.eventLoop)
    }

    @Test("Small frames leave as one write, a large one behind them, and their order stays")
    func gathered() throws {
        let connection = try StillConnection()
        defer { connection.finish() }
        connection.channel.embeddedEventLoop.run()
        while try connection.channel.readOutbound(as: ByteBuffer.self) != nil {}
        for count in [1, 4_096, 4_097, 0] { _ = TurnTests.ask(connection, ByteBuffer(repeating: 7, count: count)) }
        #expect(try connection.channel.readOutbound(as: ByteBuffer.self) == nil)
        connection.channel.embeddedEventLoop.run()
        var writes: [Int] = []
        var decoder = FrameDecoder()
        while let bytes = try connection.channel.readOutbound(as: ByteBuffer.self) {
            writes.append(bytes.readableBytes)
            decoder.feed(bytes)
        }
        #expect(writes == [12 + 1 + 12 + 4_096 + 12, 4_097, 12])
        var frames: [Int] = []
        while let frame = try decoder.next(allocator: connection.channel.allocator) {
            frames.append(frame.body.readableBytes)
        }
        #expect(frames == [1, 4_096, 4_097, 0])
    }

    @Test("Each request fails when its own time is up, in whatever order they were sent")
    func deadlines() throws {
        let connection = try StillConnection { $0.pingInterval = .hours(1) }
        defer { connection.finish() }
        var late: [Int] = []
        for (index, seconds) in [5, 2, 9, 2].enumerated() {
            TurnTests.ask(connection, ByteBuffer(), timeout: .seconds(Int64(seconds))).assumeIsolated().whenFailure {
                error in
                #expect((error as? PeerError)?.code == .timeout)
                late.append(index)
            }
        }
        var seen: [[Int]] = []
        for _ in 1...10 {
            connection.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            if seen.last ?? [] != late { seen.append(late) }
        }
        #expect(seen == [[1, 3], [1, 3, 0], [1, 3, 0, 2]])
    }
}
