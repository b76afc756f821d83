import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import Streams
import Synchronization
import Testing

@testable import Gateway

/// One HTTP/2 connection in cleartext that opens streams.
final class HTTP2Client: Sendable {
    struct Answer {
        var status = 0
        /// Interim answers before it.
        var interim: [HPACKHeaders] = []
        var fields = HPACKHeaders()
        var body: [UInt8] = []
        var isComplete = false
        var isClosed = false
        var error: String?
    }

    final class Stream: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTP2Frame.FramePayload
        let answer = Mutex(Answer())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let payload = Self.unwrapInboundIn(data)
            answer.withLock { answer in
                switch payload {
                case .headers(let headers):
                    if answer.status != 0, answer.status < 200 { answer.interim.append(answer.fields) }
                    answer.fields = headers.headers
                    answer.status = Int(headers.headers.first(name: ":status") ?? "") ?? 0
                    answer.isComplete = headers.endStream
                case .data(let data):
                    if case .byteBuffer(let bytes) = data.data { answer.body += Array(bytes.readableBytesView) }
                    answer.isComplete = data.endStream
                default: break
                }
            }
        }

        func channelInactive(context: ChannelHandlerContext) { answer.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            answer.withLock { $0.error = "\(error)" }
            context.close(promise: nil)
        }
    }

    private final class Root: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTP2Frame
        let goAways = Mutex<[HTTP2ErrorCode]>([])
        let isClosed = Mutex(false)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .goAway(_, let code, _) = Self.unwrapInboundIn(data).payload {
                goAways.withLock { $0.append(code) }
            }
        }

        func channelInactive(context: ChannelHandlerContext) { isClosed.withLock { $0 = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }

    let channel: any Channel
    private let root: Root
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer

    init(_ address: SocketAddress) async throws {
        let root = Root()
        self.root = root
        channel = try await ClientBootstrap(group: TestGateway.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let frames = NIOHTTP2Handler(mode: .client, eventLoop: channel.eventLoop) { stream in
                        stream.eventLoop.makeSucceededVoidFuture()
                    }
                    try channel.pipeline.syncOperations.addHandlers([frames, root])
                }
            }
            .connect(to: address).get()
        multiplexer = try await channel.pipeline.handler(type: NIOHTTP2Handler.self).flatMap { $0.multiplexer }.get()
    }

    var goAways: [HTTP2ErrorCode] { root.goAways.withLock { $0 } }
    var isClosed: Bool { root.isClosed.withLock { $0 } }
    func close() { channel.close(promise: nil) }

    /// Opens a stream; its channel takes frames.
    func open(autoRead: Bool = true) async throws -> (any Channel, Stream) {
        let handler = Stream()
        let channel = try await multiplexer.createStreamChannel { stream in
            stream.setOption(.autoRead, value: autoRead).flatMap { stream.pipeline.addHandler(handler) }
        }.get()
        return (channel, handler)
    }

    static func headers(_ host: String, _ path: String, method: String = "GET") -> HPACKHeaders {
        [":method": method, ":scheme": "http", ":path": path, ":authority": host]
    }

    func send(
        _ headers: HPACKHeaders, body: [UInt8] = [], trailers: HPACKHeaders? = nil
    ) async throws -> Stream {
        let (channel, stream) = try await open()
        let ends = body.isEmpty && trailers == nil
        let head = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: ends))
        channel.writeAndFlush(head, promise: nil)
        if !body.isEmpty {
            let data = HTTP2Frame.FramePayload.Data(
                data: .byteBuffer(ByteBuffer(bytes: body)), endStream: trailers == nil)
            channel.writeAndFlush(HTTP2Frame.FramePayload.data(data), promise: nil)
        }
        if let trailers {
            channel.writeAndFlush(
                HTTP2Frame.FramePayload.headers(.init(headers: trailers, endStream: true)), promise: nil)
        }
        return stream
    }

    func answer(_ stream: Stream) async throws -> Answer {
        try await eventually("an answer") { stream.answer.withLock { $0.isComplete || $0.isClosed } }
        return stream.answer.withLock { $0 }
    }

    func get(_ host: String, _ path: String) async throws -> Answer {
        try await answer(try await send(Self.headers(host, path)))
    }
}

func eventually(_ what: String, seconds: Double = 15, _ condition: () -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    while !condition() {
        guard clock.now < deadline else { throw TimedOut(description: what) }
        try await Task.sleep(for: .milliseconds(1))
    }
}

@Suite("HTTP/2 at the gateway")
struct HTTP2Tests {
    @Test("Pages, bodies of every kind, and failures")
    func answers() async throws {
        try await TestGateway.secure { test, _, _ in
            let client = try await HTTP2Client(test.address)
            defer { client.close() }
            let page = try await client.get("site.localhost", "/")
            #expect(page.status == 200 && page.body == Array("hello\n".utf8))
            #expect(page.fields.first(name: "content-length") == "6")
            #expect(page.fields.first(name: "server-timing")?.hasPrefix("node;dur=") == true)
            for path in ["/large", "/cold"] {
                let large = try await client.get("site.localhost", path)
                #expect(large.status == 200 && large.body == pattern(3 << 20), "\(path)")
            }
            let head = try await client.answer(
                try await client.send(HTTP2Client.headers("site.localhost", "/large", method: "HEAD")))
            #expect(head.status == 200 && head.body.isEmpty && head.fields.first(name: "content-length") == "3145728")
            #expect(try await client.get("nobody.localhost", "/").status == 404)
            for count in [0, 5, 100_000, 3 << 20] {
                let echo = try await client.answer(
                    try await client.send(
                        HTTP2Client.headers("echo.localhost", "/x", method: "POST"), body: pattern(count),
                        trailers: count == 5 ? ["x-trailer": "ignored"] : nil))
                #expect(echo.status == 200 && echo.body == pattern(count), "\(count) \(echo.error ?? "")")
            }
            var streams: [HTTP2Client.Stream] = []
            for index in 0..<80 {
                streams.append(try await client.send(HTTP2Client.headers("echo.localhost", "/\(index)")))
            }
            for (index, stream) in streams.enumerated() {
                let answer = try await client.answer(stream)
                #expect(answer.fields.first(name: "x-url") == "http://echo.localhost/\(index)")
            }
        }
    }

    @Test(
        "What a request must not say is refused",
        arguments: [
            ([(":path", "x")], 400), ([(":path", "/a b")], 400),
            ([(":path", "/" + String(repeating: "a", count: 9_000))], 414),
            ([(":method", "FOO")], 501), ([(":authority", "a@b")], 400), ([("host", "other.localhost")], 400),
            ([("host", "site.localhost"), ("host", "site.localhost")], 400), ([("content-length", "+0")], 400),
            ([("content-length", "5")], 400), ([("x-a", "b\rc")], 400), ([("expect", "x")], 417),
            ([("x-b", String(repeating: "c", count: 33_000))], 431), ([(":scheme", "ftp")], 400),
        ] as [([(String, String)], Int)])
    func refuses(_ changes: [(String, String)], _ status: Int) {
        var headers = HTTP2Client.headers("site.localhost", "/")
        for (name, value) in changes {
            if name.hasPrefix(":") {
                headers.replaceOrAdd(name: name, value: value)
            } else {
                headers.add(name: name, value: value)
            }
        }
        do {
            _ = try HTTP2RequestHead.read(headers, isComplete: true, limits: HTTPParserLimits())
            Issue.record("accepted")
        } catch {
            #expect(error.error.status == status, "\(error)")
        }
    }

    @Test("Cookies become one line, and a body without a length is of unknown length")
    func heads() throws {
        var headers = HTTP2Client.headers("Site.Localhost:81", "/p?q", method: "POST")
        headers.add(name: "cookie", value: "a=1")
        headers.add(name: "cookie", value: "b=2")
        let head = try HTTP2RequestHead.read(headers, isComplete: false, limits: HTTPParserLimits())
        #expect(head.fields.all("cookie") == ["a=1; b=2"] && head.body == .chunked)
        #expect(head.authority?.description == "site.localhost:81" && head.path == "/p" && head.query == "q")
    }

    @Test("A client that does not read holds the body back, and is dropped")
    func slowReader() async throws {
        try await TestGateway.secure({ $0.writeTimeout = .milliseconds(300) }) { test, _, _ in
            let cold = test.blobs.addCold("huge", pattern(16 << 20))
            try test.site("huge", ["index.html": file(cold, 16 << 20)])
            let client = try await HTTP2Client(test.address)
            defer { client.close() }
            let (channel, stream) = try await client.open(autoRead: false)
            channel.writeAndFlush(
                HTTP2Frame.FramePayload.headers(
                    .init(headers: HTTP2Client.headers("huge.localhost", "/"), endStream: true)),
                promise: nil)
            try await eventually("the blob's end") { test.blobs.counts.withLock { $0.closed == 1 } }
            let blocks = test.blobs.counts.withLock { $0.blocks.count }
            #expect(blocks < 16, "\(blocks) blocks of 64 were read for nobody")
            #expect(stream.answer.withLock { !$0.isComplete })
        }
    }

    @Test("A slow body ends its stream, a reset cancels its call, and neither ends the connection")
    func streamsAlone() async throws {
        try await TestGateway.secure({
            $0.bodyTimeout = .milliseconds(200)
            $0.maxFunctionBodyBytes = 100_000
        }) { test, _, _ in
            let cancelled = Mutex(false)
            test.function("slow") { request, loop in
                request.cancellation.onCancel { cancelled.withLock { $0 = true } }
                return loop.makePromise(of: FunctionResponse.self).futureResult
            }
            let client = try await HTTP2Client(test.address)
            defer { client.close() }
            let (channel, stream) = try await client.open()
            channel.writeAndFlush(
                HTTP2Frame.FramePayload.headers(
                    .init(headers: HTTP2Client.headers("site.localhost", "/", method: "POST"))), promise: nil)
            #expect(try await client.answer(stream).status == 408)
            let large = try await client.answer(
                try await client.send(
                    HTTP2Client.headers("echo.localhost", "/", method: "POST"), body: pattern(200_000)))
            #expect(large.status == 413 || large.isClosed)
            let (waiting, _) = try await client.open()
            waiting.writeAndFlush(
                HTTP2Frame.FramePayload.headers(
                    .init(headers: HTTP2Client.headers("slow.localhost", "/"), endStream: true)), promise: nil)
            try await eventually("the call") { test.functions.last.withLock { $0?.url.contains("slow") == true } }
            waiting.close(promise: nil)
            try await eventually("the cancellation") { cancelled.withLock { $0 } }
            #expect(try await client.get("site.localhost", "/").status == 200)
        }
    }

    @Test(
        "Floods end the connection with ENHANCE_YOUR_CALM or a refusal",
        arguments: ["resets", "pings", "settings", "continuation", "headers"])
    func floods(_ kind: String) async throws {
        try await TestGateway.run({
            $0.http2.maxResets = 20
            $0.http2.maxControlFrames = 20
        }) { test in
            let client = try await test.connect()
            defer { client.close() }
            var bytes = RawFrames.preface
            switch kind {
            case "resets":
                for index in 0..<100 {
                    let id = UInt32(2 * index + 1)
                    bytes += RawFrames.frame(1, 5, id, RawFrames.head) + RawFrames.frame(3, 0, id, [0, 0, 0, 8])
                }
            case "pings": for _ in 0..<100 { bytes += RawFrames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
            case "settings": for _ in 0..<100 { bytes += RawFrames.frame(4, 0, 0, []) }
            case "continuation":
                bytes += RawFrames.frame(1, 1, 1, RawFrames.head)
                for _ in 0..<100 { bytes += RawFrames.frame(9, 0, 1, [0x40, 1, 97, 1, 98]) }
            default:
                // One field, 10 KiB, again and again.
                let field: [UInt8] = [0x00, 1, 97, 0x7f, 0x81, 0x4f] + [UInt8](repeating: 98, count: 10_240)
                bytes += RawFrames.frame(1, 1, 1, RawFrames.head)
                for _ in 0..<8 { bytes += RawFrames.frame(9, 0, 1, field) }
            }
            client.send(bytes)
            try await client.wait("GOAWAY") { RawFrames.goAway(client.bytes) != nil }
            let code = try #require(RawFrames.goAway(client.bytes))
            if kind != "headers" { #expect(code == 11, "\(kind): \(code)") }
            try await client.closed()
            #expect(try await test.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
        }
    }

    @Test("The preface may come in pieces; what only begins like it is HTTP/1.1")
    func prefacePieces() async throws {
        try await TestGateway.run { test in
            let client = try await test.connect()
            defer { client.close() }
            for byte in RawFrames.preface { client.send([byte]) }
            client.send(RawFrames.frame(1, 5, 1, RawFrames.head))
            try await client.wait("an answer") { client.byteCount > 300 }
            let put = try await test.connect()
            defer { put.close() }
            put.send("P")
            put.send("UT /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            #expect(try await put.response().status == 405)
            #expect(try await test.send("PRI * HTTP/2.0\r\n\r\nXX").status == 505)
        }
    }

    @Test("A drain says so and lets begun requests end")
    func drains() async throws {
        try await TestGateway.secure { test, _, _ in
            let release = Mutex<EventLoopPromise<FunctionResponse>?>(nil)
            test.function("held") { _, loop in
                let promise = loop.makePromise(of: FunctionResponse.self)
                release.withLock { $0 = promise }
                return promise.futureResult
            }
            let client = try await HTTP2Client(test.address)
            let idle = try await HTTP2Client(test.address)
            #expect(try await idle.get("site.localhost", "/").status == 200)
            let stream = try await client.send(HTTP2Client.headers("held.localhost", "/"))
            try await eventually("the call") { release.withLock { $0 != nil } }
            async let end: Void = test.gateway.shutdown(drain: .seconds(20))
            try await eventually("GOAWAY") { !client.goAways.isEmpty && idle.isClosed }
            release.withLock { $0 }?.succeed(
                FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: "late")))
            #expect(try await client.answer(stream).body == Array("late".utf8))
            await end
            #expect(client.goAways.allSatisfy { $0 == .noError })
        }
    }

    @Test("nghttp and h2load agree with it")
    func tools() async throws {
        try await TestGateway.secure { test, port, _ in
            let nghttp = try await Tool.run(
                "nghttp", ["-v", "-H", ":authority: site.localhost", "https://127.0.0.1:\(port)/"])
            if let nghttp {
                #expect(nghttp.text.contains(":status: 200") && nghttp.text.contains("hello"), "\(nghttp.text)")
            }
            let plain = try #require(test.address.port)
            let load = try await Tool.run(
                "h2load",
                ["-n", "200", "-c", "2", "-m", "20", "-H", ":authority: site.localhost", "http://127.0.0.1:\(plain)/"])
            if let load { #expect(load.text.contains("200 succeeded"), "\(load.text)") }
            let large = try await Tool.run(
                "h2load",
                [
                    "-n", "8", "-c", "2", "-m", "4", "-H", ":authority: site.localhost",
                    "https://127.0.0.1:\(port)/large",
                ])
            if let large { #expect(large.text.contains("8 succeeded"), "\(large.text)") }
        }
    }
}
