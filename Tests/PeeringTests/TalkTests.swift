import Foundation
import Identity
import NIOCore
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Peering

@Suite("Two nodes talk", .timeLimit(.minutes(1)))
struct TalkTests {
    /// Two nodes of one network; `work` gets the asking and the answering one.
    static func withPair(
        handler: any PeerRequestHandler = Answers.echo, asking: PeerLimits = .init(), answering: PeerLimits = .init(),
        _ work: (TestNode, TestNode) async throws -> Void
    ) async throws {
        let ledger = Ledger()
        let one = try await TestNode(ledger, limits: asking)
        let two = try await TestNode(ledger, handler: handler, limits: answering)
        do {
            try await work(one, two)
        } catch {
            await one.peers.shutdown()
            await two.peers.shutdown()
            throw error
        }
        await one.peers.shutdown()
        await two.peers.shutdown()
    }

    @Test("A request, its sender, its answer")
    func answer() async throws {
        let seen = Mutex<[NodeID]>([])
        let handler = Answers { request, loop in
            seen.withLock { $0.append(request.peer) }
            return loop.makeCompletedFuture {
                let stat: PeerPBStatBlob = try request.message()
                return try PeerReply(
                    .blobStatus, PeerPBBlobStatus.with { $0.byteCount = UInt64(stat.blob.count) })
            }
        }
        try await TalkTests.withPair(handler: handler) { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let status = try await connection.call(
                .statBlob, PeerPBStatBlob.with { $0.blob = Data(count: 33) }, expecting: .blobStatus,
                as: PeerPBBlobStatus.self)
            #expect(status.byteCount == 33)
            #expect(seen.withLock { $0 } == [one.id])
            #expect(connection.peer == two.id)
            #expect(holds(one.peers.connectedPeers == [two.id]))
            let again = try await one.peers.connection(to: two.id)
            #expect(holds(again === connection))
        }
    }

    @Test("An answer of another type or with another body is an error, not a value")
    func garbageAnswer() async throws {
        try await TalkTests.withPair { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let wrongType = await code {
                _ = try await connection.call(
                    .statBlob, PeerPBStatBlob(), expecting: .blobStatus, as: PeerPBBlobStatus.self)
            }
            #expect(wrongType == .protocolViolation)
            let wrongBody = await code {
                _ = try await connection.call(
                    .statBlob, PeerPBStatBlob.with { $0.blob = Data([0xff]) }, expecting: .block, as: PeerPBError.self)
            }
            #expect(wrongBody == .protocolViolation)
        }
    }

    @Test("Error codes travel; inner errors do not")
    func errors() async throws {
        struct Secret: Error {}
        let handler = Answers { request, loop in
            switch request.type {
            case .statBlob: loop.makeFailedFuture(PeerError(.init("blob/strange"), "it is strange"))
            case .readBlock: loop.makeFailedFuture(PeerError(.init(String(repeating: "c", count: 5_000)), "long"))
            default: loop.makeFailedFuture(Secret())
            }
        }
        try await TalkTests.withPair(handler: handler) { one, two in
            #expect(await code { _ = try await one.ask(two.id, type: .statBlob) } == .init("blob/strange"))
            #expect(await code { _ = try await one.ask(two.id, type: .readEntries) } == .internalError)
            #expect(await code { _ = try await one.ask(two.id, type: .readBlock) }?.description.count == 64)
        }
    }

    @Test(
        "What only this side can find out does not come from a peer",
        arguments: [
            ("peer/cancelled", "peer/internal"), ("peer/timeout", "peer/internal"), ("peer/closed", "peer/internal"),
            ("peer/unreachable", "peer/internal"), ("peer/incompatible", "peer/internal"),
            ("peer/too-large", "peer/internal"), ("", "peer/internal"),
            ("peer/protocol-violation", "peer/refused"), ("peer/busy", "peer/busy"),
            ("peer/not-found", "peer/not-found"),
            ("peer/not-on-ledger", "peer/not-on-ledger"), ("peer/unsupported", "peer/unsupported"),
            ("blob/incomplete", "blob/incomplete"),
        ])
    func foreignCodes(said: String, heard: String) async throws {
        let handler = Answers { _, loop in loop.makeFailedFuture(PeerError(.init(said), "so it is")) }
        try await TalkTests.withPair(handler: handler) { one, two in
            let error = await #expect(throws: PeerError.self) { _ = try await one.ask(two.id) }
            #expect(error?.code.description == heard)
            #expect(error?.message.contains("so it is") == true)
            #expect(error?.message.contains(said) == (said != heard) || said.isEmpty)
        }
    }

    @Test("Blocks of 256 KiB arrive exactly, many at once, whatever their order")
    func blocks() async throws {
        let blocks = (0..<8).map { randomBytes(256 << 10, seed: UInt64($0)) }
        let handler = Answers { request, loop in
            let index = Int(request.body.getInteger(at: 0) as UInt8? ?? 0)
            let answer = PeerReply(type: .block, body: blocks[index])
            // Every third one later than those behind it.
            return loop.scheduleTask(in: .milliseconds(index % 3 == 0 ? 20 : 0)) { answer }.futureResult
        }
        try await TalkTests.withPair(handler: handler) { one, two in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<64 {
                    group.addTask {
                        let got = try await one.ask(two.id, ByteBuffer(bytes: [UInt8(round % 8)]))
                        #expect(got == blocks[round % 8])
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("Far more requests than may be in flight wait for their turn")
    func manyRequests() async throws {
        try await TalkTests.withPair { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let answers = (0..<2_000).map { number in
                connection.request(.readBlock, ByteBuffer(integer: UInt32(number)))
            }
            for (number, answer) in answers.enumerated() {
                #expect(try await answer.get().body == ByteBuffer(integer: UInt32(number)))
            }
        }
    }

    @Test("More requests than the peer serves are refused as busy; later ones are served again")
    func busy() async throws {
        var asking = PeerLimits()
        asking.maxRequestsInFlight = 100
        var answering = PeerLimits()
        answering.maxInboundRequests = 4
        let handler = Answers { request, loop in
            loop.scheduleTask(in: .milliseconds(100)) { PeerReply(type: .block, body: request.body) }.futureResult
        }
        try await TalkTests.withPair(handler: handler, asking: asking, answering: answering) { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let answers = (0..<10).map { _ in connection.request(.readBlock, ByteBuffer(string: "x")) }
            var busy = 0
            for answer in answers {
                if await code({ _ = try await answer.get() }) == .busy { busy += 1 }
            }
            #expect(busy == 6)
            #expect(try await one.ask(two.id).readableBytes == 1)
        }
    }

    @Test("Requests beyond the outbound limit fail at once")
    func outboundLimit() async throws {
        var asking = PeerLimits()
        asking.maxRequestsInFlight = 1
        asking.maxOutboundRequests = 3
        asking.requestTimeout = .milliseconds(100)
        try await TalkTests.withPair(handler: Answers.silence, asking: asking) { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let answers = (0..<4).map { _ in connection.request(.readBlock, ByteBuffer()) }
            var codes: [PeerError.Code?] = []
            for answer in answers { codes.append(await code { _ = try await answer.get() }) }
            #expect(codes == [.timeout, .timeout, .timeout, .busy])
        }
    }

    @Test("A request above the limit of a frame fails here, an answer above it there; the connection lives")
    func tooLarge() async throws {
        let handler = Answers { request, loop in
            let count = request.type == .readBlock ? 1 : FrameHeader.maxBodyBytes + 1
            return loop.makeSucceededFuture(PeerReply(type: .block, body: ByteBuffer(repeating: 0, count: count)))
        }
        try await TalkTests.withPair(handler: handler) { one, two in
            let body = ByteBuffer(repeating: 0, count: FrameHeader.maxBodyBytes + 1)
            let connection = try await one.peers.connection(to: two.id)
            #expect(await code { _ = try await one.ask(two.id, body) } == .tooLarge)
            #expect(await code { _ = try await one.ask(two.id, type: .readEntries) } == .internalError)
            #expect(try await one.ask(two.id).readableBytes == 1)
            #expect(holds(connection.isOpen))
        }
    }

    @Test("An answer after its time-out finds nobody and harms nothing")
    func lateAnswer() async throws {
        let handler = Answers { request, loop in
            loop.scheduleTask(in: .milliseconds(request.body.readableBytes == 4 ? 150 : 0)) {
                PeerReply(type: .block, body: request.body)
            }.futureResult
        }
        try await TalkTests.withPair(handler: handler) { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let late = ByteBuffer(string: "late")
            #expect(await code { _ = try await one.ask(two.id, late, timeout: .milliseconds(30)) } == .timeout)
            try await Task.sleep(for: .milliseconds(200))
            #expect(try await one.ask(two.id, ByteBuffer(string: "on time")) == ByteBuffer(string: "on time"))
            #expect(holds(connection.isOpen))
        }
    }

    @Test("Shutdown fails what is in flight, on either side, and comes to an end", arguments: [true, false])
    func shutdown(isOurs: Bool) async throws {
        try await TalkTests.withPair(handler: Answers.silence) { one, two in
            let connection = try await one.peers.connection(to: two.id)
            let answers = (0..<100).map { _ in connection.request(.readBlock, ByteBuffer()) }
            let began = ContinuousClock.now
            await (isOurs ? one : two).peers.shutdown()
            for answer in answers { #expect(await code { _ = try await answer.get() } == .closed) }
            #expect(ContinuousClock.now - began < .seconds(4))
            #expect(holds(!connection.isOpen))
            // Requests on a connection that is gone fail; they do not trap.
            #expect(await code { _ = try await connection.request(.readBlock, ByteBuffer()).get() } == .closed)
            if isOurs { #expect(await code { _ = try await one.peers.connection(to: two.id) } == .closed) }
        }
    }

    @Test("A connection that is closed by hand is replaced by the next request")
    func close() async throws {
        try await TalkTests.withPair { one, two in
            let connection = try await one.peers.connection(to: two.id)
            connection.close()
            #expect(holds(!connection.isOpen))
            let next = try await one.peers.connection(to: two.id)
            #expect(holds(next !== connection))
            #expect(try await one.ask(two.id).readableBytes == 1)
        }
    }
}
