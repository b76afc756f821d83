import AckProofs
import Foundation
import Identity
import Stark
import Testing

@testable import Ledger

/// What the ledger does about a proof that is valid and wrong: with a verifier that believes everything, since a sound
/// one cannot be shown such a proof.
@Suite struct FalseSettlementTests {
    private let chains = (0..<2).map { TestChain("chain \($0)") }

    /// A settlement of two channels by the third node, the second link of which is false; and it is on the ledger.
    private func settled(
        truly: Bool = false
    ) throws -> (world: EpochWorld, transaction: SignedTransaction) {
        var world = try EpochWorld(nodes: 4) { $0.faultPenaltyPermille = 400 }
        world.state.proofCheck = .none
        var settlements: [Settlement] = []
        for (index, chain) in chains.enumerated() {
            let channel = NewChannel(
                payee: world.ids[2], expiresMilliseconds: world.time + 100_000,
                chains: [.init(commodity: .bytes, anchor: chain.anchor, unitPrice: 1, maxUnits: 50)])
            let transaction = try world.sign(.openChannel(channel), byOperatorOf: 1)
            #expect(try world.enter([transaction]).allSatisfy(\.isApplied))
            let link = truly || index == 0 ? chain.links[7] : .test("stolen")
            settlements.append(
                Settlement(
                    channel: ChannelID(transaction.id), commodity: .bytes,
                    lane: .proof(from: chain.anchor, link: link, steps: 7)))
        }
        let transaction = try world.sign(.settleChannels(settlements, proof: Data([1])), by: world.ids[2])
        #expect(try world.enter([transaction]).allSatisfy(\.isApplied))
        return (world, transaction)
    }

    private func evidence(_ transaction: SignedTransaction, _ index: UInt32 = 1) -> LedgerAction {
        .submitFault(.falseSettlement(transaction: transaction.bytes, index: index))
    }

    @Test func theNodeLosesStakeAndTheLaneIsClosed() throws {
        let (start, transaction) = try settled()
        var world = start
        #expect(world.state.parameters.settlementBytes > 0)
        #expect(try world.run(evidence(transaction), by: world.ids[1]) == nil)
        #expect(world.state.parameters.settlementBytes == 0)
        let fault = try #require(world.state.fault(of: world.ids[2], .falseSettlement, at: transaction.nonce))
        #expect(fault.kind == .falseSettlement)
        #expect(world.state.node(world.ids[2])?.standing.penalties.count == 1)
        #expect(try world.run(evidence(transaction), by: world.ids[0]) == .alreadyDone)
        // Of one transaction it is one fault, whichever link of it is shown.
        #expect(try world.run(evidence(transaction, 0), by: world.ids[0]) == .alreadyDone)
        #expect(world.state.audit().problems == [])
    }

    @Test func whatTheBatchPaidGoesBackIntoItsChannels() throws {
        let (start, transaction) = try settled()
        var world = start
        let payee = try #require(world.state.node(world.ids[2])?.operatorAccount)
        let before = try #require(world.state.account(payee)?.balance)
        #expect(world.state.channels.map(\.settled) == [7, 7])
        #expect(try world.run(evidence(transaction), by: world.ids[1]) == nil)
        #expect(world.state.account(payee)?.balance == before - 14)
        #expect(world.state.channels.map(\.settled) == [0, 0])
        #expect(world.state.channels.map(\.refund) == [50, 50])
        #expect(world.state.audit().problems == [])
    }

    @Test func whatTheOperatorSpentDoesNotComeBack() throws {
        let (start, transaction) = try settled()
        var world = start
        let payee = try #require(world.state.node(world.ids[2])?.operatorAccount)
        let other = try #require(world.state.node(world.ids[0])?.operatorAccount)
        let balance = try #require(world.state.account(payee)?.balance)
        #expect(try world.run(.transfer(to: other, amount: balance - 5), byOperatorOf: 2) == nil)
        #expect(try world.run(evidence(transaction), by: world.ids[1]) == nil)
        #expect(world.state.account(payee)?.balance == 0)
        #expect(world.state.channels.reduce(0) { $0 + $1.settled } == 9)
        #expect(world.state.audit().problems == [])
    }

    @Test func evidenceThatProvesNothing() throws {
        let (start, transaction) = try settled()
        var world = start
        #expect(try world.run(evidence(transaction, 0), by: world.ids[1]) == .badEvidence, "that link is true")
        #expect(try world.run(evidence(transaction, 2), by: world.ids[1]) == .badEvidence)
        #expect(try world.run(evidence(transaction, .max), by: world.ids[1]) == .badEvidence)
        #expect(try world.run(evidence(transaction), byOperatorOf: 1) == .notAuthorised)
        let other = try world.sign(.optOut(world.ids[2]), by: world.ids[2])
        #expect(try world.run(evidence(other), by: world.ids[1]) == .badEvidence)
        var damaged = transaction.bytes
        damaged[damaged.count - 1] ^= 1
        let forged = LedgerAction.submitFault(.falseSettlement(transaction: damaged, index: 1))
        #expect(try world.run(forged, by: world.ids[1]) == .badSignature)
        #expect(try world.run(.submitFault(.falseSettlement(transaction: Data(), index: 0)), by: world.ids[1]) != nil)
        // Somebody who is no node of the network signed it.
        let stranger = try EpochWorld.key("stranger")
        let builder = TransactionBuilder(networkID: world.genesis.networkID, key: stranger, as: .node)
        guard case .settleChannels(let settlements, let proof) = transaction.action else { return }
        let foreign = try builder.sign(.settleChannels(settlements, proof: proof), nonce: 1)
        #expect(try world.run(evidence(foreign), by: world.ids[1]) == .badEvidence)
        // With a verifier that sees that the proof is worth nothing, nobody was paid and nothing is proven.
        world.state.proofCheck = .hashes
        #expect(try world.run(evidence(transaction), by: world.ids[1]) == .badEvidence)
        #expect(world.state.faults.isEmpty)
        #expect(world.state.parameters.settlementBytes > 0)
    }

    @Test func onlyParticipantsBringIt() throws {
        let (start, transaction) = try settled()
        var world = start
        #expect(try world.run(.optOut(world.ids[3]), by: world.ids[3]) == nil)
        #expect(try world.run(evidence(transaction), by: world.ids[3]) == .wrongParticipation)
    }
}
