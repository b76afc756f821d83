import AckProofs
import Foundation
import Identity
import Stark
import Testing

@testable import Ledger

/// The proof lane with proofs of the real prover.
@Suite struct RealProofTests {
    @Test func aRealProofSettlesWhatItProvesAndNothingElse() throws {
        var world = try World()
        let chains = (0..<3).map { TestChain("real \($0)", length: 120) }
        var ids: [ChannelID] = []
        for chain in chains {
            let channel = NewChannel(
                payee: world.helper.publicKey.node, expiresMilliseconds: World.genesisTime + 10_000,
                chains: [.init(commodity: .bytes, anchor: chain.anchor, unitPrice: 2, maxUnits: 120)])
            let transaction = try world.sign(.openChannel(channel), by: world.alice)
            #expect(world.state.execute(transaction, timeMilliseconds: World.genesisTime).isApplied)
            ids.append(ChannelID(transaction.id))
        }
        let settlements = zip(ids, chains).enumerated().map { index, pair in
            Settlement(
                channel: pair.0, commodity: .bytes,
                lane: .proof(
                    from: pair.1.anchor, link: pair.1.links[40 * (index + 1)], steps: UInt64(40 * (index + 1))))
        }
        let network = world.genesis.networkID
        let proof = Data(
            try AckProof.prove(
                SettlementProof.claims(of: settlements),
                context: SettlementProof.context(network: network, settlements: settlements)))
        #expect(throws: Never.self) { try SettlementProof.verify(proof, of: settlements, network: network) }
        // Another network, other channels with these links, and a damaged proof.
        let other = try World { $0.replicas = 9 }
        #expect(throws: LedgerError.self) {
            try SettlementProof.verify(proof, of: settlements, network: other.genesis.networkID)
        }
        var swapped = settlements
        for (index, other) in [(0, 1), (1, 0)] {
            swapped[index] = Settlement(
                channel: settlements[other].channel, commodity: .bytes, lane: settlements[index].lane)
        }
        #expect(throws: LedgerError.self) { try SettlementProof.verify(proof, of: swapped, network: network) }
        func settle(_ settlements: [Settlement], _ proof: Data) throws -> LedgerError.Code? {
            try world.refusal(.settleChannels(settlements, proof: proof), by: world.helper, as: .node)
        }
        for place in stride(from: 0, to: proof.count, by: proof.count / 7) {
            var damaged = proof
            damaged[place] ^= 1
            #expect(try settle(settlements, damaged) == .badSettlement, "byte \(place)")
        }
        #expect(try settle(Array(settlements.dropLast()), proof) == .badSettlement)
        // One of the channels is closed meanwhile: the others are paid all the same.
        try world.run(.closeChannel(ids[1]), by: world.helper, as: .node)
        #expect(try settle(settlements, proof) == nil)
        #expect(world.balance(world.bob) == 1_000_000 + 2 * (40 + 120))
        #expect(try settle(settlements, proof) == .alreadyDone)
        #expect(world.state.audit().problems == [])
        #expect(LinkRehash.firstFalse(SettlementProof.claims(of: settlements)) == nil)
    }
}
