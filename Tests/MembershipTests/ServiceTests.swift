import Foundation
import Identity
import NIOCore
import NIOPosix
import Peering
import Testing
import Wire

@testable import Membership

/// Real nodes on loopback.
@Suite struct ServiceTests {
    private func network(_ count: Int) async throws -> (Ledger, [TestNode]) {
        let ledger = Ledger()
        var nodes: [TestNode] = []
        for _ in 0..<count { nodes.append(try await TestNode(ledger)) }
        let ready = try await eventually { nodes.allSatisfy { knowsAll($0, count) } }
        #expect(ready, "everybody has proven itself to everybody")
        return (ledger, nodes)
    }

    private func knowsAll(_ node: TestNode, _ count: Int) -> Bool {
        let members = node.membership.members
        return members.count == count - 1 && members.allSatisfy { $0.state == .alive && $0.incarnation > 0 }
    }

    @Test func nodesFindEachOtherAndMeasureTheirDistance() async throws {
        let (_, nodes) = try await network(3)
        let measured = try await eventually {
            nodes.allSatisfy { node in
                nodes.allSatisfy { $0.id == node.id || node.membership.estimatedRoundTrip(to: $0.id) != nil }
            }
        }
        #expect(measured)
        #expect(nodes[0].membership.isUsable(nodes[1].id))
        // The others' coordinates may be known before the own one has moved.
        #expect(try await eventually { nodes[0].membership.coordinate != .origin })
        #expect(nodes[0].membership.state(of: SigningKey().publicKey.node) == .left)
        for node in nodes { await node.stop() }
    }

    @Test func aStoppedNodeIsFoundOutAndItsNextLifeIsSeen() async throws {
        let (ledger, nodes) = try await network(4)
        var changes = nodes[0].membership.changes().makeAsyncIterator()
        let (id, key, port) = (nodes[3].id, nodes[3].key, nodes[3].port)
        let life = nodes[3].membership.incarnation
        await nodes[3].stop()
        let found = try await eventually { nodes[..<3].allSatisfy { $0.membership.state(of: id) == .dead } }
        #expect(found)
        #expect(!nodes[0].membership.isUsable(id))
        #expect(nodes[0].membership.isUsable(nodes[1].id))
        var seen: [MemberState] = []
        while seen.last != .dead, let event = await changes.next() {
            if event.node == id { seen.append(event.to) }
        }
        #expect(seen.last == .dead)
        let again = try await TestNode(ledger, key: key, port: port)
        #expect(again.membership.incarnation > life)
        let back = try await eventually {
            nodes[..<3].allSatisfy { node in
                node.membership.members.contains { $0.id == id && $0.state == .alive && $0.incarnation > life }
            }
        }
        #expect(back)
        await again.stop()
        for node in nodes[..<3] { await node.stop() }
    }

    @Test func whoLeavesIsKnownToHaveLeft() async throws {
        let (_, nodes) = try await network(4)
        let id = nodes[1].id
        await nodes[1].membership.leave()
        await nodes[1].stop()
        let rest = [nodes[0], nodes[2], nodes[3]]
        let known = try await eventually { rest.allSatisfy { $0.membership.state(of: id) == .left } }
        #expect(known)
        for node in rest { await node.stop() }
    }

    @Test func whoIsFullIsKnownToAllUntilItHasRoomAgain() async throws {
        let (ledger, nodes) = try await network(4)
        nodes[1].membership.setFull(true)
        let rest = [nodes[0], nodes[2], nodes[3]]
        let known = try await eventually { rest.allSatisfy { $0.membership.fullNodes == [nodes[1].id] } }
        #expect(known)
        #expect(nodes[1].membership.fullNodes.isEmpty)
        // Others tell it too, with the word of the node itself.
        await nodes[1].stop()
        let fifth = try await TestNode(ledger)
        let heard = try await eventually { fifth.membership.fullNodes == [nodes[1].id] }
        #expect(heard)
        let again = try await TestNode(ledger, key: nodes[1].key, port: nodes[1].port)
        again.membership.setFull(true)
        again.membership.setFull(false)
        let over = try await eventually { (rest + [fifth]).allSatisfy { $0.membership.fullNodes.isEmpty } }
        #expect(over)
        for node in rest + [fifth, again] { await node.stop() }
    }

    @Test func nodesComeAndGoWithTheLedger() async throws {
        let (ledger, nodes) = try await network(2)
        let third = try await TestNode(ledger)
        let met = try await eventually { knowsAll(nodes[0], 3) && knowsAll(nodes[1], 3) }
        #expect(met)
        ledger.remove(third.id)
        let gone = try await eventually { nodes.allSatisfy { $0.membership.members.count == 1 } }
        #expect(gone)
        #expect(nodes[0].membership.state(of: third.id) == .left)
        await third.stop()
        for node in nodes { await node.stop() }
    }

    @Test func forgedMessagesAreRefusedAndNotBelieved() async throws {
        let (ledger, nodes) = try await network(3)
        let liar = SigningKey()
        ledger.register(liar.publicKey, port: 1)
        let connections = try PeerNetwork(
            key: liar, network: testNetwork, directory: ledger, handler: Hand(), ledgerSequence: { 1 }, group: loops,
            logger: quiet)
        let connection = try await connections.connection(to: nodes[0].id)
        let known = try await eventually { nodes[0].membership.members.contains { $0.id == liar.publicKey.node } }
        #expect(known)

        func answer(_ claim: MemberClaim, _ signature: Data) async -> PeerError.Code? {
            let message = SwimMessage.probe(nonce: 1, claims: [claim], coordinate: .origin)
            return await code {
                let body = try MembershipFrame(message, signatures: [signature]).encoded()
                _ = try await connection.request(body.type, body.body).get()
            }
        }
        let victim = nodes[1].id
        let life = nodes[1].membership.incarnation
        let own = try IncarnationProof(liar, network: testNetwork, incarnation: life + 1, isLeaving: true)
        let raised = MemberClaim(node: victim, state: .alive, incarnation: life + 1)
        let gone = MemberClaim(node: victim, state: .left, incarnation: life)
        #expect(await answer(raised, own.signature) == .init("membership/bad-signature"))
        #expect(await answer(raised, Data()) == .init("membership/bad-signature"))
        #expect(await answer(gone, own.signature) == .init("membership/bad-signature"))
        let far = Membership.wallMillis + 2 * IncarnationProof.maxJump
        let proof = try IncarnationProof(liar, network: testNetwork, incarnation: far, isLeaving: false)
        let ahead = MemberClaim(node: liar.publicKey.node, state: .alive, incarnation: far)
        #expect(await answer(ahead, proof.signature) == .init("membership/incarnation-too-high"))
        #expect(nodes[0].membership.state(of: victim) == .alive)

        var full = MemberClaim(node: victim, state: .alive, incarnation: life, isFull: true)
        func answerFull(_ proof: FullProof) async -> PeerError.Code? {
            let message = SwimMessage.probe(nonce: 1, claims: [full], coordinate: .origin)
            return await code {
                let body = try MembershipFrame(
                    message, signatures: [Data()], fullSignatures: [proof.signature]
                ).encoded()
                _ = try await connection.request(body.type, body.body).get()
            }
        }
        let forged = try FullProof(liar, network: testNetwork, incarnation: life)
        #expect(await answerFull(forged) == .init("membership/bad-signature"))
        let foreign = try FullProof(nodes[1].key, network: Data(repeating: 8, count: 32), incarnation: life)
        #expect(await answerFull(foreign) == .init("membership/bad-signature"))
        full.incarnation = life + 1
        let later = try FullProof(nodes[1].key, network: testNetwork, incarnation: life + 1)
        #expect(await answerFull(later) == .init("membership/bad-signature"), "Nobody has proven that life")
        #expect(nodes[0].membership.fullNodes.isEmpty)

        // An accusation needs no signature, and is refuted with a higher incarnation.
        let accusation = MemberClaim(
            node: victim, state: .dead, incarnation: life, accuser: liar.publicKey.node)
        var refuted = false
        // What the victim says at that moment by chance clears it, before it hears that it was accused.
        for _ in 0..<20 where !refuted {
            #expect(await answer(accusation, Data()) == nil)
            refuted = try await eventually(seconds: 1) {
                nodes[0].membership.members.contains { $0.id == victim && $0.state == .alive && $0.incarnation > life }
            }
        }
        #expect(refuted)

        let large = ByteBuffer(repeating: 0, count: MembershipFrame.maxMessageBytes + 1)
        let tooLarge = await code { _ = try await connection.request(.probe, large).get() }
        #expect(tooLarge == .init("membership/too-large"))
        await connections.shutdown()
        for node in nodes { await node.stop() }
    }

    @Test func whoAsksTooMuchHelpIsRefused() async throws {
        let (_, nodes) = try await network(2)
        let connection = try await nodes[0].peers.connection(to: nodes[1].id)
        func ask(_ target: NodeID) async -> PeerError.Code? {
            await code {
                let body = try MembershipFrame(
                    .indirectProbe(nonce: 1, target: target, timeout: .milliseconds(50), claims: []), signatures: []
                ).encoded()
                _ = try await connection.request(body.type, body.body).get()
            }
        }
        #expect(await ask(SigningKey().publicKey.node) == .init("membership/unknown-node"))
        #expect(await ask(nodes[0].id) == .init("membership/unknown-node"))
        for node in nodes { await node.stop() }
        let other = PeerRequest(peer: nodes[0].id, type: .statBlob, body: ByteBuffer())
        #expect(nodes[1].membership.serve(other, on: loops.next()) == nil)
    }
}
