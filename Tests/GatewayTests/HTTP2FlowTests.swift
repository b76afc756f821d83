import NIOCore
import NIOHPACK
import NIOHTTP2
import Streams
import Synchronization
import Testing

@testable import Gateway

/// What a connection's streams share: windows, turns, memory, and the end.
@Suite("HTTP/2 streams beside each other", .timeLimit(.minutes(2)))
struct HTTP2FlowTests {
    private typealias Raw = RawFrames

    /// GET / at a host, from the static table and one literal.
    private static func get(_ host: String, on stream: UInt32) -> [UInt8] {
        Raw.frame(1, 5, stream, [0x82, 0x86, 0x84, 0x41, UInt8(host.utf8.count)] + Array(host.utf8))
    }

    private static func post(_ host: String, on stream: UInt32, _ rest: [UInt8] = []) -> [UInt8] {
        Raw.frame(1, 4, stream, [0x83, 0x86, 0x84, 0x41, UInt8(host.utf8.count)] + Array(host.utf8) + rest)
    }

    /// Windows that nothing fills, on every stream and in all.
    private static let wide =
        Raw.preface + Raw.frame(4, 0, 0, Raw.setting(4, 1 << 30)) + Raw.frame(8, 0, 0, Raw.word(1 << 30))

    private static func data(_ client: RawClient) -> [Raw.Frame] { Raw.frames(client.bytes).filter { $0.type == 0 } }

    private static func ended(_ client: RawClient, _ streams: Int) -> Bool {
        Raw.frames(client.bytes).filter { $0.endsStream }.count == streams
    }

    private static func bytes(_ frames: some Sequence<Raw.Frame>, of stream: UInt32) -> [UInt8] {
        frames.filter { $0.stream == stream }.flatMap { Array($0.payload.readableBytesView) }
    }

    @Test("Answers in memory take turns, and a small one is not behind the large ones")
    func turns() async throws {
        try await TestGateway.run { test in
            let count = 1 << 20
            let large = test.blobs.addHot("large", pattern(count))
            let small = test.blobs.addHot("small", pattern(10))
            try test.site("large", ["index.html": file(large, count)])
            try test.site("small", ["index.html": file(small, 10)])
            let client = try await test.connect()
            defer { client.close() }
            client.send(
                Self.wide + Self.get("large.localhost", on: 1) + Self.get("large.localhost", on: 3)
                    + Self.get("small.localhost", on: 5))
            try await client.wait("the answers") { Self.ended(client, 3) }
            let frames = Self.data(client)
            let last = try #require(frames.firstIndex { $0.endsStream && $0.stream != 5 })
            let first = frames[last].stream
            let other = frames[..<last].filter { $0.stream != first && $0.stream != 5 }
            #expect(other.reduce(0) { $0 + $1.payload.readableBytes } > count - 4 * 16_384)
            #expect(try #require(frames.firstIndex { $0.stream == 5 }) < 64)
            for stream in [UInt32(1), 3] { #expect(Self.bytes(frames, of: stream) == pattern(count)) }
            // No frame says nothing but that it is the last.
            #expect(frames.allSatisfy { $0.payload.readableBytes > 0 })
        }
    }

    @Test("Content that is read ahead has a limit for all answers of a connection together")
    func content() async throws {
        try await TestGateway.run({ $0.http2.connectionContentBytes = 1 << 20 }) { test in
            let count = 512 << 10
            let cold = test.blobs.addCold("cold", pattern(count))
            try test.site("cold", ["index.html": file(cold, count)])
            let client = try await test.connect()
            defer { client.close() }
            let streams = (0..<40).map { UInt32(2 * $0 + 1) }
            // They take nothing.
            client.send(Raw.preface + Raw.frame(4, 0, 0, Raw.setting(4, 0)))
            for stream in streams { client.send(Self.get("cold.localhost", on: stream)) }
            try await client.wait("blobs") { test.blobs.counts.withLock { $0.opened } == streams.count }
            try await Task.sleep(for: .milliseconds(300))
            #expect(test.blobs.counts.withLock { $0.blocks.count } == 4, "1 MiB are four blocks")
            // Another one takes its turn when somebody is gone.
            client.send(Raw.frame(3, 0, 1, Raw.word(8)))
            try await client.wait("a block") { test.blobs.counts.withLock { $0.blocks.count } > 4 }
            client.send(Raw.frame(4, 0, 0, Raw.setting(4, 1 << 30)) + Raw.frame(8, 0, 0, Raw.word(1 << 30)))
            try await client.wait("the answers", seconds: 60) { Self.ended(client, streams.count - 1) }
            let frames = Self.data(client)
            for stream in streams.dropFirst() { #expect(Self.bytes(frames, of: stream) == pattern(count)) }
            try await client.wait("the blobs' ends") { test.blobs.counts.withLock { $0.closed == $0.opened } }
        }
    }

    @Test("With room for a single block answers read by turns")
    func contentByTurns() async throws {
        try await TestGateway.run({ $0.http2.connectionContentBytes = 1 }) { test in
            let count = 1 << 20
            let cold = test.blobs.addCold("cold", pattern(count))
            try test.site("cold", ["index.html": file(cold, count)])
            let client = try await test.connect()
            defer { client.close() }
            client.send(Self.wide)
            for stream in [UInt32(1), 3, 5] { client.send(Self.get("cold.localhost", on: stream)) }
            try await client.wait("the answers") { Self.ended(client, 3) }
            let frames = Self.data(client)
            for stream in [UInt32(1), 3, 5] { #expect(Self.bytes(frames, of: stream) == pattern(count)) }
        }
    }

    @Test("What is thrown away with a stream does not count against the connection's window")
    func thrownAway() async throws {
        try await TestGateway.run { test in
            let count = 16 << 20
            let hot = test.blobs.addHot("hot", [UInt8](repeating: 1, count: count))
            try test.site("hot", ["index.html": file(hot, count)])
            // On a busy machine all of an answer may have left before the node reads that nobody wants it.
            for _ in 0..<10 {
                let client = try await test.connect(autoRead: false)
                defer { client.close() }
                // More than the sockets hold, once the system may not let the client's grow.
                try await client.channel.setOption(.socketOption(.so_rcvbuf), value: 256 << 10).get()
                client.send(
                    Raw.preface + Raw.frame(4, 0, 0, Raw.setting(4, 1 << 30))
                        + Raw.frame(8, 0, 0, Raw.word(UInt32(count))) + Self.get("hot.localhost", on: 1))
                try await Task.sleep(for: .milliseconds(500))
                client.send(Raw.frame(3, 0, 1, Raw.word(8)) + Raw.frame(6, 0, 0, [UInt8](repeating: 7, count: 8)))
                try await client.channel.setOption(.autoRead, value: true).get()
                try await client.wait("the answer to a PING") { Raw.frames(client.bytes).contains { $0.type == 6 } }
                if Self.ended(client, 1) { continue }
                let received = Self.data(client).reduce(0) { $0 + $1.payload.readableBytes }
                // Exactly the window that the next answer needs.
                client.send(
                    Raw.frame(8, 0, 0, Raw.word(UInt32(received - 65_535))) + Self.get("hot.localhost", on: 3))
                try await client.wait("an answer", seconds: 30) { Self.ended(client, 1) }
                return
            }
            Issue.record("no answer was broken off")
        }
    }

    @Test("Padding is given back to the client, of a stream and of the connection")
    func padding() async throws {
        try await TestGateway.run({ $0.http2.streamWindowBytes = 65_535 }) { test in
            test.function("count") { request, loop in
                guard case .stream(let body) = request.body else {
                    return loop.makeFailedFuture(GatewayError(.init("x"), "whole", origin: .node))
                }
                return loop.makeFutureWithTask {
                    let bytes = try await body.collect(limit: .max)
                    return FunctionResponse(
                        status: 200, headers: [], body: ByteBuffer(string: "\(bytes.readableBytes)"))
                }
            }
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface + Raw.frame(4, 1, 0, []) + Self.post("count.localhost", on: 1))
            let padded = Raw.frame(0, 8, 1, [255] + Array("x".utf8) + [UInt8](repeating: 0, count: 255))
            for round in 1...3 {
                // 51,400 bytes for 200.
                for _ in 0..<200 { client.send(padded) }
                func grown(_ stream: UInt32) -> UInt32 {
                    Raw.frames(client.bytes).filter { $0.type == 8 && $0.stream == stream }
                        .reduce(0) { $0 + ($1.payload.getInteger(at: $1.payload.readerIndex) ?? 0) }
                }
                let sent = UInt32(round * 200 * 257)
                try await client.wait("windows") {
                    Int64(grown(1)) + 65_535 - Int64(sent) >= 51_400 / 2
                        && Int64(grown(0)) + 65_535 - Int64(sent) >= 51_400
                }
            }
            client.send(Raw.frame(0, 1, 1, []))
            try await client.wait("an answer") { Self.ended(client, 1) }
            #expect(Self.bytes(Self.data(client), of: 1) == Array("600".utf8))
        }
    }

    @Test("Bodies that nobody takes fill the connection's window and no more, and are not late for it")
    func untaken() async throws {
        try await TestGateway.run({
            $0.http2.connectionWindowBytes = 512 << 10
            $0.bodyTimeout = .milliseconds(400)
            $0.minBodyBytesPerSecond = 100 << 20
        }) { test in
            let uploads = Mutex<[ByteStream]>([])
            let isOpen = Mutex(false)
            test.function("held") { request, loop in
                guard case .stream(let body) = request.body else {
                    return loop.makeFailedFuture(GatewayError(.init("x"), "whole", origin: .node))
                }
                uploads.withLock { $0.append(body) }
                return loop.makeFutureWithTask {
                    while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                    let count = try await body.collect(limit: .max).readableBytes
                    return FunctionResponse(status: 200, headers: [], body: ByteBuffer(string: "\(count)"))
                }
            }
            let client = try await HTTP2Client(test.address)
            defer { client.close() }
            _ = try await client.get("nobody.localhost", "/")
            let count = 200_000
            var streams: [HTTP2Client.Stream] = []
            for _ in 0..<8 {
                var headers = HTTP2Client.headers("held.localhost", "/", method: "POST")
                headers.add(name: "content-length", value: "\(count)")
                streams.append(try await client.send(headers, body: pattern(count)))
            }
            func waiting() -> Int { uploads.withLock { $0.reduce(0) { $0 + $1.bufferedBytes } } }
            try await eventually("a full window") { waiting() >= 480 << 10 }
            try await Task.sleep(for: .milliseconds(1_200))
            // A frame that has not come whole counts whole, so that one of 64 KiB may come beside the window.
            #expect(waiting() <= (512 + 64) << 10)
            // Requests without bodies are not held up.
            #expect(try await client.get("nobody.localhost", "/").status == 404)
            isOpen.withLock { $0 = true }
            for stream in streams {
                let answer = try await client.answer(stream)
                #expect(answer.status == 200 && answer.body == Array("\(count)".utf8), "\(answer.status)")
            }
        }
    }

    @Test("Who closes one side gets what it asked for, and the connection ends; who works for it alone stops")
    func halfClosed() async throws {
        try await TestGateway.secure { test, _, _ in
            let cancelled = Mutex(false)
            test.function("slow") { request, loop in
                request.cancellation.onCancel { cancelled.withLock { $0 = true } }
                return loop.makePromise(of: FunctionResponse.self).futureResult
            }
            let client = try await test.connect(staysOpen: true)
            defer { client.close() }
            client.send(Self.wide + Self.get("site.localhost", on: 1) + Self.get("slow.localhost", on: 3))
            try await eventually("the call") { test.functions.last.withLock { $0?.url.contains("slow") == true } }
            client.halfClose()
            try await client.closed()
            #expect(cancelled.withLock { $0 })
            #expect(Self.bytes(Self.data(client), of: 1) == Array("hello\n".utf8))
            #expect(Raw.goAway(client.bytes) == 0)
        }
    }

    @Test("Many malformed requests end the connection with ENHANCE_YOUR_CALM")
    func malformedFlood() async throws {
        try await TestGateway.run({ $0.http2.maxResets = 20 }) { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface)
            for index in 0..<20 { client.send(Raw.frame(1, 5, UInt32(2 * index + 1), Raw.head + Raw.field("te", "x"))) }
            try await client.wait("resets") { Raw.frames(client.bytes).filter { $0.type == 3 }.count == 20 }
            #expect(Raw.goAway(client.bytes) == nil)
            client.send(Raw.frame(1, 5, 41, Raw.head + Raw.field("te", "x")))
            try await client.closed()
            #expect(Raw.goAway(client.bytes) == 11)
        }
    }

    @Test(
        "What breaks the rules of HTTP/2 resets its stream, and is not answered",
        arguments: [
            [(":path", "/"), ("x-a", "b"), (":scheme", "http")], [(":path", "/"), (":path", "/")],
            [(":path", "/"), ("x-a", "b\u{1}")], [(":path", "/"), ("x-a", " b")], [(":path", "/"), ("x-a", "b\t")],
            [(":path", "/"), ("X-a", "b")], [(":path", "/"), ("te", "gzip")], [(":path", "/"), ("upgrade", "h2c")],
            [(":path", "/"), ("content-length", "1"), ("content-length", "2")],
            [(":path", "/"), ("content-length", "1")], [(":path", "/a\u{7f}")], [(":path", "")], [(":status", "200")],
        ] as [[(String, String)]])
    func malformed(_ fields: [(String, String)]) {
        var headers: HPACKHeaders = [":method": "GET", ":authority": "localhost"]
        if !fields.contains(where: { $0.0 == ":scheme" }) { headers.add(name: ":scheme", value: "http") }
        for (name, value) in fields { headers.add(name: name, value: value) }
        do {
            _ = try HTTP2RequestHead.read(headers, isComplete: true, limits: HTTPParserLimits())
            Issue.record("accepted")
        } catch {
            if case .answer = error { Issue.record("\(error)") }
        }
    }

    @Test("A CONNECT without a protocol has an authority, and neither scheme nor path")
    func connect() {
        let good: HPACKHeaders = [":method": "CONNECT", ":authority": "localhost:1"]
        for (name, isReset) in [("", false), (":scheme", true), (":path", true)] {
            var headers = good
            if !name.isEmpty { headers.add(name: name, value: "/") }
            do {
                _ = try HTTP2RequestHead.read(headers, isComplete: true, limits: HTTPParserLimits())
                Issue.record("accepted")
            } catch {
                if case .reset = error { #expect(isReset) } else { #expect(!isReset && error.error.status == 501) }
            }
        }
    }

    @Test("A request like the last one is read as if it were the first")
    func repeated() throws {
        let limits = HTTPParserLimits()
        var headers = HTTP2Client.headers("site.localhost", "/a?b")
        for (name, value) in [("cookie", "a=1"), ("cookie", "b=2"), ("accept-encoding", "br")] {
            headers.add(name: name, value: value)
        }
        let head = try HTTP2RequestHead.read(headers, isComplete: true, limits: limits)
        let repeated = try #require(HTTP2RepeatedHead(headers, head))
        #expect(try repeated.head(headers, limits: limits) === head)
        var other: HPACKHeaders = [":method": "GET", ":scheme": "http", ":path": "/c", ":authority": "site.localhost"]
        for (name, value) in [("cookie", "a=1"), ("cookie", "b=2"), ("accept-encoding", "br")] {
            other.add(name: name, value: value)
        }
        let next = try #require(try repeated.head(other, limits: limits))
        #expect(next.path == "/c" && next.query == nil && next.authority == head.authority)
        #expect(next.fields.all("cookie") == ["a=1; b=2"] && next.fields.known == head.fields.known)
        var changed = headers
        changed.add(name: "range", value: "bytes=0-1")
        #expect(try repeated.head(changed, limits: limits) == nil)
        changed = HTTP2Client.headers("other.localhost", "/a?b")
        for (name, value) in [("cookie", "a=1"), ("cookie", "b=2"), ("accept-encoding", "br")] {
            changed.add(name: name, value: value)
        }
        #expect(try repeated.head(changed, limits: limits) == nil)
        let bad: HPACKHeaders = [":method": "GET", ":scheme": "http", ":path": "c", ":authority": "site.localhost"]
        let short = HTTP2Client.headers("site.localhost", "/")
        let plain = try #require(
            HTTP2RepeatedHead(short, try HTTP2RequestHead.read(short, isComplete: true, limits: limits)))
        #expect(throws: HTTP2HeadError.self) { try plain.head(bad, limits: limits) }
        // What is long, has a body, or opens a tunnel is not kept.
        headers.add(name: "x-long", value: String(repeating: "x", count: 3_000))
        let long = try HTTP2RequestHead.read(headers, isComplete: true, limits: limits)
        #expect(HTTP2RepeatedHead(headers, long) == nil)
        #expect(HTTP2RepeatedHead(short, try HTTP2RequestHead.read(short, isComplete: false, limits: limits)) == nil)
        let tunnel: HPACKHeaders = [
            ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": "/", ":authority": "localhost",
        ]
        #expect(HTTP2RepeatedHead(tunnel, try HTTP2RequestHead.read(tunnel, isComplete: true, limits: limits)) == nil)
    }

    @Test("An event's rate counts anew after its time")
    func rate() {
        var rate = EventRate(limit: 2, within: .seconds(10))
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        let admitted = [0, 0, 9, 10, 11, 19].map { rate.admits(start + .seconds($0)) }
        #expect(admitted == [true, true, false, true, true, false])
    }

    @Test("The header section of an answer that is prepared is the same as that of any other")
    func answerHeads() {
        let prepared = PreparedFields([("etag", "\"x\""), ("cache-control", "no-store"), ("set-cookie", "a=b")])
        let context = LoopContext(nodeID: "feedbeef", strictTransport: .seconds(60))
        func names(_ status: Int) -> [String] {
            let reply = Reply(
                status: status, fields: [("x-a", "b")], prepared: prepared, contentLength: 1_024, kind: .site)
            let headers = HTTP2AnswerHead.make(reply, context, isSecure: true, micros: 1_234)
            #expect(headers.first?.value == String(status))
            #expect(headers.first(name: "server-timing") == "node;dur=1.234")
            #expect(headers.first(name: "content-length") == "1024")
            #expect(headers.first { $0.name == "set-cookie" }?.indexable == .neverIndexed)
            #expect(headers.first { $0.name == "etag" }?.indexable == .nonIndexable)
            #expect(headers.first { $0.name == "cache-control" }?.indexable == .indexable)
            return headers.map(\.name)
        }
        #expect(names(200) == names(206) && names(200).first == ":status")
        #expect(prepared.headers.count == 4)
    }
}
