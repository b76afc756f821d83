import ControlModel
import Foundation
import Testing

@Suite("The ledger on the command line", .serialized)
struct CliLedgerTests {
    private struct Proof: Decodable {
        struct Field: Decodable {
            var name: String
            var value: String
        }
        struct Checkpoint: Decodable {
            var network: String
            var sequence: UInt64
            var signatures: Int
        }
        var exists: Bool
        var fields: [Field]
        var checkpoint: Checkpoint

        subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    private struct Replayed: Decodable {
        var entries: Int
        var applied: Int
        var sequence: UInt64
        var stateRoot: String
    }

    private static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("tools/verify-proof/verify.py").path

    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Deploys and waits until a committee signed a state with the release.
    private func certifiedSite(_ network: TestNetwork) async throws -> (release: String, proof: Proof) {
        try network.write("proved", to: "site/index.html")
        let deployed = try await network.deploy(network.folder + "/site", "proved")
        var proof: Proof?
        try await eventually(within: 60, "the release is certified") {
            let result = try await network.run(["ledger", "verify", "name", "proved", "--json"])
            proof = try? result.json(Proof.self)
            return proof?["live"] == deployed.release
        }
        return (deployed.release, try #require(proof))
    }

    @Test("What the ledger holds is proved from the genesis id alone, online and from a file")
    func proofs() async throws {
        try await TestNetwork.with(nodes: 2, options: ["--epoch", "2s"]) { network in
            let id = try await network.status().network
            let (release, proof) = try await certifiedSite(network)
            #expect(proof.checkpoint.network == id)
            #expect(proof.checkpoint.signatures == 2)

            let file = network.folder + "/proof"
            try await network.expectSuccess("ledger", "proof", "release", "proved/\(release)", "--out", file)
            try await network.expectSuccess("down")
            // Nobody is left to be asked.
            let words = try await network.expectSuccess(
                "ledger", "verify", "release", "proved/\(release)", "--proof", file, "--genesis", id)
            #expect(words.output.contains("proved: release proved/\(release)"))
            #expect(words.output.contains("2 members"))
            try await network.expectFailure(
                "ledger", "verify", "release", "proved/\(release)", "--proof", file, "--genesis",
                String(repeating: "0", count: 64), saying: "wrong-network")
            try await network.expectFailure(
                "ledger", "verify", "name", "proved", "--proof", file, "--genesis", id, saying: "proof")
            try await network.expectFailure(
                "ledger", "verify", "release", "proved/\(release)", "--proof", file, "--max-age", "0s",
                saying: "client/stale")

            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            bytes[bytes.count - 10] ^= 1
            try bytes.write(to: URL(fileURLWithPath: file + "-bent"))
            let bent = try await network.run([
                "ledger", "verify", "release", "proved/\(release)", "--proof", file + "-bent", "--genesis", id,
            ])
            #expect(bent.status == 1)
        }
    }

    @Test("That there is none is proved too")
    func absence() async throws {
        try await TestNetwork.with(nodes: 1, options: ["--epoch", "1s"]) { network in
            try await eventually(within: 60, "something is certified") {
                try await network.run(["ledger", "verify", "name", "nobody"]).status == 0
            }
            let result = try await network.expectSuccess("ledger", "verify", "name", "nobody")
            #expect(result.output.contains("there is no name nobody"))
        }
    }

    @Test("A script that shares no code with the project accepts the proof", .enabled(if: Self.python != nil))
    func independentScript() async throws {
        try await TestNetwork.with(nodes: 2, options: ["--epoch", "2s"]) { network in
            let id = try await network.status().network
            _ = try await certifiedSite(network)
            let file = network.folder + "/proof"
            try await network.expectSuccess("ledger", "proof", "name", "proved", "--out", file)
            func check(_ path: String, _ network: String) throws -> (status: Int32, output: String) {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: try #require(Self.python))
                process.arguments = [Self.script, path, "--network", network, "--name", "proved"]
                let pipe = Pipe()
                process.standardOutput = pipe
                process.standardError = FileHandle.nullDevice
                try process.run()
                let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
                process.waitUntilExit()
                return (process.terminationStatus, String(decoding: output, as: UTF8.self))
            }
            let accepted = try check(file, id)
            #expect(accepted.status == 0)
            #expect(accepted.output.contains("PROVED"))
            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            bytes[bytes.count - 10] ^= 1
            try bytes.write(to: URL(fileURLWithPath: file + "-bent"))
            #expect(try check(file + "-bent", id).status != 0)
        }
    }

    @Test("Entries and transactions are shown; the whole ledger is exported, replayed and imported to the same root")
    func wholeLedger() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            try network.write("kept", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "kept")
            let head: LedgerHeadInfo = try await network.expectSuccess("ledger", "head", "--json").json()
            let entry: EntryInfo = try await network.expectSuccess("ledger", "show", "1", "--json").json()
            let transaction = try #require(entry.transactions.first)
            #expect(transaction.outcome == "applied")
            let shown = try await network.expectSuccess("ledger", "show", transaction.id)
            #expect(shown.output.contains(transaction.id))
            try await network.expectFailure("ledger", "show", "1000000", saying: "There is no entry 1000000")
            try await network.expectFailure("ledger", "show", "x", saying: "neither an entry's number")

            let file = network.folder + "/export"
            let exported: Replayed = try await network.expectSuccess("ledger", "export", "-o", file, "--json").json()
            #expect(exported.sequence >= head.sequence)
            let replayed: Replayed = try await network.expectSuccess("ledger", "replay", file, "--json").json()
            #expect(replayed.stateRoot == exported.stateRoot)
            #expect(replayed.applied >= 3)
            let node: Replayed = try await network.expectSuccess("ledger", "replay", "--node", "2", "--json").json()
            #expect(node.sequence >= exported.sequence)

            // A node that lost its log continues from the import.
            try await network.expectSuccess("down")
            let folder = try await network.status().nodes[1].data
            try await network.expectFailure("ledger", "import", file, "--into", folder, saying: "ledger.sqlite")
            for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
                try? FileManager.default.removeItem(atPath: folder + "/" + name)
            }
            let imported: Replayed = try await network.expectSuccess(
                "ledger", "import", file, "--into", folder, "--json"
            ).json()
            #expect(imported.stateRoot == exported.stateRoot)
            try await network.expectSuccess("up", "--detach")
            let nodes = try await network.status().nodes
            #expect(try await network.request(nodes[1], host: "kept", "/").text == "kept")

            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: file))
            #expect(try await network.run(["ledger", "replay", file]).status == 1)
        }
    }
}
