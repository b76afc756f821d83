import Blake3
import Foundation
import Identity
import NIOCore
import NIOEmbedded
import NIOTLS
import SwiftProtobuf
import Testing
import Wire

@testable import Peering

/// A connection without sockets, with time that a test moves.
final class StillConnection {
    let channel = EmbeddedChannel()
    let handler: PeerHandler
    private let limits: PeerLimits
    private var decoder = FrameDecoder()

    /// - Parameter isProven: The TLS handshake has shown who the peer is.
    init(isProven: Bool = true, _ change: (inout PeerLimits) -> Void = { _ in }) throws {
        var limits = PeerLimits()
        change(&limits)
        self.limits = limits
        let local = PeerLocal(
            network: testNetwork, ledgerSequence: { 1 }, handler: Answers.echo, logger: quiet)
        let node = NodeID(Blake3.hash([1]))
        let identity = PeerIdentity(expected: node)
        if isProven { identity.accept(node) }
        handler = PeerHandler(
            identity: identity, local: local, limits: limits,
            opened: channel.eventLoop.makePromise(of: NodeID.self))
        try channel.pipeline.syncOperations.addHandler(handler)
        channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
        if isProven { try channel.writeInbound(RawPeer.hello()) }
    }

    func finish() { _ = try? channel.finish(acceptAlreadyClosed: true) }

    /// The code with which the connection ended.
    var end: PeerError.Code? {
        if case .closed(let error) = handler.state { error.code } else { nil }
    }

    /// Nonces of the pings that come when it is time for the next one.
    func nextPings() throws -> [UInt64] {
        channel.embeddedEventLoop.advanceTime(by: limits.pingInterval)
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { decoder.feed(bytes) }
        var nonces: [UInt64] = []
        while let frame = try decoder.next(allocator: channel.allocator) {
            if frame.type == .ping { nonces.append(try frame.body.message(PeerPBPing.self).nonce) }
        }
        return nonces
    }

    func pong(_ nonce: UInt64) throws {
        let pong = try ByteBuffer(message: PeerPBPong.with { $0.nonce = nonce })
        try receive(.pong, pong)
    }

    func receive(_ type: FrameType, _ body: ByteBuffer) throws {
        let frame = Frame(type: type, flags: .response, requestID: 0, body: body)
        try channel.writeInbound(RawPeer.encode(frame))
        channel.embeddedEventLoop.run()
    }
}

@Suite("A handshake without a certificate")
struct ResumptionTests {
    @Test("A resumed TLS session, in which nobody proves a key, ends the connection before a hello")
    func resumed() throws {
        let connection = try StillConnection(isProven: false)
        defer { connection.finish() }
        #expect(connection.end == .protocolViolation)
        #expect(try connection.channel.readOutbound(as: ByteBuffer.self) == nil)
    }
}

@Suite("Pings and their pongs")
struct PingTests {
    @Test("Pongs with the nonces of the pings, in their order and even late, keep the connection")
    func right() throws {
        let connection = try StillConnection()
        defer { connection.finish() }
        for _ in 0..<3 {
            let first = try connection.nextPings()
            try connection.receive(.block, ByteBuffer())
            let second = try connection.nextPings()
            #expect(first.count == 1)
            #expect(second.count == 1)
            for nonce in first + second { try connection.pong(nonce) }
        }
        #expect(connection.end == nil)
    }

    @Test("A pong with another nonce breaks the protocol")
    func wrong() throws {
        let connection = try StillConnection()
        defer { connection.finish() }
        let nonces = try connection.nextPings()
        try connection.pong(try #require(nonces.first) &+ 1)
        #expect(connection.end == .protocolViolation)
    }

    @Test("So does a pong to no ping, a second one to the same, and one that cannot be read")
    func stray() throws {
        let idle = try StillConnection()
        let twice = try StillConnection()
        let garbled = try StillConnection()
        defer { for connection in [idle, twice, garbled] { connection.finish() } }
        try idle.pong(0)
        let nonce = try #require(try twice.nextPings().first)
        try twice.pong(nonce)
        #expect(twice.end == nil)
        try twice.pong(nonce)
        _ = try garbled.nextPings()
        try garbled.receive(.pong, ByteBuffer(repeating: 0xff, count: 3))
        for connection in [idle, twice, garbled] { #expect(connection.end == .protocolViolation) }
    }

    @Test("A peer that sends and never answers pings may leave so many open, and not one more")
    func unanswered() throws {
        let connection = try StillConnection { $0.maxUnansweredPings = 3 }
        defer { connection.finish() }
        for _ in 0..<3 {
            #expect(try connection.nextPings().count == 1)
            try connection.receive(.block, ByteBuffer())
        }
        #expect(connection.end == nil)
        #expect(try connection.nextPings() == [])
        #expect(connection.end == .timeout)
    }
}
