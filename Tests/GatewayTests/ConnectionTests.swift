import Gateway
import Logging
import NIOCore
import Synchronization
import Testing

/// The life of a connection: order, limits, timeouts, and the end.
@Suite struct ConnectionTests {
    private let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test func pipelinesInOrder() async throws {
        try await TestGateway.run { test in
            test.function("api") { request, loop in
                let delay: Int64 = request.url.hasSuffix("/0") ? 30 : 1
                return loop.scheduleTask(in: .milliseconds(delay)) {
                    FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: request.url))
                }.futureResult
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send((0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: api.localhost\r\n\r\n" }.joined())
            for index in 0..<20 { #expect(try await client.response().text == "http://api.localhost/\(index)") }
            client.send(String(repeating: get, count: 2_000))
            for _ in 0..<2_000 { #expect(try await client.response().status == 200) }
        }
    }

    @Test func malformedClosesAfterTheAnswer() async throws {
        try await TestGateway.run { test in
            let client = try await test.connect()
            client.send(get + "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get)
            #expect(try await client.response().status == 200)
            let bad = try await client.response()
            #expect(bad.status == 400 && bad["connection"] == "close")
            try await client.closed()
            #expect(client.byteCount == 0, "what follows a malformed request is not answered")
            let statuses = [
                ("GET /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\n", 414), ("GET / HTTP/3.0\r\n", 505),
                ("FOO / HTTP/1.1\r\n", 501),
                ("GET / HTTP/1.1\r\nHost: a\r\nB: \(String(repeating: "c", count: 40_000))\r\n\r\n", 431),
            ]
            for (text, status) in statuses { #expect(try await test.send(text).status == status) }
        }
    }

    @Test func bodiesThatNobodyWants() async throws {
        try await TestGateway.run({ $0.maxDiscardedBodyBytes = 10 }) { test in
            let head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
            let chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
            for (text, closes) in [
                (head + "Content-Length: 10\r\n\r\n0123456789", false), (head + "Content-Length: 11\r\n\r\n", true),
                (chunked + "a\r\n0123456789\r\n0\r\n\r\n", false), (chunked + "b\r\n0123456789a\r\n", true),
                (head + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n", true),
            ] {
                let response = try await test.send(text)
                #expect(response.status == 200 && (response["connection"] == "close") == closes, "\(text)")
            }
        }
    }

    /// A client that goes on sending after the last answer learns by a reset that nobody listens any more.
    @Test func lingeringIsBounded() async throws {
        for (timeout, bytes) in [(Duration.milliseconds(100), 1 << 20), (.seconds(30), 1_000)] {
            try await TestGateway.run({
                $0.lingerTimeout = timeout
                $0.lingerBytes = bytes
            }) { test in
                let client = try await test.connect(staysOpen: true)
                client.send("nonsense\r\n")
                #expect(try await client.response().status == 400)
                for _ in 0..<1_000 where !client.isClosed {
                    client.send([UInt8](repeating: 0x61, count: 100))
                    try await Task.sleep(for: .milliseconds(2))
                }
                try await client.closed()
            }
        }
    }

    @Test func persistence() async throws {
        try await TestGateway.run({ $0.maxRequestsPerConnection = 2 }) { test in
            let closing = try await test.connect()
            closing.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(try await closing.response()["connection"] == "close")
            try await closing.closed()
            let old = try await test.connect()
            old.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try await old.response()["connection"] == "keep-alive")
            old.send("GET /healthz HTTP/1.0\r\n\r\n")
            #expect(try await old.response()["connection"] == "close")
            try await old.closed()
            let counted = try await test.connect()
            counted.send(get + get + get)
            #expect(try await counted.response()["connection"] == nil)
            #expect(try await counted.response()["connection"] == "close")
            try await counted.closed()
            let half = try await test.connect()
            half.send(get)
            half.halfClose()
            #expect(try await half.response().status == 200)
            try await half.closed()
        }
    }

    @Test func timeouts() async throws {
        try await TestGateway.run({
            $0.headTimeout = .milliseconds(120)
            $0.bodyTimeout = .milliseconds(120)
            $0.idleTimeout = .milliseconds(150)
            $0.answerTimeout = .milliseconds(120)
            $0.minBodyBytesPerSecond = 1_000_000
        }) { test in
            test.function("api") { _, loop in loop.makePromise(of: FunctionResponse.self).futureResult }
            let idle = try await test.connect()
            try await idle.closed()
            #expect(idle.byteCount == 0)
            let slow = try await test.connect()
            for byte in "GET / HT" where !slow.isClosed {
                slow.send(String(byte))
                try await Task.sleep(for: .milliseconds(30))
            }
            #expect(try await slow.response().status == 408)
            try await slow.closed()
            let body = try await test.connect()
            body.send("POST / HTTP/1.1\r\nHost: api.localhost\r\nContent-Length: 100\r\n\r\nab")
            #expect(try await body.response().status == 408)
            let never = try await test.get("api.localhost", "/")
            #expect(never.status == 504 && never["skerry-error"] == "node/answer-timeout")
        }
    }

    @Test func slowClientIsHeldBackAndDropped() async throws {
        try await TestGateway.run({ $0.writeTimeout = .milliseconds(300) }) { test in
            let id = test.blobs.addCold("huge", [UInt8](repeating: 7, count: 64 << 20))
            let client = try await test.connect(autoRead: false)
            client.send("GET /blobs/\(id) HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.wait("the blob is let go") { test.blobs.counts.withLock { $0.closed == 1 } }
            // The kernel's buffers on both sides take some megabytes; the rest was never read.
            #expect(test.blobs.counts.withLock { $0.blocks.count } < 128)
            client.close()
        }
    }

    @Test func clientThatLeavesClosesTheBlob() async throws {
        try await TestGateway.run { test in
            let id = test.blobs.addCold("huge", [UInt8](repeating: 7, count: 64 << 20))
            test.blobs.delay.withLock { $0 = .milliseconds(2) }
            let client = try await test.connect()
            client.send("GET /blobs/\(id) HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.wait("some bytes") { client.byteCount > 100_000 }
            client.close()
            try await client.wait("the blob is let go") { test.blobs.counts.withLock { $0.closed == 1 } }
            #expect(test.blobs.counts.withLock { $0.blocks.count } < 250)
            #expect(try await test.get("localhost", "/healthz").status == 200)
        }
    }

    @Test func connectionLimit() async throws {
        try await TestGateway.run({ $0.maxConnections = 2 }) { test in
            let clients = [try await test.connect(), try await test.connect()]
            for client in clients {
                client.send(get)
                #expect(try await client.response().status == 200)
            }
            let third = try await test.connect()
            let refused = try await third.response()
            #expect(refused.status == 503 && refused["retry-after"] == "1")
            try await third.closed()
            clients[0].close()
            var status = 503
            for _ in 0..<500 where status != 200 {
                status = try await test.send(get).status
            }
            #expect(status == 200)
            clients[1].close()
        }
    }

    @Test func drains() async throws {
        try await TestGateway.run { test in
            let group = TestGateway.group
            let promise = group.next().makePromise(of: FunctionResponse.self)
            test.function("api") { _, loop in promise.futureResult.hop(to: loop) }
            let idle = try await test.connect()
            idle.send(get)
            #expect(try await idle.response().status == 200)
            let busy = try await test.connect()
            busy.send("GET / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            try await busy.wait("the function runs") { test.functions.last.withLock { $0 != nil } }
            async let stopped: Void = test.gateway.shutdown(drain: .seconds(10))
            try await idle.closed()
            #expect(!busy.isClosed)
            promise.succeed(FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: "late")))
            let late = try await busy.response()
            #expect(late.text == "late" && late["connection"] == "close")
            await stopped
            try await busy.closed()
            await #expect(throws: (any Error).self) { try await test.connect() }
            await #expect(throws: GatewayError.self) { try await test.gateway.start() }
        }
    }

    @Test func drainEnds() async throws {
        try await TestGateway.run { test in
            test.function("api") { _, loop in loop.makePromise(of: FunctionResponse.self).futureResult }
            let busy = try await test.connect()
            busy.send("GET / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            try await busy.wait("the function runs") { test.functions.last.withLock { $0 != nil } }
            await test.gateway.shutdown(drain: .milliseconds(50))
            try await busy.closed()
        }
    }

    /// One that has had its answer and closes nothing does not hold up the end.
    @Test(.timeLimit(.minutes(1))) func endsDespiteAClientThatStays() async throws {
        try await TestGateway.run({ $0.lingerTimeout = .seconds(600) }) { test in
            let client = try await test.connect(staysOpen: true)
            defer { client.close() }
            client.send(get)
            #expect(try await client.response().status == 200)
            await test.gateway.shutdown(drain: .seconds(600))
        }
    }

    @Test func logsEachRequest() async throws {
        let written = Mutex<[UInt8]>([])
        let log = AccessLog(.text) { lines in written.withLock { $0 += lines } }
        try await TestGateway.run({ $0.accessLog = log }) { test in
            _ = try await test.get("localhost:9", "/healthz?secret=1")
            _ = try await test.send("nonsense\r\n")
        }
        let lines = String(decoding: written.withLock { $0 }, as: UTF8.self).split(separator: "\n")
        try #require(lines.count == 2, "\(lines)")
        let time = #/^20..-..-..T..:..:..\....Z info gateway: request /#
        let first = #/ method=GET host=localhost:9 path=/healthz status=200 bytes=6 micros=[0-9]+ /#
        #expect(lines.allSatisfy { $0.contains(time) })
        #expect(lines[0].contains(first) && lines[0].hasSuffix(" kind=page remote=127.0.0.1"))
        #expect(lines[1].contains(" method=- ") && lines[1].hasSuffix(" error=request/malformed"))
    }

    @Test func twoGatewaysCannotShareAPort() async throws {
        try await TestGateway.run { test in
            await #expect(throws: GatewayError.self) {
                try await TestGateway.run({ $0.port = test.address.port ?? 0 }) { _ in }
            }
        }
    }
}

func + (left: ByteBuffer, right: ByteBuffer) -> ByteBuffer {
    var result = left
    result.writeImmutableBuffer(right)
    return result
}
