import Foundation
import Identity
import NIOCore
import SwiftProtobuf
import Testing
import Wire

@testable import Peering

/// A peer's versions and capabilities beside a node's.
struct Meeting: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let own: PeerOffer
    let peer: PeerPBHello
    /// Nil: they part.
    let version: UInt32?

    /// - Parameter minimum: 0 as from a node that knows its own version only.
    init(_ description: String, own: ClosedRange<UInt32>, peer: UInt32, minimum: UInt32 = 0, version: UInt32?) {
        testDescription = description
        self.own = PeerOffer(versions: own, capabilities: PeerCapabilities(rawValue: 0b101))
        self.peer = PeerPBHello.with {
            $0.protocolVersion = peer
            $0.minimumVersion = minimum
            $0.capabilities = .max - 1
        }
        self.version = version
    }

    static let all = [
        Meeting("the same", own: 1...1, peer: 1, version: 1),
        Meeting("an older peer that knows its own version only", own: 1...3, peer: 1, version: 1),
        Meeting("an older peer", own: 2...3, peer: 2, minimum: 1, version: 2),
        Meeting("an older peer at the end of the range", own: 2...3, peer: 1, minimum: 1, version: nil),
        Meeting("a newer peer", own: 1...3, peer: 9, minimum: 2, version: 3),
        Meeting("a newer peer at the end of its range", own: 1...3, peer: 9, minimum: 3, version: 3),
        Meeting("a newer peer that is one past it", own: 1...3, peer: 9, minimum: 4, version: nil),
        Meeting("a newer peer that knows its own version only", own: 1...3, peer: 4, version: nil),
        Meeting("the newest of all", own: 1...1, peer: .max, minimum: 1, version: 1),
    ]
}

@Suite("Old and new nodes", .timeLimit(.minutes(1)))
struct HelloTests {
    @Test("The older version is agreed on if both accept it", arguments: Meeting.all)
    func agreement(meeting: Meeting) throws {
        let offer = try #require(PeerOffer(meeting.peer))
        let agreement = meeting.own.agreement(with: offer)
        #expect(agreement?.version == meeting.version)
        // Bit 0 is the node's alone, all others but bit 2 the peer's.
        if let agreement { #expect(agreement.capabilities == PeerCapabilities(rawValue: 0b100)) }
        #expect(offer.agreement(with: meeting.own) == agreement)
    }

    @Test("An offer survives the way through a hello; one that contradicts itself is none")
    func coding() {
        let offer = PeerOffer(versions: 3...8, capabilities: PeerCapabilities(rawValue: 1 << 63))
        var hello = PeerPBHello()
        offer.write(to: &hello)
        #expect(PeerOffer(hello) == offer)
        hello.minimumVersion = 9
        #expect(PeerOffer(hello) == nil)
        #expect(PeerOffer(PeerPBHello()) == nil)
    }

    @Test("A node that dials keeps to what was agreed, or says what is incompatible", arguments: Meeting.all)
    func dialling(meeting: Meeting) async throws {
        let ledger = Ledger()
        let key = SigningKey()
        let peer = try await RawPeer.listen(key: key) { channel, event in
            guard case .secured = event, let hello = try? RawPeer.hello(meeting.peer) else { return }
            channel.writeAndFlush(hello, promise: nil)
        }
        ledger.register(key, port: peer.localAddress?.port ?? 0)
        let node = try await TestNode(ledger, offer: meeting.own)
        let error = await code {
            let connection = try await node.peers.connection(to: key.publicKey.node)
            #expect(connection.protocolVersion == meeting.version)
            #expect(connection.capabilities == PeerCapabilities(rawValue: 0b100))
        }
        #expect(error == (meeting.version == nil ? .incompatible : nil))
        await node.peers.shutdown()
        try await peer.close()
    }

    @Test("A node that is dialled answers, or parts", arguments: Meeting.all)
    func accepting(meeting: Meeting) async throws {
        let ledger = Ledger()
        let node = try await TestNode(ledger, offer: meeting.own)
        let key = SigningKey()
        ledger.register(key)
        let peer = try await RawPeer.connect(to: node.port, key: key)
        var events = try await peer.greet(meeting.peer)
        if meeting.version == nil {
            #expect(await RawPeer.isClosed(&events))
        } else {
            try await peer.send(.readBlock, id: 1, "well?")
            #expect(await RawPeer.nextFrame(&events)?.body == ByteBuffer(string: "well?"))
        }
        try? await peer.channel.close()
        await node.peers.shutdown()
    }

    @Test("Nodes during an upgrade talk both ways")
    func upgrade() async throws {
        let ledger = Ledger()
        let old = try await TestNode(ledger, offer: PeerOffer(versions: 1...2))
        let new = try await TestNode(ledger, offer: PeerOffer(versions: 2...3))
        for (one, two) in [(old, new), (new, old)] {
            #expect(try await one.peers.connection(to: two.id).protocolVersion == 2)
            #expect(try await one.ask(two.id).readableBytes == 1)
        }
        for node in [old, new] { await node.peers.shutdown() }
    }

    @Test(
        "A hello without a version, or with an oldest one above it, breaks the protocol", arguments: [0, 5] as [UInt32])
    func contradiction(version: UInt32) async throws {
        let ledger = Ledger()
        let node = try await TestNode(ledger)
        let key = SigningKey()
        let peer = try await RawPeer.listen(key: key) { channel, event in
            let offer = PeerPBHello.with {
                $0.protocolVersion = version
                $0.minimumVersion = version + 1
            }
            guard case .secured = event, let hello = try? RawPeer.hello(offer) else { return }
            channel.writeAndFlush(hello, promise: nil)
        }
        ledger.register(key, port: peer.localAddress?.port ?? 0)
        #expect(await code { _ = try await node.peers.connection(to: key.publicKey.node) } == .protocolViolation)
        await node.peers.shutdown()
        try await peer.close()
    }
}
