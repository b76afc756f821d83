import Foundation
import Identity
import Ledger
import Testing

/// Who may do what: every verb, by the right key and by every wrong one.
@Suite struct AuthorityTests {
    private let name: AppName
    private let endpoint: Endpoint

    init() throws {
        name = try AppName(checking: "shop")
        endpoint = try Endpoint(host: "10.0.0.1", port: 9_000)
    }

    @Test func onlyAnOwnerChangesItsName() throws {
        var world = try World()
        let (alice, bob) = (world.alice, world.bob)
        try world.run(.claimName(name), by: alice)
        let release = try world.publish(1, name, by: alice)
        try world.run(.promoteRelease(name, release, percent: 100), by: alice)
        let actions: [LedgerAction] = [
            .publishRelease(name, World.site(2)), .promoteRelease(name, release, percent: 100),
            .rollBack(name, to: nil),
            .rollBack(name, to: release), .transferName(name, to: bob.publicKey.account),
        ]
        for action in actions {
            #expect(try world.refusal(action, by: bob) == .notAuthorised)
            #expect(try world.refusal(action, by: world.sequencer, as: .node) == .notAuthorised)
            #expect(try world.refusal(action, by: world.sequencer) == .unknownSigner)
        }
        #expect(try world.refusal(.claimName(name), by: bob) == .nameTaken)
        #expect(try world.refusal(.claimName(AppName(checking: "b")), by: world.helper, as: .node) == .notAuthorised)
    }

    @Test func verbsOnAnUnclaimedName() throws {
        var world = try World()
        let release = try #require(ReleaseID("0000000000"))
        let actions: [LedgerAction] = [
            .publishRelease(name, World.site(2)), .promoteRelease(name, release, percent: 100),
            .rollBack(name, to: nil),
            .transferName(name, to: world.bob.publicKey.account),
        ]
        for action in actions { #expect(try world.refusal(action, by: world.alice) == .unknownName) }
    }

    @Test func aTransferMovesAllRights() throws {
        var world = try World()
        let (alice, bob) = (world.alice.publicKey.account, world.bob.publicKey.account)
        try world.run(.claimName(name), by: world.alice)
        let release = try world.publish(1, name, by: world.alice)
        let nobody = AccountID(World.blob(1).digest)
        #expect(try world.refusal(.transferName(name, to: nobody), by: world.alice) == .unknownAccount)
        #expect(try world.refusal(.transferName(name, to: bob), by: world.alice) == nil)
        #expect(world.state.name(name)?.owner == bob)
        #expect(world.state.account(alice)?.nameCount == 0)
        #expect(world.state.account(bob)?.nameCount == 1)
        #expect(try world.refusal(.promoteRelease(name, release, percent: 100), by: world.alice) == .notAuthorised)
        #expect(try world.refusal(.promoteRelease(name, release, percent: 100), by: world.bob) == nil)
        #expect(try world.refusal(.transferName(name, to: bob), by: world.bob) == nil)
        #expect(world.state.account(bob)?.nameCount == 1)
    }

    @Test func reservedNamesAndTheLimitOfNames() throws {
        var world = try World { $0.namesPerAccount = 2 }
        #expect(try world.refusal(.claimName(AppName(checking: "www")), by: world.alice) == .reservedName)
        #expect(try world.refusal(.claimName(AppName(checking: "a")), by: world.alice) == nil)
        #expect(try world.refusal(.claimName(AppName(checking: "b")), by: world.alice) == nil)
        #expect(try world.refusal(.claimName(AppName(checking: "c")), by: world.alice) == .limitReached)
        #expect(try world.refusal(.claimName(AppName(checking: "c")), by: world.bob) == nil)
        let gift = LedgerAction.transferName(try AppName(checking: "c"), to: world.alice.publicKey.account)
        #expect(try world.refusal(gift, by: world.bob) == .limitReached)
        #expect(world.state.names.map(\.name.description) == ["a", "b", "c"])
    }

    @Test func registeringNeedsTheNodesKey() throws {
        var world = try World { $0.nodesPerAccount = 2 }
        let account = world.alice.publicKey.account
        let network = world.genesis.networkID
        func register(_ key: SigningKey, _ proof: Data) -> LedgerAction {
            .registerNode(publicKey: key.publicKey, peer: endpoint, gateway: nil, possessionProof: proof)
        }
        let node = try World.key(20)
        let bobs = try NodePossession.prove(node, operatorAccount: world.bob.publicKey.account, network: network)
        let elsewhere = try NodePossession.prove(
            node, operatorAccount: account, network: World { $0.replicas = 5 }.genesis.networkID)
        for proof in [Data(), Data(count: 64), bobs, elsewhere] {
            #expect(try world.refusal(register(node, proof), by: world.alice) == .notAuthorised)
        }
        let proof = try NodePossession.prove(node, operatorAccount: account, network: network)
        #expect(try world.refusal(register(node, proof), by: world.bob) == .notAuthorised)
        #expect(try world.refusal(register(node, proof), by: world.alice) == nil)
        #expect(world.state.node(node.publicKey.node)?.operatorAccount == account)
        #expect(world.state.account(account)?.nodeCount == 2)
        #expect(try world.refusal(register(node, bobs), by: world.bob) == .nodeExists)
        let third = try World.key(21)
        let thirdProof = try NodePossession.prove(third, operatorAccount: account, network: network)
        #expect(try world.refusal(register(third, thirdProof), by: world.alice) == .limitReached)
    }

    @Test func onlyANodeOrItsOperatorUpdatesIt() throws {
        var world = try World()
        let helper = world.helper.publicKey.node
        let update = LedgerAction.updateNode(helper, peer: endpoint, gateway: endpoint)
        #expect(try world.refusal(update, by: world.alice) == .notAuthorised)
        #expect(try world.refusal(update, by: world.sequencer, as: .node) == .notAuthorised)
        #expect(try world.refusal(update, by: world.helper) == .unknownSigner)
        #expect(try world.refusal(update, by: world.bob) == nil)
        #expect(world.state.node(helper)?.gateway == endpoint)
        let back = LedgerAction.updateNode(helper, peer: endpoint, gateway: nil)
        #expect(try world.refusal(back, by: world.helper, as: .node) == nil)
        #expect(world.state.node(helper)?.gateway == nil)
        #expect(world.state.nonce(of: .node(helper)) == 1)
        let unknown = LedgerAction.updateNode(NodeID(World.blob(1).digest), peer: endpoint, gateway: nil)
        #expect(try world.refusal(unknown, by: world.bob) == .unknownNode)
    }
}
