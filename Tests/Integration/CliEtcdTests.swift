import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

private let hasEtcd = ["/usr/bin/etcd", "/usr/local/bin/etcd"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
}

@Suite("A network on etcd", .serialized, .enabled(if: hasEtcd, "needs etcd: apt-get install etcd-server"))
struct CliEtcdTests {
    private func deploy(_ network: TestNetwork, _ text: String, node: Int) async throws {
        try network.write(text, to: "site/index.html")
        _ = try await network.deploy(network.folder + "/site", "site", node: node)
        for node in try await network.status().nodes where node.pid != nil {
            #expect(try await network.request(node, host: "site", "/").text == text)
        }
    }

    @Test("Deploys go on without one etcd member; up brings it back; down stops all")
    func memberDies() async throws {
        try await TestNetwork.with(options: ["--ledger", "etcd"]) { network in
            let before = try #require(try await network.status().etcd)
            #expect(before.map(\.state) == ["healthy", "healthy", "healthy"])
            try await deploy(network, "with three members", node: 1)
            for (index, member) in before.enumerated().prefix(2) {
                let pid = try #require(member.pid)
                kill(pid, SIGKILL)
                try await eventually("the member ends") { !isAlive(pid) }
                #expect(try await network.status().etcd?[index].state == "stopped")
                try await deploy(network, "without member \(index + 1)", node: index + 2)
                try await network.expectSuccess("up", "--detach")
                #expect(try await network.status().etcd?.map(\.state) == ["healthy", "healthy", "healthy"])
            }
            let after = try #require(try await network.status().etcd)
            #expect(after.map(\.endpoint) == before.map(\.endpoint))
            try await network.expectFailure("up", "--ledger", "sqlite", "--detach", saying: "keeps its ledger in etcd")
            try await network.expectSuccess("down")
            for pid in after.compactMap(\.pid) { #expect(!isAlive(pid)) }
            try await network.expectSuccess("up", "--detach")
            try await deploy(network, "after a stop of everything", node: 1)
        }
    }

    @Test(
        "In the foreground, what fails starts again; nothing outlives the command, even killed",
        arguments: [SIGINT, SIGKILL])
    func supervised(_ signal: Int32) async throws {
        let network = try TestNetwork()
        let process = network.process(["up", "--nodes", "2", "--ledger", "etcd"])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        var pids: [Int32] = []
        do {
            try await waitUntilComplete(network)
            let first = try await network.status()
            let victims = [try #require(first.nodes[1].pid), try #require(first.etcd?[2].pid)]
            for pid in victims { kill(pid, SIGKILL) }
            try await eventually("the victims end") { !victims.contains(where: isAlive) }
            try await waitUntilComplete(network)
            let second = try await network.status()
            #expect(second.nodes[1].pid != victims[0])
            #expect(second.etcd?[2].pid != victims[1])
            #expect(second.nodes[0].pid == first.nodes[0].pid)
            try await deploy(network, "after both came back", node: 2)
            pids = second.nodes.compactMap(\.pid) + (second.etcd ?? []).compactMap(\.pid)
        } catch {
            process.terminate()
            process.waitUntilExit()
            await network.tearDown()
            throw error
        }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        try await eventually(within: 30, "all processes end") { !pids.contains(where: isAlive) }
        await network.tearDown()
    }

    private func waitUntilComplete(_ network: TestNetwork) async throws {
        try await eventually(within: 60, "nodes and members are there") {
            guard let status = try? await network.status() else { return false }
            return status.nodes.allSatisfy { $0.state == "ready" }
                && status.etcd?.allSatisfy { $0.state == "healthy" } == true
        }
    }
}
