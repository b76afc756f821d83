import Gateway
import Manifests
import NIOCore
import Synchronization
import Testing

/// Functions over a real socket.
@Suite struct FunctionTests {
    @Test func requestAndAnswer() async throws {
        try await TestGateway.run { test in
            test.function("api") { request, loop in
                loop.makeSucceededFuture(
                    FunctionResponse(
                        status: 201,
                        headers: [
                            ("Content-Type", "text/x"), ("Connection", "x-secret"), ("X-Secret", "1"),
                            ("Content-Length", "999"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
                            ("Transfer-Encoding", "chunked"), ("Skerry-Node", "forged"), ("Date", "never"),
                        ], body: ByteBuffer(string: "\(request.method):") + request.body.whole))
            }
            let response = try await test.send(
                "POST /p%2Fq?r=%20s HTTP/1.1\r\nHost: API.localhost:8080\r\nX-A: 1\r\nX-A: 2\r\n"
                    + "Connection: x-drop, keep-alive\r\nX-Drop: 1\r\nX-Forwarded-For: 6.6.6.6\r\n"
                    + "X-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\nTE: trailers\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n")
            #expect(response.status == 201 && response.text == "POST:abcde")
            #expect(response["content-type"] == "text/x" && response["content-length"] == "10")
            #expect(response.fields.filter { $0.name == "set-cookie" }.map(\.value) == ["a=1", "b=2"])
            #expect(response["x-secret"] == nil && response["transfer-encoding"] == nil)
            #expect(response["skerry-node"] == "feedbeef" && response["date"] != "never")

            let request = try #require(test.functions.last.withLock { $0 })
            #expect(request.url == "http://api.localhost:8080/p%2Fq?r=%20s")
            let names = request.headers.map(\.name)
            for gone in ["connection", "x-drop", "forwarded", "te", "transfer-encoding", "trailer"] {
                #expect(!names.contains(gone))
            }
            #expect(request.headers.filter { $0.name == "x-a" }.map(\.value) == ["1", "2"])
            #expect(request.headers.filter { $0.name == "x-forwarded-for" }.map(\.value) == ["127.0.0.1"])
            #expect(request.headers.filter { $0.name == "x-forwarded-proto" }.map(\.value) == ["http"])
            #expect(request.headers.filter { $0.name == "content-length" }.map(\.value) == ["5"])
            #expect(request.headers.filter { $0.name == "host" }.map(\.value) == ["api.localhost:8080"])
        }
    }

    @Test func aReceiptThatAnotherNodeNamesCannotEndItsLine() async throws {
        try await TestGateway.run { test in
            test.function("api") { request, loop in
                let forged = "1\r\nset-cookie: a=1\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK"
                let receipt = request.url.hasSuffix("/forged") ? forged : "0123456789abcdef-7"
                return loop.makeSucceededFuture(
                    FunctionResponse(
                        status: 200, headers: [], body: .bytes(ByteBuffer(string: "body")), receipt: receipt))
            }
            #expect(try await test.get("api.localhost", "/")["skerry-receipt"] == "0123456789abcdef-7")
            let forged = try await test.get("api.localhost", "/forged")
            #expect(forged.status == 200 && forged.text == "body" && forged["content-length"] == "4")
            #expect(forged["set-cookie"] == nil && forged["skerry-receipt"] == nil)
        }
    }

    @Test func releasesUnderTheirOwnHostAreLeftOutOfSearch() async throws {
        try await TestGateway.run { test in
            test.function("api") { _, loop in
                loop.makeSucceededFuture(
                    FunctionResponse(status: 200, headers: [("X-Robots-Tag", "all")], body: ByteBuffer(string: "x")))
            }
            let host = "0123456789--api"
            let file = SiteManifest.File(
                blob: test.blobs.addHot("page", Array("page".utf8)), byteCount: 4, contentType: "text/html")
            let files = SiteRelease(
                name: "api", release: "0123456789", manifest: try SiteManifest(files: ["a.html": file]),
                isPreview: true)
            test.routes[host] = .function(
                FunctionRelease(name: "api", release: "0123456789", assets: files, isPreview: true))
            let client = try await test.connect()
            defer { client.close() }
            for (path, text) in [("/", "x"), ("/a", "page")] {
                client.send("GET \(path) HTTP/1.1\r\nHost: \(host).localhost\r\n\r\n")
                let response = try await client.response()
                #expect(response.text == text)
                #expect(response.fields.filter { $0.name == "x-robots-tag" }.map(\.value) == ["noindex"])
            }
            client.send("GET / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            #expect(try await client.response()["x-robots-tag"] == "all")
        }
    }

    @Test func headAndEmptyAnswers() async throws {
        try await TestGateway.run { test in
            test.function("api") { request, loop in
                let status = Int(request.url.suffix(3)) ?? 200
                return loop.makeSucceededFuture(
                    FunctionResponse(status: status, headers: [], body: ByteBuffer(string: "body")))
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send("HEAD /200 HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            #expect(try await client.response(isHead: true)["content-length"] == "4")
            for status in [204, 304, 205] {
                client.send("GET /\(status) HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
                #expect(try await client.response().status == status)
            }
            #expect(client.byteCount == 0)
            for status in [100, 101, 199, 600] {
                client.send("GET /\(status) HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
                let bad = try await client.response()
                #expect(bad.status == 502 && bad["skerry-error"] == "function/bad-response")
            }
        }
    }

    @Test func failures() async throws {
        try await TestGateway.run { test in
            struct Private: Error {}
            let names = Mutex<[String]>([])
            test.function("api") { request, loop in
                names.withLock { $0.append(request.id) }
                return switch request.url.split(separator: "/").last {
                case "cpu": loop.makeFailedFuture(GatewayError(.init("function/cpu-limit"), "50 ms", origin: .origin))
                case "busy": loop.makeFailedFuture(GatewayError(.functionOverloaded, "Full", origin: .node))
                case "forge":
                    loop.makeSucceededFuture(
                        FunctionResponse(status: 200, headers: [("a", "b\r\nx: y")], body: ByteBuffer()))
                default: loop.makeFailedFuture(Private())
                }
            }
            let cpu = try await test.get("api.localhost", "/cpu")
            #expect(cpu.status == 504 && cpu["skerry-error"] == "function/cpu-limit")
            #expect(cpu["skerry-request"]?.count == 16)
            #expect(cpu["skerry-request"] == names.withLock { $0.last })
            let busy = try await test.get("api.localhost", "/busy")
            #expect(busy.status == 503 && busy["retry-after"] == "1")
            let forge = try await test.get("api.localhost", "/forge")
            #expect(forge.status == 502 && forge["x"] == nil)
            let other = try await test.get("api.localhost", "/other")
            #expect(other.status == 500 && !other.text.contains("Private"))
        }
    }

    @Test func bodies() async throws {
        try await TestGateway.run({ $0.maxFunctionBodyBytes = 10 }) { test in
            test.function("api") { request, loop in
                loop.makeSucceededFuture(FunctionResponse(status: 200, headers: [], body: request.body))
            }
            let head = "POST / HTTP/1.1\r\nHost: api.localhost\r\n"
            #expect(try await test.send(head + "Content-Length: 10\r\n\r\n0123456789").text == "0123456789")
            let refused = try await test.send(head + "Content-Length: 11\r\n\r\n0123456789a")
            #expect(refused.status == 413 && refused["connection"] == "close")
            let chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
            #expect(try await test.send(chunked + "a\r\n0123456789\r\n0\r\n\r\n").status == 200)
            #expect(try await test.send(chunked + "b\r\n0123456789a\r\n0\r\n\r\n").status == 413)

            let client = try await test.connect()
            defer { client.close() }
            client.send(head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try await client.response(skipsInterim: false).status == 100)
            client.send("ok")
            #expect(try await client.response(skipsInterim: false).text == "ok")
            let large = try await test.send(head + "Expect: 100-continue\r\nContent-Length: 20\r\n\r\n")
            #expect(large.status == 413)
        }
    }
}
