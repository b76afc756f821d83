import ControlModel
import Foundation
import NIOCore
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Machines with real containers on networks of real nodes. Where this host runs none, each test says so and ends.
@Suite("Machines", .serialized)
struct MachinesTests {
    private func write(
        _ network: TestNetwork, _ version: String, copies: Int, _ more: String = "", vars: String = "",
        head: String = ""
    ) throws -> String {
        try network.write(
            """
            name = "web"
            kind = "machine"
            \(head)

            [vars]
            VERSION = "\(version)"
            \(vars)

            [machine]
            image = "oci:\(network.folder)/image"
            size = "shared-1x-64"
            replicas = \(copies)
            rollout_timeout = "6s"
            stop_timeout = "2s"

            [[machine.ports]]
            port = 8080

            [machine.health]
            http = "/healthz"
            interval = "200ms"
            grace = "1s"
            \(more)
            """, to: "app/skerry.toml")
        return network.folder + "/app"
    }

    private func until(_ what: String, seconds: Int = 60, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("\(what) did not come")
                throw CancellationError()
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func aMachineIsDeployedAndCommanded() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            let folder = try write(network, "1", copies: 2)
            let result = try await network.expectSuccess("deploy", folder)
            #expect(!result.errors.contains("no health check"))
            let app = try await network.machines(of: "web")
            #expect(app.machines.map(\.state) == ["healthy", "healthy"])
            #expect(Set(app.machines.compactMap(\.node)).count == 2)
            for node in try await network.status().nodes {
                let answer = try await network.request(node, host: "web", "/")
                #expect(answer.status == 200 && answer.text.hasPrefix("version=1 slot="), "\(answer.text)")
            }
            let hello = try await network.expectSuccess(
                "machines", "exec", "--slot", "1", "web", "/bin/server", "hello")
            #expect(hello.output == "hello from slot 1\n")
            #expect(try await network.run(["machines", "exec", "web", "/bin/server", "hello", "7"]).status == 7)
            let logs = try await network.expectSuccess("machines", "logs", "web", "--slot", "0", "--tail", "1000")
            #expect(logs.output.contains("version 1 listens in slot 0"))
            let events = try await network.expectSuccess("machines", "events", "web", "--slot", "0")
            #expect(events.output.contains("healthy"))
            try await network.expectFailure("machines", "stop", "web", saying: "only its owner", account: "other")
            try await network.expectSuccess("machines", "stop", "web", "--slot", "0")
            try await until("the end of slot 0") {
                try await network.machines(of: "web").machines[0].state == "stopped"
            }
            try await network.expectSuccess("machines", "start", "web", "--slot", "0")
            try await until("its start") { try await network.machines(of: "web").machines[0].state == "healthy" }
            try await network.expectSuccess("machines", "scale", "web", "3")
            #expect(try await network.machines(of: "web").machines.map(\.state) == ["healthy", "healthy", "healthy"])
            try await network.expectSuccess("machines", "destroy", "web", "--yes")
            try await until("their end") { try await network.machines().apps.isEmpty }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func anImageRunsWithoutAFolder() async throws {
        try await TestNetwork.withMachines(nodes: 1) { network in
            let image = "oci:\(network.folder)/image"
            try await network.expectSuccess(
                "machines", "create", "--name", "kept", "--size", "shared-1x-64", "--port", "8080", "--env",
                "VERSION=9", image)
            let node = try #require(try await network.status().nodes.first)
            try await until("its answer") {
                try await network.request(node, host: "kept", "/").text.hasPrefix("version=9")
            }
            try await network.expectSuccess(
                "machines", "run", "--name", "once", "--size", "shared-1x-64", image, "/bin/server", "hello")
            try await until("its end") { try await network.machines(of: "once").machines.first?.state == "ended" }
            let said = try await network.expectSuccess("machines", "logs", "once")
            #expect(said.output.contains("hello from slot 0"))
            for name in ["kept", "once"] { try await network.expectSuccess("machines", "destroy", name, "--yes") }
            try await until("their end") { try await network.machines().apps.isEmpty }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func aRollingUpdateAndOneThatIsTakenBack() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            try await network.expectSuccess("deploy", try write(network, "1", copies: 3))
            let first = try await network.machines(of: "web").live
            let node = try #require(try await network.status().nodes.first)
            // Not by cancelling the task: that would end a request in the middle.
            let isOver = Flag()
            let asking = Task {
                var failures = 0
                var total = 0
                while !isOver.isSet {
                    let answer = try? await network.request(node, host: "web", "/")
                    total += 1
                    if answer?.status != 200 { failures += 1 }
                }
                return (total, failures)
            }
            defer { isOver.set() }
            try await network.expectSuccess("deploy", try write(network, "2", copies: 3))
            isOver.set()
            let (total, failures) = await asking.value
            print("rolling update: \(total) requests, \(failures) failed")
            #expect(total > 10 && failures == 0)
            #expect(try await network.request(node, host: "web", "/").text.hasPrefix("version=2"))
            let second = try await network.machines(of: "web").live
            #expect(second != first)
            try await network.expectFailure(
                "deploy", try write(network, "3", copies: 3, vars: "FAIL = \"1\""), saying: "was taken back")
            #expect(try await network.machines(of: "web").live == second)
            try await until("the second release again") {
                try await network.machines(of: "web").machines.allSatisfy {
                    $0.release == second && $0.state == "healthy"
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func aMachineOfADeadNodeStartsElsewhere() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            let (name, victim, fence) = try await deployAway(network)
            let start = ContinuousClock.now
            kill(try #require(victim.pid), SIGKILL)
            try await until("a copy elsewhere") {
                let now = try await network.machines(of: name).machines.first
                return now?.node != victim.id && now?.state == "healthy"
            }
            let time = ContinuousClock.now - start
            print("fail-over after kill -9: \(time), with leases of \(TestNetwork.machineLease) ms")
            #expect(try await network.machines(of: name).machines.first?.fence ?? 0 > fence)
            let answer = try await network.request(try await network.status().nodes[0], host: name, "/")
            #expect(answer.status == 200)
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func aPausedHolderOfAVolumeFindsItselfFenced() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            let nodes = try await network.status().nodes
            let (name, paused, _) = try await deployAway(network, Self.volume)
            let pid = try #require(paused.pid)
            kill(pid, SIGSTOP)
            defer { kill(pid, SIGCONT) }
            try await until("a copy elsewhere") {
                let now = try await network.machines(of: name).machines.first
                return now?.node != paused.id && now?.state == "healthy"
            }
            let new = try #require(try await network.machines(of: name).machines.first?.node)
            let newLife = try life(ofContainersIn: try #require(nodes.first { $0.id == new }).data)
            kill(pid, SIGCONT)
            let oldLife = try life(ofContainersIn: paused.data)
            print("the old copy lived until \(oldLife.last), the new one from \(newLife.first)")
            #expect(oldLife.last < newLife.first, "never two at a time")
            try await until("the old node's insight") { try life(ofContainersIn: paused.data).last == oldLife.last }
            #expect(try await network.machines(of: name).machines.first?.node == new)
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func aVolumeComesBackFromItsSnapshotOnAnotherNodeToo() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            let nodes = try await network.status().nodes
            let (name, victim, _) = try await deployAway(network, Self.volume)
            let top = try await network.expectSuccess("machines", "top", "--once")
            #expect(top.output.contains("\(name)/0"))
            try network.write("first", to: "first")
            try network.write("second", to: "second")
            try await network.expectSuccess("machines", "cp", network.folder + "/first", "\(name):/data/note")
            try await network.expectSuccess("volumes", "snapshot", name, "--name", "data")
            let list: [VolumeInfo] = try await network.expectSuccess("volumes", "list", name, "--json").json()
            #expect(list.map(\.node) == [victim.id] && list.map(\.name) == ["data"])
            let snapshot = try #require(list.first?.snapshots.last?.id)
            // It is started again after the snapshot.
            try await until("another content") {
                try await network.run(["machines", "cp", network.folder + "/second", "\(name):/data/note"]).status == 0
            }
            #expect(try await note(network, name) == "second")
            try await network.expectSuccess(
                "volumes", "restore", name, "--name", "data", "--snapshot", snapshot, "--yes")
            try await until("the snapshot's content") { try await note(network, name) == "first" }
            // Two others keep a copy of it, which outlives its node.
            try await until("copies on the other nodes") {
                for node in nodes where node.id != victim.id {
                    let found = try await network.run(["blob", "stat", snapshot, "--node", node.id])
                    if found.status != 0 { return false }
                }
                return true
            }
            // The list of its parts comes first.
            try await Task.sleep(for: .seconds(1))
            kill(try #require(victim.pid), SIGKILL)
            try await until("a copy elsewhere") {
                let now = try await network.machines(of: name).machines.first
                return now?.node != victim.id && now?.state == "healthy"
            }
            try await until("its content there") { try await note(network, name) == "first" }
        }
    }

    /// What `first` or `second` was copied to; nil while no machine answers.
    private func note(_ network: TestNetwork, _ name: String) async throws -> String? {
        let file = network.folder + "/note-\(UUID().uuidString)"
        guard try await network.run(["machines", "cp", "\(name):/data/note", file]).status == 0 else { return nil }
        return try String(contentsOfFile: file, encoding: .utf8)
    }

    @Test(.timeLimit(.minutes(4)))
    func aSecretReachesTheMachineAndShowsNowhere() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            func put(_ value: String, _ more: String...) async throws -> CommandResult {
                let result = try await network.run(
                    ["secrets", "put", "web", "TOKEN"] + more, input: Data("\(value)\n".utf8))
                try #require(result.status == 0, "\(result.errors)")
                return result
            }
            try await network.expectSuccess("deploy", try write(network, "1", copies: 1))
            _ = try await put("swordfish")
            try await network.expectSuccess(
                "deploy", try write(network, "2", copies: 2, head: "secrets = [\"TOKEN\"]"))
            for node in try await network.status().nodes {
                try await until("the secret through every gateway") {
                    let answer = try await network.request(node, host: "web", "/").text
                    return answer.hasPrefix("version=2 slot=") && answer.contains(" secret=swordfish ")
                }
            }
            // A change restarts the copies one after the other; without that it comes with the next restart.
            #expect(try await put("mackerel").output.contains("restarted web/1 on node "))
            let node = try #require(try await network.status().nodes.first)
            for _ in 0..<10 {
                #expect(try await network.request(node, host: "web", "/").text.contains(" secret=mackerel "))
            }
            let kept = try await put("herring", "--no-restart")
            #expect(kept.errors.contains("skerry machines restart web") && !kept.output.contains("restarted"))
            #expect(try await network.request(node, host: "web", "/").text.contains(" secret=mackerel "))
            try await network.expectSuccess("machines", "restart", "web")
            for _ in 0..<10 {
                #expect(try await network.request(node, host: "web", "/").text.contains(" secret=herring "))
            }
            for words in ["machines status web --json", "machines events web", "releases list web"] {
                let said = try await network.run(words.split(separator: " ").map(String.init))
                for value in ["swordfish", "mackerel", "herring"] {
                    #expect(said.status == 0 && !(said.output + said.errors).contains(value), "\(words)")
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func aNodeThatRunsNoMachinesOffersNoRoom() async throws {
        try await TestNetwork.withMachines(nodes: 2) { network in
            let nodes = try await network.status().nodes
            try await network.expectSuccess("down")
            // As on a host that cannot: the same way, with another reason.
            let file = URL(fileURLWithPath: nodes[1].data + "/node.json")
            var json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
            var machines = json["machines"] as? [String: Any] ?? [:]
            machines["isOn"] = false
            json["machines"] = machines
            try JSONSerialization.data(withJSONObject: json).write(to: file)
            try await network.expectSuccess("up", "--detach")
            try await until("its room is taken back") {
                try await network.machines().hosts.map(\.node) == [nodes[0].id]
            }
            try await network.expectSuccess("deploy", try write(network, "1", copies: 2))
            #expect(try await network.machines(of: "web").machines.map(\.node) == [nodes[0].id, nodes[0].id])
            // Its gateway serves them all the same.
            try await until("an answer through the other node") {
                try await network.request(nodes[1], host: "web", "/").text.hasPrefix("version=1")
            }
            try await network.expectSuccess("machines", "destroy", "web", "--yes")
        }
    }

    /// What `skerry node clean --json` says of a node.
    private struct Remains: Decodable {
        var namespaces: [String]
        var links: [String]
    }

    @Test(.timeLimit(.minutes(4)))
    func whatAKilledNodeLeftIsRemoved() async throws {
        try await TestNetwork.withMachines(nodes: 1) { network in
            func clean(_ more: String...) async throws -> [Remains] {
                let result = try await network.run(["node", "clean", "--json", "--data", network.data] + more)
                try #require(result.status == 0, "\(result.errors)")
                return try result.json()
            }
            func isThere(_ namespace: String) -> Bool {
                FileManager.default.fileExists(atPath: "/run/netns/" + namespace)
            }
            try await network.expectSuccess("deploy", try write(network, "1", copies: 1, Self.volume))
            try await network.expectFailure("node", "clean", "--data", network.data, saying: "stop it first")
            let pid = try #require(try await network.status().nodes.first?.pid)
            kill(pid, SIGKILL)
            try await until("its end") { !isAlive(pid) }
            let left = try #require(try await clean("--dry-run").first)
            #expect(!left.links.isEmpty && left.namespaces.count >= 2 && left.namespaces.allSatisfy(isThere))
            let removed = try await clean()
            #expect(removed.map(\.namespaces) == [left.namespaces] && !left.namespaces.contains(where: isThere))
            // A worker may end after its node.
            try await until("nothing is left") { try await clean().isEmpty }
            // The node comes back as if nothing had happened.
            try await network.expectSuccess("up", "--detach")
            try await until("its machine again") {
                try await network.machines(of: "web").machines.first?.state == "healthy"
            }
        }
    }

    /// For the manifest of a machine with a volume.
    private static let volume = """

        [[machine.volumes]]
        name = "data"
        path = "/data"
        size = "16MiB"
        """

    /// Deploys a machine under a name whose place is not the first node, which orders transactions: while that is dead or
    /// paused, no lease can be taken.
    private func deployAway(_ network: TestNetwork, _ more: String = "") async throws -> (
        name: String, holder: TestNetwork.Status.Node, fence: UInt64
    ) {
        let folder = try write(network, "1", copies: 1, more)
        let nodes = try await network.status().nodes
        for name in ["web", "shop", "blog", "wiki", "mail-room", "forum", "game", "news"] {
            try await network.expectSuccess("deploy", folder, "--name", name)
            let machine = try #require(try await network.machines(of: name).machines.first)
            if let holder = nodes.dropFirst().first(where: { $0.id == machine.node }) {
                return (name, holder, machine.fence)
            }
            try await network.expectSuccess("machines", "destroy", name, "--yes")
        }
        throw CancellationError()
    }

    /// The first and the last moment at which a copy on a node said that it lives, in milliseconds since 1970.
    private func life(ofContainersIn folder: String) throws -> (first: Int64, last: Int64) {
        var moments: [Int64] = []
        let files = FileManager.default.enumerator(atPath: folder + "/machines/containers")
        while let path = files?.nextObject() as? String {
            guard path.contains("log"),
                let text = FileManager.default.contents(atPath: folder + "/machines/containers/" + path)
                    .map({ String(decoding: $0, as: UTF8.self) })
            else { continue }
            for line in text.split(separator: "\n") {
                guard let range = line.range(of: "alive ") else { continue }
                if let moment = Int64(line[range.upperBound...].prefix { $0.isNumber }) { moments.append(moment) }
            }
        }
        return (try #require(moments.min()), try #require(moments.max()))
    }
}
