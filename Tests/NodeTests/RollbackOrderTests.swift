import Blake3
import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Testing

@testable import Node

@Suite("Orders to roll back") struct RollbackOrderTests {
    /// A ledger on which the scene's owner acts with rising nonces.
    private final class Stage {
        let scene: LedgerScene
        let keeper: LedgerKeeper
        let app: AppName
        var nonce: UInt64 = 0

        init(in folder: String) async throws {
            scene = try LedgerScene(nodes: 1)
            keeper = try await scene.keeper(of: 0, in: folder)
            app = try AppName(checking: "shop")
        }

        func sign(_ action: LedgerAction, by key: SigningKey? = nil, nonce: UInt64? = nil, until: Int64? = nil) throws
            -> Data
        {
            try TransactionBuilder(networkID: scene.genesis.networkID, key: key ?? scene.owner)
                .sign(action, nonce: nonce ?? self.nonce + 1, validUntilMilliseconds: until).bytes
        }

        @discardableResult
        func run(_ action: LedgerAction) async throws -> ReleaseID? {
            let result = try await keeper.submit(try sign(action))
            nonce += 1
            guard case .applied(let release) = result.outcome else {
                Issue.record("\(action) was refused: \(result.outcome)")
                return nil
            }
            return release
        }

        func publish(_ number: UInt8) async throws -> ReleaseID {
            let release = NewRelease(
                kind: .function, manifest: BlobID(Blake3.hash([number])), manifestByteCount: 100, message: "")
            return try #require(try await run(.publishRelease(app, release)))
        }
    }

    private static let now: Int64 = 1_800_000_000_000

    @Test(
        "An order is good right after its promotion, for its pair of releases, until its end or its owner's next word")
    func current() async throws {
        try await LedgerScene.inFolder { folder in
            let stage = try await Stage(in: folder)
            let (app, now) = (stage.app, RollbackOrderTests.now)
            try await stage.run(.claimName(app))
            let first = try await stage.publish(1)
            let second = try await stage.publish(2)
            try await stage.run(.promoteRelease(app, first, percent: 100))
            try await stage.run(.promoteRelease(app, second, percent: 10))
            func order(_ target: ReleaseID, by key: SigningKey? = nil, until: Int64 = now + 1_000) throws
                -> RollbackOrder
            {
                try RollbackOrder(decoding: try stage.sign(.rollBack(app, to: target), by: key, until: until))
            }
            let tried = try order(first)
            #expect(tried.suspect(stage.keeper.state, now: now) == second)
            #expect(tried.suspect(stage.keeper.state, now: now + 1_000) == nil)
            #expect(try order(second).suspect(stage.keeper.state, now: now) == nil)
            #expect(try order(first, by: SigningKey()).suspect(stage.keeper.state, now: now) == nil)
            let late = try order(first, until: now + RollbackOrder.maxValidity + 1)
            #expect(late.suspect(stage.keeper.state, now: now) == nil)

            try await stage.run(.promoteRelease(app, second, percent: 100))
            #expect(tried.suspect(stage.keeper.state, now: now) == nil)
            let live = try order(first)
            #expect(live.suspect(stage.keeper.state, now: now) == second)
            // Carried out, it takes the place of the release and cannot be repeated.
            let done = try await stage.keeper.submit(live.transaction.bytes)
            guard case .applied = done.outcome else {
                Issue.record("the order was refused")
                return
            }
            #expect(stage.keeper.state.name(app)?.live == first)
            #expect(live.suspect(stage.keeper.state, now: now) == nil)
            try await stage.keeper.close()
        }
    }

    @Test("Only a roll-back to a release, with an end, is an order")
    func shapes() async throws {
        try await LedgerScene.inFolder { folder in
            let stage = try await Stage(in: folder)
            try await stage.run(.claimName(stage.app))
            let release = try await stage.publish(1)
            let end = RollbackOrderTests.now
            for bytes in [
                try stage.sign(.rollBack(stage.app, to: release)),
                try stage.sign(.rollBack(stage.app, to: nil), until: end),
                try stage.sign(.promoteRelease(stage.app, release, percent: 100), until: end),
            ] {
                #expect(throws: ControlFailure.self) { try RollbackOrder(decoding: bytes) }
            }
            #expect(throws: LedgerError.self) { try RollbackOrder(decoding: Data([1, 2, 3])) }
            try await stage.keeper.close()
        }
    }
}
