import Foundation
import Identity
import Ledger
import Testing

@testable import LedgerLog

/// A node that signs two statements of one sequence loses its stake, so it has to know what it signed.
@Suite struct SigningRecordTests {
    private func record(_ folder: TemporaryFolder, _ network: Network) throws -> SigningRecord {
        try SigningRecord(path: folder.file("signed.sqlite"), network: network.genesis.networkID)
    }

    private func checkpoint(_ network: Network, _ sequence: UInt64, _ branch: Int = 0) -> Checkpoint {
        let hash = network.genesis.networkID.digest
        return Checkpoint(
            networkID: network.genesis.networkID, sequence: sequence, entryHash: hash, stateRoot: hash,
            epoch: UInt64(branch), committee: hash, nextCommittee: hash)
    }

    @Test func nothingElseIsSignedAtOrBelowTheHighestVote() async throws {
        let (network, folder) = (try Network(), try TemporaryFolder())
        let first = try record(folder, network)
        #expect(try await first.admit(checkpoint(network, 10)))
        #expect(try await first.admit(checkpoint(network, 20)))
        for _ in 0..<2 {
            let record = try record(folder, network)
            #expect(try await record.admit(checkpoint(network, 20)), "the same vote may be given again")
            #expect(try await record.admit(checkpoint(network, 10)))
            #expect(try await !record.admit(checkpoint(network, 20, 1)))
            #expect(try await !record.admit(checkpoint(network, 10, 1)))
            #expect(try await !record.admit(checkpoint(network, 15)))
            #expect(try await !record.admit(checkpoint(network, 19)))
            try record.close()
        }
        #expect(try await first.admit(checkpoint(network, 21, 1)))
        #expect(try await !first.admit(checkpoint(network, .max)), "no number that the file can hold")
    }

    @Test func votesAreRememberedUpToALimitAndForgottenOnesStayRefused() async throws {
        let (network, folder) = (try Network(), try TemporaryFolder())
        let record = try record(folder, network)
        let limit = UInt64(SigningRecord.maxVotes)
        for sequence in 1...limit { #expect(try await record.admit(checkpoint(network, sequence))) }
        #expect(try await record.admit(checkpoint(network, 1)))
        #expect(try await record.admit(checkpoint(network, limit + 1)))
        #expect(try await !record.admit(checkpoint(network, 1)))
        #expect(try await record.admit(checkpoint(network, 2)))
    }

    @Test func anotherNetworkIsAnotherMatter() async throws {
        let (network, folder) = (try Network(), try TemporaryFolder())
        let other = try Network(replicas: 7)
        #expect(try await record(folder, network).admit(checkpoint(network, 10)))
        #expect(try await record(folder, other).admit(checkpoint(other, 5)))
        let entry = try network.entries(["a"])[0]
        try await record(folder, network).keep(entry)
        #expect(try await record(folder, other).entry() == nil)
        #expect(try await record(folder, network).entry() == entry)
    }

    @Test func aClosedRecordIsWholeByItselfAndKeepsTheRoomThatItNeeds() async throws {
        let (network, folder) = (try Network(), try TemporaryFolder())
        let first = try record(folder, network)
        #expect(try await first.admit(checkpoint(network, 10)))
        try first.close()
        // Nothing has to be written to open it.
        for suffix in ["-wal", "-shm"] {
            let size = try FileManager.default.attributesOfItem(atPath: folder.file("signed.sqlite" + suffix))[.size]
            #expect(try #require(size as? Int) > 0, "\(suffix)")
        }
        // Where the key goes, this file goes: alone.
        let other = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: folder.file("signed.sqlite"), toPath: other.file("signed.sqlite"))
        let second = try record(other, network)
        #expect(try await !second.admit(checkpoint(network, 10, 1)))
        try second.close()
    }

    @Test func aFileOfSomethingElseIsRefused() async throws {
        let (network, folder) = (try Network(), try TemporaryFolder())
        try Data("nonsense, and more of it than a header has".utf8)
            .write(to: URL(fileURLWithPath: folder.file("signed.sqlite")))
        #expect(await code { _ = try record(folder, network) } == .logUnusable)
    }

    /// The advice after a fork is to begin with a sound log: what was voted for on the other branch must outlive the log.
    @Test func whoVotedOnOneBranchDoesNotVoteOnTheOther() async throws {
        let network = try Network(checkpointEntries: 2)
        let folder = try TemporaryFolder()
        let bad = try await network.open(
            network.follower, folder.log(network, "bad.sqlite"), signatures: record(folder, network))
        let (branch, main) = (
            try network.entries(["x", "y", "z"]), try network.entries(["a", "b", "c", "d", "e", "f"])
        )
        try await bad.ingest(branch)
        let voted = try #require(bad.uncertifiedCheckpoints.last).checkpoint
        #expect(try await bad.mayVote(for: voted))
        #expect(await code { try await bad.ingest([main[0]]) } == .forked)
        #expect(await code { _ = try await bad.mayVote(for: voted) } == .forked, "a halted ledger votes for nothing")
        try await bad.close()

        let sound = try await network.open(
            network.follower, folder.log(network, "sound.sqlite"), signatures: record(folder, network))
        try await sound.ingest(main)
        let checkpoints = sound.uncertifiedCheckpoints.map(\.checkpoint)
        let same = try #require(checkpoints.first { $0.sequence == voted.sequence })
        #expect(same != voted)
        #expect(try await !sound.mayVote(for: same))
        let later = try #require(checkpoints.last { $0.sequence > voted.sequence })
        #expect(try await sound.mayVote(for: later))
    }
}
