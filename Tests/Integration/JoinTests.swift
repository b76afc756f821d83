import ControlModel
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Joining a running network by hand", .serialized)
struct JoinTests {
    private struct Left: Decodable {
        struct Unstaking: Decodable {
            var amount: UInt64
        }
        var participating: Bool
        var stake: UInt64
        var unstaking: [Unstaking]
    }

    private struct NodeReport: Decodable {
        struct Status: Decodable {
            var ready: Bool
            var gateway: String
        }
        var status: Status
    }

    private func run(_ network: TestNetwork, _ folder: String) throws -> Process {
        let process = network.process(["node", "run", "--data", folder])
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func waitUntilReady(_ network: TestNetwork, _ folder: String) async throws -> String {
        var gateway: String?
        try await eventually(within: 60, "the joined node is ready") {
            let result = try await network.run(["node", "status", "--data", folder, "--json"])
            guard let report = try? result.json(NodeReport.self), report.status.ready else { return false }
            gateway = report.status.gateway
            return true
        }
        return try #require(gateway)
    }

    private func balance(_ network: TestNetwork) async throws -> UInt64 {
        let info: AccountInfo = try await network.expectSuccess("account", "balance", "--json").json()
        return info.balance
    }

    @Test("A node joins with a URL and the genesis id, serves what is deployed, leaves, and gets its stake back")
    func joinAndLeave() async throws {
        try await TestNetwork.with(options: ["--epoch", "2s"]) { network in
            let status = try await network.status()
            let (url, folder) = (status.nodes[0].control, network.folder + "/fourth")
            try network.write("here too", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "before")
            try await network.expectSuccess("network", "params", "set", "unstake_lock_epochs", "1")
            let balance = try await balance(network)

            let join = ["node", "join", "--data", folder, "--bootstrap", url, "--genesis", status.network]
            let unwilling = try await network.run(join)
            #expect(unwilling.errors.contains("--stake 1000"))
            #expect(try await self.balance(network) == balance)
            let joined = try await network.run(join + ["--stake", "1000"])
            try #require(joined.status == 0, "\(joined.errors)")
            #expect(joined.output.contains("skerry node run --data"))
            #expect(try await self.balance(network) == balance - 1_000)
            // Repeated, it does nothing.
            #expect(try await network.run(join + ["--stake", "1000"]).status == 0)
            #expect(try await self.balance(network) == balance - 1_000)

            let process = try run(network, folder)
            defer { process.terminate() }
            let gateway = try await waitUntilReady(network, folder)
            let node = TestNetwork.Status.Node(
                id: "", gateway: gateway, peer: "", control: "", data: folder, state: "ready")
            #expect(try await network.request(node, host: "before", "/").text == "here too")
            try network.write("after", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "after", node: 2)
            try await eventually("the joined node serves what came later") {
                try await network.request(node, host: "after", "/").text == "after"
            }
            let nodes: [LedgerNodeInfo] = try await network.expectSuccess("network", "nodes", "--json").json()
            #expect(nodes.filter(\.participating).count == 4)

            try await network.expectFailure("node", "leave", "--data", folder, saying: "another node")
            let left: Left = try await network.expectSuccess(
                "node", "leave", "--data", folder, "--node", url, "--json"
            ).json()
            #expect(!left.participating)
            #expect(left.stake == 0)
            #expect(left.unstaking.map(\.amount) == [1_000])
            try await eventually(within: 60, "the stake is paid out") {
                try await network.run(["node", "leave", "--withdraw", "--data", folder, "--node", url]).status == 0
            }
            #expect(try await self.balance(network) == balance)
        }
    }

    @Test("A default network goes on with two of its three nodes, and the one that left gets its stake back")
    func leaveOfThree() async throws {
        try await TestNetwork.with(options: ["--epoch", "2s"]) { network in
            let nodes = try await network.status().nodes
            try await network.expectSuccess("network", "params", "set", "unstake_lock_epochs", "1")
            let before = try await balance(network)
            let left: Left = try await network.expectSuccess("node", "leave", "--node", "3", "--json").json()
            #expect(!left.participating)
            #expect(left.unstaking.map(\.amount) == [1_000])
            try await eventually(within: 60, "the stake is paid out") {
                try await network.run(["node", "leave", "--withdraw", "--node", "3"]).status == 0
            }
            #expect(try await balance(network) == before + 1_000)
            // The two hand over to themselves, and their certificates need nobody else.
            try await network.killNode(nodes[2])
            let certified = try await network.head(nodes[0]).certified?.sequence ?? 0
            try await eventually(within: 60, "two nodes certify") {
                try await network.head(nodes[0]).certified?.sequence ?? 0 > certified + 1
            }
            try await network.expectLevel(Array(nodes.prefix(2)))
        }
    }

    @Test("Where the log is truncated, a node joins from a certified snapshot and the entries behind it")
    func joinFromSnapshot() async throws {
        let settings = ["snapshotEntries": 20, "marginEntries": 5]
        try await TestNetwork.withLedger(["--nodes", "2", "--epoch", "1s"], settings: settings) { network in
            try network.write("before the snapshot", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "old")
            let status = try await network.status()
            let (url, folder) = (status.nodes[0].control, network.folder + "/third")
            try await eventually(within: 60, "the log is truncated") { try await network.base(status.nodes[0]) > 10 }
            try await network.expectFailure(
                "ledger", "export", network.folder + "/export", "--node", "1", saying: "truncated")
            let joined = try await network.expectSuccess(
                "node", "join", "--data", folder, "--bootstrap", url, "--genesis", status.network, "--stake", "1000")
            #expect(joined.output.contains("a snapshot of entry"), "\(joined.output)")
            // As if it had died when only the last step was left: it goes on instead of refusing its own files.
            try FileManager.default.moveItem(atPath: folder + "/genesis", toPath: folder + "/genesis.part")
            let again = try await network.expectSuccess(
                "node", "join", "--data", folder, "--bootstrap", url, "--genesis", status.network, "--stake", "1000")
            #expect(again.output.contains("a snapshot of entry"), "\(again.output)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/genesis.part"))

            let process = try run(network, folder)
            defer { process.terminate() }
            let gateway = try await waitUntilReady(network, folder)
            let node = TestNetwork.Status.Node(
                id: "", gateway: gateway, peer: "", control: "", data: folder, state: "ready")
            #expect(try await network.request(node, host: "old", "/").text == "before the snapshot")
            #expect(!FileManager.default.fileExists(atPath: folder + "/ledger-base"))
        }
    }

    @Test("A join that is killed again and again goes on each time, and stakes once")
    func killedJoins() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let status = try await network.status()
            let (url, folder) = (status.nodes[0].control, network.folder + "/second")
            let before = try await balance(network)
            let join = [
                "node", "join", "--data", folder, "--bootstrap", url, "--genesis", status.network, "--stake", "1000",
            ]
            var (kills, delay) = (0, Duration.zero)
            while true {
                let process = network.process(join)
                process.standardOutput = FileHandle.nullDevice
                process.standardError = FileHandle.nullDevice
                try process.run()
                try await Task.sleep(for: delay)
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                delay += .milliseconds(15)
                // Late enough, it was over before the signal came.
                guard process.terminationReason == .uncaughtSignal else {
                    #expect(process.terminationStatus == 0)
                    break
                }
                kills += 1
                try #require(kills < 1_000)
            }
            #expect(kills > 3)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.contains("genesis") && names.contains("ledger.sqlite"))
            #expect(!names.contains { $0.hasSuffix(".part") }, "\(names)")
            #expect(try await network.run(join).status == 0)
            #expect(try await balance(network) == before - 1_000)
        }
    }

    @Test("A genesis id that is not the network's is refused before anything is made")
    func wrongGenesis() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let url = try await network.status().nodes[0].control
            let folder = network.folder + "/other"
            try await network.expectFailure(
                "node", "join", "--data", folder, "--bootstrap", url, "--genesis", String(repeating: "a", count: 64),
                "--stake", "1000", saying: "client/wrong-network")
            #expect(!FileManager.default.fileExists(atPath: folder))
        }
    }

    @Test("A bootstrap URL that is none, and an id that is not whole, are told what they are")
    func wrongBootstrap() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let status = try await network.status()
            let (node, id, folder) = (status.nodes[0], status.network, network.folder + "/other")
            func join(_ url: String, _ id: String, saying text: String) async throws {
                try await network.expectFailure(
                    "node", "join", "--data", folder, "--bootstrap", url, "--genesis", id, "--stake", "1000",
                    saying: text)
            }
            try await join(node.control, String(id.prefix(16)), saying: "it has 16 of 64 digits")
            try await join(node.control, id + "0", saying: "it is not 64 hexadecimal digits")
            try await join(node.gateway, id, saying: "name the node's control URL, not its gateway's")
            try await network.expectSuccess("down")
            try await join(node.control, id, saying: "No control API answers at \(node.control)")
            #expect(!FileManager.default.fileExists(atPath: folder))
            // A file that was cut off.
            let genesis = node.data + "/genesis"
            let bytes = try #require(FileManager.default.contents(atPath: genesis))
            let cut = network.folder + "/cut"
            try bytes.prefix(100).write(to: URL(fileURLWithPath: cut))
            try await network.expectFailure(
                "network", "genesis", "show", cut, saying: "\(cut) is no genesis, is damaged")
            try bytes.prefix(100).write(to: URL(fileURLWithPath: genesis))
            try await network.expectFailure(
                "node", "run", "--data", node.data, saying: "copy it from another node of the network")
        }
    }

    @Test("init makes a node's folder once and keeps it")
    func initialise() async throws {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let folder = network.folder + "/node"
        let first = try await network.expectSuccess(
            "node", "init", "--data", folder, "--peer", "127.0.0.1:4001", "--json")
        #expect(first.output.contains("127.0.0.1:4001"))
        #expect(try await network.expectSuccess("node", "init", "--data", folder, "--json").output == first.output)
        try await network.expectFailure(
            "node", "init", "--data", folder, "--peer", "127.0.0.1:4002", saying: "127.0.0.1:4001")
        try await network.expectFailure("node", "run", "--data", folder, saying: "There is no genesis")
    }
}
