import AsyncHTTPClient
import DevServer
import Foundation
import Functions
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// An app in a folder of its own, served.
private final class Scene: Sendable {
    let folder = FileManager.default.temporaryDirectory.path + "/skerry-dev-\(UUID().uuidString)"
    let events = Mutex<[DevEvent]>([])

    static let worker: String = {
        let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("skerry-worker").path
    }()

    func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    /// Serves `path` of the folder while `body` runs with the server's URL.
    func serve(_ path: String = "", _ body: (String) async throws -> Void) async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = DevServer.Settings(
            source: try DevSource(path: folder + "/" + path), port: 0, workerPath: Scene.worker)
        let server = DevServer(
            settings: settings, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            report: { event in self.events.withLock { $0.append(event) } })
        let watching: Task<Void, Never>
        do {
            let port = try await server.start()
            watching = Task { await server.run() }
            do { try await body("http://127.0.0.1:\(port)") } catch {
                watching.cancel()
                await watching.value
                await server.stop()
                throw error
            }
        } catch {
            await server.stop()
            throw error
        }
        watching.cancel()
        await watching.value
        await server.stop()
        #expect(server.workerProcesses.isEmpty)
    }

    /// What was written to the console.
    var lines: [String] {
        events.withLock { events in
            events.compactMap { event in
                if case .line(let line) = event { line.text } else { nil }
            }
        }
    }

    func get(_ url: String, accept: String = "*/*") async throws -> (status: Int, text: String, headers: HTTPHeaders) {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "accept", value: accept)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        return (Int(response.status.code), text, response.headers)
    }

    func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

@Suite("Developing", .serialized)
struct DevServerTests {
    private static let manifest = """
        name = "shop"
        kind = "function"
        entry = "main.js"
        assets = "public"
        routes = ["/api/*"]
        [vars]
        GREETING = "Hello"
        WHO = "world"

        """

    @Test("A change is served at once, a mistake is explained, and no process is left")
    func reload() async throws {
        let scene = Scene()
        try scene.write(DevServerTests.manifest, to: "skerry.toml")
        try scene.write("<h1>shop</h1>", to: "public/index.html")
        try scene.write(
            "export default { fetch() { console.log('was here'); return new Response('one'); } };", to: "main.js")
        try await scene.serve { url in
            #expect(try await scene.get(url + "/api/x").text == "one")
            let page = try await scene.get(url + "/")
            #expect(
                page.text == "<h1>shop</h1>" && page.headers.first(name: "content-type")?.hasPrefix("text/html") == true
            )
            #expect(try await scene.get(url + "/nothing").status == 404)
            try await scene.eventually("the line is reported") { scene.lines.contains("was here") }

            try scene.write("export default { fetch() { return new Response('two'); } };", to: "main.js")
            let saved = ContinuousClock.now
            try await scene.eventually("the change is served") { try await scene.get(url + "/api/x").text == "two" }
            #expect(ContinuousClock.now - saved < .seconds(5))

            try scene.write("<h1>new</h1>", to: "public/index.html")
            try await scene.eventually("the page is served") { try await scene.get(url + "/").text == "<h1>new</h1>" }

            try scene.write("export default { fetch() {\n  const text = `${\n} };", to: "main.js")
            try await scene.eventually("the mistake is explained") {
                let answer = try await scene.get(url + "/api/x", accept: "text/html")
                return answer.status == 500 && answer.text.contains("main.js:") && answer.text.contains("<pre>")
            }
            try scene.write(DevServerTests.manifest + "[bild]\n", to: "skerry.toml")
            try await scene.eventually("the manifest's mistake is explained") {
                try await scene.get(url + "/").text.contains("skerry.toml:9:2: ")
            }
            try scene.write(DevServerTests.manifest, to: "skerry.toml")
            try scene.write("export default { fetch() { return new Response('three'); } };", to: "main.js")
            try await scene.eventually("it is served again") { try await scene.get(url + "/api/x").text == "three" }
        }
    }

    @Test("A link that leads out of the folder with the files is refused, as in a deployment")
    func links() async throws {
        let scene = Scene()
        try scene.write(DevServerTests.manifest, to: "skerry.toml")
        try scene.write("page", to: "public/index.html")
        try scene.write("export default { fetch(r, env) { return new Response('one'); } };", to: "main.js")
        let link = scene.folder + "/public/leak.txt"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../skerry.toml")
        try await scene.serve { url in
            let answer = try await scene.get(url + "/leak.txt")
            #expect(answer.status == 500 && answer.text.contains("leads out of the folder"), "\(answer.text)")
            try FileManager.default.removeItem(atPath: link)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "index.html")
            try await scene.eventually("a link inside is served") {
                try await scene.get(url + "/leak.txt").text == "page"
            }
        }
    }

    @Test("What a function throws is shown with its place")
    func exception() async throws {
        let scene = Scene()
        try scene.write("\n\nexport default { fetch() {\n  throw new Error('<oh>');\n} };", to: "main.js")
        try await scene.serve("main.js") { url in
            let answer = try await scene.get(url + "/", accept: "text/html,*/*")
            #expect(answer.status == 500)
            #expect(answer.text.contains("&lt;oh&gt;") && !answer.text.contains("<oh>"))
            #expect(answer.text.contains("main.js:4:"), "\(answer.text)")
        }
    }

    @Test("What a function asks for is there: texts, its files, values that last, this machine's other programs")
    func services() async throws {
        let scene = Scene()
        try scene.write(
            DevServerTests.manifest + """
                [[bindings]]
                name = "STORE"
                type = "kv"
                namespace = "things"
                [[bindings]]
                name = "ASSETS"
                type = "assets"
                """, to: "skerry.toml")
        try scene.write("WHO=Ada\n", to: ".dev.vars")
        try scene.write("a file", to: "public/file.txt")
        try scene.write(
            """
            export default {
              async fetch(request, env) {
                const count = Number(await env.STORE.get("count") ?? 0) + 1;
                await env.STORE.put("count", String(count));
                const file = await (await env.ASSETS.fetch("/file.txt")).text();
                const fetched = await (await fetch(new URL("/file.txt", request.url))).text();
                return new Response([env.GREETING, env.WHO, count, file, fetched].join("|"));
              },
            };
            """, to: "main.js")
        try await scene.serve { url in
            let first = try await scene.get(url + "/api/").text
            #expect(first == "Hello|Ada|1|a file|a file")
            #expect(try await scene.get(url + "/api/").text == "Hello|Ada|2|a file|a file")
            #expect(try await scene.get(url + "/.skerry/kv.sqlite").status == 404)
        }
    }

    @Test("A path calls the handler of schedules, in apps that have some")
    func schedules() async throws {
        let scene = Scene()
        let cron = "cron = [\"*/5 * * * *\", \"0 0 * * *\"]\n"
        try scene.write(DevServerTests.manifest.replacing("[vars]", with: cron + "[vars]"), to: "skerry.toml")
        try scene.write("page", to: "public/index.html")
        try scene.write(
            """
            export default {
              fetch() { return new Response("fetched"); },
              scheduled(event) {
                if (event.cron === "0 0 * * *") throw new Error("on purpose");
                console.log("due", event.cron, Math.abs(event.scheduledTime - Date.now()) < 60000);
              },
            };
            """, to: "main.js")
        try await scene.serve { url async throws -> Void in
            let first = try await scene.get(url + "/__scheduled")
            #expect(first.status == 200 && first.text.contains("*/5 * * * *"), "\(first.text)")
            try await scene.eventually("it was called") { scene.lines.contains("due */5 * * * * true") }
            let failed = try await scene.get(url + "/__scheduled?cron=0+0+*+*+*")
            #expect(failed.status == 500 && failed.text.contains("on purpose"), "\(failed.text)")
            let unknown = try await scene.get(url + "/__scheduled?cron=1+*+*+*+*")
            #expect(unknown.text.contains("/__scheduled?cron=*/5+*+*+*+*"), "\(unknown.text)")
            #expect(try await scene.get(url + "/api/x").text == "fetched")

            try scene.write(DevServerTests.manifest, to: "skerry.toml")
            try await scene.eventually("without schedules the path is the app's") {
                try await scene.get(url + "/__scheduled").status == 404
            }
        }
    }

    @Test("Bindings to what is not here are said when the app is loaded")
    func absentBindings() async throws {
        let scene = Scene()
        let binding = "[[bindings]]\nname = \"API\"\ntype = \"service\"\nservice = \"other\"\n"
        try scene.write(DevServerTests.manifest + binding, to: "skerry.toml")
        try scene.write("page", to: "public/index.html")
        try scene.write("export default { fetch() { return new Response('x'); } };", to: "main.js")
        try await scene.serve { url async throws -> Void in
            #expect(try await scene.get(url + "/api/x").text == "x")
            let isSaid = scene.events.withLock { events in
                events.contains { event in
                    guard case .loaded(_, _, _, _, let warnings) = event else { return false }
                    return "\(warnings)".contains("calls of the binding API fail here")
                }
            }
            #expect(isSaid)
        }
    }

    @Test("A folder with a page is served as a site")
    func site() async throws {
        let scene = Scene()
        try scene.write("home", to: "index.html")
        try scene.write("about", to: "about.html")
        try scene.write("secret", to: ".env")
        try await scene.serve { url async throws -> Void in
            #expect(try await scene.get(url + "/").text == "home")
            #expect(try await scene.get(url + "/about").text == "about")
            #expect(try await scene.get(url + "/.env").status == 404)
        }
    }

    @Test("A WebAssembly program runs with its files")
    func program() async throws {
        let scene = Scene()
        try scene.write(
            """
            name = "program"
            kind = "function"
            entry = "app.wasm"
            assets = "files"
            routes = ["/*"]

            """, to: "skerry.toml")
        try scene.write("abcdefgh", to: "files/words.txt")
        try Data(WasiProbe.module).write(to: URL(fileURLWithPath: scene.folder + "/app.wasm"))
        try await scene.serve { url async throws -> Void in
            #expect(try await scene.get(url + "/file?words.txt").text == "abcd|cdef|bcde|6 8 4 28 0 8 ")
            #expect(try await scene.get(url + "/words.txt").status == 500)
            let exit = try await scene.get(url + "/exit")
            #expect(exit.status == 500 && exit.text.contains("the exit code 3"))
            try await scene.eventually("its standard error is shown") { scene.lines.contains("going") }
        }
    }

    @Test("A path that is nothing to serve is refused")
    func nothing() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/skerry-dev-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: DevError.self) { try DevSource(path: folder) }
        #expect(throws: DevError.self) { try DevSource(path: folder + "/gone") }
    }
}
