import Foundation
import Identity
import NIOCore
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Peering

@Suite("Cancelling requests, and blocks that wait for the wire", .timeLimit(.minutes(1)))
struct CancelTests {
    @Test("A cancelled request fails at once, on the wire or before it, and frees its place at the peer")
    func cancel() async throws {
        var asking = PeerLimits()
        asking.maxRequestsInFlight = 2
        var answering = PeerLimits()
        answering.maxInboundRequests = 2
        let handler = Answers { request, loop in
            let delay = request.body.readableBytes == 0 ? TimeAmount.milliseconds(100) : .zero
            return loop.scheduleTask(in: delay) { PeerReply(type: .block, body: request.body) }.futureResult
        }
        try await TalkTests.withPair(handler: handler, asking: asking, answering: answering) { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let owner = RequestLabel.newOwner()
            let answers = (0..<3).map { number in
                connection.request(.readBlock, ByteBuffer(), label: RequestLabel(owner: owner, item: number))
            }
            for number in [2, 0, 7] { connection.cancel(RequestLabel(owner: owner, item: number)) }
            connection.cancel(RequestLabel(owner: RequestLabel.newOwner(), item: 1))
            var codes: [PeerError.Code?] = []
            for answer in answers { codes.append(await code { _ = try await answer.get() }) }
            #expect(codes == [.cancelled, nil, .cancelled])
            connection.cancel(RequestLabel(owner: owner, item: 1))
            #expect(try await one.ask(two.id).readableBytes == 1)
            #expect(holds(connection.isOpen))
        }
    }

    @Test("Small answers overtake blocks that the wire has no room for; each block that was cancelled is not sent")
    func overtaking() async throws {
        let sent = Mutex(0)
        let handler = Answers { request, loop in
            let body = request.type == .readBlock ? ByteBuffer(repeating: 1, count: 256 << 10) : request.body
            let type = request.type == .readBlock ? FrameType.block : .blobStatus
            return loop.makeSucceededFuture(PeerReply(type: type, body: body) { sent.withLock { $0 += 1 } })
        }
        try await TalkTests.withPair(handler: handler) { one, two in
            let connection = try await one.peers.connection(to: two.id)
            try await connection.channel.setOption(.autoRead, value: false).get()
            let order = Mutex<[String]>([])
            let blocks = (0..<60).map { number in
                let label = RequestLabel(owner: 0, item: number)
                return connection.request(.readBlock, ByteBuffer(), label: label)
                    .always { _ in order.withLock { $0.append("block") } }
            }
            let small = connection.request(.statBlob, ByteBuffer(string: "small"))
                .always { _ in order.withLock { $0.append("small") } }
            // Long enough for the peer to fill the wire.
            try await Task.sleep(for: .milliseconds(300))
            connection.cancel(RequestLabel(owner: 0, item: 59))
            try await Task.sleep(for: .milliseconds(100))
            try await connection.channel.setOption(.autoRead, value: true).get()
            connection.channel.read()
            #expect(try await small.get().body == ByteBuffer(string: "small"))
            #expect(await code { _ = try await blocks[59].get() } == .cancelled)
            for block in blocks.dropLast() { #expect(try await block.get().body.readableBytes == 256 << 10) }
            let place = order.withLock { $0.firstIndex(of: "small") }
            // The kernel's buffers take megabytes before blocks begin to wait.
            #expect(place.map { $0 < 59 } == true)
            #expect(try await eventually { sent.withLock { $0 } == 61 })
        }
    }

    @Test("Bytes of an answer count as they come")
    func receivedBytes() async throws {
        try await TalkTests.withPair { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let before = connection.receivedBytes
            _ = try await one.ask(two.id, ByteBuffer(repeating: 1, count: 100_000))
            #expect(connection.receivedBytes - before == 100_000 + FrameHeader.byteCount)
        }
    }
}
