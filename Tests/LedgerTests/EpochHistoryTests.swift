import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

/// Random histories of epochs in which nodes come and go, lie, keep silent and forge certificates.
@Suite struct EpochHistoryTests {
    private static let steps = 220

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func nothingHappensWithoutACertificate(seed: UInt64) throws {
        var random = SeededRandom(seed: 600 + seed)
        var world = try EpochWorld(nodes: 5, spare: 2) {
            $0.beaconPenalty = 7
            $0.barredEpochs = UInt32(seed % 3)
            $0.checkpointEntries = 9
            if seed % 2 == 0 {
                $0.wholeCommitteeUpTo = 4
                $0.committeeSize = 4
            }
        }
        for index in 5..<7 { try world.join(index) }
        var client = LightClient(genesis: world.genesis)
        var seeds = [world.state.epoch.seed: UInt64(0)]
        var made: [Certificate] = []
        var epochs = 0
        for _ in 0..<EpochHistoryTests.steps {
            let before = world.state
            let step = try randomStep(world, &made, &random)
            world.time += Int64.random(in: 0...2_500, using: &random)
            let code = try world.run(step.action, by: step.node)
            if step.isWrong { #expect(code != nil, "\(step.action)") }
            let after = world.state
            if after.epoch.committee != before.epoch.committee {
                guard case .recordCertificate(let certificate) = step.action else {
                    Issue.record("the committee changed without a certificate")
                    continue
                }
                try client.accept(Handover(certificate: certificate, nextCommittee: after.epoch.committee))
            }
            if after.treasury != before.treasury { #expect(after.certified.sequence > before.certified.sequence) }
            #expect(client.committee == after.epoch.committee)
            #expect(after.epoch.round <= after.parameters.beaconRestarts)
            if after.epoch.seed != before.epoch.seed {
                #expect(seeds.updateValue(after.epoch.number, forKey: after.epoch.seed) == nil, "a seed came twice")
            }
            if after.epoch.number != before.epoch.number { epochs += 1 }
            #expect(after.supply == before.supply)
        }
        #expect(epochs >= 5)
        let units =
            world.state.nodes.reduce(UInt64(0)) { $0 + $1.stake } + world.state.treasury
            + world.state.accounts.reduce(UInt64(0)) { $0 + $1.balance }
        #expect(units == world.state.supply)
        var replayed = LedgerState(genesis: world.genesis)
        for bytes in world.entries { try replayed.apply(Entry(decoding: bytes)) }
        #expect(replayed.root == world.state.root)
    }

    private struct Step {
        var action: LedgerAction
        var node: NodeID
        /// Whether it must be refused, whatever the state is.
        var isWrong = false
    }

    private func randomStep(
        _ world: EpochWorld, _ made: inout [Certificate], _ random: inout SeededRandom
    ) throws -> Step {
        let state = world.state
        let node = world.ids[Int.random(in: 0..<world.ids.count, using: &random)]
        let (epoch, round) = (state.epoch.number, state.epoch.round)
        if let checkpoint = state.checkpoint {
            if let certificate = try world.certify(checkpoint) { made.append(certificate) }
            // Fewer than two thirds of equal weights never make one.
            let few = state.epoch.committee.members.count * 2 / 3
            if state.epoch.committee.members.allSatisfy({ $0.weight == state.epoch.committee.members[0].weight }) {
                #expect(try world.certify(checkpoint, votes: few) == nil)
            }
        }
        let dice = Int.random(in: 0..<100, using: &random)
        if state.beaconPhase(at: world.time) == .due, dice < 60 { return Step(action: world.advanceAction, node: node) }
        switch dice {
        case ..<30: return Step(action: world.commitAction(node), node: node)
        case ..<55: return Step(action: world.revealAction(node), node: node)
        case ..<62:
            let wrong = Blake3.hash([UInt8.random(in: 0...255, using: &random)])
            return Step(action: .beaconReveal(epoch: epoch, round: round, reveal: wrong), node: node, isWrong: true)
        case ..<66:
            return Step(action: .advanceEpoch(epoch: epoch &+ 1, round: round), node: node, isWrong: true)
        case ..<72:
            return Step(action: state.isParticipating(node) ? .optOut(node) : .optIn(node), node: node)
        case ..<90:
            guard let certificate = made.randomElement(using: &random) else {
                return Step(action: world.commitAction(node), node: node)
            }
            return Step(action: .recordCertificate(certificate), node: node)
        default:
            guard let certificate = made.randomElement(using: &random) else {
                return Step(action: world.commitAction(node), node: node)
            }
            return Step(action: .recordCertificate(try forged(certificate, world, &random)), node: node, isWrong: true)
        }
    }

    /// A certificate that its committee never made: other contents, other votes, or too few of them.
    private func forged(
        _ certificate: Certificate, _ world: EpochWorld, _ random: inout SeededRandom
    ) throws -> Certificate {
        let old = certificate.checkpoint
        let attacker = Committee([.init(publicKey: try EpochWorld.key("attacker").publicKey, weight: 1)])
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let changed = Checkpoint(
                networkID: old.networkID, sequence: old.sequence, entryHash: old.entryHash, stateRoot: old.stateRoot,
                epoch: old.epoch, committee: old.committee, nextCommittee: attacker.hash)
            return Certificate(checkpoint: changed, votes: certificate.votes)
        case 1: return Certificate(checkpoint: old, votes: certificate.votes.dropLast())
        case 2 where certificate.votes.count > 1:
            let votes = certificate.votes.map { vote in
                Certificate.Vote(member: vote.member, signature: certificate.votes[0].signature)
            }
            return Certificate(checkpoint: old, votes: votes)
        default:
            let vote = try CheckpointVote(signing: old, with: EpochWorld.key("attacker"))
            return Certificate(checkpoint: old, votes: [.init(member: 0, signature: vote.signature)])
        }
    }
}
