import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct CertificateTests {
    private func world() throws -> EpochWorld {
        var world = try EpochWorld(nodes: 7)
        try world.playRound(committing: world.ids)
        return world
    }

    @Test func moreThanTwoThirdsMakeACertificate() throws {
        let world = try world()
        let checkpoint = try #require(world.state.checkpoint)
        #expect(try world.certify(checkpoint, votes: 4) == nil)
        let certificate = try #require(try world.certify(checkpoint, votes: 5))
        try certificate.verify(by: world.state.epoch.committee)
        #expect(try Certificate(decoding: certificate.bytes) == certificate)
        let short = Certificate(checkpoint: checkpoint, votes: Array(certificate.votes.dropLast()))
        #expect(throws: LedgerError.self) { try short.verify(by: world.state.epoch.committee) }
    }

    @Test func exactlyTwoThirdsDoNot() throws {
        let world = try EpochWorld(nodes: 3)
        let committee = world.state.epoch.committee
        #expect(!committee.isMajority(2_000))
        #expect(committee.isMajority(2_001))
        let largest = Committee(
            world.ids.compactMap { world.nodeKeys[$0] }.map { .init(publicKey: $0.publicKey, weight: .max) })
        #expect(!largest.isMajority(UInt128(UInt64.max) * 2))
        #expect(largest.isMajority(UInt128(UInt64.max) * 2 + 1))
    }

    @Test func countsOnlyMembersEachOnceForThisCheckpoint() throws {
        let world = try world()
        let checkpoint = try #require(world.state.checkpoint)
        let other = Checkpoint(
            networkID: checkpoint.networkID, sequence: checkpoint.sequence, entryHash: checkpoint.stateRoot,
            stateRoot: checkpoint.stateRoot, epoch: checkpoint.epoch, committee: checkpoint.committee,
            nextCommittee: checkpoint.nextCommittee)
        var collector = CertificateCollector(checkpoint: checkpoint, committee: world.state.epoch.committee)
        for number in 0..<20 {
            let stranger = try EpochWorld.key("stranger \(number)")
            #expect(collector.add(try CheckpointVote(signing: checkpoint, with: stranger)) == nil)
        }
        let members = try world.ids.map { try world.key($0) }
        for key in members {
            #expect(collector.add(try CheckpointVote(signing: other, with: key)) == nil)
            let vote = try CheckpointVote(signing: checkpoint, with: key)
            // Another member's signature under one's own name.
            let stolen = CheckpointVote(
                checkpoint: checkpoint, node: members[0].publicKey.node, signature: vote.signature)
            if key.publicKey != members[0].publicKey { #expect(collector.add(stolen) == nil) }
        }
        for key in members.prefix(4) {
            let vote = try CheckpointVote(signing: checkpoint, with: key)
            #expect(vote.isValid(key.publicKey))
            for _ in 0..<3 { #expect(collector.add(vote) == nil) }
        }
        #expect(collector.votes.count == 4)
        let certificate = try #require(collector.add(try CheckpointVote(signing: checkpoint, with: members[5])))
        #expect(collector.add(try CheckpointVote(signing: checkpoint, with: members[6])) == nil)
        #expect(collector.certificate == certificate)
        try certificate.verify(by: world.state.epoch.committee)
    }

    @Test func takesTheHeaviestVotesThatSuffice() throws {
        let world = try EpochWorld(nodes: 6, stakes: [100, 100, 100, 100, 100, 8_000])
        var collector = CertificateCollector(
            checkpoint: try checkpointed(world).lastCheckpoint(), committee: world.state.epoch.committee)
        var certificate: Certificate?
        for id in world.ids where certificate == nil {
            certificate = collector.add(try CheckpointVote(signing: collector.checkpoint, with: world.key(id)))
        }
        #expect(certificate?.votes.count == 1)
    }

    private func checkpointed(_ world: EpochWorld) throws -> EpochWorld {
        var world = world
        try world.playRound(committing: world.ids)
        return world
    }

    @Test func theLedgerRefusesForeignRepeatedAndForgedCertificates() throws {
        var world = try world()
        let checkpoint = try #require(world.state.checkpoint)
        let certificate = try #require(try world.certify(checkpoint))
        func changed(
            network: NetworkID? = nil, sequence: UInt64? = nil, root: Digest? = nil, next: Digest? = nil,
            committee: Digest? = nil
        ) throws -> Certificate {
            let changed = Checkpoint(
                networkID: network ?? checkpoint.networkID, sequence: sequence ?? checkpoint.sequence,
                entryHash: checkpoint.entryHash, stateRoot: root ?? checkpoint.stateRoot, epoch: checkpoint.epoch,
                committee: committee ?? checkpoint.committee, nextCommittee: next ?? checkpoint.nextCommittee)
            // Signed by the real committee, as one that lies would.
            let votes = try world.state.epoch.committee.nodes.enumerated().map { index, node in
                let vote = try CheckpointVote(signing: changed, with: world.key(node))
                return Certificate.Vote(member: UInt32(index), signature: vote.signature)
            }
            return Certificate(checkpoint: changed, votes: votes)
        }
        let digest = checkpoint.entryHash
        let cases: [(Certificate, LedgerError.Code)] = [
            (try changed(network: NetworkID(digest)), .wrongNetwork), (try changed(sequence: 0), .alreadyDone),
            (try changed(sequence: checkpoint.sequence + 1), .badCertificate),
            (try changed(sequence: .max), .badCertificate), (try changed(root: digest), .badCertificate),
            (try changed(next: digest), .badCertificate), (try changed(committee: digest), .badCertificate),
            (Certificate(checkpoint: checkpoint, votes: []), .badCertificate),
            (Certificate(checkpoint: checkpoint, votes: certificate.votes.dropLast()), .badCertificate),
            (
                Certificate(checkpoint: checkpoint, votes: certificate.votes.dropLast() + [certificate.votes[0]]),
                .malformed
            ),
        ]
        for (forged, code) in cases {
            guard code != .malformed else {
                #expect(throws: LedgerError.self) { try world.sign(.recordCertificate(forged), by: world.ids[1]) }
                #expect(throws: LedgerError.self) { try forged.verify(by: world.state.epoch.committee) }
                continue
            }
            #expect(try world.run(.recordCertificate(forged), by: world.ids[1]) == code)
        }
        #expect(world.state.certified.sequence == 0)
        #expect(try world.run(.recordCertificate(certificate), byOperatorOf: 0) == .notAuthorised)
        #expect(try world.record(certificate) == nil)
        #expect(world.state.certified == (checkpoint.sequence, checkpoint.hash))
        #expect(try world.record(certificate) == .alreadyDone)
    }

    @Test func aCommitteeThatWasReplacedCertifiesNothingMore() throws {
        var world = try EpochWorld(nodes: 4) { $0.checkpointEntries = 1 }
        let leaver = world.ids[3]
        #expect(try world.run(.optOut(leaver), by: leaver) == nil)
        try world.playRound(committing: Array(world.ids.prefix(3)))
        let first = try #require(try world.certify(world.lastCheckpoint()))
        try world.run(.updateNode(leaver, peer: Endpoint(host: "h", port: 1), gateway: nil), by: leaver)
        let second = try #require(try world.certify(world.lastCheckpoint()))
        #expect(try world.record(first) == nil)
        #expect(world.state.epoch.committee.nodes == world.ids.prefix(3).sorted())
        #expect(try world.record(second) == .badCertificate)
    }

    @Test func anyBytesMayCome() throws {
        var random = SeededRandom(seed: 41)
        let world = try world()
        let certificate = try #require(try world.certify(world.lastCheckpoint()))
        let committee = world.state.epoch.committee
        let handover = Handover(certificate: certificate, nextCommittee: committee)
        #expect(try Handover(decoding: handover.bytes) == handover)
        #expect(try Committee(decoding: committee.bytes) == committee)
        #expect(try Checkpoint(decoding: certificate.checkpointBytes) == certificate.checkpoint)
        for round in 0..<3_000 {
            func hostile(_ bytes: Data) -> Data {
                round % 4 == 0 ? .random(upTo: 200, &random) : bytes.mutated(&random)
            }
            if let read = try? Certificate(decoding: hostile(certificate.bytes)), read != certificate {
                #expect(throws: LedgerError.self) { try read.verify(by: committee) }
            }
            if let read = try? Committee(decoding: hostile(committee.bytes)) {
                #expect(read == Committee(read.members))
            }
            _ = try? Checkpoint(decoding: hostile(certificate.checkpointBytes))
            _ = try? Handover(decoding: hostile(handover.bytes))
        }
    }
}
