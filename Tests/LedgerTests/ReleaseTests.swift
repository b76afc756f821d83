import Foundation
import Identity
import Ledger
import Testing

@Suite struct ReleaseTests {
    private let name: AppName

    init() throws { name = try AppName(checking: "shop") }

    private func world(_ change: (inout NetworkParameters) -> Void = { _ in }) throws -> World {
        var world = try World(change)
        try world.run(.claimName(name), by: world.alice)
        return world
    }

    @Test func publishingDoesNotPromote() throws {
        var world = try world()
        let id = try world.publish(1, name, by: world.alice)
        #expect(world.state.liveRelease(of: name) == nil)
        #expect(world.state.releases(of: name).map(\.id) == [id])
        let record = try #require(world.state.release(id, of: name))
        #expect(record.manifest == World.blob(1))
        #expect(record.message == "release 1")
        #expect(record.publishedSequence == 1)
        #expect(record.publishedMilliseconds == World.genesisTime)
        #expect(try world.refusal(.rollBack(name, to: nil), by: world.alice) == .nothingToRollBackTo)
        try world.run(.promoteRelease(name, id, percent: 100), by: world.alice)
        #expect(world.state.liveRelease(of: name) == record)
        #expect(try world.refusal(.rollBack(name, to: nil), by: world.alice) == .nothingToRollBackTo)
    }

    @Test func oneManifestTwiceMakesTwoReleases() throws {
        var world = try world()
        let first = try world.publish(1, name, by: world.alice)
        let second = try world.publish(1, name, by: world.alice)
        #expect(first != second)
    }

    @Test func rollingBackGoesBackStepByStep() throws {
        var world = try world()
        let ids = try (1...3).map { try world.publish($0, name, by: world.alice) }
        for id in ids { try world.run(.promoteRelease(name, id, percent: 100), by: world.alice) }
        try world.run(.promoteRelease(name, ids[2], percent: 100), by: world.alice)
        try world.run(.rollBack(name, to: nil), by: world.alice)
        #expect(world.state.name(name)?.live == ids[1])
        try world.run(.rollBack(name, to: nil), by: world.alice)
        #expect(world.state.name(name)?.live == ids[0])
        #expect(try world.refusal(.rollBack(name, to: nil), by: world.alice) == .nothingToRollBackTo)
        try world.run(.promoteRelease(name, ids[2], percent: 100), by: world.alice)
        try world.run(.rollBack(name, to: ids[1]), by: world.alice)
        #expect(world.state.name(name)?.liveHistory == [ids[0], ids[2], ids[1]])
        try world.run(.rollBack(name, to: ids[0]), by: world.alice)
        #expect(world.state.name(name)?.liveHistory == [ids[0]])
    }

    @Test func unknownReleases() throws {
        var world = try world()
        let other = try AppName(checking: "other")
        try world.run(.claimName(other), by: world.alice)
        let id = try world.publish(1, other, by: world.alice)
        #expect(try world.refusal(.promoteRelease(name, id, percent: 100), by: world.alice) == .unknownRelease)
        #expect(try world.refusal(.rollBack(name, to: id), by: world.alice) == .unknownRelease)
    }

    @Test func theOldestUnusedReleaseIsDropped() throws {
        var world = try world { $0.releasesKeptPerName = 3 }
        let first = try world.publish(1, name, by: world.alice)
        try world.run(.promoteRelease(name, first, percent: 100), by: world.alice)
        let second = try world.publish(2, name, by: world.alice)
        try world.run(.promoteRelease(name, second, percent: 100), by: world.alice)
        let third = try world.publish(3, name, by: world.alice)
        let fourth = try world.publish(4, name, by: world.alice)
        #expect(world.state.releases(of: name).map(\.id) == [first, second, fourth])
        #expect(world.state.release(third, of: name) == nil)
        try world.run(.promoteRelease(name, fourth, percent: 100), by: world.alice)
        let fifth = try world.publish(5, name, by: world.alice)
        #expect(world.state.releases(of: name).map(\.id) == [second, fourth, fifth])
        #expect(world.state.name(name)?.liveHistory == [second, fourth])
    }

    @Test func theHistoryIsBounded() throws {
        var world = try world { $0.releasesKeptPerName = 4 }
        let ids = try (1...2).map { try world.publish($0, name, by: world.alice) }
        for step in 0..<20 { try world.run(.promoteRelease(name, ids[step % 2], percent: 100), by: world.alice) }
        #expect(world.state.name(name)?.liveHistory.count == 4)
    }

    @Test func limitsOfARelease() throws {
        var world = try world { parameters in
            parameters.manifestBytes = 1_000
            parameters.settingsBytes = 10
        }
        func publish(manifest: UInt64 = 1, message: Int = 0, settings: Int = 0) throws -> LedgerError.Code? {
            let release = NewRelease(
                kind: .function, manifest: World.blob(1), manifestByteCount: manifest,
                message: String(repeating: "m", count: message), settings: Data(count: settings))
            return try world.refusal(.publishRelease(name, release), by: world.alice)
        }
        #expect(try publish(manifest: 1_000, message: 1_024, settings: 10) == nil)
        #expect(try publish(manifest: 1_001) == .tooLarge)
        #expect(try publish(message: 1_025) == .tooLarge)
        #expect(try publish(settings: 11) == .tooLarge)
    }
}
