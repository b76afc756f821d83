import NIOCore
import NIOEmbedded
import Testing

@testable import EtcdLog

@Suite("Pings of etcd members")
struct PingResponderTests {
    private static func frame(_ type: UInt8, flags: UInt8 = 0, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, 0] + payload
    }

    /// Cuts the bytes everywhere: a ping is answered once, the rest passes unchanged.
    @Test("Pings are answered and taken out wherever reads cut them; all else passes as it came")
    func cuts() throws {
        let data = Self.frame(0, Array(0..<200))
        let ping = Self.frame(6, [1, 2, 3, 4, 5, 6, 7, 8])
        let acknowledgement = Self.frame(6, flags: 1, [9, 9, 9, 9, 9, 9, 9, 9])
        let oddPing = Self.frame(6, [1, 2, 3])
        let stream = data + ping + acknowledgement + oddPing + ping + data
        for width in 1...stream.count {
            let channel = EmbeddedChannel(handler: PingResponder())
            var passed: [UInt8] = []
            for start in stride(from: 0, to: stream.count, by: width) {
                try channel.writeInbound(ByteBuffer(bytes: stream[start..<min(start + width, stream.count)]))
                while let buffer = try channel.readInbound(as: ByteBuffer.self) { passed += buffer.readableBytesView }
            }
            var answered: [UInt8] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) { answered += buffer.readableBytesView }
            #expect(passed == data + acknowledgement + oddPing + data, "cut every \(width) bytes")
            #expect(
                answered == Self.frame(6, flags: 1, [1, 2, 3, 4, 5, 6, 7, 8])
                    + Self.frame(6, flags: 1, [1, 2, 3, 4, 5, 6, 7, 8]))
            _ = try channel.finish()
        }
    }

    @Test("Random bytes never trap, and what is no ping passes")
    func noise() throws {
        var random = SystemlessRandom(7)
        for _ in 0..<2_000 {
            let channel = EmbeddedChannel(handler: PingResponder())
            for _ in 0..<4 {
                let bytes = (0..<Int(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                try channel.writeInbound(ByteBuffer(bytes: bytes))
            }
            _ = try channel.finish(acceptAlreadyClosed: true)
        }
    }
}
