import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct FaultTests {
    private func votes(_ world: EpochWorld, _ node: NodeID, sequence: UInt64 = 7) throws -> FaultEvidence {
        let digest = world.genesis.networkID.digest
        func checkpoint(_ root: Digest) -> Checkpoint {
            Checkpoint(
                networkID: world.genesis.networkID, sequence: sequence, entryHash: digest, stateRoot: root, epoch: 0,
                committee: digest, nextCommittee: digest)
        }
        let (first, second) = (checkpoint(digest), checkpoint(Blake3.hash([1])))
        return .contradictingVotes(
            node, first: first.bytes,
            firstSignature: try CheckpointVote(signing: first, with: world.key(node)).signature,
            second: second.bytes, secondSignature: try CheckpointVote(signing: second, with: world.key(node)).signature)
    }

    private func fork(_ world: EpochWorld, by signer: NodeID) throws -> FaultEvidence {
        let entries = try [0, 1].map { offset in
            try Entry(
                following: world.state, transactions: [], timeMilliseconds: world.time + Int64(offset),
                key: world.key(signer))
        }
        return .forkedHeaders(
            .init(header: entries[0].headerBytes, signature: entries[0].signature),
            .init(header: entries[1].headerBytes, signature: entries[1].signature))
    }

    @Test func bothKindsAreSlashedBehindACertificate() throws {
        var world = try EpochWorld(nodes: 5) {
            $0.faultPenaltyPermille = 400
            $0.unstakeLockEpochs = 1
        }
        let (sequencer, voter) = (world.ids[0], world.ids[4])
        #expect(try world.run(.unstake(voter, amount: 900), byOperatorOf: 4) == nil)
        #expect(try world.run(.submitFault(fork(world, by: sequencer)), byOperatorOf: 1) == nil)
        #expect(try world.run(.submitFault(votes(world, voter)), by: world.ids[1]) == nil)
        #expect(world.state.faults.count == 2)
        #expect(world.state.node(voter)?.stake == 100)
        #expect(world.state.isParticipating(voter))
        let supply = world.state.supply
        try world.playRound(committing: world.ids)
        // What is unstaked cannot get away while a penalty waits.
        #expect(try world.run(.withdrawUnstaked(voter), byOperatorOf: 4) == .stakeLocked)
        try world.run(.updateNode(voter, peer: Endpoint(host: "h", port: 1), gateway: nil), by: voter)
        // The checkpoint of the new epoch covers both faults.
        let known = try #require(world.state.chain.checkpoints.known.last)
        #expect(known.sequence > 3)
        try world.playRound(committing: world.ids)
        try world.certifyLast()
        #expect(world.state.treasury == 800)
        #expect(world.state.supply == supply)
        let record = try #require(world.state.node(voter))
        #expect(record.stake == 0)
        #expect(record.unstaking.map(\.amount) == [600])
        #expect(record.participation == .left(epoch: 2))
        #expect(record.barredUntilEpoch == 6)
        #expect(world.state.node(sequencer)?.stake == 600)
        #expect(try world.run(.optIn(voter), byOperatorOf: 4) == .barred)
        #expect(try world.run(.withdrawUnstaked(voter), byOperatorOf: 4) == nil)
        #expect(world.state.fault(of: voter, .contradictingVotes, at: 7)?.kind == .contradictingVotes)
    }

    @Test func aFaultIsRecordedOnce() throws {
        var world = try EpochWorld(nodes: 3)
        let evidence = try votes(world, world.ids[2])
        guard case .contradictingVotes(let node, let a, let aSignature, let b, let bSignature) = evidence else {
            return
        }
        let swapped = FaultEvidence.contradictingVotes(
            node, first: b, firstSignature: bSignature, second: a, secondSignature: aSignature)
        #expect(swapped.hash == evidence.hash)
        #expect(try world.run(.submitFault(evidence), by: world.ids[1]) == nil)
        #expect(try world.run(.submitFault(evidence), by: world.ids[1]) == .alreadyDone)
        #expect(try world.run(.submitFault(swapped), by: world.ids[0]) == .alreadyDone)
        let limit = LedgerState.maxFaultsPerNode
        for sequence in 100..<(100 + limit - 1) {
            #expect(
                try world.run(.submitFault(votes(world, node, sequence: UInt64(sequence))), by: world.ids[1]) == nil)
        }
        #expect(try world.run(.submitFault(votes(world, node, sequence: 999)), by: world.ids[1]) == .limitReached)
        #expect(world.state.node(node)?.standing.penalties.count == NodeStanding.maxPenalties)
    }

    @Test func provesNothing() throws {
        var world = try EpochWorld(nodes: 3)
        let (honest, other) = (world.ids[2], world.ids[1])
        guard
            case .contradictingVotes(_, let a, let aSignature, let b, let bSignature) = try votes(world, honest),
            case .contradictingVotes(_, let later, let laterSignature, _, _) = try votes(world, honest, sequence: 8),
            case .forkedHeaders(let one, let two) = try fork(world, by: world.ids[0])
        else { return }
        func pair(
            _ node: NodeID, _ first: Data, _ firstSignature: Data, _ second: Data, _ secondSignature: Data
        ) -> FaultEvidence {
            .contradictingVotes(
                node, first: first, firstSignature: firstSignature, second: second, secondSignature: secondSignature)
        }
        let stranger = try EpochWorld.key("stranger").publicKey.node
        let cases: [FaultEvidence] = [
            pair(honest, a, aSignature, a, aSignature), pair(honest, a, aSignature, b, aSignature),
            pair(honest, a, bSignature, b, bSignature), pair(other, a, aSignature, b, bSignature),
            pair(honest, a, aSignature, later, laterSignature), pair(stranger, a, aSignature, b, bSignature),
            .forkedHeaders(one, one), .forkedHeaders(one, .init(header: two.header, signature: one.signature)),
            // A node that may not order signs what it likes; nobody takes it for an entry.
            try fork(world, by: honest),
        ]
        for evidence in cases { #expect(try world.run(.submitFault(evidence), by: other) == .badEvidence) }
        let malformed = FaultEvidence.forkedHeaders(one, .init(header: Data([1, 2]), signature: two.signature))
        #expect(try world.run(.submitFault(malformed), by: other) == .malformed)
        #expect(world.state.faults.isEmpty)
        var random = SeededRandom(seed: 43)
        for _ in 0..<1_000 {
            let evidence = pair(honest, a.mutated(&random), aSignature, b, bSignature)
            guard evidence != pair(honest, a, aSignature, b, bSignature) else { continue }
            #expect(throws: LedgerError.self) {
                try evidence.verify(
                    network: world.genesis.networkID, proofs: .stark, isKnown: { _ in false },
                    key: { _, id in world.state.node(id)?.publicKey })
            }
        }
    }

    @Test func auditsAreRecordedOnceAndForgotten() throws {
        var world = try EpochWorld(nodes: 3)
        let (auditor, subject) = (world.ids[0], world.ids[1])
        func audit(_ number: UInt8, of node: NodeID? = nil) -> LedgerAction {
            .submitAudit(
                subject: node ?? subject, receipt: Blake3.hash([number]), matches: number % 2 == 0,
                result: Blake3.hash([0]))
        }
        #expect(try world.run(audit(0), by: auditor) == nil)
        #expect(try world.run(audit(0), by: auditor) == .alreadyDone)
        #expect(try world.run(audit(0), by: world.ids[2]) == nil)
        #expect(try world.run(audit(1, of: auditor), by: auditor) == .notAuthorised)
        #expect(try world.run(audit(1), byOperatorOf: 0) == .notAuthorised)
        for number in 1..<UInt8(LedgerState.maxAuditsPerEpoch) {
            #expect(try world.run(audit(number), by: auditor) == nil)
        }
        #expect(try world.run(audit(200), by: auditor) == .limitReached)
        #expect(world.state.audits.count == Int(LedgerState.maxAuditsPerEpoch) + 1)
        try world.playRound(committing: [])
        #expect(try world.run(audit(0), by: auditor) == .alreadyDone)
        #expect(try world.run(audit(200), by: auditor) == nil)
        try world.playRound(committing: [])
        #expect(world.state.audits.count == 1)
        try world.playRound(committing: [])
        #expect(world.state.audits.isEmpty)
    }
}
