import NIOCore
import Outbound
import Testing

@Suite("Answers of servers")
struct HTTPResponseParserTests {
    private static func read(_ text: String, mode: UInt8 = 0) -> OutboundFuzzTargets.Outcome {
        let bytes = Array(text.utf8)
        let whole = OutboundFuzzTargets.read(bytes, mode, pieces: max(1, bytes.count))
        #expect(whole == OutboundFuzzTargets.read(bytes, mode, pieces: 1))
        return whole
    }

    private static func body(_ text: String, mode: UInt8 = 0) -> String? {
        let outcome = read(text, mode: mode)
        return outcome.failure == nil && outcome.isWhole ? String(decoding: outcome.body, as: UTF8.self) : nil
    }

    @Test("A body ends with its length, its last chunk or the connection")
    func framing() {
        #expect(Self.body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") == "hi")
        #expect(Self.body("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n") == "")
        #expect(
            Self.body("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nhi\r\n3;x=\"y\"\r\n yo\r\n0\r\n\r\n")
                == "hi yo")
        #expect(Self.body("HTTP/1.0 200 OK\r\n\r\nto the end") == "to the end")
        #expect(Self.body("HTTP/1.1 204 No\r\n\r\n") == "")
        #expect(Self.body("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", mode: 1) == "")
    }

    @Test("Interim answers are left out, and what follows an answer is not its body")
    func neighbours() {
        let text =
            "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 E\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 1\r\n\r\nxy"
        let outcome = Self.read(text)
        #expect(outcome.status == 200 && outcome.fields == ["a: b", "content-length: 1"])
        #expect(outcome.body == Array("x".utf8) && outcome.rest == 1 && outcome.interim.isEmpty)
        let told = Self.read(text, mode: 4)
        #expect(told.interim == [103] && told.status == 200 && told.fields == outcome.fields)
    }

    @Test("A change of protocol is one only if it was asked for")
    func upgrades() {
        let text = "HTTP/1.1 101 S\r\nupgrade: websocket\r\n\r\nraw"
        #expect(Self.read(text, mode: 2).status == 101 && Self.read(text, mode: 2).rest == 3)
        #expect(Self.read(text).failure?.contains("not asked for") == true)
    }

    @Test(
        "What two readers could understand differently is refused",
        arguments: [
            "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n",
            "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\na : b\r\n\r\n", "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\u{0}\r\n\r\n", "HTTP/1.1 200 OK\r\nbroken\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\nx", "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\ncontent-length: 9999999999999999999\r\n\r\nx",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhix\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nz\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\nx",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", "HTTP/1.1 200 OK\r\ncontent-le",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n",
        ])
    func refusals(_ text: String) {
        #expect(Self.read(text).failure != nil)
    }

    @Test("Limits hold at their value and not past it")
    func limits() {
        func head(_ count: Int) -> String {
            "HTTP/1.1 204 X\r\n" + (0..<count).map { "a\($0): b\r\n" }.joined() + "\r\n"
        }
        #expect(Self.read(head(HTTPResponseParser.maxFields)).failure == nil)
        #expect(Self.read(head(HTTPResponseParser.maxFields + 1)).failure != nil)
        func long(_ total: Int) -> String {
            let frame = "HTTP/1.1 204 X\r\na: \r\n\r\n".utf8.count
            return "HTTP/1.1 204 X\r\na: " + String(repeating: "x", count: total - frame) + "\r\n\r\n"
        }
        #expect(Self.read(long(HTTPResponseParser.maxHeadBytes)).failure == nil)
        #expect(Self.read(long(HTTPResponseParser.maxHeadBytes + 1)).failure != nil)
        func chunk(_ line: Int) -> String {
            "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n0;" + String(repeating: "a", count: line - 2)
                + "\r\n\r\n"
        }
        #expect(Self.read(chunk(HTTPResponseParser.maxChunkLineBytes)).failure == nil)
        #expect(Self.read(chunk(HTTPResponseParser.maxChunkLineBytes + 1)).failure != nil)
        func trailer(_ bytes: Int) -> String {
            "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
                + String(repeating: "t: 1\r\n", count: bytes / 6)
                + "\r\n"
        }
        #expect(Self.read(trailer(HTTPResponseParser.maxTrailerBytes - 6)).failure == nil)
        #expect(Self.read(trailer(HTTPResponseParser.maxTrailerBytes + 6)).failure != nil)
    }

    @Test("A connection is kept as its version and its options say, and never after a body that it ends")
    func persistence() throws {
        func keeps(_ text: String) throws -> Bool {
            var parser = HTTPResponseParser()
            parser.expect(isHead: false)
            parser.append(ByteBuffer(string: text))
            _ = try parser.next()
            return parser.keepsAlive
        }
        #expect(try keeps("HTTP/1.1 204 X\r\n\r\n"))
        #expect(try !keeps("HTTP/1.1 204 X\r\nconnection: a, Close\r\n\r\n"))
        #expect(try !keeps("HTTP/1.0 204 X\r\n\r\n"))
        #expect(try keeps("HTTP/1.0 204 X\r\nconnection: keep-alive\r\n\r\n"))
        #expect(try !keeps("HTTP/1.1 200 X\r\n\r\n"))
    }

    @Test("Bytes that nobody asked for are an error")
    func unasked() {
        var parser = HTTPResponseParser()
        parser.append(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"))
        #expect(throws: HTTPResponseFailure.self) { try parser.next() }
    }
}
