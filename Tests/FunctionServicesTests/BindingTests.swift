import Functions
import NIOCore
import Streams
import Synchronization
import Testing

@testable import FunctionServices

@Suite struct AssetTests {
    private struct Files: FunctionAssets {
        func asset(at path: String, of version: FunctionVersion) async throws -> FunctionAsset? {
            guard path == "/a b/c.txt", version == testVersion else { return nil }
            return FunctionAsset(
                contentType: "text/plain", etag: "\"1\"", body: .bytes(ByteBuffer(string: "text")))
        }
    }

    @Test(arguments: [
        ("/", "/"), ("/a", "/a"), ("/a/b/", "/a/b/"), ("//a///b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"),
        ("/a/..", "/"), ("/a/b/..", "/a/"), ("/a%20b", "/a b"), ("/%C3%BC", "/ü"), ("/a?b", "/a"), ("/a#b", "/a"),
        ("/a/%2e%2e/b", "/b"), ("/...", "/..."),
    ])
    func pathsBecomeNormal(_ path: String, _ expected: String) { #expect(AssetPath.normalized(path) == expected) }

    @Test(arguments: [
        "", "a", "/..", "/../a", "/a/../../b", "/%2e%2e/a", "/%2E./x", "/a%00b", "/a%2fb", "/a\\b", "/a%5cb", "/%",
        "/%1",
        "/%zz", "/%ff", "/a/%2e%2e/%2e%2e/x",
    ])
    func othersAreNone(_ path: String) { #expect(AssetPath.normalized(path) == nil) }

    @Test func lengthsHaveALimit() {
        let most = "/" + String(repeating: "a", count: AssetPath.maxBytes - 1)
        #expect(AssetPath.normalized(most) == most)
        #expect(AssetPath.normalized(most + "a") == nil)
        #expect(AssetPath.normalized("/" + String(repeating: "%61", count: AssetPath.maxBytes - 1)) == most)
    }

    @Test func assetsAreFound() async throws {
        try await withServices(assets: Files()) { services in
            let answer = try await services.answer(makeCall("assets.get", #"{"path": "/x/../a%20b/c.txt"}"#))
            #expect(answer.json["status"] as? Int == 200)
            #expect(answer.json["contentType"] as? String == "text/plain")
            #expect(answer.json["etag"] as? String == "\"1\"")
            #expect(try await answer.text() == "text")
            for path in ["/x", "/../a b/c.txt", ""] {
                let answer = try await services.answer(makeCall("assets.get", #"{"path": "\#(path)"}"#))
                #expect(answer.json["status"] as? Int == 404)
            }
            #expect(
                await failure { try await services.answer(makeCall("assets.get", "{}")).value }.code == "host/argument")
        }
        try await withServices { services in
            let answer = try await services.answer(makeCall("assets.get", #"{"path": "/a"}"#))
            #expect(answer.json["status"] as? Int == 404)
        }
    }
}

@Suite struct ServiceTests {
    /// Answers with what it is asked, or calls on with the id that it got.
    private final class Echo: ServiceInvoker {
        let services = Mutex<HostServices?>(nil)

        func answer(_ request: ServiceRequest) async throws -> ServiceResponse {
            if request.binding == "FAILS" { throw FunctionError(.cpuLimit, "too slow") }
            if request.binding == "SELF", let services = services.withLock({ $0 }) {
                let answer = try await services.answer(
                    makeCall("service", #"{"binding": "SELF", "url": "http://x/"}"#, requestID: request.requestID))
                return ServiceResponse(status: 200, headers: [], body: answer.body)
            }
            let text =
                "\(request.requestID) \(request.method) \(request.url) \(request.headers) \(request.trace ?? "")"
            return ServiceResponse(
                status: 202, headers: [(name: "x-a", value: "1")], body: .bytes(ByteBuffer(string: text)))
        }
    }

    @Test func callsReachTheirService() async throws {
        try await withServices(invoker: Echo()) { services in
            let answer = try await services.answer(
                makeCall(
                    "service",
                    """
                    {"binding": "API", "url": "https://api/x?y", "method": "put", "headers": [["X-B", "2"], ["te", "x"]]}
                    """, trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
            #expect(answer.json["status"] as? Int == 202)
            #expect(answer.header("x-a") == "1")
            let text = try await answer.text()
            #expect(text.hasPrefix("request/1 PUT https://api/x?y"))
            #expect(text.contains("x-b") && !text.contains("\"te\"") && text.hasSuffix("-01"))
        }
    }

    @Test func chainsEnd() async throws {
        let echo = Echo()
        try await withServices(invoker: echo) { services in
            echo.services.withLock { $0 = services }
            let wrong = await failure {
                try await services.answer(makeCall("service", #"{"binding": "SELF", "url": "http://x/"}"#)).value
            }
            #expect(wrong.code == "service/depth")
            echo.services.withLock { $0 = nil }
        }
        #expect(ServiceChain.next(after: "a/1/2/3/4/5/6/7", number: 8) == "a/1/2/3/4/5/6/7/8")
        #expect(ServiceChain.next(after: "a/1/2/3/4/5/6/7/8", number: 9) == nil)
        #expect(ServiceChain.next(after: "", number: 1) == nil)
        let long = String(repeating: "a", count: ServiceChain.maxIDBytes - 2)
        #expect(ServiceChain.next(after: long, number: 1) != nil)
        #expect(ServiceChain.next(after: long, number: 10) == nil)
    }

    @Test func failuresAreTold() async throws {
        try await withServices(invoker: Echo()) { services in
            func code(_ argument: String, requestID: String = "r") async -> String {
                await failure { try await services.answer(makeCall("service", argument, requestID: requestID)).value }
                    .code
            }
            #expect(await code(#"{"binding": "FAILS", "url": "http://x/"}"#) == "function/cpu-limit")
            #expect(await code(#"{"binding": "API", "url": "file:///x"}"#) == "service/request")
            #expect(await code(#"{"binding": "API", "url": "http://x/", "method": "A B"}"#) == "service/request")
            #expect(
                await code(#"{"binding": "API", "url": "http://x/", "headers": [["a", "b\r\nc: d"]]}"#)
                    == "service/request")
            #expect(await code(#"{"binding": "API", "url": "http://x/"}"#, requestID: "") == "service/depth")
            #expect(await code("{}") == "host/argument")
        }
        try await withServices { services in
            let wrong = await failure {
                try await services.answer(makeCall("service", #"{"binding": "API", "url": "http://x/"}"#)).value
            }
            #expect(wrong.code == "service/unknown")
        }
    }
}

@Suite struct HostServicesTests {
    @Test(arguments: ["", "nothing", "fetch.x", "kv", "kv.nothing", "crypto", "crypto.", "assets", "assets.put"])
    func unknownCallsAreNamed(_ name: String) async throws {
        let path = temporaryPath()
        defer { removeStore(path) }
        let store = try KVStore(path: path)
        try await withServices(keyValues: store) { services in
            let stream = ByteStream()
            let wrong = await failure { try await services.answer(makeCall(name, "{}", body: .stream(stream))).value }
            #expect(wrong.code == "host/unknown")
            // The sender of a body that nobody takes is told.
            await #expect(throws: (any Error).self) {
                for _ in 0..<100 { try await stream.write(ByteBuffer(repeating: 0, count: 64 << 10)) }
            }
        }
        try await store.close()
    }

    @Test func longArgumentsAreRefused() async throws {
        try await withServices { services in
            let argument = #"{"path": "/\#(String(repeating: "a", count: CallArgument.maxBytes))"}"#
            let wrong = await failure { try await services.answer(makeCall("assets.get", argument)).value }
            #expect(wrong.code == "host/argument")
            let deep = String(repeating: "[", count: 100_000)
            for name in ["assets.get", "fetch", "kv.put", "crypto.digest", "service", "compress"] {
                let wrong = await failure { try await services.answer(makeCall(name, deep)).value }
                #expect(wrong.code == "host/argument" || wrong.code == "kv/unavailable")
            }
        }
    }

    @Test func bodiesShareMemory() async throws {
        let memory = BodyMemory()
        let first = memory.lease(for: "a")
        #expect(first.grow(by: BodyMemory.maxBytesPerApp))
        #expect(!first.grow(by: 1))
        #expect(!memory.lease(for: "a").grow(by: 1))
        #expect(memory.lease(for: "b").grow(by: 1))
        #expect(memory.byteCount == BodyMemory.maxBytesPerApp)
        withExtendedLifetime(first) {}
    }

    @Test func closingBreaksBodiesOff() async throws {
        var kept: HostAnswer?
        try await withServices { services in
            kept = try await services.answer(
                makeCall("compress", #"{"format": "gzip", "op": "compress"}"#, body: .stream(ByteStream())))
        }
        let answer = try #require(kept)
        await #expect(throws: (any Error).self) { try await answer.bytes() }
    }

    /// Never answers.
    private final class Waiting: ServiceInvoker {
        let begun = Mutex(0)

        func answer(_ request: ServiceRequest) async throws -> ServiceResponse {
            begun.withLock { $0 += 1 }
            try await Task.sleep(for: .seconds(600))
            throw CancellationError()
        }
    }

    @Test("What calls that wait for others hold is bounded by app")
    func heldBodies() async throws {
        let invoker = Waiting()
        try await withServices(invoker: invoker) { services in
            let body = ByteBuffer(repeating: 0, count: 1 << 20)
            let most = BodyMemory.maxBytesPerApp >> 20
            @Sendable func call(_ app: String) async throws -> HostAnswer {
                try await services.answer(
                    makeCall(
                        "service", #"{"binding": "A", "url": "http://x/"}"#, body: .bytes(body),
                        version: FunctionVersion(tenant: app, release: "r1")))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<most { group.addTask { _ = try? await call("me/app") } }
                try await eventually("all are held") { invoker.begun.withLock { $0 } == most }
                #expect(await failure { try await call("me/app") }.code == "host/limit")
                group.addTask { _ = try? await call("me/other") }
                try await eventually("another app's is too") { invoker.begun.withLock { $0 } == most + 1 }
                group.cancelAll()
            }
        }
    }

    @Test("What a function says of a visitor reaches its owner's apps and no others")
    func visitors() {
        let request = ServiceRequest(
            binding: "API", caller: FunctionVersion(tenant: "me/app", release: "r1"), requestID: "1/1", method: "GET",
            url: "http://api/", headers: [("accept", "*/*"), ("x-forwarded-for", "10.0.0.1"), ("forwarded", "for=a")],
            body: .empty, trace: nil)
        #expect(request.headers(for: "me/other").map(\.name) == ["accept", "x-forwarded-for", "forwarded"])
        for app in ["other/api", "me2/api", "m/e"] {
            #expect(request.headers(for: app).map(\.name) == ["accept"])
        }
    }
}
