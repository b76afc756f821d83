import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// How requests and connections reach real containers: raw TCP, apps of several parts, previews and shares of the visitors.
/// Where this host runs no machines, each test says so and ends.
@Suite("Traffic of machines", .serialized)
struct MachinesTrafficTests {
    /// Writes an app's folder whose machine is the test's server.
    private func write(
        _ network: TestNetwork, _ name: String, version: String, machine: String = "", vars: String = "",
        ports: String = "[[machine.ports]]\nport = 8080\n[machine.health]\nhttp = \"/healthz\"\ninterval = \"200ms\"\n"
    ) throws -> String {
        try network.write(
            """
            name = "\(name)"
            kind = "machine"

            [vars]
            VERSION = "\(version)"
            \(vars)

            [machine]
            image = "oci:\(network.folder)/image"
            size = "shared-1x-64"
            rollout_timeout = "8s"
            stop_timeout = "3s"
            \(machine)

            \(ports)
            """, to: name + "/skerry.toml")
        return network.folder + "/" + name
    }

    /// What is behind a raw port of this host: the test's server speaks HTTP there too.
    private func raw(_ port: Int) async throws -> String {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        return String(buffer: try await response.body.collect(upTo: 4_096))
    }

    @Test(.timeLimit(.minutes(4)))
    func aPortIsOpenOnEveryNode() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            let folder = try write(
                network, "db", version: "1",
                ports: """
                    [[machine.ports]]
                    name = "sql"
                    port = 8080
                    transport = "tcp"
                    public = true
                    [machine.health]
                    tcp = "sql"
                    interval = "200ms"
                    """)
            try await network.expectSuccess("deploy", folder)
            try await eventually("every node has a port") {
                try await network.machines(of: "db").gates?.compactMap(\.number).count == 3
            }
            let gates = try await network.machines(of: "db").gates ?? []
            #expect(Set(gates.compactMap(\.number)).count == 3, "the nodes of this host share its ports")
            for gate in gates {
                #expect(try await raw(try #require(gate.number)).contains("version=1 slot=0"), "\(gate)")
            }
            let text = try await network.expectSuccess("machines", "status", "db").output
            #expect(text.contains("tcp      sql at 127.0.0.1:"))
            try await network.expectSuccess("machines", "destroy", "db", "--yes")
            try await eventually("the ports are closed") {
                do {
                    for gate in gates { _ = try await raw(gate.number ?? 0) }
                    return false
                } catch {
                    return true
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func onePageOneFunctionOneMachine() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            let folder = network.folder + "/hybrid"
            try FileManager.default.copyItem(atPath: TestNetwork.package + "/examples/hybrid", toPath: folder)
            try network.tool(
                TestNetwork.package + "/examples/machine/build", [folder + "/notes.tar"], environment: ["CC": "gcc"])
            let first = try await network.deploy(folder, "notebook")
            let nodes = try await network.status().nodes
            let saved = try await network.request(
                nodes[1], host: "notebook", "/api/notes/x", method: .PUT, body: ByteBuffer(string: "kept"))
            #expect(saved.status < 300, "\(saved.status) \(saved.text)")
            for node in nodes {
                #expect(try await network.request(node, host: "notebook", "/").text.contains("<h1>Notebook</h1>"))
                #expect(try await network.request(node, host: "notebook", "/api/notes/x").text == "kept")
                #expect(try await network.request(node, host: "notebook", "/machine/notes/x").text == "kept")
            }
            let screenshot = ProcessInfo.processInfo.environment["SKERRY_SCREENSHOTS"].map { $0 + "/hybrid.png" }
            let seen = try network.tool(
                TestNetwork.package + "/tools/browse-hybrid",
                [
                    nodes[2].gateway.replacing("127.0.0.1", with: "notebook.localhost"),
                    screenshot ?? network.folder + "/hybrid.png",
                ])
            print("the hybrid example in a browser: \(seen)")
            // Another page leaves the machine alone.
            let before = try await network.machines(of: "notebook").machines
            try "<h1>Changed</h1>".write(toFile: folder + "/public/index.html", atomically: true, encoding: .utf8)
            let second = try await network.deploy(folder, "notebook")
            #expect(second.release != first.release)
            let after = try await network.machines(of: "notebook").machines
            #expect(after.map(\.startedMilliseconds) == before.map(\.startedMilliseconds))
            #expect(after.map(\.release) == [second.release])
            #expect(try await network.request(nodes[0], host: "notebook", "/").text.contains("Changed"))
            // Who looks at the first release gets a machine of its own, with nothing in its volume.
            let preview = "\(first.release)--notebook"
            try await eventually(within: 40, "the old page") {
                try await network.request(nodes[0], host: preview, "/").text.contains("<h1>Notebook</h1>")
            }
            let notes = try await network.request(nodes[0], host: preview, "/machine/notes")
            #expect(notes.status == 200 && notes.text == "", "\(notes.status) \(notes.text)")
            #expect(try await network.machines(of: "notebook").previews?.map(\.release) == [first.release])
            try await network.expectSuccess("machines", "scale", "notebook", "2")
            #expect(try await network.machines(of: "notebook").machines.map(\.state) == ["healthy", "healthy"])
            try await network.expectFailure("machines", "destroy", "notebook", saying: "has other parts")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func aReleaseIsLookedAtAndSharedBeforeAllGetIt() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            let one = try write(network, "web", version: "1", machine: "replicas = 2")
            let first = try await network.deploy(one, "web")
            let second = try await network.deploy(
                try write(network, "web", version: "2", machine: "replicas = 2"), "web")
            let nodes = try await network.status().nodes
            // Back to the first one; the second one is looked at under its own host, through any node.
            try await network.expectSuccess("releases", "rollback", "web")
            try await eventually(within: 60, "the first release again") {
                let machines = try await network.machines(of: "web").machines
                return machines.allSatisfy { $0.release == first.release && $0.state == "healthy" }
            }
            for node in nodes.prefix(2) {
                try await eventually(within: 60, "the second release under its own host") {
                    let answer = try await network.request(node, host: "\(second.release)--web", "/")
                    return answer.status == 200 && answer.text.contains("version=2")
                        && answer.text.contains("preview=\(second.release)")
                }
            }
            let lines = try await network.expectSuccess(
                "machines", "logs", "web", "--preview", second.release, "--tail", "1000")
            #expect(lines.output.contains("version 2 listens"))
            // Half of the copies for half of the visitors; all requests here come from one visitor.
            try await network.expectSuccess("promote", "web", second.release, "--percent", "50")
            try await eventually(within: 60, "one copy of each release") {
                let app = try await network.machines(of: "web")
                return app.trial?.slots == [1] && app.machines.map(\.release) == [first.release, second.release]
            }
            var answers: Set<String> = []
            for _ in 0..<10 {
                answers.insert(String(try await network.request(nodes[0], host: "web", "/").text.prefix(9)))
            }
            #expect(answers.count == 1, "one visitor stays with one release")
            try await network.expectSuccess("promote", "web", second.release)
            try await eventually(within: 60, "both copies of the second release") {
                let machines = try await network.machines(of: "web").machines
                return machines.map(\.release) == [second.release, second.release]
            }
            // One that does not work is taken back from the few who got it.
            let bad = try write(network, "web", version: "3", machine: "replicas = 2", vars: "FAIL = \"1\"")
            try await network.expectFailure("deploy", bad, saying: "was taken back")
            try await network.expectSuccess("machines", "scale", "web", "1")
            try await network.expectFailure(
                "promote", "web", first.release, "--percent", "10", saying: "which cannot run two releases")
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func whatSleepsIsWokenAndWhatIsBusyGetsAnotherCopy() async throws {
        try await TestNetwork.withMachines(nodes: 2) { network in
            let folder = try write(
                network, "web", version: "1",
                machine: "min_replicas = 0\nmax_replicas = 2\nin_flight = 1\nidle = \"2s\"", vars: "SLOW_MS = \"100\"")
            let plan = try await network.expectSuccess("deploy", folder, "--dry-run").output
            #expect(plan.contains("web: 0 to 2 copies of shared-1x-64"), "\(plan)")
            #expect(plan.contains("slot 1: starts on a node with room"), "\(plan)")
            #expect(try await network.machines().apps.isEmpty, "it is only said")
            try await network.expectSuccess("deploy", folder)
            let node = try #require(try await network.status().nodes.first)
            try await eventually(within: 60, "both sleep") {
                try await network.machines(of: "web").machines.map(\.state) == ["asleep", "asleep"]
            }
            // The request is held while a copy starts.
            #expect(try await network.request(node, host: "web", "/").status == 200)
            let isOver = Flag()
            let failures = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        var failures = 0
                        while !isOver.isSet {
                            let answer = try? await network.request(node, host: "web", "/")
                            if answer?.status != 200 { failures += 1 }
                        }
                        return failures
                    }
                }
                group.addTask {
                    defer { isOver.set() }
                    try await eventually(within: 60, "a second copy") {
                        try await network.machines(of: "web").machines.map(\.state) == ["healthy", "healthy"]
                    }
                    return 0
                }
                return try await group.reduce(0, +)
            }
            #expect(failures == 0)
            try await eventually(within: 60, "both sleep again") {
                try await network.machines(of: "web").machines.map(\.state) == ["asleep", "asleep"]
            }
            try await network.expectSuccess("machines", "destroy", "web", "--yes")
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func machinesAskFunctionsAndFewerCopiesLoseNoRequest() async throws {
        try await TestNetwork.withMachines(nodes: 3) { network in
            try network.write(
                "export default { fetch: (request) => new Response(`shop ${new URL(request.url).pathname}`) }\n",
                to: "shop.js")
            try await network.expectSuccess("deploy", network.folder + "/shop.js", "--name", "shop")
            let folder = try write(network, "web", version: "1", machine: "replicas = 3", vars: "SLOW_MS = \"150\"")
            try await network.expectSuccess("deploy", folder)
            let node = try #require(try await network.status().nodes.first)
            let asked = try await network.request(node, host: "web", "/ask/shop.localhost/prices")
            #expect(asked.text == "shop /prices")
            let isOver = Flag()
            let failures = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        var failures = 0
                        while !isOver.isSet {
                            let answer = try? await network.request(node, host: "web", "/", method: .POST)
                            if answer?.status != 200 { failures += 1 }
                        }
                        return failures
                    }
                }
                group.addTask {
                    defer { isOver.set() }
                    let scaled = try? await network.run(["machines", "scale", "web", "1"])
                    try? await Task.sleep(for: .seconds(4))
                    let restarted = try? await network.run(["machines", "restart", "web"])
                    return scaled?.status == 0 && restarted?.status == 0 ? 0 : 1_000
                }
                return await group.reduce(0, +)
            }
            #expect(failures == 0)
            #expect(try await network.machines(of: "web").machines.count == 1)
        }
    }
}
