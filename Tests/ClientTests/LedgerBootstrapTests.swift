import Blake3
import Client
import ControlModel
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Synchronization
import Testing

@Suite("Bringing a node up", .timeLimit(.minutes(1)))
struct LedgerBootstrapTests {
    private static func files(_ folder: TemporaryFolder) -> LedgerBootstrap.Files {
        LedgerBootstrap.Files(
            genesis: folder.file("genesis"), snapshot: folder.file("ledger-base"), log: folder.file("ledger.sqlite"))
    }

    private static func bootstrap(_ url: String, _ network: TestNetwork) -> LedgerBootstrap {
        LedgerBootstrap(client: LedgerClient(NodeClient(control: url)), network: network.genesis.networkID)
    }

    /// A keeper on what was written, as a node that starts in the folder makes it.
    private static func keeper(_ folder: TemporaryFolder, _ network: TestNetwork) async throws -> LedgerKeeper {
        let files = files(folder)
        let genesis = try Genesis(decoding: try #require(FileManager.default.contents(atPath: files.genesis)))
        let log = try SQLiteLedgerLog(path: files.log, genesis: genesis)
        var snapshot: LedgerState?
        if let base = try await log.base() {
            var reader = LedgerSnapshotReader(genesis: genesis, stateRoot: base.stateRoot, entryHash: base.hash)
            try reader.update(try #require(FileManager.default.contents(atPath: files.snapshot)))
            snapshot = try reader.finish()
        }
        return try await LedgerKeeper.open(
            local: log, genesis: genesis, snapshot: snapshot, nodeKey: network.nodes[1],
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// A log that begins with a snapshot behind a hand-over, and goes on.
    private static func truncated() throws -> TestNetwork {
        let network = try TestNetwork()
        try network.handOver()
        try network.transfer(times: 2)
        try network.truncate()
        try network.transfer(times: 3)
        return network
    }

    @Test func fromTheGenesis() async throws {
        let network = try TestNetwork()
        try network.transfer(times: 300)
        let folder = try TemporaryFolder()
        try await TestNode(network: network).serve { url async throws in
            let result = try await Self.bootstrap(url, network).run(into: Self.files(folder))
            #expect(result.baseSequence == 0)
            #expect(result.entries == 300)
            #expect(result.state.root == network.state.root)
        }
        #expect(folder.names == ["genesis", "ledger.sqlite"])
        let keeper = try await Self.keeper(folder, network)
        #expect(keeper.state.root == network.state.root)
        try await keeper.close()
    }

    @Test func fromASnapshotBehindAHandOver() async throws {
        let network = try Self.truncated()
        let folder = try TemporaryFolder()
        try await TestNode(network: network).serve { url async throws in
            let result = try await Self.bootstrap(url, network).run(into: Self.files(folder))
            #expect(result.baseSequence == 5)
            #expect(result.entries == 3)
            #expect(result.state.root == network.state.root)
        }
        #expect(folder.names == ["genesis", "ledger-base", "ledger.sqlite"])
        let keeper = try await Self.keeper(folder, network)
        #expect(keeper.state.root == network.state.root)
        #expect(try await keeper.handovers(after: 0, limit: 10) == network.handovers(after: 0, limit: 10))
        #expect(try await keeper.handovers(after: 1, limit: 10).isEmpty)
        try await keeper.close()
    }

    @Test func whatIsThereIsNotOverwritten() async throws {
        let network = try TestNetwork()
        for name in ["genesis", "ledger-base", "ledger.sqlite"] {
            let folder = try TemporaryFolder()
            try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.file(name)))
            try await TestNode(network: network).serve { url async throws in
                let bootstrap = Self.bootstrap(url, network)
                #expect(await code { _ = try await bootstrap.run(into: Self.files(folder)) } == "client/file-unusable")
            }
            #expect(folder.names == [name])
            #expect(FileManager.default.contents(atPath: folder.file(name)) == Data("mine".utf8))
        }
    }

    /// Whatever a killed process leaves, wherever it died, the next run goes on from there.
    @Test func aRunThatDiedAnywhereIsRepeated() async throws {
        let network = try Self.truncated()
        let complete = ["genesis", "ledger-base", "ledger.sqlite"]
        let folder = try TemporaryFolder()
        let deaths = Mutex<[(step: String, folder: TemporaryFolder)]>([])
        try await TestNode(network: network).serve { url async throws in
            let client = LedgerClient(NodeClient(control: url))
            let watched = LedgerBootstrap(client: client, network: network.genesis.networkID) { progress in
                guard let copy = try? TemporaryFolder(copying: folder) else { return }
                deaths.withLock { $0.append(("\(progress)", copy)) }
            }
            _ = try await watched.run(into: Self.files(folder))
            #expect(folder.names == complete)
            let copies = deaths.withLock { $0 } + (try Self.rareDeaths(folder))
            #expect(copies.contains { $0.folder.names.contains("ledger.sqlite.part") })
            #expect(copies.contains { $0.folder.names.contains("ledger-base.part") })
            #expect(copies.contains { $0.folder.names == ["genesis.part", "ledger-base", "ledger.sqlite"] })
            for (step, copy) in copies where copy.names != complete {
                #expect(!copy.names.contains("genesis"), "\(step)")
                let found = await code { _ = try await Self.bootstrap(url, network).run(into: Self.files(copy)) }
                #expect(found == nil, "\(step)")
                #expect(copy.names == complete, "\(step)")
                let keeper = try await Self.keeper(copy, network)
                #expect(keeper.state.root == network.state.root, "\(step)")
                try await keeper.close()
            }
        }
    }

    /// Between two steps that nobody hears of: while the folder is marked, while a log gets its name, and while a
    /// later run clears away what the first one left.
    private static func rareDeaths(_ whole: TemporaryFolder) throws -> [(step: String, folder: TemporaryFolder)] {
        let cases: [(step: String, empty: [String], kept: [String: String])] = [
            ("marking", ["genesis.part"], [:]),
            (
                "naming the log", ["ledger.sqlite.part-wal", "ledger.sqlite.part-shm"],
                ["genesis": "genesis.part", "ledger-base": "ledger-base", "ledger.sqlite": "ledger.sqlite"]
            ),
            ("clearing away", [], ["genesis": "genesis.part", "ledger.sqlite": "ledger.sqlite"]),
        ]
        return try cases.map { step, empty, kept in
            let folder = try TemporaryFolder()
            for name in empty { try Data().write(to: URL(fileURLWithPath: folder.file(name))) }
            for (from, to) in kept {
                try FileManager.default.copyItem(atPath: whole.file(from), toPath: folder.file(to))
            }
            return (step, folder)
        }
    }

    @Test func whatTheCallerDoesNotAcceptLeavesNothing() async throws {
        let network = try Self.truncated()
        let folder = try TemporaryFolder()
        try await TestNode(network: network).serve { url async throws in
            let found = await code {
                _ = try await Self.bootstrap(url, network).run(into: Self.files(folder)) { state in
                    #expect(state.root == network.state.root)
                    throw ClientError(.badInput, "not this one")
                }
            }
            #expect(found == "client/bad-input")
        }
        #expect(folder.names.isEmpty)
    }

    /// A lie on the way, and how it is found out.
    private static func refusal(
        _ network: TestNetwork, genesis: NetworkID? = nil,
        lying lie: @escaping @Sendable (String, Data) -> TestLie = { .body($1) }
    ) async throws -> String? {
        let folder = try TemporaryFolder()
        let id = genesis ?? network.genesis.networkID
        let found = Found()
        try await TestNode(network: network).serve(
            lying: lie,
            { url async throws in
                let bootstrap = LedgerBootstrap(client: LedgerClient(NodeClient(control: url)), network: id)
                await found.set(await code { _ = try await bootstrap.run(into: Self.files(folder)) })
            })
        #expect(folder.names.isEmpty)
        return await found.code
    }

    private actor Found {
        private(set) var code: String?
        func set(_ code: String?) { self.code = code }
    }

    @Test func aWrongGenesisIsRefused() async throws {
        let other = try TestNetwork("other")
        #expect(
            try await Self.refusal(try Self.truncated(), genesis: other.genesis.networkID) == "client/wrong-network")
    }

    @Test func aWrongSnapshotIsRefused() async throws {
        let changed = try await Self.refusal(try Self.truncated()) { path, body in
            guard path.hasSuffix("/content") else { return .body(body) }
            var body = body
            body[body.startIndex + body.count / 2] ^= 1
            return .body(body)
        }
        #expect(changed == "ledger/bad-snapshot" || changed == "client/bad-snapshot")
        let longer = try await Self.refusal(try Self.truncated()) { path, body in
            .body(path.hasSuffix("/content") ? body + Data([0]) : body)
        }
        #expect(longer == "client/bad-snapshot")
        let shorter = try await Self.refusal(try Self.truncated()) { path, body in
            .body(path.hasSuffix("/content") ? body.dropLast() : body)
        }
        #expect(shorter == "client/bad-snapshot")
        let cut = try await Self.refusal(try Self.truncated()) { path, body in
            path.hasSuffix("/content") ? .cut(body.prefix(500)) : .body(body)
        }
        #expect(cut == "client/cut-short")
    }

    @Test func aSnapshotOfAnotherStateIsRefused() async throws {
        let network = try Self.truncated()
        let honest = try #require(try await network.base())
        try network.transfer()
        var other = try network.truncate()
        // Whoever names the other snapshot beside the honest root, or the other root beside the honest certificate.
        other.stateRoot = honest.stateRoot
        other.hash = honest.hash
        other.sequence = honest.sequence
        other.certificate = honest.certificate
        network.setBase(other)
        #expect(try await Self.refusal(network) == "ledger/bad-snapshot")
        var mixed = try network.truncate()
        mixed.certificate = honest.certificate
        network.setBase(mixed)
        #expect(try await Self.refusal(network) == "client/bad-snapshot")
    }

    @Test func aCommitteeThatNobodyAppointedIsRefused() async throws {
        let withheld = try await Self.refusal(try Self.truncated()) { path, body in
            .body(path.contains("/handovers") ? Data() : body)
        }
        #expect(withheld == "ledger/bad-certificate")
        let changed = try await Self.refusal(try Self.truncated()) { path, body in
            guard path.contains("/handovers"), !body.isEmpty else { return .body(body) }
            var body = body
            body[body.startIndex + 300] ^= 1
            return .body(body)
        }
        #expect(changed?.hasPrefix("ledger/") == true)
    }

    @Test func aWrongTailIsRefused() async throws {
        let changed = try await Self.refusal(try Self.truncated()) { path, body in
            guard path.contains("/entries") else { return .body(body) }
            var body = body
            body[body.startIndex + body.count / 2] ^= 1
            return .body(body)
        }
        #expect(changed?.hasPrefix("ledger/") == true)
        let missing = try await Self.refusal(try Self.truncated()) { path, body in
            .body(path.contains("/entries") ? Data() : body)
        }
        #expect(missing == "client/cut-short")
        let skipped = try await Self.refusal(try Self.truncated()) { path, body in
            guard path.contains("/entries"), let frames = ByteFrames.decode(body, maxFrameBytes: .max) else {
                return .body(body)
            }
            return .body(ByteFrames.encode(Array(frames.dropFirst())))
        }
        #expect(skipped == "ledger/out-of-sequence")
    }
}
