import ControlModel
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(
    "A sequencer is replaced", .serialized,
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/etcd"), "etcd is not installed"))
struct LedgerFailOverTests {
    /// The node that orders transactions, once the others agree on it.
    private func sequencer(
        _ network: TestNetwork, among nodes: [TestNetwork.Status.Node], not old: String? = nil
    ) async throws -> TestNetwork.Status.Node {
        var found: TestNetwork.Status.Node?
        try await eventually(within: 40, "somebody orders transactions") {
            var named: Set<String?> = []
            for node in nodes { named.insert((try? await network.head(node))?.sequencer) }
            guard named.count == 1, let name = named.first, let name, name != old else { return false }
            found = nodes.first { $0.id == name }
            return found != nil
        }
        return try #require(found)
    }

    @Test("kill -9 of the node that orders transactions: another takes over, and any node takes work meanwhile")
    func killed() async throws {
        try await TestNetwork.withLedger(["--nodes", "3", "--ledger", "etcd"], settings: ["leaseSeconds": 2]) {
            network in
            var nodes = try await network.status().nodes
            for round in 1...3 {
                let old = try await sequencer(network, among: nodes)
                try network.write("page \(round)", to: "site/index.html")
                try await network.killNode(old)
                let others = nodes.filter { $0.id != old.id }
                // At once, while nobody may order yet.
                let number = (nodes.firstIndex { $0.id == others[round % 2].id } ?? 0) + 1
                _ = try await network.deploy(network.folder + "/site", "site", node: number)
                let next = try await sequencer(network, among: others, not: old.id)
                #expect(next.id != old.id)
                try await network.expectSuccess("up", "--detach")
                nodes = try await network.status().nodes
                try await network.expectLevel(nodes)
                for node in nodes {
                    try await eventually("the node serves the new page") {
                        try await network.request(node, host: "site", "/").text == "page \(round)"
                    }
                }
            }
        }
    }

    @Test("A sequencer that was stopped, replaced and woken up follows, and forks nothing")
    func paused() async throws {
        try await TestNetwork.withLedger(["--nodes", "3", "--ledger", "etcd"], settings: ["leaseSeconds": 2]) {
            network in
            let nodes = try await network.status().nodes
            try network.write("before", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            let old = try await sequencer(network, among: nodes)
            let pid = try #require(old.pid)
            kill(pid, SIGSTOP)
            defer { kill(pid, SIGCONT) }
            let others = nodes.filter { $0.id != old.id }
            _ = try await sequencer(network, among: others, not: old.id)
            try network.write("after", to: "site/index.html")
            let number = (nodes.firstIndex { $0.id == others[0].id } ?? 0) + 1
            _ = try await network.deploy(network.folder + "/site", "site", node: number)
            kill(pid, SIGCONT)
            try await eventually("it hears that it was replaced") {
                (try? await network.head(old))?.sequencer != old.id
            }
            let head = try await network.expectLevel(nodes)
            #expect(head.failure == nil)
            try network.write("last", to: "site/index.html")
            let woken = (nodes.firstIndex { $0.id == old.id } ?? 0) + 1
            _ = try await network.deploy(network.folder + "/site", "site", node: woken)
            try await network.expectLevel(nodes)
        }
    }

    @Test("A node that starts while etcd is away serves what its own copy says, and takes nothing new")
    func withoutEtcd() async throws {
        try await TestNetwork.withLedger(["--nodes", "2", "--ledger", "etcd"]) { network in
            try network.write("kept", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            let nodes = try await network.status().nodes
            try await network.expectLevel(nodes)
            try await network.expectSuccess("down")
            let process = network.process(["node", "run", "--data", nodes[0].data])
            process.standardError = FileHandle.nullDevice
            try process.run()
            defer {
                process.terminate()
                process.waitUntilExit()
            }
            try await eventually("it serves") {
                (try? await network.request(nodes[0], host: "site", "/").text) == "kept"
            }
            #expect(try await network.head(nodes[0]).failure == nil)
            try network.write("new", to: "site/index.html")
            let result = try await network.run(
                ["deploy", network.folder + "/site", "--name", "site", "--node", "1", "--json"])
            #expect(result.status != 0)
            #expect(try await network.request(nodes[0], host: "site", "/").text == "kept")
        }
    }
}
