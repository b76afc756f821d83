import NIOCore
import Streams
import Synchronization
import Testing

@testable import Gateway

/// What RFC 9113 and RFC 7541 want of a server, by section, with a client that sends bytes.
@Suite("HTTP/2 by its sections")
struct HTTP2ConformanceTests {
    private enum Code {
        static let none: UInt32 = 0
        static let protocolError: UInt32 = 1
        static let flowControl: UInt32 = 3
        static let streamClosed: UInt32 = 5
        static let frameSize: UInt32 = 6
        static let refused: UInt32 = 7
        static let compression: UInt32 = 9
        static let calm: UInt32 = 11
    }

    enum Outcome: Sendable {
        /// The connection ends with one of these codes.
        case goAway([UInt32])
        /// Stream 1, or the connection, ends with one of these codes.
        case reset([UInt32])
        /// Stream 1 is answered in full.
        case answered
        /// Nothing happens: the connection goes on.
        case alive
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Sent before the others, and answered on stream 1.
        var first: [UInt8] = []
        let bytes: [UInt8]
        let outcome: Outcome

        init(_ name: String, after first: [UInt8] = [], _ bytes: [UInt8], _ outcome: Outcome) {
            testDescription = name
            self.first = first
            self.bytes = bytes
            self.outcome = outcome
        }
    }

    private typealias Raw = RawFrames
    private static let get = Raw.frame(1, 5, 1, Raw.head)
    private static let open = Raw.frame(1, 4, 1, Raw.post)
    private static let cancel = Raw.frame(3, 0, 1, Raw.word(8))
    private static let priority: [UInt8] = Raw.word(0) + [15]
    private static let ping = [UInt8](repeating: 7, count: 8)

    /// A request whose header section is `head` and these bytes.
    private static func get(_ rest: [UInt8], head: [UInt8] = Raw.head) -> [UInt8] { Raw.frame(1, 5, 1, head + rest) }
    private static func data(_ text: String, ends: Bool = false) -> [UInt8] {
        Raw.frame(0, ends ? 1 : 0, 1, Array(text.utf8))
    }

    static let framing: [Case] = [
        Case("4.1 an unknown type", Raw.frame(0x16, 0, 0, ping), .alive),
        Case("4.1 undefined flags", Raw.frame(6, 0x16, 0, ping), .alive),
        Case("4.1 the reserved bit", Raw.frame(6, 0, 1 << 31, ping), .alive),
        Case("4.2 DATA of 16,384 bytes", open + Raw.frame(0, 1, 1, [UInt8](repeating: 0, count: 16_384)), .answered),
        Case("4.2 a frame that is too large", [1, 0, 1, 0, 0, 0, 0, 0, 1], .goAway([Code.frameSize])),
        Case("4.3 a broken header block", Raw.frame(1, 5, 1, [0x40, 255, 255, 255, 255]), .goAway([Code.compression])),
        Case(
            "4.3 another frame inside a header block", Raw.frame(1, 1, 1, Raw.head) + Raw.frame(2, 0, 1, priority),
            .goAway([Code.protocolError])),
        Case(
            "4.3 another stream inside a header block", Raw.frame(1, 1, 1, Raw.head) + Raw.frame(1, 5, 3, Raw.head),
            .goAway([Code.protocolError])),
        Case(
            "5.5 an unknown frame inside a header block", Raw.frame(1, 1, 1, Raw.head) + Raw.frame(0x16, 0, 1, ping),
            .goAway([Code.protocolError])),
        Case("6.1 DATA with padding", open + Raw.frame(0, 9, 1, [3] + Array("test".utf8) + [0, 0, 0]), .answered),
        Case("6.1 DATA of the connection", Raw.frame(0, 1, 0, [1]), .goAway([Code.protocolError])),
        Case("6.1 more padding than DATA", open + Raw.frame(0, 9, 1, [6, 1, 1]), .goAway([Code.protocolError])),
        Case("6.2 HEADERS with padding", Raw.frame(1, 13, 1, [2] + Raw.head + [0, 0]), .answered),
        Case("6.2 HEADERS with priority", Raw.frame(1, 0x25, 1, priority + Raw.head), .answered),
        Case("6.2 HEADERS of the connection", Raw.frame(1, 5, 0, Raw.head), .goAway([Code.protocolError])),
        Case("6.2 more padding than HEADERS", Raw.frame(1, 13, 1, [100] + Raw.head), .goAway([Code.protocolError])),
        Case("6.3 PRIORITY of a stream that is not there", Raw.frame(2, 0, 9, priority) + get, .answered),
        Case("6.3 PRIORITY of the connection", Raw.frame(2, 0, 0, priority), .goAway([Code.protocolError])),
        Case("6.3 PRIORITY of another size", Raw.frame(2, 0, 1, [0, 0, 0, 0]), .reset([Code.frameSize])),
        Case(
            "5.3.1 a stream that depends on itself", Raw.frame(2, 0, 1, Raw.word(1) + [15]),
            .reset([Code.protocolError])),
        Case("6.4 RST_STREAM of the connection", Raw.frame(3, 0, 0, Raw.word(8)), .goAway([Code.protocolError])),
        Case("6.4 RST_STREAM of another size", open + Raw.frame(3, 0, 1, [0, 0, 8]), .goAway([Code.frameSize])),
        Case("6.5 an acknowledgment with content", Raw.frame(4, 1, 0, [0]), .goAway([Code.frameSize])),
        Case("6.5 SETTINGS of a stream", Raw.frame(4, 0, 1, []), .goAway([Code.protocolError])),
        Case("6.5 SETTINGS of another size", Raw.frame(4, 0, 0, [0, 0, 8]), .goAway([Code.frameSize])),
        Case("6.5.2 ENABLE_PUSH of 2", Raw.frame(4, 0, 0, Raw.setting(2, 2)), .goAway([Code.protocolError])),
        Case(
            "6.5.2 INITIAL_WINDOW_SIZE of 2^31", Raw.frame(4, 0, 0, Raw.setting(4, 1 << 31)),
            .goAway([Code.flowControl])),
        Case(
            "6.5.2 MAX_FRAME_SIZE of 16,383", Raw.frame(4, 0, 0, Raw.setting(5, 16_383)),
            .goAway([Code.protocolError])),
        Case(
            "6.5.2 MAX_FRAME_SIZE of 2^24", Raw.frame(4, 0, 0, Raw.setting(5, 1 << 24)),
            .goAway([Code.protocolError])),
        Case("6.5.2 an unknown setting", Raw.frame(4, 0, 0, Raw.setting(255, 1)), .alive),
        Case(
            "6.6 PUSH_PROMISE from a client", open + Raw.frame(5, 4, 1, Raw.word(2) + Raw.head),
            .goAway([Code.protocolError])),
        Case("6.7 PING of a stream", Raw.frame(6, 0, 1, ping), .goAway([Code.protocolError])),
        Case("6.7 PING of another size", Raw.frame(6, 0, 0, [1, 2]), .goAway([Code.frameSize])),
        Case("6.8 GOAWAY of a stream", Raw.frame(7, 0, 1, Raw.word(0) + Raw.word(0)), .goAway([Code.protocolError])),
        Case("6.8 GOAWAY of a client that waits", get + Raw.frame(7, 0, 0, Raw.word(0) + Raw.word(255)), .answered),
        Case("6.9 WINDOW_UPDATE of another size", Raw.frame(8, 0, 0, [0, 0, 1]), .goAway([Code.frameSize])),
        Case("6.9 a window grows by nothing", Raw.frame(8, 0, 0, Raw.word(0)), .goAway([Code.protocolError])),
        Case(
            "6.9 a stream's window grows by nothing", open + Raw.frame(8, 0, 1, Raw.word(0)),
            .reset([Code.protocolError])),
        Case("6.9.1 a window beyond 2^31", Raw.frame(8, 0, 0, Raw.word(0x7fff_ffff)), .goAway([Code.flowControl])),
        Case(
            "6.9.1 a stream's window beyond 2^31", open + Raw.frame(8, 0, 1, Raw.word(0x7fff_ffff)),
            .reset([Code.flowControl])),
        Case(
            "6.10 a header block in pieces",
            Raw.frame(1, 1, 1, Array(Raw.head.prefix(3))) + Raw.frame(9, 0, 1, Array(Raw.head[3..<6]))
                + Raw.frame(9, 4, 1, Array(Raw.head.dropFirst(6))), .answered),
        Case(
            "6.10 CONTINUATION of the connection", Raw.frame(1, 1, 1, Raw.head) + Raw.frame(9, 4, 0, []),
            .goAway([Code.protocolError])),
        Case("6.10 CONTINUATION behind a whole block", open + Raw.frame(9, 4, 1, []), .goAway([Code.protocolError])),
        Case("7 unknown codes", open + Raw.frame(3, 0, 1, Raw.word(255)), .alive),
    ]

    static let states: [Case] = [
        Case("5.1 idle: DATA", data("x", ends: true), .goAway([Code.protocolError])),
        Case("5.1 idle: RST_STREAM", cancel, .goAway([Code.protocolError])),
        Case("5.1 idle: WINDOW_UPDATE", Raw.frame(8, 0, 1, Raw.word(1)), .goAway([Code.protocolError])),
        Case("5.1 reset: DATA", open + cancel + data("x"), .goAway([Code.streamClosed])),
        Case("5.1 reset: HEADERS", open + cancel + get, .goAway([Code.streamClosed, Code.protocolError])),
        Case("5.1 closed: DATA", after: get, data("x", ends: true), .goAway([Code.streamClosed])),
        Case("5.1 closed: HEADERS", after: get, get, .goAway([Code.streamClosed, Code.protocolError])),
        Case("5.1 closed: CONTINUATION", after: get, Raw.frame(9, 4, 1, []), .goAway([Code.protocolError])),
        Case(
            "5.1 closed: WINDOW_UPDATE, RST_STREAM and PRIORITY", after: get,
            Raw.frame(8, 0, 1, Raw.word(1)) + cancel + Raw.frame(2, 0, 1, priority), .alive),
        Case("5.1.1 an even stream", Raw.frame(1, 5, 2, Raw.head), .goAway([Code.protocolError])),
        Case(
            "5.1.1 a stream below the last one", Raw.frame(1, 5, 5, Raw.head) + Raw.frame(1, 5, 3, Raw.head),
            .goAway([Code.protocolError])),
        Case(
            "8.1 HEADERS behind a body that do not end it", open + data("x") + Raw.frame(1, 4, 1, Raw.field("a", "b")),
            .reset([Code.protocolError])),
        Case("8.1 trailers", open + data("x") + Raw.frame(1, 5, 1, Raw.field("a", "b")), .answered),
        Case("8.1 DATA without content", open + data("") + data("") + data("") + data("", ends: true), .answered),
    ]

    static let messages: [Case] = [
        Case("8.2.1 a name in upper case", get(Raw.field("X-A", "b")), .reset([Code.protocolError])),
        Case("8.2.1 a blank in a name", get(Raw.field("x a", "b")), .reset([Code.protocolError])),
        Case("8.2.1 a line feed in a value", get(Raw.field("x-a", "b\nc")), .reset([Code.protocolError])),
        Case("8.2.1 a carriage return in a value", get(Raw.field("x-a", "b\rc")), .reset([Code.protocolError])),
        Case("8.2.1 a NUL in a value", get(Raw.field("x-a", "b\0c")), .reset([Code.protocolError])),
        Case("8.2.2 Connection", get(Raw.field("connection", "close")), .reset([Code.protocolError])),
        Case("8.2.2 Keep-Alive", get(Raw.field("keep-alive", "1")), .reset([Code.protocolError])),
        Case("8.2.2 Proxy-Connection", get(Raw.field("proxy-connection", "x")), .reset([Code.protocolError])),
        Case("8.2.2 Transfer-Encoding", get(Raw.field("transfer-encoding", "chunked")), .reset([Code.protocolError])),
        Case("8.2.2 Upgrade", get(Raw.field("upgrade", "h2c")), .reset([Code.protocolError])),
        Case("8.2.2 TE with more than trailers", get(Raw.field("te", "trailers, gzip")), .reset([Code.protocolError])),
        Case("8.2.2 TE with trailers", get(Raw.field("te", "trailers")), .answered),
        Case("8.3 an unknown pseudo-field", get(Raw.head, head: Raw.field(":test", "a")), .reset([Code.protocolError])),
        Case("8.3 one of answers", get(Raw.head, head: Raw.field(":status", "200")), .reset([Code.protocolError])),
        Case("8.3 one behind a field", get(Raw.head, head: Raw.field("x-a", "b")), .reset([Code.protocolError])),
        Case("8.3 one in trailers", open + data("x") + Raw.frame(1, 5, 1, [0x83]), .reset([Code.protocolError])),
        Case("8.3.1 the method twice", get(Raw.head, head: [0x82]), .reset([Code.protocolError])),
        Case("8.3.1 the path twice", get(Raw.head, head: [0x84]), .reset([Code.protocolError])),
        Case("8.3.1 the scheme twice", get(Raw.head, head: [0x86]), .reset([Code.protocolError])),
        Case("8.3.1 no method", get([], head: Array(Raw.head.dropFirst())), .reset([Code.protocolError])),
        Case("8.3.1 no scheme", get([], head: [0x82, 0x84]), .reset([Code.protocolError])),
        Case("8.3.1 no path", get([], head: [0x82, 0x86]), .reset([Code.protocolError])),
        Case(
            "8.3.1 an empty path", get([], head: [0x82, 0x86] + Raw.field(":path", "")), .reset([Code.protocolError])),
        Case(
            "8.1.1 less than Content-Length", open(length: 9) + data("test", ends: true), .reset([Code.protocolError])),
        Case("8.1.1 more than Content-Length", open(length: 1) + data("test"), .reset([Code.protocolError])),
        Case("8.1.1 a length without a body", get(Raw.field("content-length", "1")), .reset([Code.protocolError])),
        Case(
            "RFC 8441 section 4: :protocol without CONNECT", get(Raw.head, head: Raw.field(":protocol", "websocket")),
            .reset([Code.protocolError])),
        Case("RFC 7541 section 2.3.3: an index that is not there", get([0xff, 0x80, 2]), .goAway([Code.compression])),
        Case("RFC 7541 section 4.2: a table's size behind fields", get([0x20]), .goAway([Code.compression])),
        Case("RFC 7541 section 4.2: two sizes before them", get(Raw.head, head: [0x20, 0x3f, 0xe1, 0x1f]), .answered),
        Case(
            "RFC 7541 section 5.2: padding of more than 7 bits", get([0, 1, 97, 0x82, 0x1f, 255]),
            .goAway([Code.compression])),
        Case("RFC 7541 section 5.2: padding of zeros", get([0, 1, 97, 0x81, 0x18]), .goAway([Code.compression])),
        Case(
            "RFC 7541 section 5.2: the end's code", get([0, 1, 97, 0x84, 255, 255, 255, 255]),
            .goAway([Code.compression])),
        Case("RFC 7541 section 6.1: index 0", get([0x80]), .goAway([Code.compression])),
        Case(
            "RFC 7541 section 6.3: a table beyond the setting", get(Raw.head, head: [0x3f, 0xe1, 255, 3]),
            .goAway([Code.compression])),
    ]

    private static func open(length: Int) -> [UInt8] {
        Raw.frame(1, 4, 1, Raw.post + Raw.field("content-length", String(length)))
    }

    @Test("Every frame and message gets what its section says", arguments: framing + states + messages)
    func sections(_ test: Case) async throws {
        try await TestGateway.run { gateway in
            let client = try await gateway.connect()
            defer { client.close() }
            client.send(Raw.preface)
            if !test.first.isEmpty {
                client.send(test.first)
                try await Self.answer(client)
            }
            client.send(test.bytes)
            switch test.outcome {
            case .alive: break
            case .answered: try await Self.answer(client)
            case .goAway(let codes):
                try await client.closed()
                let code = try #require(Raw.goAway(client.bytes))
                #expect(codes.contains(code), "\(code)")
                return
            case .reset(let codes):
                func end() -> UInt32? {
                    Raw.frames(client.bytes).first { $0.type == 7 || $0.type == 3 && $0.stream == 1 }?.code
                }
                try await client.wait("the end") { end() != nil }
                let code = try #require(end())
                #expect(codes.contains(code), "\(code)")
                return
            }
            client.send(Raw.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]))
            try await client.wait("the answer to a PING") {
                Raw.frames(client.bytes).contains {
                    $0.type == 6 && $0.flags == 1 && $0.payload == ByteBuffer(bytes: [1, 2, 3, 4, 5, 6, 7, 8])
                }
            }
            #expect(Raw.goAway(client.bytes) == nil)
        }
    }

    private static func answer(_ client: RawClient) async throws {
        try await client.wait("an answer") { Raw.frames(client.bytes).contains { $0.stream == 1 && $0.endsStream } }
    }

    @Test(
        "5.4.2: a malformed request ends its stream, and the connection goes on",
        arguments: [
            get(Raw.field("x-a", "b\rc")), get(Raw.field("connection", "close")), get([], head: [0x82, 0x86]),
            open(length: 1) + data("test"), open + data("x") + Raw.frame(1, 4, 1, Raw.field("a", "b")),
        ])
    func goesOn(_ bytes: [UInt8]) async throws {
        try await TestGateway.run { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface + bytes)
            try await client.wait("a reset") { Raw.frames(client.bytes).contains { $0.type == 3 && $0.stream == 1 } }
            client.send(Raw.frame(1, 5, 3, Raw.head))
            try await client.wait("an answer") { Raw.frames(client.bytes).contains { $0.stream == 3 && $0.endsStream } }
            #expect(Raw.goAway(client.bytes) == nil)
        }
    }

    @Test("8.1.1: what is malformed only to us is answered with 400, and not reset once it is over")
    func malformed() async throws {
        try await TestGateway.run { test in
            let client = try await test.connect()
            defer { client.close() }
            let bad = [0x82, 0x86] + Raw.field(":path", "x") + Raw.field(":authority", "localhost")
            client.send(Raw.preface + Raw.frame(1, 5, 1, bad) + Raw.frame(1, 4, 3, bad))
            try await client.wait("two answers") { Raw.frames(client.bytes).filter { $0.endsStream }.count == 2 }
            client.send(Raw.frame(6, 0, 0, Self.ping))
            try await client.wait("the answer to a PING") { Raw.frames(client.bytes).contains { $0.type == 6 } }
            let resets = Raw.frames(client.bytes).filter { $0.type == 3 }
            #expect(resets.map(\.stream) == [3] && resets.first?.code == Code.protocolError)
        }
    }

    @Test("6.9.2: windows change with SETTINGS, in the order of their values")
    func windows() async throws {
        try await TestGateway.run { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface + Raw.frame(4, 0, 0, Raw.setting(4, 100) + Raw.setting(4, 3)) + Self.get)
            func sizes() -> [Int] { Raw.frames(client.bytes).filter { $0.type == 0 }.map(\.payload.readableBytes) }
            try await client.wait("DATA") { sizes() == [3] }
            // One byte less, then two more.
            client.send(Raw.frame(4, 0, 0, Raw.setting(4, 2)) + Raw.frame(8, 0, 1, Raw.word(2)))
            try await client.wait("DATA") { sizes() == [3, 1] }
            client.send(Raw.frame(8, 0, 1, Raw.word(1_000_000)))
            try await Self.answer(client)
        }
    }

    @Test("5.1.2: a stream beyond the limit is refused, or ends the connection")
    func concurrent() async throws {
        try await TestGateway.run({ $0.http2.maxConcurrentStreams = 3 }) { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface)
            try await client.wait("SETTINGS") { Raw.frames(client.bytes).contains { $0.type == 4 && $0.flags == 0 } }
            client.send(Raw.frame(4, 1, 0, []))
            for index in 0..<4 { client.send(Raw.frame(1, 4, UInt32(2 * index + 1), Raw.post)) }
            try await client.closed()
            let code = try #require(Raw.goAway(client.bytes))
            #expect([Code.protocolError, Code.refused].contains(code))
        }
    }

    @Test("DATA without content is taken up to the limit")
    func emptyData() async throws {
        try await TestGateway.run({ $0.http2.maxEmptyDataFrames = 5 }) { test in
            for (count, isTaken) in [(5, true), (6, false)] {
                let client = try await test.connect()
                defer { client.close() }
                client.send(Raw.preface + Self.open)
                for _ in 0..<count { client.send(Self.data("")) }
                client.send(Self.data("", ends: true))
                if isTaken {
                    try await Self.answer(client)
                } else {
                    try await client.closed()
                    #expect(Raw.goAway(client.bytes) == Code.calm)
                }
            }
        }
    }

    @Test("Bytes on their way for many streams that were refused end nothing")
    func lateData() async throws {
        try await TestGateway.run { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface)
            let long = Raw.post + Raw.field("content-length", "100000000")
            let streams = (0..<60).map { UInt32(2 * $0 + 1) }
            for stream in streams { client.send(Raw.frame(1, 4, stream, long)) }
            try await client.wait("resets") { Raw.frames(client.bytes).filter { $0.type == 3 }.count == streams.count }
            // What refuses them has come whole.
            #expect(Raw.frames(client.bytes).filter { $0.endsStream }.count == streams.count)
            for stream in streams { client.send(Raw.frame(0, 0, stream, [1])) }
            client.send(Raw.frame(6, 0, 0, Self.ping))
            try await client.wait("the answer to a PING") { Raw.frames(client.bytes).contains { $0.type == 6 } }
            #expect(Raw.goAway(client.bytes) == nil)
        }
    }

    @Test(
        "A connection without requests ends, whatever its client says meanwhile",
        arguments: ["", "pings", "an unfinished header block", "a request before"])
    func idle(_ kind: String) async throws {
        try await TestGateway.run({
            $0.idleTimeout = .milliseconds(300)
            $0.lingerTimeout = .milliseconds(100)
        }) { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface)
            if kind == "a request before" { client.send(Self.get) }
            if kind == "an unfinished header block" { client.send(Raw.frame(1, 1, 1, Raw.head)) }
            let pings = Task {
                while kind == "pings", !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(50))
                    client.send(Raw.frame(6, 0, 0, Self.ping))
                }
            }
            defer { pings.cancel() }
            try await client.closed()
            // A connection that never became one of HTTP/2 ends without a word.
            #expect(client.bytes.isEmpty || Raw.goAway(client.bytes) == Code.none)
        }
    }

    @Test("A client that does not hear that its connection ends is cut")
    func deaf() async throws {
        try await TestGateway.run({
            $0.maxRequestsPerConnection = 3
            $0.lingerTimeout = .seconds(1)
        }) { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send(Raw.preface)
            // It ends nothing itself.
            for index in 0..<500 where !client.isClosed {
                client.send(Raw.frame(1, 5, UInt32(2 * index + 1), Raw.head))
                try await Task.sleep(for: .milliseconds(5))
            }
            try await client.closed()
        }
    }
}
