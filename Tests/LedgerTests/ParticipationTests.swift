import Foundation
import Identity
import Testing

@testable import Ledger

/// Stake, locks and doors: how nodes come in, take part and leave.
@Suite struct ParticipationTests {
    private func register(
        _ world: World, _ key: SigningKey, by operatorKey: SigningKey
    ) throws -> LedgerAction {
        .registerNode(
            publicKey: key.publicKey, peer: try Endpoint(host: "10.0.0.9", port: 9), gateway: nil,
            possessionProof: try NodePossession.prove(
                key, operatorAccount: operatorKey.publicKey.account, network: world.genesis.networkID))
    }

    @Test func stakingIsForTheOperator() throws {
        var world = try World()
        let helper = world.helper.publicKey.node
        #expect(try world.refusal(.stake(helper, amount: 10), by: world.alice) == .notAuthorised)
        #expect(try world.refusal(.stake(helper, amount: 10), by: world.helper, as: .node) == .notAuthorised)
        #expect(try world.refusal(.stake(helper, amount: 0), by: world.bob) == .badAmount)
        #expect(try world.refusal(.stake(helper, amount: 1_000_001), by: world.bob) == .insufficientBalance)
        #expect(try world.refusal(.stake(NodeID(World.blob(1).digest), amount: 1), by: world.bob) == .unknownNode)
        #expect(try world.refusal(.stake(helper, amount: 1_000_000), by: world.bob) == nil)
        #expect(world.state.node(helper)?.stake == 1_000_000)
        #expect(world.balance(world.bob) == 0)
        #expect(world.state.audit().problems == [])
    }

    @Test func aParticipantKeepsTheMinimum() throws {
        var world = try World { $0.minimumStake = 100 }
        let helper = world.helper.publicKey.node
        try world.run(.stake(helper, amount: 150), by: world.bob)
        #expect(try world.refusal(.unstake(helper, amount: 51), by: world.bob) == .insufficientStake)
        #expect(try world.refusal(.unstake(helper, amount: 0), by: world.bob) == .badAmount)
        #expect(try world.refusal(.unstake(helper, amount: 50), by: world.alice) == .notAuthorised)
        #expect(try world.refusal(.unstake(helper, amount: 50), by: world.bob) == nil)
        #expect(try world.refusal(.unstake(helper, amount: 1), by: world.bob) == .insufficientStake)
        #expect(try world.refusal(.optOut(helper), by: world.helper, as: .node) == nil)
        #expect(try world.refusal(.unstake(helper, amount: 101), by: world.bob) == .insufficientStake)
        #expect(try world.refusal(.unstake(helper, amount: 1), by: world.bob) == nil)
        #expect(try world.refusal(.optIn(helper), by: world.bob) == .insufficientStake)
        #expect(try world.refusal(.stake(helper, amount: 1), by: world.bob) == nil)
        #expect(try world.refusal(.optIn(helper), by: world.bob) == nil)
        #expect(world.state.audit().unstaking == 51)
        #expect(world.state.audit().problems == [])
    }

    @Test func unstakedUnitsWaitForTheirEpochAndACertificate() throws {
        var world = try World { $0.unstakeLockEpochs = 3 }
        let helper = world.helper.publicKey.node
        try world.run(.stake(helper, amount: 100), by: world.bob)
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == .insufficientStake)
        world.state.chain.epoch.number = 5
        try world.run(.unstake(helper, amount: 60), by: world.bob)
        world.state.chain.epoch.number = 7
        try world.run(.unstake(helper, amount: 40), by: world.bob)
        #expect(world.state.node(helper)?.unstaking.map(\.releaseEpoch) == [8, 10])
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == .stakeLocked)
        world.state.chain.epoch.number = 8
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == .stakeLocked)
        world.state.chain.checkpoints.certifiedSequence = 1
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.alice) == .notAuthorised)
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == nil)
        #expect(world.balance(world.bob) == 1_000_000 - 40)
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == .stakeLocked)
        world.state.chain.epoch.number = .max
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == nil)
        #expect(world.balance(world.bob) == 1_000_000)
        #expect(world.state.audit().problems == [])
    }

    @Test func theLockCountsFromLeaving() throws {
        var world = try World { $0.unstakeLockEpochs = 3 }
        let helper = world.helper.publicKey.node
        try world.run(.stake(helper, amount: 100), by: world.bob)
        world.state.chain.epoch.number = 2
        try world.run(.optOut(helper), by: world.bob)
        world.state.chain.epoch.number = 9
        try world.run(.unstake(helper, amount: 100), by: world.bob)
        #expect(world.state.node(helper)?.unstaking.first?.releaseEpoch == 5)
        world.state.chain.checkpoints.certifiedSequence = 1
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == nil)
    }

    @Test func aPenaltyThatWaitsLocksEverything() throws {
        var world = try World()
        let helper = world.helper.publicKey.node
        try world.run(.stake(helper, amount: 100), by: world.bob)
        try world.run(.unstake(helper, amount: 100), by: world.bob)
        world.state.chain.epoch.number = 1_000
        world.state.chain.checkpoints.certifiedSequence = 1
        var record = try #require(world.state.node(helper))
        record.standing.penalties = [NodePenalty(amount: .units(1), sequence: 2)]
        world.state.nodeTable.put(record)
        #expect(try world.refusal(.withdrawUnstaked(helper), by: world.bob) == .stakeLocked)
    }

    @Test func onlySoManyAmountsUnstakeAtATime() throws {
        var world = try World()
        let helper = world.helper.publicKey.node
        try world.run(.stake(helper, amount: 100), by: world.bob)
        for _ in 0..<NodeRecord.maxUnstaking {
            #expect(try world.refusal(.unstake(helper, amount: 1), by: world.bob) == nil)
        }
        #expect(try world.refusal(.unstake(helper, amount: 1), by: world.bob) == .limitReached)
    }

    @Test func joiningAndLeaving() throws {
        var world = try World()
        let (node, helper) = (try World.key(20), world.helper.publicKey.node)
        let id = node.publicKey.node
        #expect(world.state.isParticipating(helper))
        try world.run(register(world, node, by: world.bob), by: world.bob)
        #expect(world.state.node(id)?.participation == .never)
        #expect(world.state.participants.count == 2)
        #expect(try world.refusal(.optOut(id), by: world.bob) == .wrongParticipation)
        for (key, role) in [(world.alice, TransactionBuilder.Role.account), (world.helper, .node)] {
            #expect(try world.refusal(.optIn(id), by: key, as: role) == .notAuthorised)
        }
        world.state.chain.epoch.number = 4
        #expect(try world.refusal(.optIn(id), by: node, as: .node) == nil)
        #expect(world.state.node(id)?.participation == .since(epoch: 4))
        #expect(try world.refusal(.optIn(id), by: world.bob) == .wrongParticipation)
        #expect(try world.refusal(.optOut(id), by: world.alice) == .notAuthorised)
        #expect(try world.refusal(.optOut(id), by: world.bob) == nil)
        #expect(world.state.node(id)?.participation == .left(epoch: 4))
        var record = try #require(world.state.node(id))
        record.barredUntilEpoch = 6
        world.state.nodeTable.put(record)
        world.state.chain.epoch.number = 5
        #expect(try world.refusal(.optIn(id), by: world.bob) == .barred)
        world.state.chain.epoch.number = 6
        #expect(try world.refusal(.optIn(id), by: world.bob) == nil)
    }

    @Test func theLastSequencerStays() throws {
        var world = try World()
        let sequencer = world.sequencer.publicKey.node
        #expect(try world.refusal(.optOut(sequencer), by: world.alice) == .lastSequencer)
        #expect(try world.refusal(.optOut(sequencer), by: world.sequencer, as: .node) == .lastSequencer)
        #expect(try world.refusal(.optOut(sequencer), by: world.bob) == .notAuthorised)
        #expect(world.state.isParticipating(sequencer))

        var pair = try EpochWorld(nodes: 3, sequencers: 2)
        let (first, second) = (pair.ids[0], pair.ids[1])
        #expect(try pair.run(.optOut(first), by: first) == nil)
        #expect(try pair.run(.optOut(second), by: second) == .lastSequencer)
        #expect(try pair.run(.optIn(first), by: first) == nil)
        #expect(try pair.run(.optOut(second), by: second) == nil)
        #expect(try pair.run(.optOut(first), by: first) == .lastSequencer)
    }

    @Test func theAllowlistDoor() throws {
        var world = try World { $0.door = .allowlist }
        let (first, second) = (try World.key(20), try World.key(21))
        let operatorID = world.bob.publicKey.account.digest
        func list(_ id: some Any, _ isAllowed: Bool) -> LedgerAction {
            let digest = (id as? NodeID)?.digest ?? operatorID
            return .changeParameter(.member(digest, isAllowed: isAllowed))
        }
        #expect(try world.refusal(register(world, first, by: world.bob), by: world.bob) == .notAdmitted)
        #expect(try world.refusal(list(first.publicKey.node, true), by: world.bob) == .notAuthorised)
        #expect(try world.refusal(list(first.publicKey.node, true), by: world.alice) == nil)
        #expect(try world.refusal(list(first.publicKey.node, true), by: world.alice) == .alreadyDone)
        #expect(try world.refusal(register(world, first, by: world.bob), by: world.bob) == nil)
        #expect(try world.refusal(register(world, second, by: world.bob), by: world.bob) == .notAdmitted)
        #expect(try world.refusal(list(0, true), by: world.alice) == nil)
        #expect(try world.refusal(list(first.publicKey.node, false), by: world.alice) == nil)
        #expect(try world.refusal(list(first.publicKey.node, false), by: world.alice) == .alreadyDone)
        #expect(try world.refusal(register(world, second, by: world.bob), by: world.bob) == nil)
        #expect(world.state.node(first.publicKey.node) != nil)
    }

    @Test func theAttestedDoorIsShut() throws {
        var world = try World { $0.door = .attested }
        let action = try register(world, World.key(20), by: world.bob)
        #expect(try world.refusal(action, by: world.bob) == .attestationUnavailable)
    }

    @Test func forfeitingTakesStakeFirst() throws {
        var world = try World()
        let helper = world.helper.publicKey.node
        try world.run(.stake(helper, amount: 100), by: world.bob)
        try world.run(.unstake(helper, amount: 30), by: world.bob)
        try world.run(.unstake(helper, amount: 20), by: world.bob)
        var record = try #require(world.state.node(helper))
        #expect(record.forfeit(60) == 60)
        #expect(record.stake == 0)
        #expect(record.unstaking.map(\.amount) == [30, 10])
        #expect(record.forfeit(.max) == 40)
        #expect(record.unstaking.isEmpty)
        #expect(record.forfeit(1) == 0)
    }
}
