import Identity
import Ledger
import Testing

@testable import Node

@Suite("Whom a halted node brings its evidence to")
struct EvidenceDeliveryTests {
    let nodes = (0..<3).map { _ in SigningKey().publicKey.node }

    @Test("All sequencers are asked, although the first does not lead")
    func everybody() {
        var delivery = EvidenceDelivery(sequencers: nodes, nonce: 5)
        #expect(delivery.next().map(\.node) == nodes)
        #expect(delivery.next().allSatisfy { $0.nonce == 5 })
        delivery.heard(.silent, from: nodes[0])
        delivery.heard(.silent, from: nodes[1])
        #expect(!delivery.isDone)
        delivery.heard(.taken, from: nodes[2])
        #expect(delivery.isDone)
        #expect(delivery.takers == [nodes[2]])
    }

    @Test("A refusal is no success: a wrong nonce is corrected, another reason ends it with that sequencer")
    func refusals() {
        var delivery = EvidenceDelivery(sequencers: nodes, nonce: 2)
        var tried: [UInt64] = []
        for _ in 0..<6 {
            tried += delivery.next().filter { $0.node == nodes[0] }.map(\.nonce)
            delivery.heard(.refused(.badNonce), from: nodes[0])
        }
        #expect(tried == [2, 3, 1, 4, 1, 5])
        #expect(!delivery.isDone)
        delivery.heard(.refused(.badEvidence), from: nodes[1])
        #expect(delivery.next().map(\.node) == [nodes[0], nodes[2]])
        delivery.heard(.refused(.badEvidence), from: nodes[0])
        delivery.heard(.refused(.badEvidence), from: nodes[2])
        #expect(delivery.isDone && delivery.takers.isEmpty)
        #expect(delivery.refusers == nodes)
    }

    @Test("What is on a ledger already is taken")
    func known() {
        var delivery = EvidenceDelivery(sequencers: nodes, nonce: 1)
        delivery.heard(.refused(.alreadyDone), from: nodes[1])
        #expect(delivery.isDone)
        #expect(delivery.takers == [nodes[1]])
    }

    @Test("A network without another sequencer has nobody to tell")
    func nobody() { #expect(EvidenceDelivery(sequencers: [], nonce: 1).isDone) }
}
