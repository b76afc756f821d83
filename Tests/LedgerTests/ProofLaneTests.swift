import AckProofs
import Foundation
import Identity
import Stark
import Testing

@testable import Ledger

/// The proof lane: what a proof settles, what it passes over, and what refuses it. Most tests have hashes in place of
/// proofs, which are as strict about what they are for.
@Suite struct ProofLaneTests {
    private static let grace: Int64 = 1_000
    private static let expiry = World.genesisTime + 10_000
    private static let price: UInt64 = 5
    private static let maxUnits: UInt64 = 60

    private let chains = (0..<4).map { TestChain("chain \($0)") }

    /// A network in which Alice has opened four channels to the helper, the second of which ends first.
    private func world(
        proofs: SettlementProofCheck = .hashes, _ change: (inout NetworkParameters) -> Void = { _ in }
    ) throws -> (World, [ChannelID]) {
        var world = try World { parameters in
            parameters.channelGraceMilliseconds = UInt64(ProofLaneTests.grace)
            change(&parameters)
        }
        world.state.proofCheck = proofs
        var ids: [ChannelID] = []
        for (number, chain) in chains.enumerated() {
            let channel = NewChannel(
                payee: world.helper.publicKey.node, expiresMilliseconds: ProofLaneTests.expiry - (number == 1 ? 5 : 0),
                chains: [
                    .init(
                        commodity: .bytes, anchor: chain.anchor, unitPrice: ProofLaneTests.price,
                        maxUnits: ProofLaneTests.maxUnits)
                ])
            let transaction = try world.sign(.openChannel(channel), by: world.alice)
            #expect(world.state.execute(transaction, timeMilliseconds: World.genesisTime).isApplied)
            ids.append(ChannelID(transaction.id))
        }
        return (world, ids)
    }

    private func proven(_ id: ChannelID, _ chain: Int, from: Int = 0, steps: Int) -> Settlement {
        let links = chains[chain].links
        return Settlement(
            channel: id, commodity: .bytes,
            lane: .proof(from: links[from], link: links[from + steps], steps: UInt64(steps)))
    }

    private func settle(
        _ world: inout World, _ settlements: [Settlement], proof: Data? = nil, at time: Int64 = World.genesisTime
    ) throws -> LedgerError.Code? {
        let proof = proof ?? SettlementProofCheck.hash(settlements, world.genesis.networkID)
        return try world.refusal(.settleChannels(settlements, proof: proof), by: world.helper, as: .node, at: time)
    }

    private func earned(_ world: World) -> UInt64 { world.balance(world.bob) - 1_000_000 }

    @Test func oneProofPaysManyChannels() throws {
        let (start, ids) = try world()
        var world = start
        #expect(
            try settle(
                &world, [proven(ids[0], 0, steps: 3), proven(ids[1], 1, steps: 60), proven(ids[2], 2, steps: 1)]) == nil
        )
        #expect(earned(world) == 64 * ProofLaneTests.price)
        #expect(world.state.channel(ids[0])?.chains[0].link == chains[0].links[3])
        #expect(world.state.channel(ids[1])?.refund == 0)
        #expect(try settle(&world, [proven(ids[0], 0, from: 3, steps: 2)]) == nil)
        #expect(earned(world) == 66 * ProofLaneTests.price)
        #expect(world.state.audit().problems == [])
    }

    @Test func aClosedChannelTakesNoOtherWithIt() throws {
        let (start, ids) = try world()
        var world = start
        let batch = (0..<3).map { proven(ids[$0], $0, steps: 2) }
        try world.run(.closeChannel(ids[1]), by: world.helper, as: .node)
        #expect(try settle(&world, batch) == nil)
        #expect(earned(world) == 4 * ProofLaneTests.price)
        #expect(world.state.audit().problems == [])
    }

    @Test func closeAndSettleAtTheGraceBoundary() throws {
        // The payer asks for the end of channel 1 while a batch is under way.
        for late: Int64 in [0, 1] {
            let (start, ids) = try world()
            var world = start
            let asked = World.genesisTime + 7
            #expect(try world.refusal(.closeChannel(ids[1]), by: world.alice, at: asked) == nil)
            let batch = (0..<3).map { proven(ids[$0], $0, steps: 2) }
            let time = asked + ProofLaneTests.grace + late
            #expect(try settle(&world, batch, at: time) == nil)
            #expect(earned(world) == (late == 0 ? 6 : 4) * ProofLaneTests.price)
            // Before the boundary the payer cannot take the rest; behind it, what was not settled is the payer's.
            let closed = try world.refusal(.closeChannel(ids[1]), by: world.alice, at: time)
            #expect(closed == (late == 0 ? .channelState : nil))
            #expect(world.state.audit().problems == [])
        }
        // And by expiry: channel 1 ends 5 ms before the others.
        let (start, ids) = try world()
        var world = start
        let end = ProofLaneTests.expiry - 5 + ProofLaneTests.grace
        #expect(try settle(&world, [proven(ids[1], 1, steps: 2)], at: end + 1) == .channelState)
        #expect(try settle(&world, [proven(ids[0], 0, steps: 2), proven(ids[1], 1, steps: 2)], at: end + 1) == nil)
        #expect(earned(world) == 2 * ProofLaneTests.price)
    }

    @Test func staleAndReplayedSettlementsPayNothing() throws {
        let (start, ids) = try world()
        var world = start
        let batch = [proven(ids[0], 0, steps: 3), proven(ids[1], 1, steps: 3)]
        // Another lane was faster on the first channel.
        let reveal = Settlement(
            channel: ids[0], commodity: .bytes, lane: .reveal(link: chains[0].links[5], steps: 5))
        #expect(try world.refusal(.settleChannels([reveal]), by: world.helper, as: .node) == nil)
        #expect(try settle(&world, batch) == nil)
        #expect(earned(world) == 8 * ProofLaneTests.price)
        // The same again; and what pays nothing is refused before its proof is looked at.
        #expect(try settle(&world, batch) == .alreadyDone)
        #expect(try settle(&world, batch, proof: Data([1])) == .alreadyDone)
        // An old proof of a chain that has moved on since.
        #expect(try settle(&world, [proven(ids[1], 1, steps: 9)]) == .alreadyDone)
        #expect(earned(world) == 8 * ProofLaneTests.price)
    }

    @Test func proofsGoOnBehindVouchers() throws {
        let (start, ids) = try world()
        var world = start
        let voucher = Voucher(network: world.genesis.networkID, channel: ids[0], commodity: .bytes, units: 10)
        let signed = Settlement(
            channel: ids[0], commodity: .bytes,
            lane: .voucher(units: 10, signature: try voucher.sign(with: world.alice)))
        #expect(try world.refusal(.settleChannels([signed]), by: world.helper, as: .node) == nil)
        #expect(try settle(&world, [proven(ids[0], 0, steps: 10)]) == .alreadyDone)
        #expect(try settle(&world, [proven(ids[0], 0, steps: 12)]) == nil)
        #expect(earned(world) == 12 * ProofLaneTests.price)
    }

    @Test func lanesMix() throws {
        let (start, ids) = try world()
        var world = start
        let voucher = Voucher(network: world.genesis.networkID, channel: ids[1], commodity: .bytes, units: 4)
        let settlements = [
            proven(ids[0], 0, steps: 3),
            Settlement(
                channel: ids[1], commodity: .bytes,
                lane: .voucher(units: 4, signature: try voucher.sign(with: world.alice))),
            Settlement(channel: ids[2], commodity: .bytes, lane: .reveal(link: chains[2].links[2], steps: 2)),
        ]
        #expect(try settle(&world, settlements) == nil)
        #expect(earned(world) == 9 * ProofLaneTests.price)
    }

    @Test func aProofIsForItsClaimsAndNothingElse() throws {
        let (start, ids) = try world()
        var world = start
        let batch = [proven(ids[0], 0, steps: 3), proven(ids[1], 1, steps: 3)]
        let proof = SettlementProofCheck.hash(batch, world.genesis.networkID)
        let other = try World { $0.replicas = 9 }
        let wrong: [([Settlement], Data)] = [
            (batch, SettlementProofCheck.hash(batch, other.genesis.networkID)), (batch, Data(proof.dropLast())),
            (batch, proof + [0]), (batch.reversed(), proof), ([batch[0]], proof),
            (batch + [proven(ids[2], 2, steps: 1)], proof),
            // More than was proven, another link, and the proof of another channel's link.
            ([proven(ids[0], 0, steps: 4), batch[1]], proof),
            ([proven(ids[0], 1, steps: 3), batch[1]], proof),
        ]
        for (index, (settlements, proof)) in wrong.enumerated() {
            let code = try settle(&world, settlements, proof: proof)
            #expect(code == .badSettlement || code == .alreadyDone, "\(index): \(String(describing: code))")
        }
        #expect(earned(world) == 0)
        #expect(try settle(&world, batch, proof: proof) == nil)
    }

    @Test func proofAndProvenLinksBelongTogether() throws {
        let (start, ids) = try world()
        var world = start
        let reveal = Settlement(channel: ids[0], commodity: .bytes, lane: .reveal(link: chains[0].links[1], steps: 1))
        #expect(try settle(&world, [proven(ids[0], 0, steps: 3)], proof: Data()) == .badSettlement)
        #expect(try settle(&world, [reveal], proof: Data([1])) == .badSettlement)
    }

    @Test func aStretchIsProvenOnceInATransaction() throws {
        let (start, ids) = try world()
        var world = start
        #expect(
            try settle(&world, [proven(ids[0], 0, steps: 3), proven(ids[0], 0, from: 3, steps: 3)]) == nil,
            "a stretch behind the first is another claim")
        #expect(try settle(&world, [proven(ids[1], 1, steps: 3), proven(ids[1], 1, steps: 3)]) == .badSettlement)
        #expect(try settle(&world, [proven(ids[1], 1, steps: 3), proven(ids[1], 1, steps: 4)]) == .badSettlement)
        #expect(earned(world) == 6 * ProofLaneTests.price)
    }

    /// A channel that begins in the middle of another one's chain: each pays what was revealed for it out of its own deposit,
    /// and where both are at one link a proof has one of them.
    @Test func oneChainInTwoChannels() throws {
        let (start, ids) = try world()
        var world = start
        let middle = NewChannel(
            payee: world.helper.publicKey.node, expiresMilliseconds: ProofLaneTests.expiry,
            chains: [
                .init(
                    commodity: .bytes, anchor: chains[0].links[5], unitPrice: ProofLaneTests.price, maxUnits: 20)
            ])
        let transaction = try world.sign(.openChannel(middle), by: world.alice)
        #expect(world.state.execute(transaction, timeMilliseconds: World.genesisTime).isApplied)
        #expect(try settle(&world, [proven(ids[0], 0, steps: 5)]) == nil)
        let both = [proven(ids[0], 0, from: 5, steps: 3), proven(ChannelID(transaction.id), 0, from: 5, steps: 2)]
        let error = #expect(throws: AckProofError.self) {
            try AckProof.prove(SettlementProof.claims(of: both), context: [])
        }
        #expect(error?.code == .duplicate)
        for settlement in both { #expect(try settle(&world, [settlement]) == nil) }
        #expect(earned(world) == 10 * ProofLaneTests.price)
        #expect(world.state.channel(ids[0])?.chains[0].settledUnits == 8)
        #expect(world.state.audit().problems == [])
    }

    @Test func onlyThePayeeNodeSigns() throws {
        let (start, ids) = try world()
        var world = start
        let batch = [proven(ids[0], 0, steps: 3)]
        let action = LedgerAction.settleChannels(
            batch, proof: SettlementProofCheck.hash(batch, world.genesis.networkID))
        #expect(try world.refusal(action, by: world.bob) == .notAuthorised)
        #expect(try world.refusal(action, by: world.alice) == .notAuthorised)
        #expect(try world.refusal(action, by: world.sequencer, as: .node) == .notAuthorised)
        #expect(try world.refusal(action, by: world.helper, as: .node) == nil)
    }

    @Test func unitsAndStepsAtTheirLimitsAndOnePast() throws {
        let (start, ids) = try world()
        var world = start
        func claim(_ steps: UInt64, _ channel: Int = 0) -> Settlement {
            Settlement(
                channel: ids[channel], commodity: .bytes,
                lane: .proof(from: chains[channel].anchor, link: chains[channel].links[1], steps: steps))
        }
        #expect(try settle(&world, [claim(0)]) == .badSettlement)
        #expect(try settle(&world, [claim(.max)]) == .badSettlement)
        #expect(try settle(&world, [claim(ProofLaneTests.maxUnits + 1)]) == .badSettlement)
        #expect(try settle(&world, [claim(ProofLaneTests.maxUnits)]) == nil)
        let most = Settlement.maxProvenSteps
        let four = (0..<4).map { AckClaim(from: chains[$0].anchor, to: chains[$0].anchor, steps: most) }
        #expect(throws: Never.self) { try SettlementProof.checkBounds(four) }
        #expect(throws: LedgerError.self) {
            try SettlementProof.checkBounds(four + [AckClaim(from: four[0].from, to: four[0].to, steps: 1)])
        }
        #expect(throws: LedgerError.self) {
            try SettlementProof.checkBounds([AckClaim(from: four[0].from, to: four[0].to, steps: most + 1)])
        }
        let missing = Settlement(
            channel: ids[1], commodity: .compute,
            lane: .proof(from: chains[1].anchor, link: chains[1].links[1], steps: 1))
        #expect(try settle(&world, [missing]) == .badSettlement)
    }

    @Test func theLaneCanBeSwitchedOff() throws {
        let (start, ids) = try world()
        var world = start
        let batch = [proven(ids[0], 0, steps: 3)]
        try world.run(.changeParameter(.value(name: "settlement_bytes", 0)), by: world.alice)
        #expect(try settle(&world, batch) == .unsupported)
        // Links and vouchers carry everything then.
        let voucher = Voucher(network: world.genesis.networkID, channel: ids[1], commodity: .bytes, units: 4)
        let others = [
            Settlement(channel: ids[0], commodity: .bytes, lane: .reveal(link: chains[0].links[2], steps: 2)),
            Settlement(
                channel: ids[1], commodity: .bytes,
                lane: .voucher(units: 4, signature: try voucher.sign(with: world.alice))),
        ]
        #expect(try world.refusal(.settleChannels(others), by: world.helper, as: .node) == nil)
        try world.run(.changeParameter(.value(name: "settlement_bytes", 100_000)), by: world.alice)
        #expect(try settle(&world, [proven(ids[0], 0, from: 2, steps: 3)]) == nil)
        #expect(earned(world) == 9 * ProofLaneTests.price)
    }

    @Test func bytesAtTheLimitAndOnePast() throws {
        let (start, ids) = try world(proofs: .none) { $0.settlementBytes = 50_000 }
        var world = start
        let batch = [proven(ids[0], 0, steps: 3)]
        func size(_ proof: Int) throws -> Int {
            try world.sign(.settleChannels(batch, proof: Data(count: proof)), by: world.helper, as: .node).bytes.count
        }
        let most = 65_536 + 50_000
        let rest = most - (try size(100_000)) + 100_000
        #expect(try size(rest) == most)
        #expect(try settle(&world, batch, proof: Data(count: rest + 1)) == .tooLarge)
        #expect(try settle(&world, batch, proof: Data(count: rest)) == nil)
        // Nobody else gets the larger limit.
        let reveal = Settlement(channel: ids[1], commodity: .bytes, lane: .reveal(link: chains[1].links[1], steps: 1))
        let many = LedgerAction.settleChannels(Array(repeating: reveal, count: 900))
        #expect(try world.refusal(many, by: world.helper, as: .node) == .tooLarge)
    }

    @Test func aFalseLinkIsNotBelievedByOtherLanes() throws {
        let (start, ids) = try world()
        var world = start
        for link in [chains[0].links[4], chains[1].links[3], PoseidonLink.test("any")] {
            let reveal = Settlement(channel: ids[0], commodity: .bytes, lane: .reveal(link: link, steps: 3))
            #expect(try world.refusal(.settleChannels([reveal]), by: world.helper, as: .node) == .badSettlement)
        }
    }
}
