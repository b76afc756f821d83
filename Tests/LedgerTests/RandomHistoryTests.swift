import Blake3
import Foundation
import Identity
import Testing

@testable import Ledger

/// Random histories of right and wrong transactions, replayed and rebuilt.
@Suite struct RandomHistoryTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func replaysAndRebuildsToTheSameRoot(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var world = try World { parameters in
            parameters.releasesKeptPerName = 3
            parameters.namesPerAccount = 4
            parameters.openAccounts = seed % 2 == 0
        }
        let start = world.state
        var entries: [Data] = []
        for step in 1...25 {
            var draft = world
            var batch: [SignedTransaction] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let transaction = try randomTransaction(draft, &random)
                _ = draft.state.execute(transaction, timeMilliseconds: World.genesisTime)
                batch.append(transaction)
            }
            let entry = try Entry(
                following: world.state, transactions: batch, timeMilliseconds: World.genesisTime + Int64(step),
                key: world.sequencer)
            try world.state.apply(entry)
            entries.append(entry.bytes)
            checkInvariants(world.state)
        }
        var replayed = start
        for bytes in entries { try replayed.apply(Entry(decoding: bytes)) }
        #expect(replayed.root == world.state.root)
        #expect(rebuilt(world.state, &random).root == world.state.root)
        #expect(!world.state.names.isEmpty)
    }

    /// The same rows put into empty tables in a random order.
    private func rebuilt(_ state: LedgerState, _ random: inout SeededRandom) -> LedgerState {
        var copy = state
        copy.accountTable = MerkleTable()
        copy.nodeTable = MerkleTable()
        copy.nameTable = MerkleTable()
        copy.releaseTable = MerkleTable()
        for row in state.accountTable.rows.shuffled(using: &random) { copy.accountTable.put(row) }
        for row in state.nodeTable.rows.shuffled(using: &random) { copy.nodeTable.put(row) }
        for row in state.nameTable.rows.shuffled(using: &random) { copy.nameTable.put(row) }
        for row in state.releaseTable.rows.shuffled(using: &random) { copy.releaseTable.put(row) }
        return copy
    }

    private func checkInvariants(_ state: LedgerState) {
        for account in state.accounts {
            #expect(account.nameCount == UInt64(state.names.filter { $0.owner == account.id }.count))
            #expect(account.nodeCount == UInt64(state.nodes.filter { $0.operatorAccount == account.id }.count))
        }
        var releases = 0
        for name in state.names {
            #expect(state.account(name.owner) != nil)
            #expect(name.releases.count <= Int(state.parameters.releasesKeptPerName))
            #expect(Set(name.liveHistory).isSubset(of: Set(name.releases)))
            #expect(state.releases(of: name.name).count == name.releases.count)
            releases += name.releases.count
        }
        #expect(state.releaseTable.count == releases)
    }

    private func randomTransaction(_ world: World, _ random: inout SeededRandom) throws -> SignedTransaction {
        let keys = [world.alice, world.bob, world.stranger, world.sequencer, world.helper, try World.key(30)]
        let key = keys[Int.random(in: 0..<keys.count, using: &random)]
        let role: TransactionBuilder.Role = Int.random(in: 0..<8, using: &random) == 0 ? .node : .account
        let name = try AppName(checking: ["a", "b", "c", "d", "e", "www"][Int.random(in: 0..<6, using: &random)])
        let known = world.state.name(name)?.releases ?? []
        let release =
            known.randomElement(using: &random)
            ?? ReleaseID(
                name: name, manifest: World.blob(1), publisher: key.publicKey.account, nonce: 1)
        let other = keys[Int.random(in: 0..<keys.count, using: &random)].publicKey
        let endpoint = try Endpoint(host: "h", port: UInt16.random(in: 1...9, using: &random))
        let action: LedgerAction
        switch Int.random(in: 0..<12, using: &random) {
        case 0...2: action = .claimName(name)
        case 3: action = .transferName(name, to: other.account)
        case 4...6: action = .publishRelease(name, World.site(Int.random(in: 0..<5, using: &random)))
        case 7, 8: action = .promoteRelease(name, release)
        case 9: action = .rollBack(name, to: Bool.random(using: &random) ? nil : release)
        case 10: action = .updateNode(other.node, peer: endpoint, gateway: nil)
        default:
            let node = keys[Int.random(in: 0..<keys.count, using: &random)]
            let proof = try NodePossession.prove(
                node, operatorAccount: key.publicKey.account, network: world.genesis.networkID)
            action = .registerNode(publicKey: node.publicKey, peer: endpoint, gateway: nil, possessionProof: proof)
        }
        let isWrong = Int.random(in: 0..<10, using: &random) == 0
        return try world.sign(action, by: key, as: role, nonce: isWrong ? .random(in: 0...9, using: &random) : nil)
    }
}
