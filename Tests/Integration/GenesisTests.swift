import ControlModel
import Foundation
import Testing

@Suite("A network whose nodes are made one by one, as on several machines", .serialized)
struct GenesisTests {
    private struct Card: Decodable {
        var node: String
        var publicPeer: String?
        var network: String?
    }

    private struct Report: Decodable, Equatable {
        struct Node: Decodable, Equatable {
            var node: String
            var operatorAccount: String
            var peer: String
            var stake: UInt64
            var sequencer: Bool
        }
        struct Account: Decodable, Equatable {
            var account: String
            var balance: UInt64
        }
        struct Parameter: Decodable, Equatable {
            var name: String
            var value: UInt64
        }
        var network: String
        var networkName: String
        var isDevelopment: Bool
        var nodes: [Node]
        var accounts: [Account]
        var governors: [String]
        var parameters: [Parameter]

        subscript(_ name: String) -> UInt64? { parameters.first { $0.name == name }?.value }
    }

    private struct NodeReport: Decodable {
        struct Status: Decodable {
            var ready: Bool
            var gateway: String
        }
        var status: Status
    }

    private let network: TestNetwork

    init() throws { network = try TestNetwork() }

    /// Makes a node as its machine would; returns its folder, and its card and where that is.
    private func makeNode(_ name: String, _ options: String...) async throws -> (
        folder: String, file: String, card: Card
    ) {
        let (folder, file) = (network.folder + "/" + name, network.folder + "/\(name).json")
        let result = try await network.run(["node", "init", "--data", folder, "--json"] + options)
        try #require(result.status == 0, "\(result.errors)")
        try result.output.write(toFile: file, atomically: true, encoding: .utf8)
        return (folder, file, try result.json())
    }

    private func run(_ folder: String) throws -> Process {
        let process = network.process(["node", "run", "--data", folder])
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func waitUntilReady(_ folder: String) async throws -> TestNetwork.Status.Node {
        var gateway: String?
        try await eventually(within: 60, "the node in \(folder) is ready") {
            let result = try await network.run(["node", "status", "--data", folder, "--json"])
            guard let report = try? result.json(NodeReport.self), report.status.ready else { return false }
            gateway = report.status.gateway
            return true
        }
        return TestNetwork.Status.Node(
            id: "", gateway: try #require(gateway), peer: "", control: "", data: folder, state: "ready")
    }

    @Test("Three nodes begin with one genesis, certify, and serve what one of them takes; a fourth joins them")
    func beginsAndGrows() async throws {
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        var nodes: [(folder: String, file: String, card: Card)] = []
        for name in ["a", "b", "c"] { nodes.append(try await makeNode(name)) }
        let genesis = network.folder + "/genesis"
        let made = try await network.run(
            ["network", "genesis", "--name", "example", "--out", genesis, "--json"] + nodes.map(\.file)
                + ["--set", "epoch_ms=2000", "--set", "checkpoint_ms=1000"])
        try #require(made.status == 0, "\(made.errors)")
        let report: Report = try made.json()
        var processes: [Process] = []
        defer {
            for process in processes {
                process.terminate()
                process.waitUntilExit()
            }
        }
        for node in nodes {
            let installed: Card = try await network.expectSuccess(
                "node", "init", "--data", node.folder, "--genesis-file", genesis, "--genesis", report.network, "--json"
            ).json()
            #expect(installed.node == node.card.node && installed.network == report.network)
            processes.append(try run(node.folder))
        }
        var gateways: [TestNetwork.Status.Node] = []
        for node in nodes { gateways.append(try await waitUntilReady(node.folder)) }

        try network.write("everywhere", to: "site/index.html")
        let deployed = try await network.run(
            ["deploy", network.folder + "/site", "--name", "site", "--data", nodes[1].folder])
        try #require(deployed.status == 0, "\(deployed.errors)")
        for gateway in gateways {
            try await eventually("the node serves the site") {
                try await network.request(gateway, host: "site", "/").text == "everywhere"
            }
        }
        try await eventually(within: 60, "the nodes certify") {
            let result = try await network.run(
                ["ledger", "verify", "name", "site", "--data", nodes[2].folder, "--genesis", report.network])
            return result.status == 0
        }

        let status = try await network.run(["node", "status", "--data", nodes[0].folder, "--json"])
        struct Control: Decodable {
            struct Status: Decodable { var control: String }
            var status: Status
        }
        let control = try status.json(Control.self).status.control
        let fourth = network.folder + "/d"
        try await network.expectSuccess(
            "node", "join", "--data", fourth, "--bootstrap", control, "--genesis", report.network, "--stake", "1000")
        processes.append(try run(fourth))
        let joined = try await waitUntilReady(fourth)
        try await eventually("the node that joined serves the site") {
            try await network.request(joined, host: "site", "/").text == "everywhere"
        }
    }

    @Test("Before the first certificate, for which two thirds of the stake must be there, nothing is proved")
    func nothingIsProved() async throws {
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let (here, away) = (try await makeNode("here"), try await makeNode("away"))
        let genesis = network.folder + "/genesis"
        let made = try await network.run(
            ["network", "genesis", here.file, away.file, "--name", "example", "--out", genesis, "--json"]
                + ["--sequencer", here.card.node, "--set", "checkpoint_ms=100"])
        try #require(made.status == 0, "\(made.errors)")
        try await network.expectSuccess("node", "init", "--data", here.folder, "--genesis-file", genesis)
        let process = try run(here.folder)
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        _ = try await waitUntilReady(here.folder)
        try await network.expectFailure(
            "ledger", "verify", "name", "nobody", "--data", here.folder, saying: "client/not-certified")
    }

    @Test("A genesis says what it was told to, and is shown to whoever gets it")
    func saysWhatItWasTold() async throws {
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        struct Key: Decodable { var account: String }
        let mine: Key = try await network.expectSuccess("account", "show", "--json").json()
        let other = String(repeating: "ab", count: 32)
        let first = try await makeNode(
            "first", "--peer", "0.0.0.0:4433", "--public-peer", "first.example:4433", "--operator", other)
        let second = try await makeNode("second", "--peer", "127.0.0.1:4434")
        let genesis = network.folder + "/genesis"
        let arguments = [
            "network", "genesis", first.file, second.file, "--name", "example", "--out", genesis, "--ledger", "etcd",
            "--stake", "5", "--balance", "\(other)=70", "--balance", "\(mine.account)=30", "--door", "allowlist",
            "--set", "replicas=1", "--set", "minimum_stake=4",
        ]
        let made = try await network.run(arguments)
        try #require(made.status == 0, "\(made.errors)")
        let report: Report = try await network.expectSuccess("network", "genesis", "show", genesis, "--json").json()
        #expect(made.output.contains(report.network))
        #expect(report.networkName == "example" && !report.isDevelopment)
        #expect(report.governors == [mine.account])
        #expect(Set(report.accounts.map(\.balance)) == [70, 30])
        #expect(report["door"] == 2 && report["replicas"] == 1 && report["minimum_stake"] == 4)
        #expect(report["open_accounts"] == 0)
        let listed = try #require(report.nodes.first { $0.node == first.card.node })
        #expect(listed.peer == "first.example:4433" && listed.operatorAccount == other && listed.stake == 5)
        #expect(report.nodes.first { $0.node == second.card.node }?.operatorAccount == mine.account)
        #expect(report.nodes.map(\.sequencer) == [true, true])

        // Nothing replaces it, and no node takes another one.
        let again = try await network.run(arguments)
        #expect(again.status != 0 && again.errors.contains("exists already"))
        try await network.expectFailure(
            "node", "init", "--data", first.folder, "--genesis-file", genesis, "--genesis", other,
            saying: "not of \(other)")
        try await network.expectFailure(
            "node", "init", "--data", network.folder + "/stranger", "--genesis-file", genesis, saying: "does not list")
        try await network.expectSuccess("node", "init", "--data", first.folder, "--genesis-file", genesis)
        try await network.expectSuccess(
            "network", "genesis", first.file, "--name", "another", "--out", genesis + "-2", "--sequencer",
            String(first.card.node.prefix(6)))
        try await network.expectFailure(
            "node", "init", "--data", first.folder, "--genesis-file", genesis + "-2", saying: report.network)
        // Several that order need the log that they share.
        try await network.expectFailure("node", "run", "--data", first.folder, saying: "etcd")
    }

    @Test("Cards and options that cannot make a network are refused by name, and nothing is written")
    func refusals() async throws {
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let hidden = try await makeNode("hidden", "--peer", "0.0.0.0:4433")
        let node = try await makeNode("node")
        let out = network.folder + "/genesis"
        func expectFailure(_ arguments: [String], saying text: String) async throws {
            let result = try await network.run(["network", "genesis", "--name", "x", "--out", out] + arguments)
            #expect(result.status != 0 && result.errors.contains(text), "\(arguments): \(result.errors)")
        }
        try await expectFailure([], saying: "card")
        try await expectFailure([hidden.file], saying: "--public-peer")
        try await expectFailure([network.folder + "/nothing"], saying: "nothing")
        try network.write("{}", to: "empty.json")
        try await expectFailure([network.folder + "/empty.json"], saying: "skerry node init --json")
        let card = try String(contentsOfFile: node.file, encoding: .utf8)
        try network.write(
            card.replacingOccurrences(of: node.card.node, with: hidden.card.node), to: "swapped.json")
        try await expectFailure([network.folder + "/swapped.json"], saying: "is not that of node")
        try await expectFailure([node.file, node.file], saying: "listed twice")
        try await expectFailure([node.file, "--sequencer", "zz"], saying: "0 of the cards' nodes")
        let other = try await makeNode("other")
        try await expectFailure(
            [node.file, other.file, "--sequencer", node.card.node, "--sequencer", other.card.node],
            saying: "--ledger etcd")
        try await expectFailure([node.file, "--set", "replicas=0"], saying: "replicas")
        try await expectFailure([node.file, "--set", "no_such=1"], saying: "no_such")
        try await expectFailure([node.file, "--balance", "me=1"], saying: "me=1")
        try await expectFailure([node.file, "--door", "closed"], saying: "closed")
        #expect(!FileManager.default.fileExists(atPath: out))
        try await network.expectFailure("network", "genesis", "show", node.file, saying: "genesis")
    }
}
