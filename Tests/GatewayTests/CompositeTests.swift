import Gateway
import Manifests
import NIOCore
import Synchronization
import Testing

/// Apps of several parts over a real socket.
@Suite("Composite apps at the gateway")
struct CompositeTests {
    /// Answers with what it was asked.
    private struct EchoOrigins: GatewayOrigins {
        func cached(_ release: OriginRelease, _ request: OriginCall) -> OriginAnswer? { nil }

        func respond(
            _ release: OriginRelease, _ request: OriginCall, body: FunctionRequest.Body, on eventLoop: any EventLoop
        ) -> EventLoopFuture<OriginAnswer> {
            let text = "\(release.tenant) \(request.head.method.rawValue) \(request.path)"
            return eventLoop.makeSucceededFuture(
                OriginAnswer(
                    status: 200, contentLength: text.utf8.count, body: .bytes(ByteBuffer(string: text)), cache: "miss"))
        }
    }

    private static func manifest(_ test: TestGateway) throws -> CompositeManifest {
        func routes(_ texts: String...) -> [RoutePattern] { texts.compactMap { RoutePattern($0) } }
        let home = file(test.blobs.addHot("home", Array("home".utf8)), 4)
        let missing = file(test.blobs.addHot("missing", Array("nothing".utf8)), 7)
        let function = FunctionManifest(
            script: FakeBlobs.id("script"), scriptByteCount: 1, sourceName: "a.js", exports: [])
        let origin = OriginManifest(source: .server(try OriginURL("https://example.com")))
        return try CompositeManifest(parts: [
            .init(
                name: "site", content: .site(try SiteManifest(files: ["index.html": home, "404.html": missing])),
                routes: routes("/*")),
            .init(name: "function", content: .function(function), routes: routes("/api/*")),
            .init(name: "img", content: .origin(origin), routes: routes("/img/*"), stripsPrefix: true),
            .init(name: "raw", content: .origin(origin), routes: routes("/raw/*")),
        ])
    }

    @Test("Each path is answered by its part, and prefixes are taken off where that is wanted")
    func parts() async throws {
        try await TestGateway.run(origins: EchoOrigins()) { test in
            test.functions.set("shop") { request, loop in
                loop.makeSucceededFuture(
                    FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: request.url)))
            }
            let manifest = try CompositeTests.manifest(test)
            test.routes["shop"] = .composite(
                CompositeRelease(name: "shop", release: "r1", tenant: "o/shop", manifest: manifest))
            let host = "shop.localhost"
            #expect(try await test.get(host, "/").text == "home")
            #expect(try await test.get(host, "/api/x?y=1").text == "http://shop.localhost/api/x?y=1")
            #expect(try await test.get(host, "/img/a/b.png?w=1").text == "o/shop GET /a/b.png")
            #expect(try await test.get(host, "/img/").text == "o/shop GET /")
            #expect(try await test.get(host, "/raw/a").text == "o/shop GET /raw/a")
            let missing = try await test.get(host, "/nothing")
            #expect(missing.status == 404 && missing.text == "nothing")
            let refused = try await test.send("POST / HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 0\r\n\r\n")
            #expect(refused.status == 405)
            // Origins know their methods, whatever they are.
            for (path, status) in [("/raw/a", 200), ("/", 501), ("/api/x", 501)] {
                let answer = try await test.send("M-SEARCH \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                #expect(answer.status == status)
                if status == 200 { #expect(answer.text == "o/shop M-SEARCH /raw/a") }
            }
        }
    }

    @Test("Parts of a release under its own host are left out of search, and a path without a part is told")
    func previews() async throws {
        try await TestGateway.run(origins: EchoOrigins()) { test in
            test.functions.set("shop") { _, loop in
                loop.makeSucceededFuture(FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: "x")))
            }
            let whole = try CompositeTests.manifest(test)
            test.routes["0123456789--shop"] = .composite(
                CompositeRelease(name: "shop", release: "r1", tenant: "o/shop", manifest: whole, isPreview: true))
            for path in ["/", "/api/x", "/img/x"] {
                let response = try await test.get("0123456789--shop.localhost", path)
                #expect(response.status == 200 && response["x-robots-tag"] == "noindex", "\(path)")
            }
            let partial = try CompositeManifest(parts: whole.parts.filter { $0.name != "site" })
            test.routes["shop"] = .composite(
                CompositeRelease(name: "shop", release: "r1", tenant: "o/shop", manifest: partial))
            let response = try await test.get("shop.localhost", "/x")
            #expect(response.status == 404 && response.text.contains("no route for this path"))
        }
    }
}
