import Foundation
import Identity
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing
import Wire

@testable import Peering

@Suite("Who may connect", .timeLimit(.minutes(1)))
struct RefusalTests {
    @Test("The accepting side refuses a key that is not on its ledger")
    func unknownDialler() async throws {
        let (ledger, other) = (Ledger(), Ledger())
        let two = try await TestNode(ledger)
        let stranger = try await TestNode(other)
        other.register(two.key, port: two.port)
        #expect(await code { _ = try await stranger.peers.connection(to: two.id) } == .notOnLedger)
        try await RefusalTests.expectHealthy(two, ledger)
        for node in [two, stranger] { await node.peers.shutdown() }
    }

    @Test("A node that is refused again and again is logged once, and again after it was let in")
    func loggedOnce() async throws {
        let (ledger, other) = (Ledger(), Ledger())
        let levels = LogLevels(of: "refused a connection")
        let two = try await TestNode(ledger, logger: Logger(label: "test") { _ in levels })
        let key = SigningKey()
        other.register(two.key, port: two.port)
        func dial() async throws -> PeerError.Code? {
            // Without the pause after a failure.
            let stranger = try await TestNode(other, key: key)
            let failure = await code { _ = try await stranger.peers.connection(to: two.id) }
            await stranger.peers.shutdown()
            return failure
        }
        for _ in 0..<3 { #expect(try await dial() == .notOnLedger) }
        #expect(try await eventually { levels.all == [.info, .debug, .debug] })
        ledger.register(key)
        #expect(try await dial() == nil)
        ledger.remove(key.publicKey.node)
        #expect(try await dial() == .notOnLedger)
        #expect(try await eventually { levels.all == [.info, .debug, .debug, .info] })
        await two.peers.shutdown()
    }

    @Test func refusalsThatWereToldAreBounded() {
        var told = ToldRefusals()
        let nodes = (0...ToldRefusals.maxCount).map { _ in SigningKey().publicKey.node }
        #expect(nodes.dropLast().map { told.isNews($0) } == Array(repeating: true, count: ToldRefusals.maxCount))
        #expect([nodes[0], nodes[ToldRefusals.maxCount], nodes[0]].map { told.isNews($0) } == [false, true, true])
    }

    @Test("The dialling side refuses whom its ledger does not name, without a packet")
    func unknownTarget() async throws {
        let (ledger, other) = (Ledger(), Ledger())
        let one = try await TestNode(ledger)
        let stranger = try await TestNode(other)
        #expect(await code { _ = try await one.peers.connection(to: stranger.id) } == .notOnLedger)
        for node in [one, stranger] { await node.peers.shutdown() }
    }

    @Test("Another key at the expected address is refused, listed or not", arguments: [true, false])
    func wrongKey(isListed: Bool) async throws {
        let ledger = Ledger()
        let one = try await TestNode(ledger)
        let impostor = try await TestNode(ledger, isRegistered: isListed)
        let absent = SigningKey()
        ledger.register(absent, port: impostor.port)
        let error = await #expect(throws: PeerError.self) {
            _ = try await one.peers.connection(to: absent.publicKey.node)
        }
        #expect(error?.code == .notOnLedger)
        #expect(error?.message.contains(impostor.id.short) == true)
        for node in [one, impostor] { await node.peers.shutdown() }
    }

    @Test("Connections that never prove a key keep nobody out: the oldest of them makes way")
    func silentConnections() async throws {
        var limits = PeerLimits()
        limits.maxInboundConnections = 8
        limits.maxUnprovenConnections = 4
        limits.handshakeTimeout = .minutes(2)
        let ledger = Ledger()
        let one = try await TestNode(ledger, limits: limits)
        let client = ClientBootstrap(group: loops)
        var silent: [any Channel] = []
        for _ in 0..<10 { silent.append(try await client.connect(host: "127.0.0.1", port: one.port).get()) }
        #expect(try await eventually { silent.count { !$0.isActive } == 6 })
        try await RefusalTests.expectHealthy(one, ledger)
        // Whoever has proven itself is not among those that make way.
        let two = try await TestNode(ledger)
        let connection = try await two.peers.connection(to: one.id)
        for _ in 0..<5 { silent.append(try await client.connect(host: "127.0.0.1", port: one.port).get()) }
        #expect(try await eventually { silent.count { !$0.isActive } == 11 })
        #expect(holds(connection.isOpen))
        for channel in silent { try? await channel.close() }
        for node in [one, two] { await node.peers.shutdown() }
    }

    @Test("A peer that leaves the ledger is parted with")
    func leaving() async throws {
        let ledger = Ledger()
        let one = try await TestNode(ledger)
        let two = try await TestNode(ledger)
        let connection = try await one.peers.connection(to: two.id)
        ledger.remove(two.id)
        #expect(await code { _ = try await one.peers.connection(to: two.id) } == .notOnLedger)
        #expect(holds(!connection.isOpen))
        for node in [one, two] { await node.peers.shutdown() }
    }

    @Test("Bytes that are not TLS, and TLS without a certificate, leave the listener healthy")
    func garbage() async throws {
        let ledger = Ledger()
        var limits = PeerLimits()
        limits.handshakeTimeout = .seconds(2)
        let two = try await TestNode(ledger, limits: limits)
        let inputs = [ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"), randomBytes(4_096, seed: 3), ByteBuffer()]
        for input in inputs {
            let channel = try await ClientBootstrap(group: loops).connect(host: "127.0.0.1", port: two.port).get()
            try? await channel.writeAndFlush(input)
            // The last input is silence: only the handshake's time-out ends it.
            try await channel.closeFuture.get()
        }
        var anonymous = TLSConfiguration.makeClientConfiguration()
        anonymous.certificateVerification = .none
        let context = try NIOSSLContext(configuration: anonymous)
        let channel = try await ClientBootstrap(group: loops)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: "127.0.0.1", port: two.port).get()
        try? await channel.writeAndFlush(RawPeer.hello())
        try? await channel.closeFuture.get()
        #expect(holds(!channel.isActive))
        try await RefusalTests.expectHealthy(two, ledger)
        await two.peers.shutdown()
    }

    @Test("Another network and another protocol version are refused by both sides")
    func incompatible() async throws {
        let ledger = Ledger()
        let two = try await TestNode(ledger)
        let foreign = try await TestNode(ledger, network: Data(repeating: 8, count: 32))
        #expect(await code { _ = try await foreign.peers.connection(to: two.id) } == .incompatible)
        #expect(await code { _ = try await two.peers.connection(to: foreign.id) } == .incompatible)
        let key = SigningKey()
        ledger.register(key)
        let raw = try await RawPeer.connect(to: two.port, key: key)
        var events = try await raw.greet(RawPeer.offer(2))
        #expect(await RawPeer.isClosed(&events))
        let old = try await RawPeer.listen(key: key) { channel, event in
            if case .secured = event, let hello = try? RawPeer.hello(RawPeer.offer(2)) {
                channel.writeAndFlush(hello, promise: nil)
            }
        }
        ledger.register(key, port: old.localAddress?.port ?? 0)
        #expect(await code { _ = try await two.peers.connection(to: key.publicKey.node) } == .incompatible)
        try await RefusalTests.expectHealthy(two, ledger)
        for node in [two, foreign] { await node.peers.shutdown() }
        try await old.close()
    }

    /// A well-behaved node gets its answer.
    static func expectHealthy(_ node: TestNode, _ ledger: Ledger) async throws {
        let honest = try await TestNode(ledger)
        #expect(try await honest.ask(node.id, ByteBuffer(string: "well?")) == ByteBuffer(string: "well?"))
        await honest.peers.shutdown()
    }
}

@Suite("A peer that breaks the protocol", .timeLimit(.minutes(1)))
struct ViolationTests {
    /// A hostile connection that has said hello, and an honest one, to the same node; the honest one must survive.
    private static func withHostile(
        handler: any PeerRequestHandler = Answers.echo, limits: PeerLimits = .init(),
        _ work: (RawPeer, inout AsyncStream<RawPeer.Event>.Iterator) async throws -> Void
    ) async throws {
        let ledger = Ledger()
        let target = try await TestNode(ledger, handler: handler, limits: limits)
        let honest = try await TestNode(ledger)
        let connection = try await honest.peers.connection(to: target.id)
        let key = SigningKey()
        ledger.register(key)
        let raw = try await RawPeer.connect(to: target.port, key: key)
        var events = try await raw.greet()
        try await work(raw, &events)
        #expect(holds(connection.isOpen))
        let question = ByteBuffer(string: "well?")
        let healthy = try await connection.request(.readEntries, question, timeout: .seconds(5)).get()
        #expect(healthy.type == .block)
        try? await raw.channel.close()
        for node in [target, honest] { await node.peers.shutdown() }
    }

    @Test("A second hello ends the connection")
    func secondHello() async throws {
        try await ViolationTests.withHostile { raw, events in
            try await raw.channel.writeAndFlush(RawPeer.hello())
            #expect(await RawPeer.isClosed(&events))
        }
    }

    @Test("Anything but a hello first ends the connection")
    func noHello() async throws {
        let ledger = Ledger()
        let target = try await TestNode(ledger)
        let key = SigningKey()
        ledger.register(key)
        let raw = try await RawPeer.connect(to: target.port, key: key)
        try await raw.send(.statBlob, id: 1)
        var events = raw.events.makeAsyncIterator()
        #expect(await RawPeer.isClosed(&events))
        await target.peers.shutdown()
    }

    @Test("A request id that is still in use ends the connection")
    func duplicateID() async throws {
        let handler = Answers { request, loop in
            (request.type == .readEntries ? Answers.echo : Answers.silence).handle(request, on: loop)
        }
        try await ViolationTests.withHostile(handler: handler) { raw, events in
            try await raw.send(.statBlob, id: 9)
            try await raw.send(.statBlob, id: 9)
            #expect(await RawPeer.isClosed(&events))
        }
    }

    @Test(
        "A frame above the limit, and reserved bits, end the connection",
        arguments: [(UInt32(2 << 20) + 1, UInt32(0)), (0, 1)])
    func badHeader(length: UInt32, kind: UInt32) async throws {
        try await ViolationTests.withHostile { raw, events in
            var bytes = ByteBuffer()
            bytes.writeMultipleIntegers(length, kind, UInt32(1))
            try await raw.channel.writeAndFlush(bytes)
            #expect(await RawPeer.isClosed(&events))
        }
    }

    @Test("Random bytes behind the hello never harm others", arguments: 0..<8 as Range<UInt64>)
    func randomFrames(seed: UInt64) async throws {
        try await ViolationTests.withHostile { raw, _ in
            var generator = SeededGenerator(seed)
            for _ in 0..<50 {
                let type = FrameType(rawValue: UInt8.random(in: 0...255, using: &generator))
                let frame = Frame(
                    type: type, flags: .init(rawValue: UInt8.random(in: 0...255, using: &generator)),
                    requestID: UInt32.random(in: 0...9, using: &generator),
                    body: randomBytes(Int.random(in: 0...300, using: &generator), seed: seed))
                raw.channel.write(RawPeer.encode(frame), promise: nil)
            }
            try? await raw.channel.writeAndFlush(randomBytes(1_000, seed: seed))
        }
    }

    @Test("An optional request that nobody knows is skipped, a required one is refused")
    func unknownTypes() async throws {
        let handler = Answers { request, loop in
            guard request.type == .init(rawValue: 200) else { return Answers.echo.handle(request, on: loop) }
            return loop.makeFailedFuture(PeerError(.unsupported, "unknown"))
        }
        try await ViolationTests.withHostile(handler: handler) { raw, events in
            try await raw.send(.init(rawValue: 200), id: 1, flags: [])
            try await raw.send(.init(rawValue: 200), id: 2)
            let answer = await RawPeer.nextFrame(&events)
            #expect(answer?.requestID == 2)
            #expect(answer?.type == .error)
            try await raw.send(.readBlock, id: 1)
            #expect(await RawPeer.nextFrame(&events)?.requestID == 1)
        }
    }

    @Test("Answers to nothing and cancellations of nothing are ignored")
    func strayAnswers() async throws {
        try await ViolationTests.withHostile { raw, events in
            try await raw.send(.block, id: 77, flags: .response, "unasked")
            try await raw.send(.error, id: 78, flags: .response, "\u{1}")
            try await raw.send(.cancel, id: 5)
            try await raw.send(.readBlock, id: 5, "still here")
            #expect(await RawPeer.nextFrame(&events)?.body == ByteBuffer(string: "still here"))
        }
    }

    @Test("A cancelled request gets no answer, and its place is free again")
    func cancelled() async throws {
        var limits = PeerLimits()
        limits.maxInboundRequests = 1
        let handler = Answers { request, loop in
            loop.scheduleTask(in: .milliseconds(50)) { PeerReply(type: .block, body: request.body) }.futureResult
        }
        try await ViolationTests.withHostile(handler: handler, limits: limits) { raw, events in
            try await raw.send(.readBlock, id: 1)
            try await raw.send(.cancel, id: 1)
            // Refused as busy until the first one's place is free.
            var answer: Frame?
            for id in 2...100 where answer?.type != .block {
                try await Task.sleep(for: .milliseconds(20))
                try await raw.send(.readBlock, id: UInt32(id))
                answer = await RawPeer.nextFrame(&events)
                #expect(answer?.requestID == UInt32(id))
            }
            #expect(answer?.type == .block)
        }
    }

    @Test("A peer that asks without end and does not read loses its connection")
    func doesNotRead() async throws {
        var limits = PeerLimits()
        limits.maxUnreadAnswers = 64
        try await ViolationTests.withHostile(limits: limits) { raw, _ in
            try await raw.channel.setOption(.autoRead, value: false).get()
            let ping = RawPeer.encode(Frame(type: .ping, flags: .required, requestID: 0, body: ByteBuffer()))
            let burst = (0..<5_000).reduce(into: ByteBuffer()) { bytes, _ in bytes.writeImmutableBuffer(ping) }
            var isClosed = false
            for _ in 0..<400 where !isClosed {
                do { try await raw.channel.writeAndFlush(burst) } catch { isClosed = true }
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(isClosed)
        }
    }

    @Test("A peer that breaks off while its requests are being answered harms nobody")
    func breaksOff() async throws {
        let block = ByteBuffer(repeating: 1, count: 256 << 10)
        let handler = Answers { request, loop in
            loop.makeSucceededFuture(PeerReply(type: .block, body: block))
        }
        for _ in 0..<5 {
            try await ViolationTests.withHostile(handler: handler) { raw, _ in
                try await raw.channel.setOption(.autoRead, value: false).get()
                for id in 1...60 { try await raw.send(.readBlock, id: UInt32(id), "x") }
                for id in 100...400 {
                    let frame = Frame(
                        type: .readBlock, flags: .required, requestID: UInt32(id), body: ByteBuffer())
                    raw.channel.write(RawPeer.encode(frame), promise: nil)
                }
                raw.channel.flush()
                // The answers that were not read make the system reset the connection.
                try? await raw.channel.close()
            }
        }
    }
}
