import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct LightClientTests {
    /// Six nodes come and go for some epochs; every committee is handed over.
    private func history(seed: UInt64, epochs: Int = 12) throws -> EpochWorld {
        var random = SeededRandom(seed: seed)
        var world = try EpochWorld(nodes: 5, spare: 3)
        for _ in 0..<epochs {
            let index = Int.random(in: 1..<world.ids.count, using: &random)
            let id = world.ids[index]
            if world.state.node(id) == nil {
                try world.join(index)
            } else if world.state.isParticipating(id) {
                try world.run(.optOut(id), by: id)
            } else {
                try world.run(.optIn(id), by: id)
            }
            try world.playRound(committing: world.ids.filter { world.state.isEligible($0) })
            if Bool.random(using: &random) || world.state.epoch.pendingCommittee != nil { try world.certifyLast() }
        }
        return world
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func followsTheCommitteesOfTheState(seed: UInt64) throws {
        let world = try history(seed: seed)
        var client = LightClient(genesis: world.genesis)
        #expect(world.handovers.count > 3)
        for handover in world.handovers {
            let before = client
            // A stranger to the handover in between cannot take the next one.
            try client.accept(Handover(decoding: handover.bytes))
            #expect(throws: LedgerError.self) { try client.accept(handover) }
            #expect(client != before)
        }
        #expect(client.committee == world.state.epoch.committee)
        var replayed = LedgerState(genesis: world.genesis)
        for bytes in world.entries { try replayed.apply(Entry(decoding: bytes)) }
        #expect(replayed.root == world.state.root)
        #expect(replayed.epoch == world.state.epoch)
    }

    @Test func refusesEveryMutatedHandover() throws {
        let world = try history(seed: 4)
        var random = SeededRandom(seed: 44)
        var client = LightClient(genesis: world.genesis)
        var readable = 0
        for handover in world.handovers {
            for _ in 0..<150 {
                guard let mutated = try? Handover(decoding: handover.bytes.mutated(&random)), mutated != handover else {
                    continue
                }
                readable += 1
                var victim = client
                #expect(throws: LedgerError.self) { try victim.accept(mutated) }
                #expect(victim == client)
            }
            var victim = client
            let other = Committee(handover.nextCommittee.members.dropLast())
            #expect(throws: LedgerError.self) {
                try victim.accept(Handover(certificate: handover.certificate, nextCommittee: other))
            }
            try client.accept(handover)
        }
        #expect(readable > 10)
    }

    @Test func skipsNothingAndGoesBackNowhere() throws {
        let world = try history(seed: 5)
        var client = LightClient(genesis: world.genesis)
        #expect(throws: LedgerError.self) { try client.accept(world.handovers[1]) }
        let first = world.handovers[0]
        try client.verify(first.certificate)
        try client.accept(first)
        #expect(client.sequence == first.certificate.checkpoint.sequence)
        #expect(client.epoch == first.certificate.checkpoint.epoch)
        #expect(throws: LedgerError.self) { try client.verify(first.certificate) }
        let stranger = try EpochWorld(nodes: 4)
        var foreign = LightClient(genesis: stranger.genesis)
        do throws(LedgerError) {
            try foreign.accept(first)
            Issue.record("a handover of another network was accepted")
        } catch {
            #expect(error.code == .wrongNetwork)
        }
    }

    @Test func aBundleProvesARowFromTheGenesis() throws {
        var world = try history(seed: 6)
        try world.playRound(committing: world.ids.filter { world.state.isEligible($0) })
        let checkpointed = world.state
        let certificate = try #require(try world.certify(world.lastCheckpoint()))
        let node = world.ids[0]
        let bundle = ProofBundle(
            genesis: world.genesis, handovers: world.handovers, certificate: certificate,
            proof: checkpointed.proof(ofNode: node))
        let read = try ProofBundle(decoding: bundle.bytes)
        #expect(read == bundle)
        let checkpoint = try read.verify(network: world.genesis.networkID)
        #expect(try read.proof.node(node, root: checkpoint.stateRoot) == checkpointed.node(node))

        #expect(throws: LedgerError.self) { try read.verify(network: NetworkID(checkpoint.stateRoot)) }
        let stale = ProofBundle(
            genesis: world.genesis, handovers: world.handovers, certificate: certificate,
            proof: LedgerState(genesis: world.genesis).proof(ofNode: node))
        #expect(throws: LedgerError.self) { try stale.verify(network: world.genesis.networkID) }
        let cut = ProofBundle(
            genesis: world.genesis, handovers: world.handovers.dropLast(), certificate: certificate,
            proof: read.proof)
        #expect(throws: LedgerError.self) { try cut.verify(network: world.genesis.networkID) }
        var random = SeededRandom(seed: 46)
        for _ in 0..<300 {
            guard let mutated = try? ProofBundle(decoding: bundle.bytes.mutated(&random)), mutated != bundle else {
                continue
            }
            #expect(throws: LedgerError.self) { try mutated.verify(network: world.genesis.networkID) }
        }
    }
}
