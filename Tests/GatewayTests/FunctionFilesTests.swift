import Gateway
import Manifests
import NIOCore
import Testing

/// Files beside functions, and the app that answers under the gateway's own address.
@Suite struct FunctionFilesTests {
    private func withApp(
        routes: [String], _ change: (inout Gateway.Settings) -> Void = { _ in },
        _ body: (TestGateway) async throws -> Void
    ) async throws {
        try await TestGateway.run(change) { test in
            let page = test.blobs.addHot("page", Array("page".utf8))
            let site = SiteRelease(
                name: "app", release: "r1",
                manifest: try SiteManifest(files: ["index.html": file(page, 4), "api/file.txt": file(page, 4)]))
            test.function("app") { request, loop in
                loop.makeSucceededFuture(
                    FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: "function")))
            }
            test.routes["app"] = .function(
                FunctionRelease(
                    name: "app", release: "r1", assets: site, routes: routes.compactMap { RoutePattern($0) }))
            try await body(test)
        }
    }

    @Test(
        "With routes, the function answers these and files the rest",
        arguments: [
            ("/", 200, "page"), ("/api/", 200, "function"), ("/api/file.txt", 200, "function"), ("/gone", 404, nil),
            ("/api", 404, nil), ("/api%2Ffile.txt", 404, nil),
        ] as [(String, Int, String?)])
    func routes(_ path: String, _ status: Int, _ text: String?) async throws {
        try await withApp(routes: ["/api/*"]) { test in
            let answer = try await test.get("app.localhost", path)
            #expect(answer.status == status)
            if let text { #expect(answer.text == text) }
            let posted = try await test.send("POST /api/x HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0\r\n\r\n")
            #expect(posted.text == "function")
            let refused = try await test.send("POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0\r\n\r\n")
            #expect(refused.status == 405)
        }
    }

    @Test(
        "Without routes, the function answers what is no file",
        arguments: [
            ("GET", "/", "page"), ("GET", "/api/file.txt", "page"), ("GET", "/gone", "function"),
            ("POST", "/", "function"), ("GET", "/%2e%2e/x", "function"), ("GET", "/%zz", "function"),
            ("GET", "/api%2Ffile.txt", "function"),
        ])
    func noRoutes(_ method: String, _ path: String, _ text: String) async throws {
        try await withApp(routes: []) { test in
            let answer = try await test.send(
                "\(method) \(path) HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 0\r\n\r\n")
            #expect(answer.text == text)
        }
    }

    @Test("Routes without files: other paths are nobody's")
    func routesAlone() async throws {
        try await TestGateway.run { test in
            test.function("app") { _, loop in
                loop.makeSucceededFuture(
                    FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: "function")))
            }
            test.routes["app"] = .function(
                FunctionRelease(name: "app", release: "r1", routes: ["/a"].compactMap { RoutePattern($0) }))
            #expect(try await test.get("app.localhost", "/a").text == "function")
            let answer = try await test.get("app.localhost", "/b")
            #expect(answer.status == 404 && answer["skerry-error"] == "content/not-found")
        }
    }

    @Test(
        "A gateway for one app is nobody's who has a name lead to it", arguments: ["evil.test:8787", "localhost.test"])
    func rebinding(_ host: String) async throws {
        try await withApp(routes: ["/api/*"], { $0.defaultApp = "app" }) { test async throws -> Void in
            for path in ["/", "/api/x"] {
                let answer = try await test.get(host, path)
                #expect(answer.status == 404 && answer["skerry-error"] == "content/not-found")
            }
        }
    }

    @Test(
        "A gateway for one app answers with it under its own names",
        arguments: ["127.0.0.1:8787", "localhost", "[::1]:8787"])
    func defaultApp(_ host: String) async throws {
        try await withApp(routes: ["/api/*"], { $0.defaultApp = "app" }) { test async throws -> Void in
            #expect(try await test.get(host, "/").text == "page")
            #expect(try await test.get(host, "/api/x").text == "function")
            #expect(try await test.get(host, "/metrics").status == 404)
            #expect(try await test.get("app.localhost", "/").text == "page")
        }
    }
}
