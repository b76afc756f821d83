import Gateway
import NIOCore
import Streams
import Synchronization
import Testing

/// Bodies of functions that come and go in parts.
@Suite(.timeLimit(.minutes(1))) struct FlowTests {
    private static func flow(_ stream: ByteStream, status: Int = 200) -> FunctionResponse {
        FunctionResponse(status: status, headers: [("content-type", "text/plain")], body: .stream(stream))
    }

    private static let get = "GET / HTTP/1.1\r\nHost: api.localhost\r\n\r\n"

    @Test func partsLeaveAsTheyCome() async throws {
        try await TestGateway.run { test in
            let stream = ByteStream()
            test.function("api") { _, loop in loop.makeSucceededFuture(Self.flow(stream)) }
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.get)
            let head = try await client.response()
            #expect(head["transfer-encoding"] == "chunked" && head["content-length"] == nil)
            stream.append(ByteBuffer(string: "one"))
            try await client.wait("the first part") { client.bytes == Array("3\r\none\r\n".utf8) }
            stream.append(ByteBuffer(string: "0123456789abcdef"))
            stream.finish()
            let rest = "3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
            try await client.wait("the rest") { client.bytes == Array(rest.utf8) }
            #expect(!client.isClosed)
        }
    }

    @Test func anOldClientGetsTheBodyUpToTheEndOfTheConnection() async throws {
        try await TestGateway.run { test in
            test.function("api") { _, loop in
                let stream = ByteStream()
                stream.append(ByteBuffer(string: "body"))
                stream.finish()
                return loop.makeSucceededFuture(Self.flow(stream))
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send("GET / HTTP/1.0\r\nHost: api.localhost\r\nConnection: keep-alive\r\n\r\n")
            let head = try await client.response()
            #expect(head["transfer-encoding"] == nil && head["connection"] == "close")
            try await client.closed()
            #expect(client.bytes == Array("body".utf8))
        }
    }

    @Test func aBodyThatBreaksOffIsNotCompleted() async throws {
        try await TestGateway.run { test in
            test.function("api") { _, loop in
                let stream = ByteStream()
                stream.append(ByteBuffer(string: "half"))
                stream.fail(GatewayError(.init("function/exception"), "It threw", origin: .origin))
                return loop.makeSucceededFuture(Self.flow(stream))
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.get)
            _ = try await client.response()
            try await client.closed()
            #expect(!String(decoding: client.bytes, as: UTF8.self).contains("0\r\n\r\n"))
        }
    }

    private struct Broken: Error {}

    @Test(
        "A body that fails before its first part is an answer that says so, over either protocol",
        arguments: [
            (GatewayError(.init("function/exception"), "It threw", origin: .origin), 500, "function/exception"),
            (Broken(), 502, "function/bad-response"),
        ] as [(any Error, Int, String)])
    func aBodyThatNeverBeginsIsAFailure(error: any Error, status: Int, code: String) async throws {
        try await TestGateway.run { test in
            test.function("api") { _, loop in
                let stream = ByteStream()
                stream.fail(error)
                return loop.makeSucceededFuture(Self.flow(stream))
            }
            let client = try await test.connect()
            defer { client.close() }
            for _ in 0..<2 {
                client.send(Self.get)
                let answer = try await client.response()
                #expect(answer.status == status && answer["skerry-error"] == code)
            }
            let second = try await HTTP2Client(test.address)
            defer { second.close() }
            let answer = try await second.get("api.localhost", "/")
            #expect(answer.status == status && answer.isComplete)
        }
    }

    @Test func whereNoBodyMayBeTheStreamIsStopped() async throws {
        try await TestGateway.run { test in
            let stopped = Mutex(0)
            test.function("api") { request, loop in
                let stream = ByteStream(onStop: { stopped.withLock { $0 += 1 } })
                return loop.makeSucceededFuture(Self.flow(stream, status: request.method == "HEAD" ? 200 : 204))
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send("HEAD / HTTP/1.1\r\nHost: api.localhost\r\n\r\n")
            #expect(try await client.response(isHead: true).status == 200)
            client.send(Self.get)
            #expect(try await client.response().status == 204)
            #expect(stopped.withLock { $0 } == 2)
        }
    }

    @Test func aClientThatGoesStopsTheBody() async throws {
        try await TestGateway.run { test in
            let stopped = Mutex(false)
            let stream = ByteStream(onStop: { stopped.withLock { $0 = true } })
            test.function("api") { _, loop in loop.makeSucceededFuture(Self.flow(stream)) }
            let client = try await test.connect()
            client.send(Self.get)
            _ = try await client.response()
            client.close()
            try await client.wait("the stop") { stopped.withLock { $0 } }
        }
    }

    @Test func aClientThatGoesCancelsTheCall() async throws {
        try await TestGateway.run { test in
            let cancelled = Mutex(false)
            test.function("api") { request, loop in
                let promise = loop.makePromise(of: FunctionResponse.self)
                request.cancellation.onCancel {
                    cancelled.withLock { $0 = true }
                    promise.fail(GatewayError(.init("function/cancelled"), "The client went away", origin: .client))
                }
                return promise.futureResult
            }
            let client = try await test.connect()
            client.send(Self.get)
            try await client.wait("the call") { test.functions.last.withLock { $0 } != nil }
            #expect(!cancelled.withLock { $0 })
            client.close()
            try await client.wait("the cancellation") { cancelled.withLock { $0 } }
        }
    }

    @Test func aClientThatDoesNotReadHoldsTheProducerBack() async throws {
        try await TestGateway.run { test in
            let stream = ByteStream()
            test.function("api") { _, loop in loop.makeSucceededFuture(Self.flow(stream)) }
            let client = try await test.connect(autoRead: false)
            client.send(Self.get)
            let written = Mutex(0)
            let producer = Task {
                let part = ByteBuffer(repeating: 7, count: 64 << 10)
                while true {
                    try await stream.write(part)
                    written.withLock { $0 += part.readableBytes }
                }
            }
            var last = -1
            while last != written.withLock({ $0 }) || last == 0 {
                last = written.withLock { $0 }
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(last < 64 << 20, "the sockets' buffers, a window, and no more")
            client.close()
            await #expect(throws: ByteStream.Stopped.self) { try await producer.value }
        }
    }

    // MARK: Requests

    /// Answers with what it gets, while it gets it.
    private func echo(_ test: TestGateway) {
        test.function("api") { request, loop in
            guard case .stream(let upload) = request.body else {
                return loop.makeSucceededFuture(
                    FunctionResponse(status: 200, headers: [("x-body", "whole")], body: request.body))
            }
            let stream = ByteStream()
            Task {
                do {
                    while let part = try await upload.next() { try await stream.write(part) }
                    stream.finish()
                } catch {
                    stream.fail(error)
                }
            }
            return loop.makeSucceededFuture(
                FunctionResponse(status: 200, headers: [("x-body", "parts")], body: .stream(stream)))
        }
    }

    private static let post = "POST / HTTP/1.1\r\nHost: api.localhost\r\n"

    @Test func aLongBodyIsPassedOnWhileItArrives() async throws {
        try await TestGateway.run { test in
            echo(test)
            let client = try await test.connect()
            defer { client.close() }
            let body = pattern(300_000)
            client.send(Array((Self.post + "Content-Length: 300000\r\n\r\n").utf8) + body[..<100_000])
            let head = try await client.response()
            #expect(head["x-body"] == "parts" && head["connection"] == nil)
            try await client.wait("what was sent") { client.byteCount > 100_000 }
            client.send(Array(body[100_000...]))
            try await client.wait("the end") { client.bytes.suffix(5) == Array("0\r\n\r\n".utf8) }
            #expect(Self.dechunk(client.bytes) == body)
            #expect(
                test.functions.last.withLock { $0 }?.headers.first { $0.name == "content-length" }?.value == "300000")
        }
    }

    @Test func chunksArePassedOnAndTheConnectionGoesOn() async throws {
        try await TestGateway.run { test in
            echo(test)
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            #expect(try await client.response()["x-body"] == "parts")
            try await client.wait("the first part") { client.bytes == Array("3\r\nabc\r\n".utf8) }
            client.send("2\r\nde\r\n0\r\n\r\n")
            try await client.wait("the end") {
                client.bytes == Array("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".utf8)
            }
            let second = try await test.send(Self.post + "Content-Length: 2\r\n\r\nok")
            #expect(second["x-body"] == "whole" && second.text == "ok")
        }
    }

    @Test func whatAFunctionLeavesOfABodyIsReadPast() async throws {
        try await TestGateway.run { test in
            test.function("api") { request, loop in
                if case .stream(let upload) = request.body { upload.stop() }
                return loop.makeSucceededFuture(
                    FunctionResponse(status: 403, headers: [], body: ByteBuffer(string: "no")))
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.post + "Content-Length: 2000000\r\n\r\n")
            let answer = try await client.response()
            #expect(answer.status == 403 && answer.text == "no" && answer["connection"] == nil)
            client.send([UInt8](repeating: 1, count: 2_000_000))
            client.send(Self.get)
            #expect(try await client.response().text == "no")
            client.send(Self.post + "Content-Length: 200000\r\n\r\nfirst")
            #expect(try await client.response().status == 403)
            client.halfClose()
            try await client.closed()
        }
    }

    @Test func aFunctionThatDoesNotReadHoldsTheClientBack() async throws {
        try await TestGateway.run({ $0.maxFunctionBodyBytes = 64 << 20 }) { test in
            let uploads = Mutex<[ByteStream]>([])
            test.function("api") { request, loop in
                if case .stream(let upload) = request.body { uploads.withLock { $0.append(upload) } }
                return loop.makeFutureWithTask {
                    try await Task.sleep(for: .milliseconds(400))
                    let stream = uploads.withLock { $0[0] }
                    let waiting = stream.bufferedBytes
                    var count = 0
                    while let part = try await stream.next() { count += part.readableBytes }
                    return FunctionResponse(
                        status: 200, headers: [("x-waiting", "\(waiting)")], body: ByteBuffer(string: "\(count)"))
                }
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.post + "Content-Length: 33554432\r\n\r\n")
            client.send([UInt8](repeating: 1, count: 33_554_432))
            let answer = try await client.response()
            #expect(answer.text == "33554432")
            #expect(Int(answer["x-waiting"] ?? "").map { $0 < 1 << 20 } == true, "\(answer["x-waiting"] ?? "")")
        }
    }

    @Test func aBodyBeyondTheLimitIsRefusedOnItsWay() async throws {
        try await TestGateway.run({ $0.maxFunctionBodyBytes = 100_000 }) { test in
            let broken = Mutex(false)
            test.function("api") { request, loop in
                guard case .stream(let upload) = request.body else {
                    return loop.makeFailedFuture(GatewayError(.init("x"), "whole", origin: .node))
                }
                return loop.makeFutureWithTask {
                    do { _ = try await upload.collect(limit: .max) } catch { broken.withLock { $0 = true } }
                    return FunctionResponse(status: 200, headers: [], body: ByteBuffer())
                }
            }
            let chunk = "C350\r\n" + String(repeating: "x", count: 50_000) + "\r\n"
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.post + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk)
            #expect(try await client.response().status == 413)
            try await client.wait("the function's error") { broken.withLock { $0 } }
        }
    }

    @Test func aClientThatGoesBreaksTheUpload() async throws {
        try await TestGateway.run { test in
            let broken = Mutex(false)
            test.function("api") { request, loop in
                guard case .stream(let upload) = request.body else {
                    return loop.makeFailedFuture(GatewayError(.init("x"), "whole", origin: .node))
                }
                return loop.makeFutureWithTask {
                    do { _ = try await upload.collect(limit: .max) } catch { broken.withLock { $0 = true } }
                    return FunctionResponse(status: 200, headers: [], body: ByteBuffer())
                }
            }
            let client = try await test.connect()
            client.send(Self.post + "Content-Length: 200000\r\n\r\npart")
            try await client.wait("the call") { test.functions.last.withLock { $0 } != nil }
            client.close()
            try await client.wait("the function's error") { broken.withLock { $0 } }
        }
    }

    @Test func aTrickleIsNotWaitedForForever() async throws {
        try await TestGateway.run({
            $0.bodyTimeout = .milliseconds(300)
            $0.minBodyBytesPerSecond = 1_000_000
        }) { test in
            test.function("api") { request, loop in
                guard case .stream(let upload) = request.body else {
                    return loop.makeFailedFuture(GatewayError(.init("x"), "whole", origin: .node))
                }
                return loop.makeFutureWithTask {
                    _ = try await upload.collect(limit: .max)
                    return FunctionResponse(status: 200, headers: [], body: ByteBuffer())
                }
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.post + "Content-Length: 200000\r\n\r\n")
            let trickle = Task {
                while !Task.isCancelled {
                    client.send("x")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(try await client.response().status == 408)
            trickle.cancel()
        }
    }

    private static func dechunk(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let line = rest.firstRange(of: Array("\r\n".utf8)) {
            let count = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) ?? 0
            if count == 0 || rest.endIndex < line.upperBound + count { break }
            result += rest[line.upperBound..<(line.upperBound + count)]
            rest = rest[(line.upperBound + count + 2)...]
        }
        return result
    }
}
