import Blake3
import Foundation
import Identity
import Ledger
import LedgerLog
import Peering
import Stark
import Testing

@testable import Node

@Suite("Starting a ledger", .timeLimit(.minutes(1)))
struct LedgerSyncTests {
    @Test("Nodes that hang cost the time of one")
    func asksAtOnce() async {
        let nodes = (0..<40).map { _ in SigningKey().publicKey.node }
        let silent = Set(nodes.prefix(20))
        let start = ContinuousClock.now
        let heads = await LedgerSync.heads(of: nodes, atOnce: 40, within: .seconds(5)) { node in
            guard silent.contains(node) else { return 7 }
            try? await Task.sleep(for: .milliseconds(200))
            return nil
        }
        #expect(Set(heads.map(\.peer)) == Set(nodes).subtracting(silent))
        #expect(heads.allSatisfy { $0.sequence == 7 })
        #expect(ContinuousClock.now - start < .seconds(4))
    }

    @Test("After the time no more are asked")
    func bound() async {
        let nodes = (0..<1_000).map { _ in SigningKey().publicKey.node }
        let start = ContinuousClock.now
        let heads = await LedgerSync.heads(of: nodes, atOnce: 2, within: .milliseconds(100)) { _ in
            try? await Task.sleep(for: .milliseconds(40))
            return 1
        }
        #expect(!heads.isEmpty && heads.count < 100)
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("A peer that sends what is known already is asked no further")
    func nothingNew() async throws {
        let scene = try LedgerScene(nodes: 2)
        try await LedgerScene.inFolder { folder in
            let leader = try await scene.keeper(of: 0, in: folder)
            let keeper = try await scene.keeper(of: 1, in: folder)
            for number in 1...UInt64(3) { _ = try await leader.submit(scene.claim(number)) }
            let entries = try await leader.entries(from: 1, limit: 9)
            let known = Array(entries[..<2])
            #expect(try await LedgerSync.take(known, after: 0, into: keeper) == 2)
            await #expect(throws: PeerError.self) { try await LedgerSync.take(known, after: 2, into: keeper) }
            #expect(try await LedgerSync.take(entries, after: 2, into: keeper) == 1)
            #expect(keeper.failure == nil && keeper.sequence == 3)
            try await leader.close()
            try await keeper.close()
        }
    }

    @Test("A sequencer whose log was lost orders nothing before it has what it signed a checkpoint of")
    func lostLog() async throws {
        let scene = try LedgerScene(nodes: 2)
        try await LedgerScene.inFolder { folder in
            let leader = try await scene.keeper(of: 0, in: folder)
            for number in 1...UInt64(3) { _ = try await leader.submit(scene.claim(number)) }
            let entries = try await leader.entries(from: 1, limit: 9)
            let checkpoint = try #require(leader.uncertifiedCheckpoints.last?.checkpoint)
            #expect(checkpoint.sequence == 3)
            #expect(try await leader.mayVote(for: checkpoint))
            try await leader.close()
            for file in ["0.sqlite", "0.sqlite-wal", "0.sqlite-shm"] {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(file)")
            }
            let again = try await scene.keeper(of: 0, in: folder)
            #expect(again.isLeading && again.sequence == 0)
            for missing in 0...2 {
                #expect(again.lostEntries?.message.contains("ends at entry \(missing)") == true)
                do {
                    _ = try await again.submit(scene.claim(UInt64(missing) + 1))
                    Issue.record("a second history began")
                } catch let error as LedgerLogError {
                    #expect(error.code == .unavailable)
                }
                #expect(try await LedgerSync.take([entries[missing]], after: UInt64(missing), into: again) == 1)
            }
            #expect(again.lostEntries == nil)
            #expect(try await again.submit(scene.claim(4)).sequence == 4)
            try await again.close()
        }
    }

    @Test("One of several sequencers does not start without the log that they share")
    func engine() throws {
        let scene = try LedgerScene(nodes: 3, sequencers: 2)
        let own = LedgerConfiguration()
        for node in scene.nodes.prefix(2) {
            do {
                try OpenLedger.requireEngine(own, scene.genesis, node)
                Issue.record("it would begin a second history")
            } catch let error as NodeError {
                #expect(error.code == .badConfiguration && error.message.contains("node.json"))
            }
            let shared = LedgerConfiguration(engine: .etcd, endpoints: ["127.0.0.1:2379"])
            try OpenLedger.requireEngine(shared, scene.genesis, node)
        }
        try OpenLedger.requireEngine(own, scene.genesis, scene.nodes[2])
        let alone = try LedgerScene(nodes: 3)
        try OpenLedger.requireEngine(own, alone.genesis, alone.nodes[0])
    }

    @Test("Channels past their end are found, the first of many only")
    func expiredChannels() async throws {
        let scene = try LedgerScene(nodes: 2)
        var state = LedgerState(genesis: scene.genesis)
        let builder = TransactionBuilder(networkID: state.networkID, key: scene.owner)
        let count = DutyPlan.maxExpiries + 1
        var ends: [Int64] = []
        for number in 1...UInt64(count) {
            let expiry = LedgerScene.start + 1_000 + Int64(number)
            let channel = NewChannel(
                payee: scene.nodes[0], expiresMilliseconds: expiry,
                chains: [
                    .init(
                        commodity: .bytes,
                        anchor: try #require(PoseidonLink(bytes: [UInt8(number)] + Array(repeating: 0, count: 31))),
                        unitPrice: 1, maxUnits: 1)
                ])
            let transaction = try builder.sign(.openChannel(channel), nonce: number)
            let outcome = state.execute(transaction, timeMilliseconds: LedgerScene.start)
            #expect(outcome.isApplied, "\(outcome)")
            ends.append(expiry + Int64(state.parameters.channelGraceMilliseconds))
        }
        #expect(await ExpiredChannels.find(in: state, at: ends[0]).isEmpty)
        #expect(await ExpiredChannels.find(in: state, at: ends[0] + 1).count == 1)
        let found = await ExpiredChannels.find(in: state, at: .max)
        #expect(found.count == DutyPlan.maxExpiries)
        #expect(Set(found).count == found.count)
        // A node that is not the payee may close them.
        let close = try TransactionBuilder(networkID: state.networkID, key: scene.keys[1], as: .node)
            .sign(.closeChannel(found[0]), nonce: 1)
        #expect(state.execute(close, timeMilliseconds: ends[count - 1] + 1).isApplied)
        #expect(state.channel(found[0]) == nil)
    }
}
