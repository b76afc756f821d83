import Blake3
import Foundation
import Identity
import Manifests
import NIOCore
import NIOHPACK
import Streams
import Synchronization
import Testing

@testable import Gateway

@Suite("Machines at the gateway")
struct MachineTests {
    /// Answers as a test says; remembers the last request.
    private final class FakeMachines: GatewayMachines {
        typealias Body = @Sendable (MachineRequest) throws -> MachineAnswer
        let last = Mutex<(release: MachineRelease, request: MachineRequest)?>(nil)
        private let body: Body

        init(_ body: @escaping Body) { self.body = body }

        func respond(
            _ release: MachineRelease, _ request: MachineRequest, on eventLoop: any EventLoop
        ) -> EventLoopFuture<MachineAnswer> {
            last.withLock { $0 = (release, request) }
            return eventLoop.makeCompletedFuture { try body(request) }
        }
    }

    private static func content(_ text: String, _ fields: [(name: String, value: String)] = []) -> MachineAnswer {
        .content(
            OriginAnswer(
                status: 200, fields: fields, contentLength: text.utf8.count, body: .bytes(ByteBuffer(string: text)),
                cache: ""))
    }

    private static func release(isPreview: Bool = false, strippedPrefix: String = "") -> MachineRelease {
        MachineRelease(
            name: "api", release: "r1", tenant: "o/api", strippedPrefix: strippedPrefix, isPreview: isPreview)
    }

    @Test("Interim answers of a machine go ahead of its answer, also of one that comes at once")
    func interim() async throws {
        let machines = FakeMachines { request in
            request.interim?(103, [("link", "</a.css>")])
            return Self.content("body")
        }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let client = try await test.connect()
            defer { client.close() }
            client.send("GET / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            let hint = try await client.response()
            #expect(hint.status == 103 && hint["link"] == "</a.css>")
            #expect(try await client.response().text == "body")
        }
    }

    @Test("A machine gets the request as it was, with what the gateway knows of the client")
    func passes() async throws {
        let machines = FakeMachines { Self.content("\($0.method) \($0.target)", [("date", "d"), ("x", "y")]) }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let answer = try await test.send(
                "DELETE /a%20b?c=d HTTP/1.1\r\nHost: api.localhost:80\r\nX-Forwarded-For: 9.9.9.9\r\nX: 1\r\n"
                    + "Connection: X-Hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            #expect(answer.status == 200 && answer.text == "DELETE /a%20b?c=d")
            #expect(answer["x"] == "y" && answer["date"] == "d" && answer["skerry-node"] != nil)
            let request = try #require(machines.last.withLock { $0 }?.request)
            func field(_ name: String) -> [String] { request.headers.filter { $0.name == name }.map(\.value) }
            #expect(field("host") == ["api.localhost:80"] && field("x-forwarded-for") == ["127.0.0.1"])
            #expect(field("x-forwarded-proto") == ["http"] && field("traceparent") == [request.trace])
            #expect(field("x") == ["1"] && field("x-hop").isEmpty && field("connection").isEmpty)
            #expect(field("content-length").isEmpty && field("transfer-encoding").isEmpty)
            guard case .bytes(let body) = request.body else {
                Issue.record("a short body was not gathered")
                return
            }
            #expect(String(buffer: body) == "abc")
        }
    }

    @Test("OPTIONS goes on as often as it may, and no further (RFC 9110 7.6.2)")
    func forwards() async throws {
        let machines = FakeMachines { _ in Self.content("yes") }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            for (method, sent, received) in [("OPTIONS", "2", "1"), ("OPTIONS", "x", "x"), ("GET", "0", "0")] {
                let answer = try await test.send(
                    "\(method) / HTTP/1.1\r\nHost: api.localhost\r\nMax-Forwards: \(sent)\r\n\r\n")
                #expect(answer.status == 200)
                let request = try #require(machines.last.withLock { $0 }?.request)
                #expect(request.headers.filter { $0.name == "max-forwards" }.map(\.value) == [received])
            }
            machines.last.withLock { $0 = nil }
            let last = try await test.send("OPTIONS / HTTP/1.1\r\nHost: api.localhost\r\nMax-Forwards: 0\r\n\r\n")
            #expect(last.status == 204 && machines.last.withLock { $0 } == nil)
        }
    }

    @Test("A length that another node says wrongly moves no answer's end", arguments: [0, 3, 100])
    func length(_ said: Int) async throws {
        let machines = FakeMachines { request in
            var answer = OriginAnswer(
                status: 200, fields: [], contentLength: said, body: .bytes(ByteBuffer(string: "hello")), cache: "")
            if request.target == "/none" { answer.body = .none }
            return .content(answer)
        }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let client = try await test.connect()
            defer { client.close() }
            for (path, text) in [("/", "hello"), ("/none", ""), ("/", "hello")] {
                client.send("GET \(path) HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
                let answer = try await client.response()
                #expect(answer.status == 200 && answer.text == text)
                #expect(answer["content-length"] == "\(text.utf8.count)")
            }
            #expect(client.byteCount == 0)
            client.send("HEAD / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            #expect(try await client.response(isHead: true)["content-length"] == "\(said)")
        }
    }

    @Test("A visitor with HTTP/2 gets the machine's answer too, and the machine his request with a host")
    func speaksHTTP2() async throws {
        let machines = FakeMachines { Self.content("\($0.method) \($0.target)", [("x", "y")]) }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let client = try await HTTP2Client(test.address)
            defer { client.close() }
            let answer = try await client.answer(
                try await client.send(HTTP2Client.headers("api.localhost", "/a%20b?c=d", method: "DELETE")))
            #expect(answer.status == 200 && answer.body == Array("DELETE /a%20b?c=d".utf8))
            #expect(answer.fields.first(name: "x") == "y")
            let request = try #require(machines.last.withLock { $0 }?.request)
            #expect(request.headers.filter { $0.name == "host" }.map(\.value) == ["api.localhost"])
            #expect(!request.headers.contains { $0.name.hasPrefix(":") })
        }
    }

    @Test("A part of a composite app, without its prefix; previews are left out of search")
    func parts() async throws {
        let machines = FakeMachines { Self.content($0.target) }
        try await TestGateway.run(machines: machines) { test in
            let route = try #require(RoutePattern("/api/*"))
            test.routes["shop"] = .composite(
                CompositeRelease(
                    name: "shop", release: "r1",
                    routes: [.init(pattern: route, part: .machine(Self.release(strippedPrefix: "/api")))]))
            #expect(try await test.get("shop.localhost", "/api/x?y").text == "/x?y")
            #expect(try await test.get("shop.localhost", "/other").status == 404)
            test.routes["r1--api"] = .machine(Self.release(isPreview: true))
            #expect(try await test.get("r1--api.localhost", "/")["x-robots-tag"] == "noindex")
        }
    }

    @Test("A manifest's machine becomes a part with its first port for HTTP")
    func manifests() throws {
        let id = BlobID(Blake3.hash([1]))
        var machine = MachineManifest(image: id, layers: [id])
        machine.ports = [.init(name: "sql", number: 1, transport: .tcp), .init(name: "web", number: 2)]
        let manifest = try CompositeManifest(parts: [
            .init(
                name: "machine", content: .machine(machine), routes: [try #require(RoutePattern("/db/*"))],
                stripsPrefix: true)
        ])
        let release = CompositeRelease(
            name: "shop", release: "r1", tenant: "alice/shop", manifest: manifest, isPreview: true, isShare: true)
        guard case .machine(let part)? = release.part("/db/x") else {
            Issue.record("the path is nobody's")
            return
        }
        #expect(
            part
                == MachineRelease(
                    name: "shop", release: "r1", tenant: "alice/shop", port: "web", strippedPrefix: "/db",
                    isPreview: true, isShare: true))
    }

    @Test("An answer that is shorter than it says is not completed, over either protocol")
    func short() async throws {
        let machines = FakeMachines { _ in
            let stream = ByteStream()
            stream.append(ByteBuffer(string: "short"))
            stream.finish()
            return .content(OriginAnswer(status: 200, contentLength: 10, body: .stream(stream), cache: ""))
        }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let client = try await test.connect()
            client.send("GET / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            try await client.closed()
            #expect(client.bytes.suffix(9) == Array("\r\n\r\nshort".utf8)[...])
            let second = try await HTTP2Client(test.address)
            defer { second.close() }
            let answer = try await second.get("api.localhost", "/")
            #expect(!answer.isComplete && answer.isClosed)
        }
    }

    @Test(
        "What comes behind the end that an answer declares is not sent, since clients would read another answer in it")
    func long() async throws {
        let machines = FakeMachines { _ in
            let stream = ByteStream()
            stream.append(ByteBuffer(string: "enough"))
            stream.append(ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"))
            stream.finish()
            return .content(OriginAnswer(status: 200, contentLength: 6, body: .stream(stream), cache: ""))
        }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let client = try await test.connect()
            client.send("GET / HTTP/1.1\r\nHost: api.localhost\r\n\r\nGET / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            try await client.closed()
            #expect(!String(decoding: client.bytes, as: UTF8.self).contains("evil"))
        }
    }

    @Test("A 304 says no length, which few origins know (RFC 9110 8.6, 15.4.5)")
    func notModified() async throws {
        let machines = FakeMachines { _ in
            .content(
                OriginAnswer(status: 304, fields: [("etag", "\"a\"")], contentLength: 0, body: .none, cache: ""))
        }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let answer = try await test.send(
                "GET / HTTP/1.1\r\nHost: api.localhost\r\nIf-None-Match: \"a\"\r\n\r\n")
            #expect(answer.status == 304 && answer["etag"] == "\"a\"" && answer["content-length"] == nil)
        }
    }

    @Test("Failures say what they are, and when to come back")
    func failures() async throws {
        let machines = FakeMachines { _ in throw GatewayError(.machineStarting, "It starts", origin: .node) }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let answer = try await test.get("api.localhost", "/")
            #expect(answer.status == 503 && answer["retry-after"] == "1")
            #expect(answer["skerry-error"] == "machine/starting" && answer["skerry-request"] != nil)
        }
        try await TestGateway.run { test in
            test.routes["api"] = .machine(Self.release())
            let answer = try await test.get("api.localhost", "/")
            #expect(answer["skerry-error"] == "machine/unavailable")
        }
    }

    @Test("An upgrade hands the connection over")
    func upgrades() async throws {
        let toClient = ByteStream()
        let fromClient = Mutex<ByteStream?>(nil)
        let machines = FakeMachines { request in
            guard let upgrade = request.upgrade else { return Self.content("none") }
            return .tunnel(
                GatewayTunnel(headers: [("upgrade", upgrade)], toClient: toClient) { stream in
                    fromClient.withLock { $0 = stream }
                })
        }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let client = try await test.connect(staysOpen: true)
            client.send(
                "GET / HTTP/1.1\r\nHost: api.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
            let answer = try await client.response()
            #expect(answer.status == 101 && answer["upgrade"] == "websocket")
            try await client.wait("the tunnel") { fromClient.withLock { $0 != nil } }
            let stream = try #require(fromClient.withLock { $0 })
            #expect(try await stream.next().map { String(buffer: $0) } == "early")
            toClient.append(ByteBuffer(string: "hi"))
            try await client.wait("bytes") { client.bytes == Array("hi".utf8) }
            toClient.finish()
            client.halfClose()
            try await client.closed()
        }
    }

    @Test("Bodies for machines have a limit of their own")
    func limits() async throws {
        let machines = FakeMachines { request in
            if case .stream(let stream) = request.body { stream.stop() }
            return Self.content("ok")
        }
        try await TestGateway.run(
            {
                $0.maxFunctionBodyBytes = 4
                $0.maxMachineBodyBytes = 8
            }, machines: machines
        ) { test in
            test.routes["api"] = .machine(Self.release())
            func post(_ count: Int) async throws -> Int {
                try await test.send(
                    "POST / HTTP/1.1\r\nHost: api.localhost\r\nContent-Length: \(count)\r\n\r\n"
                        + String(repeating: "x", count: count)
                ).status
            }
            let (fits, isTooLong) = (try await post(8), try await post(9))
            #expect(fits == 200 && isTooLong == 413)
        }
    }

    @Test("A further socket serves the same apps, and closes with the gateway")
    func entrance() async throws {
        let machines = FakeMachines { _ in Self.content("in") }
        try await TestGateway.run(machines: machines) { test in
            test.routes["api"] = .machine(Self.release())
            let address = try await test.gateway.listen(on: "127.0.0.1", port: 0)
            let client = try await RawClient(address, autoRead: true)
            client.send("GET / HTTP/1.1\r\nHost: api.localhost\r\nConnection: close\r\n\r\n")
            #expect(try await client.response().text == "in")
            // An address that no link has yet.
            #expect(try await test.gateway.listen(on: "203.0.113.9", port: 0).port ?? 0 > 0)
            await test.gateway.shutdown(drain: .zero)
            await #expect(throws: GatewayError.self) { try await test.gateway.listen(on: "127.0.0.1", port: 0) }
        }
    }
}
