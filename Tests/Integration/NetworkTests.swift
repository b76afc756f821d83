import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("A network on one machine", .serialized)
struct NetworkTests {
    @Test("up reports every node; down stops all; what was stored survives")
    func upAndDown() async throws {
        try await TestNetwork.with { network in
            let before = try await network.status()
            #expect(before.nodes.count == 3)
            #expect(Set(before.nodes.map(\.id)).count == 3)
            let addresses = before.nodes.flatMap { node in [node.gateway, node.peer, node.control] }
            #expect(Set(addresses.map { address in String(address.split(separator: ":").last ?? "") }).count == 9)
            for node in before.nodes {
                #expect(node.state == "ready")
                #expect(isAlive(try #require(node.pid)))
                #expect(FileManager.default.fileExists(atPath: node.data + "/key"))
                #expect(try await network.request(node, "/healthz").status == 200)
                #expect(try await network.request(node, "/readyz").status == 200)
                #expect(try await network.request(node, "/metrics").text.contains("skerry_ledger_sequence"))
            }
            try network.write("<h1>kept</h1>", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "kept")
            try await network.expectSuccess("down")
            for node in before.nodes { #expect(!isAlive(try #require(node.pid))) }
            #expect(try await network.status().nodes.allSatisfy { $0.state == "stopped" && $0.pid == nil })

            try await network.expectSuccess("up", "--detach")
            let after = try await network.status()
            #expect(after.nodes.map(\.id) == before.nodes.map(\.id))
            #expect(after.nodes.map(\.gateway) == before.nodes.map(\.gateway))
            for node in after.nodes {
                #expect(try await network.request(node, host: "kept", "/").text == "<h1>kept</h1>")
            }
        }
    }

    @Test("up prints JSON for scripts and is idempotent")
    func upTwice() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            let first = try await network.status()
            let again: TestNetwork.Status = try await network.expectSuccess("up", "--detach", "--json").json()
            #expect(again.nodes.map(\.pid) == first.nodes.map(\.pid))
            try await network.expectFailure("up", "--nodes", "3", "--detach", saying: "has 2 nodes, not 3")
        }
    }

    @Test("kill -9 of any node leaves nothing that stops the next start")
    func killAndStart() async throws {
        try await TestNetwork.with { network in
            for index in 0..<3 {
                let before = try await network.status()
                let pid = try #require(before.nodes[index].pid)
                kill(pid, SIGKILL)
                try await eventually("the node ends") { !isAlive(pid) }
                #expect(try await network.status().nodes[index].state == "stopped")
                try await network.expectSuccess("up", "--detach")
                let after = try await network.status()
                #expect(after.nodes[index].state == "ready")
                #expect(after.nodes[index].pid != pid)
                try network.write("hello \(index)", to: "site/index.html")
                _ = try await network.deploy(network.folder + "/site", "after", node: index + 1)
            }
        }
    }

    /// `skerry up` as a person runs it, once its two nodes are ready.
    private func startInForeground(_ network: TestNetwork) async throws -> (process: Process, pids: [Int32]) {
        let process = network.process(["up", "--nodes", "2"])
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        try await eventually("both nodes are ready") {
            guard let status = try? await network.status() else { return false }
            return status.nodes.allSatisfy { $0.state == "ready" }
        }
        return (process, try await network.status().nodes.compactMap(\.pid))
    }

    @Test("Ctrl-C on a network in the foreground stops every node", arguments: [SIGINT, SIGTERM])
    func foreground(_ signal: Int32) async throws {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let (process, pids) = try await startInForeground(network)
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        for pid in pids { #expect(!isAlive(pid)) }
    }

    @Test("Nodes in the foreground end with the process that started them")
    func orphans() async throws {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let (process, pids) = try await startInForeground(network)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try await eventually("the nodes end") { !pids.contains(where: isAlive) }
    }

    @Test("Every node replays the ledger to the same state root")
    func equalRoots() async throws {
        try await TestNetwork.with { network in
            for index in 1...4 {
                try network.write("page \(index)", to: "site/index.html")
                _ = try await network.deploy(network.folder + "/site", "site-\(index % 2)", node: index % 3 + 1)
            }
            try await network.expectSuccess("releases", "rollback", "site-1")
            try await eventually("all nodes are level") {
                let ledgers = try await network.status().nodes.compactMap(\.ledger)
                return ledgers.count == 3 && Set(ledgers.map(\.sequence)).count == 1
            }
            let ledgers = try await network.status().nodes.compactMap(\.ledger)
            #expect(Set(ledgers.map(\.root)).count == 1)
            #expect(ledgers[0].sequence >= 5)
            // A node that replays its log from the beginning arrives at the same root.
            try await network.expectSuccess("down")
            try await network.expectSuccess("up", "--detach")
            let after = try await network.status().nodes.compactMap(\.ledger)
            #expect(after.count == 3)
            #expect(after.allSatisfy { $0.sequence >= ledgers[0].sequence })
            // Duties may have added entries meanwhile.
            for ledger in after where ledger.sequence == ledgers[0].sequence { #expect(ledger == ledgers[0]) }
        }
    }

    @Test("A sequencer whose ledger went back to an older copy takes the rest from the others before it goes on")
    func restoredSequencer() async throws {
        try await TestNetwork.with { network in
            try network.write("one", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            let sequencer = try #require(try await network.status().nodes.first)
            try await network.expectSuccess("down")
            let ledger = sequencer.data + "/ledger.sqlite"
            try FileManager.default.copyItem(atPath: ledger, toPath: network.folder + "/backup.sqlite")
            try await network.expectSuccess("up", "--detach")
            try network.write("two", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            let before = try #require(try await network.status().nodes[1].ledger)
            // The others stay up, so that there is somebody to ask.
            let pid = try #require(try await network.status().nodes[0].pid)
            kill(pid, SIGKILL)
            try await eventually("the sequencer ends") { !isAlive(pid) }
            for path in [ledger, ledger + "-wal", ledger + "-shm"] { try? FileManager.default.removeItem(atPath: path) }
            try FileManager.default.copyItem(atPath: network.folder + "/backup.sqlite", toPath: ledger)
            try await network.expectSuccess("up", "--detach")
            try await eventually("the sequencer is level") {
                let nodes = try await network.status().nodes
                guard let sequencer = nodes[0].ledger, sequencer.sequence >= before.sequence else { return false }
                return sequencer == nodes[1].ledger
            }
            try network.write("three", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            for node in try await network.status().nodes {
                #expect(try await network.request(node, host: "site", "/").text == "three")
            }
        }
    }

    @Test("A second process is kept out of a node's folder")
    func lockedFolder() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let node = try await network.status().nodes[0]
            let result = try await network.run(["node", "run", "--data", node.data])
            #expect(result.status == 1)
            #expect(result.errors.contains("Another node runs in"))
            #expect(try await network.status().nodes[0].pid == node.pid)
        }
    }

    @Test("A node whose key is not on the ledger does not start, and says why")
    func foreignKey() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            try await network.expectSuccess("down")
            let node = try await network.status().nodes[1]
            try FileManager.default.removeItem(atPath: node.data + "/key")
            try await network.expectSuccess("account", "new", node.data + "/key")
            let result = try await network.run(["node", "run", "--data", node.data])
            #expect(result.status == 1)
            #expect(result.errors.contains("is not on the ledger"))
        }
    }

    @Test("The account's key is made on first use, for its owner alone")
    func account() async throws {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let first = try await network.expectSuccess("account", "show", "--json")
        #expect(try await network.expectSuccess("account", "show", "--json").output == first.output)
        let path = network.folder + "/config/skerry/account.key"
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        try await network.expectFailure("account", "show", saying: "chmod 600")
    }
}
