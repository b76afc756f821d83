import Foundation
import Identity
import SwiftProtobuf
import Testing
import Wire

@testable import Ledger

@Suite struct EntryTests {
    private let name: AppName

    init() throws { name = try AppName(checking: "shop") }

    private func entry(
        _ world: World, _ transactions: [SignedTransaction] = [], time: Int64 = World.genesisTime + 1,
        key: SigningKey? = nil
    ) throws -> Entry {
        try Entry(
            following: world.state, transactions: transactions, timeMilliseconds: time, key: key ?? world.sequencer)
    }

    private func refusal(_ entry: Entry, _ state: LedgerState) -> LedgerError.Code? {
        var copy = state
        do throws(LedgerError) {
            try copy.apply(entry)
            return nil
        } catch {
            return copy.root == state.root ? error.code : LedgerError.Code("a refusal changed the state")
        }
    }

    @Test func aChainOfEntries() throws {
        var world = try World()
        var follower = world.state
        for step in 1...5 {
            let claim = try world.sign(.claimName(AppName(checking: "n\(step)")), by: world.alice)
            let late = try world.sign(.claimName(name), by: world.bob, nonce: 99)
            let entry = try entry(world, [claim, late], time: World.genesisTime + Int64(step))
            let read = try Entry(decoding: entry.bytes)
            #expect(read == entry)
            let outcomes = try world.state.apply(entry)
            #expect(outcomes.map(\.isApplied) == [true, false])
            #expect(try follower.apply(read) == outcomes)
            #expect(follower.root == world.state.root)
            #expect(world.state.sequence == UInt64(step))
            #expect(world.state.headHash == entry.hash)
            #expect(world.state.timeMilliseconds == World.genesisTime + Int64(step))
        }
        #expect(world.state.names.count == 5)
    }

    @Test func refusesWhatDoesNotFollow() throws {
        let world = try World()
        let first = try entry(world)
        var next = world
        try next.state.apply(first)
        #expect(refusal(first, next.state) == .outOfSequence)
        #expect(refusal(try entry(next), world.state) == .outOfSequence)

        var fork = world
        try fork.state.apply(try entry(world, time: World.genesisTime + 9))
        #expect(refusal(try entry(fork, time: World.genesisTime + 99), next.state) == .chainBroken)

        var other = next
        try other.run(.claimName(name), by: other.alice)
        #expect(refusal(try entry(other), next.state) == .stateRootMismatch)

        var ahead = next
        ahead.state.timeMilliseconds -= 1
        #expect(refusal(try entry(ahead, time: 0), next.state) == .timeWentBack)
    }

    @Test func refusesOtherSignersNetworksAndBatches() throws {
        let world = try World()
        #expect(refusal(try entry(world, key: world.helper), world.state) == .badSequencerSignature)
        let foreign = try World { $0.replicas = 4 }
        #expect(refusal(try entry(foreign), world.state) == .wrongNetwork)
        let claim = try world.sign(.claimName(name), by: world.alice)
        let full = try entry(world, [claim])
        var message = try LedgerPBEntry(serializedBytes: full.bytes)
        message.transactions = []
        #expect(refusal(try Entry(decoding: message.serializedData()), world.state) == .batchMismatch)
        message.transactions = [claim.bytes, claim.bytes]
        #expect(refusal(try Entry(decoding: message.serializedData()), world.state) == .batchMismatch)
        message.transactions = [claim.bytes]
        #expect(refusal(try Entry(decoding: message.serializedData()), world.state) == nil)
    }

    @Test func garbageInASignedBatchIsRefusedInItsPlace() throws {
        var world = try World()
        let claim = try world.sign(.claimName(name), by: world.alice)
        let entry = try Entry(
            following: world.state, rawTransactions: [Data([1, 2, 3]), claim.bytes, Data(), claim.bytes],
            timeMilliseconds: 0, key: world.sequencer)
        let outcomes = try world.state.apply(entry)
        #expect(outcomes.map(\.isApplied) == [false, true, false, false])
        #expect(outcomes[3].refusal?.code == .badNonce)
        #expect(world.state.timeMilliseconds == World.genesisTime)
    }

    @Test func bounds() throws {
        let world = try World()
        func make(_ transactions: [Data]) throws -> Entry {
            try Entry(
                following: world.state, rawTransactions: transactions, timeMilliseconds: 0, key: world.sequencer)
        }
        let most = Array(repeating: Data(count: 2_048), count: Entry.maxTransactions)
        #expect(try make(most).bytes.count <= Entry.maxByteCount)
        #expect(throws: LedgerError.self) { try make(most + [Data()]) }
        #expect(throws: LedgerError.self) { try make([Data(count: Entry.maxBatchByteCount), Data(count: 1)]) }
        #expect(throws: LedgerError.self) { try Entry(decoding: Data(count: Entry.maxByteCount + 1)) }
    }

    @Test func theBatchRootTellsBatchesApart() {
        let a = Data("a".utf8)
        let b = Data("b".utf8)
        let batches: [[Data]] = [
            [], [Data()], [a], [b], [a, b], [b, a], [a, a], [a, b, a], [a, b, a, a], [a, b, b],
        ]
        #expect(Set(batches.map(BatchRoot.compute)).count == batches.count)
    }
}
