import Foundation
import Identity
import Testing

@testable import Ledger

@Suite struct MachineLeaseTests {
    private static let start = World.genesisTime
    private let app = AppName("db")!

    /// A network with an app that has a machine and one that has a site.
    private func world() throws -> (World, ReleaseID) {
        var world = try World()
        try world.run(.claimName(app), by: world.alice)
        var machine = World.site(1)
        machine.kind = .machine
        guard case .applied(let release?) = try world.run(.publishRelease(app, machine), by: world.alice) else {
            throw LedgerError(.malformed, "publishing was refused")
        }
        return (world, release)
    }

    private func slot(_ number: UInt32) -> MachineSlot { MachineSlot(name: app, slot: number) }

    private func claim(_ number: UInt32, _ release: ReleaseID, failed: ReleaseID? = nil) -> MachineClaim {
        MachineClaim(slot: slot(number), release: release, failed: failed)
    }

    @Test func aLeaseIsOneNodesUntilItEnds() throws {
        let (start, release) = try self.world()
        var world = start
        let (first, second) = (world.sequencer, world.helper)
        let take = LedgerAction.leaseMachines(termMilliseconds: 2_000, [claim(0, release)])
        #expect(try world.refusal(take, by: first, as: .node, at: Self.start) == nil)
        var lease = try #require(world.state.machineLease(of: slot(0)))
        #expect(lease.holder == first.publicKey.node && lease.fence == 1)
        #expect(lease.expiresMilliseconds == Self.start + 2_000)
        #expect(try world.refusal(take, by: second, as: .node, at: Self.start + 1_999) == .leaseHeld)
        // Renewed by the holder: the same fence.
        #expect(try world.refusal(take, by: first, as: .node, at: Self.start + 1_999) == nil)
        lease = try #require(world.state.machineLease(of: slot(0)))
        #expect(lease.fence == 1 && lease.expiresMilliseconds == Self.start + 3_999)
        #expect(try world.refusal(take, by: second, as: .node, at: Self.start + 3_998) == .leaseHeld)
        #expect(try world.refusal(take, by: second, as: .node, at: Self.start + 3_999) == nil)
        lease = try #require(world.state.machineLease(of: slot(0)))
        #expect(lease.holder == second.publicKey.node && lease.fence == 2)
        // The first one wakes up late.
        #expect(try world.refusal(take, by: first, as: .node, at: Self.start + 4_000) == .leaseHeld)
        #expect(
            try world.refusal(.yieldMachines([slot(0)]), by: first, as: .node, at: Self.start + 4_000) == .notLeased)
    }

    @Test func whoWasLateTakesItAnew() throws {
        let (start, release) = try self.world()
        var world = start
        let take = LedgerAction.leaseMachines(termMilliseconds: 1_000, [claim(0, release)])
        try world.run(take, by: world.helper, as: .node, at: Self.start)
        try world.run(take, by: world.helper, as: .node, at: Self.start + 1_000)
        #expect(world.state.machineLease(of: slot(0))?.fence == 2)
    }

    @Test func aLeaseThatIsGivenBackIsFreeAtOnce() throws {
        let (start, release) = try self.world()
        var world = start
        let take = LedgerAction.leaseMachines(termMilliseconds: 60_000, [claim(0, release), claim(3, release)])
        try world.run(take, by: world.helper, as: .node)
        #expect(try world.refusal(.yieldMachines([slot(0)]), by: world.sequencer, as: .node) == .notLeased)
        #expect(try world.refusal(.yieldMachines([slot(0)]), by: world.helper, as: .node) == nil)
        #expect(try world.refusal(.yieldMachines([slot(0)]), by: world.helper, as: .node) == .notLeased)
        let again = LedgerAction.leaseMachines(termMilliseconds: 1_000, [claim(0, release)])
        #expect(try world.refusal(again, by: world.sequencer, as: .node) == nil)
        #expect(world.state.machineLeases(of: app).map(\.slot.slot) == [0, 3])
        #expect(world.state.machineLeases(of: app).map(\.fence) == [2, 1])
    }

    @Test func allClaimsOrNone() throws {
        let (start, release) = try self.world()
        var world = start
        try world.run(.leaseMachines(termMilliseconds: 1_000, [claim(1, release)]), by: world.helper, as: .node)
        let both = LedgerAction.leaseMachines(termMilliseconds: 1_000, [claim(0, release), claim(1, release)])
        #expect(try world.refusal(both, by: world.sequencer, as: .node) == .leaseHeld)
        #expect(world.state.machineLease(of: slot(0)) == nil)
    }

    @Test func onlyEligibleNodesAndMachines() throws {
        let (start, release) = try self.world()
        var world = start
        let take = LedgerAction.leaseMachines(termMilliseconds: 1_000, [claim(0, release)])
        #expect(try world.refusal(take, by: world.alice) == .notAuthorised)
        try world.run(.optOut(world.helper.publicKey.node), by: world.bob)
        #expect(try world.refusal(take, by: world.helper, as: .node) == .wrongParticipation)
        let unknown = ReleaseID(name: app, manifest: World.blob(1), publisher: world.bob.publicKey.account, nonce: 99)
        #expect(
            try world.refusal(
                .leaseMachines(termMilliseconds: 1_000, [claim(0, unknown)]), by: world.sequencer, as: .node)
                == .unknownRelease)
        let site = try world.publish(2, app, by: world.alice)
        #expect(
            try world.refusal(
                .leaseMachines(termMilliseconds: 1_000, [claim(0, site)]), by: world.sequencer, as: .node)
                == .unsupported)
    }

    @Test func anAppOfSeveralPartsMayHaveAMachine() throws {
        var (world, _) = try self.world()
        func publish(_ number: Int, size: SizeClass?) throws -> ReleaseID {
            var release = World.site(number)
            release.kind = .composite
            release.sizeClass = size
            guard case .applied(let id?) = try world.run(.publishRelease(app, release), by: world.alice) else {
                throw LedgerError(.malformed, "publishing was refused")
            }
            return id
        }
        let without = try publish(7, size: nil)
        let with = try publish(8, size: SizeClass("shared-1x-256"))
        #expect(world.state.release(without, of: app)?.runsMachine == false)
        #expect(world.state.release(with, of: app)?.runsMachine == true)
        #expect(
            try world.refusal(
                .leaseMachines(termMilliseconds: 1_000, [claim(0, without)]), by: world.helper, as: .node)
                == .unsupported)
        #expect(
            try world.refusal(.leaseMachines(termMilliseconds: 1_000, [claim(0, with)]), by: world.helper, as: .node)
                == nil)
    }

    @Test func limits() throws {
        let (start, release) = try self.world()
        var world = start
        func lease(_ term: UInt64, _ claims: [MachineClaim]) throws -> LedgerError.Code? {
            try world.refusal(
                .leaseMachines(termMilliseconds: term, claims), by: world.sequencer, as: .node, at: Self.start)
        }
        #expect(try lease(999, [claim(0, release)]) == .badAmount)
        #expect(try lease(3_600_001, [claim(0, release)]) == .badAmount)
        #expect(try lease(1_000, []) == .tooLarge)
        #expect(try lease(1_000, [claim(64, release)]) == .malformed)
        #expect(try lease(1_000, [claim(1, release), claim(0, release)]) == .malformed)
        #expect(try lease(1_000, [claim(1, release), claim(1, release)]) == .malformed)
        #expect(try lease(1_000, (0..<64).map { claim($0, release) }) == nil)
        let other = AppName("other")!
        let many = (0..<64).map { claim($0, release) }
        let tooMany = many + many.map { MachineClaim(slot: .init(name: other, slot: $0.slot.slot), release: release) }
        #expect(try lease(1_000, tooMany + [claim(0, release)]) == .tooLarge)
        #expect(try lease(3_600_000, [claim(0, release)]) == nil)
    }

    @Test func aLeaseIsProvenAndRestored() throws {
        let (start, release) = try self.world()
        var world = start
        let before = world.state.root
        try world.run(
            .leaseMachines(termMilliseconds: 1_000, [claim(0, release, failed: release)]), by: world.helper, as: .node)
        #expect(world.state.root != before)
        let box = Box()
        LedgerSnapshot.write(world.state) { box.data += $0 }
        var reader = LedgerSnapshotReader(
            genesis: world.genesis, stateRoot: world.state.root, entryHash: world.state.headHash)
        try reader.update(box.data)
        let restored = try reader.finish()
        #expect(restored.machineLease(of: slot(0)) == world.state.machineLease(of: slot(0)))
        #expect(restored.machineLease(of: slot(0))?.failed == release)
    }

    private final class Box { var data = Data() }
}
