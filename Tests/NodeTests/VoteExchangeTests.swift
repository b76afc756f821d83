import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Node

@Suite("Votes between members", .timeLimit(.minutes(1)))
struct VoteExchangeTests {
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// A committee member that answers with its own vote for everything that it is told of, or hangs.
    private final class Member: Sendable {
        let key: SigningKey
        private let hanging = Mutex(false)
        private let questions = Mutex(0)
        var asked: Int { questions.withLock { $0 } }

        init(_ key: SigningKey) { self.key = key }

        func hang(_ isHanging: Bool) { hanging.withLock { $0 = isHanging } }

        func answer(_ request: PeerPBExchangeVotes) async -> PeerPBVotes? {
            questions.withLock { $0 += 1 }
            while hanging.withLock({ $0 }), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
            let votes = request.votes.compactMap { CheckpointVote($0)?.checkpoint }.compactMap {
                try? CheckpointVote(signing: $0, with: key)
            }
            return PeerPBVotes.with { $0.votes = votes.map(PeerPBLedgerVote.init) }
        }
    }

    private func exchange(_ scene: LedgerScene, _ keeper: LedgerKeeper, _ others: [Member]) -> VoteExchange {
        VoteExchange(key: scene.keys[0], keeper: keeper, logger: logger) { node, request in
            await others.first { $0.key.publicKey.node == node }?.answer(request)
        }
    }

    @Test("A member that hangs holds up no vote")
    func hangs() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 4)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let others = scene.keys.dropFirst().map { Member($0) }
            others[0].hang(true)
            let exchange = self.exchange(scene, keeper, others)
            let running = Task { await exchange.run() }
            let start = ContinuousClock.now
            for number in 1...5 as ClosedRange<UInt64> {
                let sequence = try await keeper.submit(scene.claim(number)).sequence
                try await eventually { await exchange.certificate?.certificate.checkpoint.sequence == sequence }
            }
            #expect(ContinuousClock.now - start < .seconds(10))
            #expect(others[0].asked == 1, "it is not asked again before it answered")
            others[0].hang(false)
            try await eventually { others[0].asked > 1 }
            running.cancel()
            await running.value
            try await keeper.close()
        }
    }

    @Test("Behind a forged vote nothing of a frame is looked at")
    func forged() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 4)
            let keeper = try await scene.keeper(of: 0, in: folder)
            let exchange = self.exchange(scene, keeper, [])
            let running = Task { await exchange.run() }
            _ = try await keeper.submit(scene.claim(1))
            let checkpoint = try #require(keeper.state.checkpoint)
            let votes = try scene.keys.map { try CheckpointVote(signing: checkpoint, with: $0) }
            var forged = PeerPBLedgerVote(votes[1])
            forged.signature = votes[2].signature
            let known = [PeerPBLedgerVote(votes[0])]
            try await eventually { await exchange.exchange(known).count == 1 }
            #expect(await exchange.exchange([forged, PeerPBLedgerVote(votes[2])]).count == 1)
            #expect(await exchange.exchange([PeerPBLedgerVote(votes[2]), forged]).count == 2)
            running.cancel()
            await running.value
            try await keeper.close()
        }
    }

    @Test("After a restart a member votes again for every checkpoint that may still be certified")
    func restarts() async throws {
        try await LedgerScene.inFolder { folder in
            let scene = try LedgerScene(nodes: 4, checkpointEntries: 2)
            var keeper = try await scene.keeper(of: 0, in: folder)
            var exchange = self.exchange(scene, keeper, [])
            var running = Task { [exchange] in await exchange.run() }
            // The last entry is none: all checkpoints are further back.
            for number in 1...10 as ClosedRange<UInt64> { _ = try await keeper.submit(scene.claim(number)) }
            if keeper.state.checkpoint != nil { _ = try await keeper.submit(scene.claim(11)) }
            let checkpoints = keeper.uncertifiedCheckpoints.map(\.checkpoint)
            #expect(checkpoints.count > 1 && keeper.state.checkpoint == nil)
            let newest = try #require(checkpoints.last)
            let question = try [1].map { PeerPBLedgerVote(try CheckpointVote(signing: newest, with: scene.keys[$0])) }
            try await eventually { [exchange] in await exchange.exchange(question).count == 2 }
            running.cancel()
            await running.value
            try await keeper.close()

            keeper = try await scene.keeper(of: 0, in: folder)
            exchange = self.exchange(scene, keeper, [])
            running = Task { [exchange] in await exchange.run() }
            for checkpoint in checkpoints {
                let question = [PeerPBLedgerVote(try CheckpointVote(signing: checkpoint, with: scene.keys[1]))]
                try await eventually { [exchange] in
                    await exchange.exchange(question).compactMap { CheckpointVote($0)?.node }.contains(scene.nodes[0])
                }
            }
            running.cancel()
            await running.value
            try await keeper.close()
        }
    }
}
