import Gateway
import Manifests
import NIOCore
import NIOHPACK
import Testing

/// What origins send ahead of their answers.
@Suite("Interim answers at the gateway")
struct InterimTests {
    /// Sends two interim answers and one that comes too late.
    private struct HintingOrigins: GatewayOrigins {
        func cached(_ release: OriginRelease, _ request: OriginCall) -> OriginAnswer? { nil }

        func respond(
            _ release: OriginRelease, _ request: OriginCall, body: FunctionRequest.Body, on eventLoop: any EventLoop
        ) -> EventLoopFuture<OriginAnswer> {
            request.interim?(102, [])
            request.interim?(103, [("link", "</a.css>; rel=preload"), ("x-hint", "1")])
            let answered = eventLoop.makePromise(of: OriginAnswer.self)
            let answer = OriginAnswer(
                status: 200, contentLength: 4, body: .bytes(ByteBuffer(string: "body")), cache: "miss")
            eventLoop.execute {
                answered.succeed(answer)
                request.interim?(103, [("link", "</late.css>")])
            }
            return answered.futureResult
        }
    }

    private static func run(_ body: (TestGateway) async throws -> Void) async throws {
        try await TestGateway.run(origins: HintingOrigins()) { test in
            let manifest = OriginManifest(source: .server(try OriginURL("https://example.com")))
            test.routes["img"] = .origin(
                OriginRelease(name: "img", release: "r1", tenant: "o/img", manifest: manifest))
            try await body(test)
        }
    }

    @Test("They go to clients of HTTP/1.1 ahead of the answer, and none behind it (RFC 9110 15.2)")
    func http1() async throws {
        try await Self.run { test in
            let client = try await test.connect()
            defer { client.close() }
            for _ in 0..<2 {
                client.send("GET / HTTP/1.1\r\nHost: img.localhost\r\n\r\n")
                #expect(try await client.response().status == 102)
                let hints = try await client.response()
                #expect(hints.status == 103 && hints["link"] == "</a.css>; rel=preload" && hints["x-hint"] == "1")
                let answer = try await client.response()
                #expect(answer.status == 200 && answer.text == "body" && answer["x-hint"] == nil)
            }
        }
    }

    @Test("They do not go to clients of HTTP/1.0 (RFC 9110 15.2)")
    func http10() async throws {
        try await Self.run { test in
            let answer = try await test.send("GET / HTTP/1.0\r\nHost: img.localhost\r\n\r\n")
            #expect(answer.status == 200 && answer.text == "body")
        }
    }

    @Test("They go to clients of HTTP/2 (RFC 9113 8.1)")
    func http2() async throws {
        try await Self.run { test in
            let client = try await HTTP2Client(test.address)
            defer { client.close() }
            let answer = try await client.get("img.localhost", "/")
            #expect(answer.status == 200 && answer.body == Array("body".utf8))
            #expect(answer.interim.map { $0.first(name: ":status") } == ["102", "103"])
            #expect(answer.interim.last?.first(name: "link") == "</a.css>; rel=preload")
        }
    }
}
