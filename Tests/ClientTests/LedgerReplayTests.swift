import Blake3
import Client
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Testing

@Suite("Replaying", .timeLimit(.minutes(1)))
struct LedgerReplayTests {
    /// Some entries, one of them with a transaction that is refused.
    private static func network() throws -> TestNetwork {
        let network = try TestNetwork()
        try network.handOver()
        try network.transfer(times: 4)
        let alice = network.alice.publicKey.account
        try network.append([
            try network.sign(.claimName(try TestNetwork.name("shop")), by: network.alice),
            try network.sign(.transfer(to: alice, amount: 1_000_000), by: network.bob),
        ])
        return network
    }

    /// An export of the network.
    private static func export(_ network: TestNetwork, _ folder: TemporaryFolder) async throws -> String {
        let file = folder.file("export")
        try await TestNode(network: network).serve { url async throws in
            let report = try await LedgerReplay().export(LedgerClient(NodeClient(control: url)), to: file)
            #expect(report.entries == 8)
        }
        return file
    }

    @Test func aNodesLogAndItsExportReplayToTheSameRoot() async throws {
        let network = try Self.network()
        let folder = try TemporaryFolder()
        let file = try await Self.export(network, folder)
        #expect(folder.names == ["export"])
        #expect(try LedgerReplay.genesis(ofFile: file) == network.genesis)
        let fromFile = try await LedgerReplay().replay(file: file)
        #expect(fromFile.stateRoot == network.state.root.hex)
        #expect(fromFile.sequence == network.state.sequence)
        #expect(fromFile.transactions == 9)
        #expect(fromFile.refused == 1)
        try await TestNode(network: network).serve { url async throws in
            let fromNode = try await LedgerReplay().replay(LedgerClient(NodeClient(control: url)))
            #expect(fromNode.stateRoot == fromFile.stateRoot)
            #expect(fromNode.bytes == fromFile.bytes)
        }
    }

    @Test func anImportIsALogThatAKeeperOpens() async throws {
        let network = try Self.network()
        let folder = try TemporaryFolder()
        let file = try await Self.export(network, folder)
        let path = folder.file("ledger.sqlite")
        _ = try await LedgerReplay().importing(file, into: path)
        #expect(folder.names == ["export", "ledger.sqlite"])
        let keeper = try await LedgerKeeper.open(
            local: try SQLiteLedgerLog(path: path, genesis: network.genesis), genesis: network.genesis,
            nodeKey: network.nodes[1], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        #expect(keeper.state.root == network.state.root)
        let bytes = try #require(try await keeper.entries(from: 8, limit: 1).first)
        let transaction = try SignedTransaction(
            decoding: try #require(try Entry(decoding: bytes).transactions.last))
        #expect(try await keeper.outcome(of: transaction.id)?.outcome.isApplied == false)
        #expect(try await keeper.handovers(after: 0, limit: 10).count == 1)
        try await keeper.close()
        #expect(await code { _ = try await LedgerReplay().importing(file, into: path) } == "client/file-unusable")
    }

    @Test func everyDamageOfAnExportIsNoticed() async throws {
        let folder = try TemporaryFolder()
        let bytes = try #require(
            FileManager.default.contents(atPath: try await Self.export(try Self.network(), folder)))
        let path = folder.file("damaged")
        func refusal(_ bytes: Data) async throws -> String? {
            try bytes.write(to: URL(fileURLWithPath: path))
            return await code { _ = try await LedgerReplay().replay(file: path) }
        }
        for step in 0..<60 {
            var changed = bytes
            changed[changed.startIndex + step * bytes.count / 60] ^= 4
            #expect(try await refusal(changed) != nil, "byte \(step * bytes.count / 60)")
            let count = step * bytes.count / 60
            #expect(try await refusal(bytes.prefix(count)) == "client/bad-export", "the first \(count) bytes")
        }
        #expect(try await refusal(bytes + Data([0])) == "client/bad-export")
        #expect(try await refusal(bytes.dropLast()) == "client/bad-export")
        #expect(await code { _ = try await LedgerReplay().replay(file: folder.file("none")) } == "client/file-unusable")
        let log = folder.file("ledger.sqlite")
        #expect(await code { _ = try await LedgerReplay().importing(path, into: log) } == "client/bad-export")
        #expect(folder.names == ["damaged", "export"])
    }

    @Test func aLogThatBeginsWithASnapshotCannotBeExported() async throws {
        let network = try Self.network()
        try network.truncate()
        let folder = try TemporaryFolder()
        try await TestNode(network: network).serve { url async throws in
            let client = LedgerClient(NodeClient(control: url))
            let file = folder.file("export")
            #expect(await code { _ = try await LedgerReplay().export(client, to: file) } == "ledger-log/truncated")
        }
        #expect(folder.names.isEmpty)
    }

    @Test func aNodeThatChangesAnEntryIsCaught() async throws {
        let network = try Self.network()
        try await TestNode(network: network).serve(
            lying: { path, body in
                guard path.contains("/entries") else { return .body(body) }
                var body = body
                body[body.startIndex + body.count / 3] ^= 1
                return .body(body)
            },
            { url async throws in
                let client = LedgerClient(NodeClient(control: url))
                let found = await code { _ = try await LedgerReplay().replay(client) }
                #expect(found?.hasPrefix("ledger/") == true)
            })
    }
}
