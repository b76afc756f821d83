import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Testing

/// A shared log that lies: noticed, halted, reported, and what is known stays readable.
@Suite(.timeLimit(.minutes(1))) struct LyingLogTests {
    private struct Scene {
        let network: Network
        let shared: SharedLog
        let lying: LyingLog
        let entries: [Entry]
        let keeper: LedgerKeeper
        let folder: TemporaryFolder
        let reports = Reports()

        /// A follower that has the first `known` of eight entries, and does not look for more by itself.
        init(known: Int = 2) async throws {
            network = try Network(shared: true)
            shared = SharedLog(network)
            entries = try network.entries(["a", "b", "c", "d", "e", "f", "g", "h"])
            shared.force(Array(entries[..<known]))
            lying = LyingLog(shared.handle(network.follower.publicKey.node))
            folder = try TemporaryFolder()
            keeper = try await Scene.open(network, folder, lying, reports)
            #expect(await keeper.look(at: lying))
            #expect(keeper.state.sequence == UInt64(known))
        }

        static func open(
            _ network: Network, _ folder: TemporaryFolder, _ log: (any LedgerLog)?, _ reports: Reports? = nil
        ) async throws -> LedgerKeeper {
            var settings = LedgerKeeper.Settings()
            settings.pollInterval = .milliseconds(5)
            settings.retryPause = .milliseconds(1)
            return try await network.open(
                network.follower, folder.log(network), shared: log, leadership: TestLeadership(), settings: settings,
                reports: reports)
        }

        /// Begins with the lie, adds the rest of the entries, and expects a halt with the state of the first ones. Nothing is
        /// read before both are done, or half of an answer would be the truth.
        func expectHalt(_ lie: LyingLog.Lie, _ code: LedgerLogError.Code, at sequence: UInt64 = 2) async throws {
            lying.begin(lie)
            shared.force(Array(entries[Int(keeper.state.sequence)...]))
            let running = Task { [keeper] in await keeper.run() }
            defer { running.cancel() }
            try await eventually { keeper.failure != nil }
            #expect(keeper.failure?.code == code)
            #expect(lying.lies > 0)
            #expect(keeper.state.sequence == sequence)
            let state = try LedgerState(genesis: network.genesis).after(Array(entries[..<Int(sequence)]))
            #expect(keeper.state.root == state.root)
            #expect(keeper.state.name(try Network.name("a")) != nil)
            #expect(try await keeper.entries(from: 1, limit: 9).count == Int(sequence))
            #expect(!keeper.isLeading)
            #expect(await LedgerLogTests.code { try await keeper.ingest(entries) } == code)
            try await expectReport(code)
        }

        /// A halt is reported once, at the highest level, with its reason and the evidence if there is any; wrong answers
        /// before it as errors.
        private func expectReport(_ code: LedgerLogError.Code) async throws {
            try await eventually { !reports.lines(.critical).isEmpty }
            let critical = reports.lines(.critical)
            #expect(critical.count == 1)
            let report = try #require(critical.first)
            #expect(report.contains("reason=\(code): "))
            guard let evidence = keeper.failure?.evidence else {
                #expect(code == .diverged)
                #expect(reports.lines(.error).contains { $0.contains("The shared log gives wrong answers") })
                return
            }
            for part in [
                evidence.ourHeader, evidence.ourSignature, evidence.theirHeader, evidence.theirSignature,
            ] {
                #expect(report.contains("=" + part.map { String(format: "%02x", $0) }.joined()))
            }
        }
    }

    @Test func reorders() async throws { try await Scene().expectHalt(.reorders, .diverged) }

    @Test func drops() async throws { try await Scene().expectHalt(.drops, .diverged, at: 5) }

    @Test func hides() async throws { try await Scene().expectHalt(.hides, .diverged) }

    @Test func repeats() async throws { try await Scene().expectHalt(.repeats, .diverged) }

    @Test func flips() async throws { try await Scene().expectHalt(.flips, .diverged) }

    @Test func garbage() async throws { try await Scene().expectHalt(.garbage, .diverged) }

    @Test func aRefusalOfTheEngineIsNoLie() async throws {
        let scene = try await Scene()
        scene.lying.begin(.refuses)
        for _ in 0..<6 { #expect(await !scene.keeper.look(at: scene.lying)) }
        #expect(scene.keeper.failure == nil)
        // Said aloud once, not at each attempt.
        #expect(scene.reports.lines(.warning).count { $0.contains("no right to read") } == 1)
        scene.lying.begin(.none)
        #expect(await scene.keeper.look(at: scene.lying))
    }

    @Test func anotherNetworksEntries() async throws {
        let foreign = try Network(replicas: 5, shared: true).entries(["a", "b", "c", "d", "e"])
        try await Scene().expectHalt(.other(foreign), .diverged)
    }

    @Test func anOlderHead() async throws {
        let scene = try await Scene(known: 8)
        let old = LogHead(sequence: 3, hash: scene.entries[2].hash)
        try await scene.expectHalt(.olderHead(old), .diverged, at: 8)
        #expect(scene.keeper.failure?.message.contains("old backup") == true)
    }

    @Test func forgottenAppends() async throws {
        let scene = try await Scene()
        let folder = try TemporaryFolder()
        let leadership = TestLeadership()
        var settings = LedgerKeeper.Settings()
        settings.pollInterval = .milliseconds(5)
        settings.retryPause = .milliseconds(1)
        let keeper = try await scene.network.open(
            scene.network.follower, folder.log(scene.network), shared: scene.lying, leadership: leadership,
            settings: settings)
        let running = Task { await keeper.run() }
        defer { running.cancel() }
        scene.shared.lead(keeper.node)
        leadership.set(.leading(term: 1))
        try await eventually { keeper.isLeading }
        scene.lying.begin(.forgetsAppends)
        _ = try await keeper.submit(scene.network.claim("x", nonce: 3))
        try await eventually { keeper.failure != nil }
        #expect(keeper.failure?.code == .diverged)
        #expect(keeper.state.sequence == 3)
        #expect(await code { _ = try await keeper.submit(scene.network.claim("y", nonce: 4)) } == .diverged)
    }

    @Test func aForkOfTheNextEntry() async throws {
        let scene = try await Scene()
        let other = try scene.network.entries(["x", "y", "z"], time: 2)
        try await scene.expectHalt(.other(other), .forked)
        // The shared log's own entry 2 is the better evidence.
        let evidence = ForkEvidence(ours: scene.entries[1], theirs: other[1])
        #expect(scene.keeper.failure?.evidence == evidence)
        // It convinces a ledger that has seen one of the histories only.
        let leader = try await scene.network.open(
            scene.network.sequencer, TemporaryFolder().log(scene.network),
            shared: scene.shared.handle(
                scene.network.sequencer.publicKey.node))
        _ = await leader.look(at: scene.shared.handle(leader.node))
        var elsewhere = leader.state
        #expect(elsewhere.sequence == 8)
        let fault = FaultEvidence.forkedHeaders(
            .init(header: evidence.ourHeader, signature: evidence.ourSignature),
            .init(header: evidence.theirHeader, signature: evidence.theirSignature))
        let transaction = try SignedTransaction(decoding: scene.network.node(.submitFault(fault), nonce: 1))
        #expect(elsewhere.execute(transaction, timeMilliseconds: elsewhere.timeMilliseconds).isApplied)
        try await scene.keeper.close()
        // The evidence survives a restart, and so does the halt.
        let again = try await Scene.open(scene.network, scene.folder, nil)
        #expect(again.failure?.code == .forked)
        #expect(again.failure?.evidence == evidence)
        #expect(again.state.sequence == 2)
    }

    @Test func aForkByAnotherSequencerAtTheHead() async throws {
        let scene = try await Scene()
        let start = try LedgerState(genesis: scene.network.genesis).after([scene.entries[0]])
        let other = try scene.network.entries(["x"], after: start, time: 3, by: scene.network.follower)
        try await scene.expectHalt(.other([scene.entries[0]] + other), .forked)
        #expect(scene.keeper.failure?.evidence == ForkEvidence(ours: scene.entries[1], theirs: other[0]))
        #expect(scene.keeper.failure?.message.contains("\(scene.network.follower.publicKey.node)") == true)
    }

    @Test func aMomentOfConfusionHaltsNothing() async throws {
        let scene = try await Scene()
        scene.lying.begin(.flips)
        scene.shared.force(Array(scene.entries[2...]))
        #expect(await !scene.keeper.look(at: scene.lying))
        #expect(await !scene.keeper.look(at: scene.lying))
        #expect(scene.keeper.failure == nil)
        scene.lying.begin(.none)
        #expect(await scene.keeper.look(at: scene.lying))
        #expect(scene.keeper.state.sequence == 8)
    }
}
