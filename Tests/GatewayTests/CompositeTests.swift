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
            // However a path is written, the same part answers it.
            #expect(try await test.get(host, "/%69mg/a").text == "o/shop GET /a")
            #expect(try await test.get(host, "/img/%2e./api/../img/./a%2fb").text == "o/shop GET /a%2Fb")
            #expect(try await test.get(host, "/raw/../api/x").text.hasPrefix("http://shop.localhost/"))
            #expect(try await test.get(host, "/img/..").status == 400)
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

    /// Fails, whatever it is asked.
    private struct NoOrigins: GatewayOrigins {
        func cached(_ release: OriginRelease, _ request: OriginCall) -> OriginAnswer? { nil }

        func respond(
            _ release: OriginRelease, _ request: OriginCall, body: FunctionRequest.Body, on eventLoop: any EventLoop
        ) -> EventLoopFuture<OriginAnswer> {
            eventLoop.makeFailedFuture(GatewayError(.init("origin/unreachable"), "It is away", origin: .origin))
        }
    }

    /// A composite app with a `500.html`.
    private static func withErrorPage(_ test: TestGateway, _ page: SiteManifest.File) throws {
        let whole = try manifest(test)
        let parts = try whole.parts.map { part in
            guard case .site(let site) = part.content else { return part }
            let files = site.files.merging(["500.html": page]) { first, _ in first }
            return CompositeManifest.Part(
                name: part.name, content: .site(try SiteManifest(files: files)), routes: part.routes)
        }
        test.routes["shop"] = .composite(
            CompositeRelease(
                name: "shop", release: "r1", tenant: "o/shop", manifest: try CompositeManifest(parts: parts)))
    }

    @Test("A browser sees the app's 500.html for what the node cannot answer, and nobody sees it for anything else")
    func errorPages() async throws {
        try await TestGateway.run(origins: NoOrigins()) { test in
            test.functions.set("shop") { request, loop in
                if request.url.hasSuffix("/own") {
                    return loop.makeSucceededFuture(
                        FunctionResponse(status: 500, headers: [], body: ByteBuffer(string: "own")))
                }
                return loop.makeFailedFuture(GatewayError(.init("function/exception"), "It threw", origin: .origin))
            }
            let (text, host) = ("sorry", "shop.localhost")
            for page in [test.blobs.addHot("hot", Array(text.utf8)), test.blobs.addCold("cold", Array(text.utf8))] {
                try Self.withErrorPage(test, file(page, 5))
                for (path, status) in [("/api/x", 500), ("/img/x", 502)] {
                    let answer = try await test.get(host, path, "Accept: text/html")
                    #expect(answer.status == status && answer.text == text, "\(path) \(answer.status)")
                    #expect(
                        answer["content-type"] == "text/html; charset=utf-8" && answer["cache-control"] == "no-store")
                    #expect(answer["skerry-error"] != nil && answer["skerry-request"] != nil)
                    #expect(answer.fields.filter { $0.name == "content-type" }.count == 1)
                    let tool = try await test.get(host, path)
                    #expect(tool.status == status && tool.text.contains("Code: "))
                }
                let head = try await test.send(
                    "HEAD /api/x HTTP/1.1\r\nHost: \(host)\r\nAccept: text/html\r\n\r\n", isHead: true)
                #expect(head.status == 500 && head["content-length"] == "5")
                #expect(try await test.get(host, "/api/own", "Accept: text/html").text == "own")
                #expect(try await test.get(host, "/nothing", "Accept: text/html").text == "nothing")
            }
            // The page itself cannot be had, or is not what the manifest says.
            for page in [file(FakeBlobs.id("gone"), 5), file(test.blobs.addHot("other", [1]), 5)] {
                try Self.withErrorPage(test, page)
                let answer = try await test.get(host, "/api/x", "Accept: text/html")
                #expect(answer.status == 500 && answer.text.contains("function/exception"))
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
