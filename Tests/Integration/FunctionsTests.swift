import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Functions from the command line", .serialized)
struct FunctionsTests {
    private struct Row: Decodable {
        var node: String
        var kind: String
        var level: String
        var text: String
        var request: String?
        var status: Int?
    }

    private func rows(_ output: String) throws -> [Row] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
    }

    @Test("An app from skerry.toml: deploy, call, and read what it wrote on every node")
    func deploy() async throws {
        try await TestNetwork.with { network in
            try network.write(
                """
                name = "shop"
                kind = "function"
                entry = "main.js"
                routes = ["/api/*"]
                assets = "public"
                """, to: "shop/skerry.toml")
            try network.write(
                """
                export default {
                  async fetch(request) {
                    const path = new URL(request.url).pathname;
                    console.log("asked for", path);
                    if (path === "/api/fail") throw new Error("on purpose");
                    return new Response(await request.text() || "ok");
                  },
                };
                """, to: "shop/main.js")
            try network.write("<h1>shop</h1>", to: "shop/public/index.html")
            let deployed = try await network.expectSuccess("deploy", network.folder + "/shop", "--json")
            struct Deployed: Decodable {
                var name: String
                var scriptBytes: Int
                var coldStartMilliseconds: Double?
                var firstStatus: Int?
            }
            let report: Deployed = try deployed.json()
            #expect(report.name == "shop" && report.scriptBytes > 100)
            #expect(report.coldStartMilliseconds != nil && report.firstStatus == 200)
            for node in try await network.status().nodes {
                #expect(try await network.request(node, host: "shop", "/").text == "<h1>shop</h1>")
                #expect(try await network.request(node, host: "shop", "/api/x").text == "ok")
                #expect(try await network.request(node, host: "shop", "/other").status == 404)
            }
            let invoked = try await network.expectSuccess(
                "functions", "invoke", "shop", "--path", "/api/echo", "--data", "hello")
            #expect(invoked.output == "hello")
            try await network.expectFailure(
                "functions", "invoke", "shop", "--path", "/api/fail", saying: "function/exception")

            var found: [Row] = []
            try await eventually("the logs of all nodes are there") {
                found = try rows(try await network.expectSuccess("functions", "logs", "shop", "--json").output)
                return found.contains { $0.text.contains("on purpose") } && Set(found.map(\.node)).count == 3
            }
            let line = try #require(found.first { $0.text == "asked for /api/x" })
            #expect(found.contains { $0.kind == "outcome" && $0.request == line.request && $0.status == 200 })
            #expect(found.contains { $0.level == "error" && $0.text.contains("main.js:5:") })
            // Lines of one request stand together, whichever node it was on.
            let shown = try await network.expectSuccess("functions", "logs", "shop").output
                .split(separator: "\n").map(String.init)
            let headings = shown.indices.dropLast().filter { shown[$0].contains(" GET /api/x ") }
            #expect(headings.count == 3 && Set(headings.map { shown[$0].split(separator: " ")[1] }).count == 3)
            #expect(headings.allSatisfy { shown[$0 + 1].contains("asked for /api/x") })
            let text = try await network.expectSuccess("functions", "logs", "shop", "--level", "error").output
            #expect(text.contains("function/exception") && text.contains("on purpose") && !text.contains("asked for"))
            try await network.expectFailure(
                "functions", "logs", "shop", saying: "only its owner reads its logs", account: "other")
            try await network.expectFailure("functions", "logs", "nobody", saying: "Nobody owns the name")

            let list = try await network.expectSuccess("functions", "list").output
            #expect(list.contains("shop"))
            let versions = try await network.expectSuccess("functions", "versions", "shop").output
            #expect(versions.contains("function") && versions.contains("live"))
            try await network.expectFailure("functions", "delete", "shop", saying: "Add --yes")
            try await network.expectSuccess("functions", "delete", "shop", "--yes")
            let node = try await network.status().nodes[0]
            #expect(try await network.request(node, host: "shop", "/api/x").status == 404)
            try await network.expectSuccess("functions", "rollback", "shop")
            #expect(try await network.request(node, host: "shop", "/api/x").text == "ok")
        }
    }

    @Test("One trace goes from the visitor through a function to the one that it calls, and names the lines of both")
    func trace() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let code = """
                export default {
                  async fetch(request, env) {
                    const own = request.headers.get("traceparent");
                    console.log("trace", own);
                    const inner = env.INNER === undefined ? "" : await (await env.INNER.fetch("https://inner/")).text();
                    return new Response(`${own} ${inner}`);
                  },
                };
                """
            try network.write(code, to: "inner.js")
            _ = try await network.deploy(network.folder + "/inner.js", "inner")
            try network.write(code, to: "outer/main.js")
            try network.write(
                """
                name = "outer"
                kind = "function"
                entry = "main.js"
                [[bindings]]
                name = "INNER"
                type = "service"
                service = "inner"
                """, to: "outer/skerry.toml")
            try await network.expectSuccess("deploy", network.folder + "/outer", "--no-probe")
            let node = try await network.status().nodes[0]
            let id = String(repeating: "4bf92f3577b34da6", count: 2)
            let answer = try await network.request(
                node, host: "outer", "/", headers: [("traceparent", "00-\(id)-00f067aa0ba902b7-01")])
            let parents = answer.text.split(separator: " ").map { $0.split(separator: "-") }
            try #require(parents.count == 2 && parents.allSatisfy { $0.count == 4 }, "\(answer.text)")
            #expect(parents.allSatisfy { $0[1] == id })
            let span = parents[0][2]
            #expect(span != "00f067aa0ba902b7")
            for (name, request) in [("outer", "\(span)"), ("inner", "\(span)/1")] {
                var found: [Row] = []
                try await eventually("the line of \(name) is there") {
                    found = try rows(try await network.expectSuccess("functions", "logs", name, "--json").output)
                    return found.contains { $0.text.contains(id) }
                }
                #expect(found.first { $0.text.contains(id) }?.request == request)
            }
        }
    }

    @Test(
        "What `functions create` makes is deployed as it is, and answers",
        arguments: ["js", "ts", "api", "site-and-api"])
    func templates(_ template: String) async throws {
        if template != "js", !hasTool("esbuild") { return }
        try await TestNetwork.with(nodes: 1) { network in
            let create = network.process(["functions", "create", "made", "--template", template])
            create.currentDirectoryURL = URL(fileURLWithPath: network.folder)
            create.standardOutput = FileHandle.nullDevice
            try create.run()
            create.waitUntilExit()
            #expect(create.terminationStatus == 0)
            let deployed = try await network.expectSuccess("deploy", network.folder + "/made")
            #expect(!deployed.errors.contains("warning"), "\(deployed.errors)")
            #expect(deployed.output.contains("script ") && deployed.output.contains("cold start included"))
            let node = try await network.status().nodes[0]
            if template == "js" || template == "ts" {
                #expect(try await network.request(node, host: "made", "/?name=Ada").text == "Hello, Ada!\n")
                return
            }
            let greeting = try await network.request(node, host: "made", "/api/hello/Ada").text
            #expect(greeting == #"{"greeting":"Hello, Ada!"}"#)
            let sum = try await network.request(
                node, host: "made", "/api/sum", method: .POST, body: .init(string: "[1,2,3]"))
            #expect(sum.text == #"{"sum":6}"#)
            let page = try await network.request(node, host: "made", "/")
            #expect(page.status == (template == "api" ? 404 : 200))
        }
    }

    @Test("A schedule calls the function on one of its nodes, once")
    func schedule() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            try network.write(
                """
                name = "clock"
                kind = "function"
                entry = "main.js"
                cron = ["* * * * *"]
                """, to: "clock/skerry.toml")
            try network.write(
                """
                export default {
                  fetch() { return new Response("x") },
                  scheduled(event) { console.log(`tick ${event.cron} ${event.scheduledTime % 60000}`) },
                };
                """, to: "clock/main.js")
            try await network.expectSuccess("deploy", network.folder + "/clock")
            var ticks: [Row] = []
            try await eventually(within: 90, "the minute begins") {
                ticks = try rows(try await network.expectSuccess("functions", "logs", "clock", "--json").output)
                    .filter { $0.text.hasPrefix("tick") }
                return !ticks.isEmpty
            }
            #expect(ticks.allSatisfy { $0.text == "tick * * * * * 0" } && Set(ticks.map(\.node)).count == 1)
        }
    }

    private func hasTool(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }

    @Test("Logs survive the node, and a live tail shows what comes")
    func tail() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try network.write(
                """
                export default {
                  fetch(request) {
                    console.warn("path", new URL(request.url).pathname);
                    return new Response("x");
                  },
                };
                """, to: "tail.js")
            _ = try await network.deploy(network.folder + "/tail.js", "tail")
            var node = try await network.status().nodes[0]
            _ = try await network.request(node, host: "tail", "/before")
            try await network.expectSuccess("down")
            try await network.expectSuccess("up", "--detach")
            node = try await network.status().nodes[0]
            #expect(try await network.expectSuccess("functions", "logs", "tail").output.contains("path /before"))

            let output = network.folder + "/tail.out"
            try Data().write(to: URL(fileURLWithPath: output))
            let process = network.process(["functions", "logs", "tail", "-f"])
            process.standardOutput = FileHandle(forWritingAtPath: output)
            process.standardError = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            try process.run()
            defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
            func shown() throws -> String { try String(contentsOfFile: output, encoding: .utf8) }
            try await eventually("the tail begins") { try shown().contains("path /before") }
            _ = try await network.request(node, host: "tail", "/after")
            try await eventually(within: 15, "the tail goes on") { try shown().contains("path /after") }
            let lines = try shown().split(separator: "\n")
            let heading = try #require(lines.firstIndex { $0.contains("GET /after") })
            #expect(lines[heading].contains(" 200 "))
            #expect(lines[heading + 1].contains("warning") && lines[heading + 1].contains("path /after"))
            process.terminate()
            process.waitUntilExit()
        }
    }

    @Test("Mistakes are said with file, line and column, before anything is uploaded")
    func mistakes() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let toml = "name = \"app\"\nkind = \"function\"\nentry = \"main.js\"\n"
            try network.write(toml + "rotes = [\"/x\"]\n", to: "app/skerry.toml")
            try network.write("export default { fetch() {} };\nimport x from './x.js';\n", to: "app/main.js")
            let before = try await network.status().nodes[0].blobCount
            try await network.expectFailure(
                "deploy", network.folder + "/app",
                saying: "app/skerry.toml:4:1: skerry.toml has no key \"rotes\"; did you mean \"routes\"?")
            try network.write(toml, to: "app/skerry.toml")
            try await network.expectFailure("deploy", network.folder + "/app", saying: "main.js:2:")
            try await network.expectFailure("dev", network.folder + "/absent", saying: "does not exist")
            try network.write("x", to: "other/readme.txt")
            try await network.expectFailure(
                "deploy", network.folder + "/other/readme.txt", saying: "neither a folder nor")
            #expect(try await network.status().nodes[0].blobCount == before)
        }
    }

    @Test("Code that does not load is not deployed, and what was live stays; what is missing is said")
    func broken() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            let toml = "name = \"app\"\nkind = \"function\"\nentry = \"main.js\"\n"
            let good = "export default { fetch() { return new Response('good'); } };\n"
            try network.write(toml, to: "app/skerry.toml")
            try network.write(good, to: "app/main.js")
            let deployed = try await network.expectSuccess("deploy", network.folder + "/app", "--json")
            let first: TestNetwork.Deployed = try deployed.json()

            try network.write("function boot() {\n  null.x;\n}\nboot();\n" + good, to: "app/main.js")
            try await network.expectFailure("deploy", network.folder + "/app", saying: "boot@main.js:2:")
            try network.write("export default {};\n", to: "app/main.js")
            try await network.expectFailure("deploy", network.folder + "/app", saying: "exports no handler")
            try network.write(toml + "cron = [\"* * * * *\"]\n", to: "app/skerry.toml")
            try network.write(good, to: "app/main.js")
            try await network.expectFailure(
                "deploy", network.folder + "/app", saying: "skerry.toml has cron, and the code no handler for it")
            struct Info: Decodable {
                struct Release: Decodable { var id: String }
                var releases: [Release]
            }
            let info: Info = try await network.expectSuccess("releases", "list", "app", "--json").json()
            #expect(info.releases.map(\.id) == [first.release])
            #expect(try await network.expectSuccess("functions", "invoke", "app").output == "good")
            try await network.expectFailure("functions", "create", "api", saying: "The name \"api\" is reserved")

            let binding = "[[bindings]]\nname = \"API\"\ntype = \"service\"\nservice = \"later\"\n"
            try network.write(toml + binding, to: "app/skerry.toml")
            let bound = try await network.expectSuccess("deploy", network.folder + "/app")
            #expect(bound.errors.contains("API calls the app later, which is not deployed"), "\(bound.errors)")

            // Untried, it goes live.
            try network.write("null.x;\n" + good, to: "app/main.js")
            try await network.expectSuccess("deploy", network.folder + "/app", "--no-probe")
        }
    }

    @Test("Create, run, change, run; Ctrl-C leaves nothing behind")
    func develop() async throws {
        let network = try TestNetwork()
        defer { try? FileManager.default.removeItem(atPath: network.folder) }
        let create = network.process(["functions", "create", "hello"])
        create.currentDirectoryURL = URL(fileURLWithPath: network.folder)
        create.standardOutput = FileHandle.nullDevice
        try create.run()
        create.waitUntilExit()
        #expect(create.terminationStatus == 0)

        let output = network.folder + "/dev.out"
        try Data().write(to: URL(fileURLWithPath: output))
        let process = network.process(["dev", network.folder + "/hello", "--port", "0", "--json"])
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        struct Event: Decodable {
            var event: String
            var url: String?
            var text: String?
        }
        func events() throws -> [Event] {
            try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
                .compactMap { try? JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
        }
        try await eventually("it listens") { try events().contains { $0.event == "listening" } }
        let url = try #require(try events().first { $0.event == "listening" }?.url)
        func get() async throws -> String {
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: url + "?name=Ada"), timeout: .seconds(20))
            return String(buffer: try await response.body.collect(upTo: 1 << 20))
        }
        #expect(try await get() == "Hello, Ada!\n")
        let main = network.folder + "/hello/main.js"
        let source = try String(contentsOfFile: main, encoding: .utf8)
        try source.replacing("!\\n", with: "?\\n").write(toFile: main, atomically: true, encoding: .utf8)
        try await eventually(within: 15, "the change is served") { try await get() == "Hello, Ada?\n" }
        try network.write("GREETING=Good morning\n", to: "hello/.dev.vars")
        try await eventually(within: 15, "the text is served") { try await get() == "Good morning, Ada?\n" }
        #expect(try events().contains { $0.event == "line" && $0.text == "greeting Ada" })
        let workers = children(of: process.processIdentifier)
        #expect(!workers.isEmpty)
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        #expect(workers.allSatisfy { !isAlive($0) })
    }

    private func children(of pid: Int32) -> [Int32] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.flatMap { task in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)) ?? ""
            return text.split(separator: " ").compactMap { Int32($0) }
        }
    }
}
