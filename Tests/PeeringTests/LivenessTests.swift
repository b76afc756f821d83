import Foundation
import Identity
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Peering

@Suite("Peers that come and go", .timeLimit(.minutes(1)))
struct LivenessTests {
    @Test("A peer that cannot be reached is left alone for a growing while")
    func backoff() async throws {
        let ledger = Ledger()
        let attempts = Mutex(0)
        // Accepts and hangs up: every attempt can be counted.
        let rude = try await ServerBootstrap(group: loops)
            .childChannelInitializer { channel in
                attempts.withLock { $0 += 1 }
                return channel.eventLoop.makeFailedFuture(ChannelError.eof)
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let key = SigningKey()
        ledger.register(key, port: rude.localAddress?.port ?? 0)
        var limits = PeerLimits()
        limits.initialBackoff = .milliseconds(100)
        limits.maxBackoff = .milliseconds(200)
        let one = try await TestNode(ledger, limits: limits)
        let began = ContinuousClock.now
        while ContinuousClock.now - began < .milliseconds(600) || attempts.withLock({ $0 }) < 2 {
            #expect(await code { _ = try await one.peers.connection(to: key.publicKey.node) } != nil)
            try await Task.sleep(for: .milliseconds(5))
        }
        // At 0, 100, 300 and 500 ms; fewer on a busy machine.
        let count = attempts.withLock { $0 }
        #expect((2...5).contains(count), "\(count) attempts")
        #expect(holds(one.peers.connectedPeers.isEmpty))
        await one.peers.shutdown()
        try await rude.close()
    }

    @Test("Nobody listening is unreachable; callers at the same time share the attempt")
    func unreachable() async throws {
        let ledger = Ledger()
        let key = SigningKey()
        let closed = try await ServerBootstrap(group: loops).bind(host: "127.0.0.1", port: 0).get()
        ledger.register(key, port: closed.localAddress?.port ?? 0)
        try await closed.close()
        let one = try await TestNode(ledger)
        let codes = await withTaskGroup(of: PeerError.Code?.self) { group in
            for _ in 0..<20 {
                group.addTask { await code { _ = try await one.peers.connection(to: key.publicKey.node) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: .unreachable, count: 20))
        await one.peers.shutdown()
    }

    @Test("A connection that nobody uses is closed, and dialled again when it is wanted")
    func idle() async throws {
        let ledger = Ledger()
        var limits = PeerLimits()
        limits.pingInterval = .milliseconds(20)
        limits.idleTimeout = .milliseconds(100)
        let one = try await TestNode(ledger, limits: limits)
        let two = try await TestNode(ledger)
        #expect(try await one.ask(two.id).readableBytes == 1)
        let connection = try await one.peers.connection(to: two.id)
        for _ in 0..<500 where connection.channel.isActive { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!connection.channel.isActive)
        #expect(holds(one.peers.connectedPeers.isEmpty))
        #expect(try await one.ask(two.id).readableBytes == 1)
        for node in [one, two] { await node.peers.shutdown() }
    }

    @Test("A peer that restarts on its port is found again")
    func restart() async throws {
        let ledger = Ledger()
        var limits = PeerLimits()
        limits.initialBackoff = .milliseconds(20)
        limits.maxBackoff = .milliseconds(50)
        let one = try await TestNode(ledger, limits: limits)
        let two = try await TestNode(ledger)
        #expect(try await one.ask(two.id).readableBytes == 1)
        await two.peers.shutdown()
        #expect(await code { _ = try await one.ask(two.id) } != nil)
        #expect(holds(one.peers.connectedPeers.isEmpty))
        let again = try await TestNode(ledger, key: two.key, port: two.port)
        var isBack = false
        for _ in 0..<200 where !isBack {
            if await code({ _ = try await one.ask(two.id) }) == nil { isBack = true }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(isBack)
        for node in [one, again] { await node.peers.shutdown() }
    }

    @Test("A peer that connects ends the pause after its failure")
    func inboundEndsBackoff() async throws {
        let ledger = Ledger()
        var limits = PeerLimits()
        limits.initialBackoff = .seconds(60)
        limits.maxBackoff = .seconds(60)
        let one = try await TestNode(ledger, limits: limits)
        let two = try await TestNode(ledger)
        await two.peers.shutdown()
        #expect(await code { _ = try await one.ask(two.id) } == .unreachable)
        let again = try await TestNode(ledger, key: two.key, port: two.port)
        #expect(await code { _ = try await one.ask(two.id) } == .unreachable)
        #expect(try await again.ask(one.id).readableBytes == 1)
        // The accepting side opens when the dialler's hello has come, which may be after the answer's request.
        #expect(try await one.ask(two.id).readableBytes == 1)
        for node in [one, again] { await node.peers.shutdown() }
    }

    @Test("A peer that falls silent is dropped after two ping intervals, and replaced at once")
    func silence() async throws {
        let ledger = Ledger()
        let key = SigningKey()
        let silent = try await RawPeer.listen(key: key) { channel, event in
            if case .secured = event, let hello = try? RawPeer.hello() {
                channel.writeAndFlush(hello, promise: nil)
                channel.setOption(.autoRead, value: false).whenComplete { _ in }
            }
        }
        ledger.register(key, port: silent.localAddress?.port ?? 0)
        var limits = PeerLimits()
        limits.pingInterval = .milliseconds(100)
        let one = try await TestNode(ledger, limits: limits)
        let connection = try await one.peers.connection(to: key.publicKey.node)
        let began = ContinuousClock.now
        let error = await code { _ = try await connection.request(.readBlock, ByteBuffer()).get() }
        #expect(error == .timeout)
        #expect(ContinuousClock.now - began < .seconds(8))
        // The socket may still wait for the peer's farewell; nobody is handed that connection any more.
        let next = try await one.peers.connection(to: key.publicKey.node)
        #expect(holds(next !== connection))
        await one.peers.shutdown()
        try await silent.close()
    }

    @Test("A peer that answers pings stays connected without a request")
    func pings() async throws {
        let ledger = Ledger()
        var limits = PeerLimits()
        limits.pingInterval = .milliseconds(300)
        let one = try await TestNode(ledger, limits: limits)
        let two = try await TestNode(ledger)
        let connection = try await one.peers.connection(to: two.id)
        try await Task.sleep(for: .milliseconds(1_000))
        #expect(holds(connection.isOpen))
        for node in [one, two] { await node.peers.shutdown() }
    }

    @Test("A peer that hangs in the handshake costs no more than the time-out")
    func hangingHandshake() async throws {
        let ledger = Ledger()
        let mute = try await ServerBootstrap(group: loops).bind(host: "127.0.0.1", port: 0).get()
        let key = SigningKey()
        ledger.register(key, port: mute.localAddress?.port ?? 0)
        var limits = PeerLimits()
        limits.handshakeTimeout = .milliseconds(200)
        let one = try await TestNode(ledger, limits: limits)
        let began = ContinuousClock.now
        #expect(await code { _ = try await one.peers.connection(to: key.publicKey.node) } == .timeout)
        #expect(ContinuousClock.now - began < .seconds(4))
        await one.peers.shutdown()
        try await mute.close()
    }

    @Test("One peer holds a few inbound connections; the oldest gives way")
    func surplus() async throws {
        let ledger = Ledger()
        var limits = PeerLimits()
        limits.maxInboundConnectionsPerPeer = 2
        let target = try await TestNode(ledger, limits: limits)
        let key = SigningKey()
        ledger.register(key)
        var raws: [RawPeer] = []
        for _ in 0..<3 {
            let raw = try await RawPeer.connect(to: target.port, key: key)
            var events = try await raw.greet()
            try await raw.send(.readBlock, id: 1)
            #expect(await RawPeer.nextFrame(&events) != nil)
            raws.append(raw)
        }
        try await raws[0].channel.closeFuture.get()
        #expect(holds(raws[1].channel.isActive))
        #expect(holds(raws[2].channel.isActive))
        for raw in raws[1...] { try await raw.channel.close() }
        await target.peers.shutdown()
    }

    @Test("Guests share few inbound connections, the oldest of which gives way, and keep no node out")
    func guests() async throws {
        let ledger = Ledger()
        var limits = PeerLimits()
        limits.maxInboundConnections = 7
        limits.maxGuestConnections = 3
        // A raw peer answers no pings.
        limits.pingInterval = .minutes(1)
        let target = try await TestNode(ledger, limits: limits)
        let node = try await TestNode(ledger)
        let connection = try await node.peers.connection(to: target.id)
        var raws: [RawPeer] = []
        for number in 0..<8 {
            let key = SigningKey()
            ledger.register(key, isGuest: true)
            let raw = try await RawPeer.connect(to: target.port, key: key)
            var events = try await raw.greet()
            try await raw.send(.readBlock, id: 1)
            #expect(await RawPeer.nextFrame(&events) != nil)
            raws.append(raw)
            if number >= 3 { try await raws[number - 3].channel.closeFuture.get() }
        }
        #expect(holds(raws.count { $0.channel.isActive } == 3))
        #expect(holds(connection.isOpen))
        let late = try await TestNode(ledger)
        #expect(try await late.ask(target.id) == ByteBuffer(string: "?"))
        for raw in raws { try? await raw.channel.close() }
        for one in [target, node, late] { await one.peers.shutdown() }
    }
}
