import Identity
import Ledger
import Testing

/// Releases that only some visitors get.
@Suite struct TryOutTests {
    private let name: AppName

    init() throws { name = try AppName(checking: "shop") }

    private func world() throws -> (World, [ReleaseID]) {
        var world = try World { $0.releasesKeptPerName = 3 }
        try world.run(.claimName(name), by: world.alice)
        let ids = try (1...3).map { try world.publish($0, name, by: world.alice) }
        return (world, ids)
    }

    private func promote(_ release: ReleaseID, _ percent: UInt8) -> LedgerAction {
        .promoteRelease(name, release, percent: percent)
    }

    @Test func aCandidateNeedsALiveRelease() throws {
        var (world, ids) = try world()
        #expect(try world.refusal(promote(ids[0], 99), by: world.alice) == .noLiveRelease)
        try world.run(promote(ids[0], 100), by: world.alice)
        #expect(try world.refusal(promote(ids[0], 10), by: world.alice) == .alreadyDone)
        #expect(try world.refusal(promote(ids[1], 10), by: world.bob) == .notAuthorised)
        #expect(try world.refusal(promote(ids[1], 10), by: world.alice) == nil)
        #expect(world.state.name(name)?.live == ids[0])
        #expect(world.state.name(name)?.candidate?.release == ids[1])
        #expect(world.state.name(name)?.candidate?.percent == 10)
        #expect(try world.refusal(promote(ids[1], 50), by: world.alice) == nil)
        #expect(world.state.name(name)?.candidate?.percent == 50)
        #expect(try world.refusal(promote(ids[1], 100), by: world.alice) == nil)
        #expect(world.state.name(name)?.candidate == nil)
        #expect(world.state.name(name)?.liveHistory == [ids[0], ids[1]])
    }

    @Test func rollingBackDropsTheCandidateFirst() throws {
        var (world, ids) = try world()
        try world.run(promote(ids[0], 100), by: world.alice)
        try world.run(promote(ids[1], 100), by: world.alice)
        try world.run(promote(ids[2], 5), by: world.alice)
        #expect(try world.refusal(.rollBack(name, to: nil), by: world.alice) == nil)
        #expect(world.state.name(name)?.candidate == nil)
        #expect(world.state.name(name)?.live == ids[1])
        #expect(try world.refusal(.rollBack(name, to: nil), by: world.alice) == nil)
        #expect(world.state.name(name)?.live == ids[0])
        try world.run(promote(ids[2], 5), by: world.alice)
        #expect(try world.refusal(.rollBack(name, to: ids[0]), by: world.alice) == nil)
        #expect(world.state.name(name)?.candidate == nil)
        #expect(world.state.name(name)?.live == ids[0])
    }

    @Test func aCandidateIsKept() throws {
        var (world, ids) = try world()
        try world.run(promote(ids[0], 100), by: world.alice)
        try world.run(promote(ids[1], 100), by: world.alice)
        try world.run(promote(ids[2], 5), by: world.alice)
        let publish = LedgerAction.publishRelease(name, World.site(4))
        #expect(try world.refusal(publish, by: world.alice) == .limitReached)
        try world.run(.rollBack(name, to: nil), by: world.alice)
        #expect(try world.refusal(publish, by: world.alice) == nil)
        #expect(world.state.release(ids[2], of: name) == nil)
    }
}
