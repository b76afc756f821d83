import NIOCore
import Testing

@testable import Gateway

/// What a parser made of some bytes, in a form that can be compared.
enum Seen: Equatable {
    case head(String, fields: [String], keepsAlive: Bool)
    case body([UInt8])
    case end
    case error(GatewayError.Code, String)
}

/// Feeds `bytes` in pieces of `size`; adjoining body events are joined.
func parse(_ bytes: [UInt8], pieces size: Int = .max, limits: HTTPParserLimits = .init()) -> [Seen] {
    var parser = HTTPRequestParser(limits: limits)
    var seen: [Seen] = []
    var start = 0
    while start < bytes.count {
        let end = size < bytes.count - start ? start + size : bytes.count
        parser.append(ByteBuffer(bytes: bytes[start..<end]))
        start = end
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    let target = head.path + (head.query.map { "?\($0)" } ?? "")
                    let authority = head.authority?.description ?? "-"
                    seen.append(
                        .head(
                            "\(head.method.rawValue) \(target) \(authority) \(head.minorVersion)",
                            fields: head.fields.pairs.map { "\($0.name)=\($0.value)" }, keepsAlive: head.keepsAlive))
                case .body(let buffer):
                    if case .body(let before)? = seen.last {
                        seen[seen.count - 1] = .body(before + Array(buffer.readableBytesView))
                    } else {
                        seen.append(.body(Array(buffer.readableBytesView)))
                    }
                case .end: seen.append(.end)
                }
            }
        } catch {
            seen.append(.error(error.code, error.message))
            return seen
        }
    }
    return seen
}

func parse(_ text: String, limits: HTTPParserLimits = .init()) -> [Seen] { parse(Array(text.utf8), limits: limits) }

func errorCode(_ seen: [Seen]) -> GatewayError.Code? {
    if case .error(let code, _)? = seen.last { return code }
    return nil
}

@Suite struct ParserTests {
    @Test func readsASimpleRequest() {
        #expect(
            parse("GET /a?b=c HTTP/1.1\r\nHost: X.localhost:80\r\nAccept:\t*/* \r\n\r\n") == [
                .head(
                    "GET /a?b=c x.localhost:80 1", fields: ["host=X.localhost:80", "accept=*/*"], keepsAlive: true),
                .end,
            ])
    }

    @Test(arguments: Corpus.valid) func acceptsValid(_ text: String) {
        let whole = parse(text)
        #expect(errorCode(whole) == nil, "\(text.debugDescription): \(whole)")
        #expect(whole.last == .end)
    }

    @Test(arguments: Corpus.invalid) func refusesInvalid(_ entry: Corpus.Invalid) {
        #expect(errorCode(parse(entry.text)) == entry.code, "\(entry.text.debugDescription): \(parse(entry.text))")
    }

    @Test func cutsDoNotMatter() {
        for text in Corpus.valid + Corpus.invalid.map(\.text) {
            let bytes = Array(text.utf8)
            let whole = parse(bytes)
            for size in [1, 2, 3, 7, 64] { #expect(parse(bytes, pieces: size) == whole, "\(text.debugDescription)") }
        }
    }

    @Test("A request is read the same whatever came before it, the same header section or another one")
    func whatCameBeforeDoesNotMatter() {
        let long = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: RepeatedFields.maxBytes))\r\n\r\n"
        let section = "Host: a\r\nAccept: */*\r\n\r\n"
        let texts =
            Corpus.valid.filter { !$0.hasSuffix("\r") } + [
                long, "GET /1 HTTP/1.1\r\n\(section)", "HEAD /2?q HTTP/1.1\r\n\(section)",
                "GET /3 HTTP/1.0\r\n\(section)", "GET http://b/4 HTTP/1.1\r\n\(section)",
                "GET /5 HTTP/1.1\r\nHost: a\r\nAccept: */x\r\n\r\n",
                "GET /6 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX: y\r\n\r\n",
            ]
        for first in texts {
            for second in texts {
                let bytes = Array((first + second + first).utf8)
                let expected = parse(first) + parse(second) + parse(first)
                #expect(parse(bytes) == expected, "\(first.debugDescription) \(second.debugDescription)")
                for size in [5, 64] { #expect(parse(bytes, pieces: size) == expected) }
            }
        }
        for first in texts {
            for entry in Corpus.invalid {
                #expect(errorCode(parse(first + entry.text)) == errorCode(parse(entry.text)))
            }
        }
    }

    @Test func readsAhead() {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
        let seen = parse(text)
        #expect(seen.count == 5)
        #expect(seen[1] == .body(Array("abc".utf8)))
        #expect(seen[4] == .end)
    }

    @Test func persistence() {
        func keeps(_ version: String, _ connection: String) -> Bool? {
            let seen = parse("GET / HTTP/\(version)\r\nHost: a\r\n\(connection)\r\n")
            if case .head(_, _, let keeps)? = seen.first { return keeps }
            return nil
        }
        #expect(keeps("1.1", "") == true)
        #expect(keeps("1.1", "Connection: foo, Close\r\n") == false)
        #expect(keeps("1.0", "") == false)
        #expect(keeps("1.0", "Connection: Keep-Alive\r\n") == true)
        #expect(keeps("1.0", "Connection: keep-alive, close\r\n") == false)
    }

    @Test(
        "Framing and routing fields are refused in trailers",
        arguments: ["Transfer-Encoding", "CONTENT-LENGTH", "host"])
    func framingInTrailers(_ name: String) {
        let body = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
        #expect(errorCode(parse(Array((body + "\(name): 1\r\n\r\n").utf8), pieces: 1)) == .badRequest)
        #expect(errorCode(parse(Array((body + "X-\(name): 1\r\n\r\n").utf8), pieces: 1)) == nil)
    }

    @Test func limitsAtAndOnePast() {
        var limits = HTTPParserLimits()
        limits.maxRequestLineBytes = 40
        limits.maxFieldBytes = 60
        limits.maxFields = 3
        limits.maxChunkLineBytes = 10
        limits.maxTrailerBytes = 20
        func check(_ make: (Int) -> String, at limit: Int, _ code: GatewayError.Code) {
            for size in [Int.max, 1] {
                let fits = parse(Array(make(limit).utf8), pieces: size, limits: limits)
                let exceeds = parse(Array(make(limit + 1).utf8), pieces: size, limits: limits)
                #expect(errorCode(fits) == nil, "\(fits)")
                #expect(errorCode(exceeds) == code, "\(exceeds)")
            }
        }
        let fixed = "GET / HTTP/1.1".utf8.count
        check(
            { "GET /\(String(repeating: "a", count: $0 - fixed)) HTTP/1.1\r\nHost: a\r\n\r\n" }, at: 40,
            .requestLineTooLong)
        check(
            { "GET / HTTP/1.1\r\nHost: a\r\nb: \(String(repeating: "c", count: $0 - 14))\r\n\r\n" }, at: 60,
            .fieldsTooLarge)
        check(
            { "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "b: c\r\n", count: $0 - 1))\r\n" }, at: 3,
            .fieldsTooLarge)
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        check({ "\(chunked)1;\(String(repeating: "x", count: $0 - 2))\r\na\r\n0\r\n\r\n" }, at: 10, .badRequest)
        check({ "\(chunked)0\r\na: \(String(repeating: "x", count: $0 - 5))\r\n\r\n" }, at: 20, .fieldsTooLarge)
    }

    @Test func chunkOverheadIsBounded() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let thin = String(repeating: "1;\(String(repeating: "x", count: 200))\r\na\r\n", count: 200)
        #expect(errorCode(parse(head + thin)) == .badRequest)
        let fair = String(repeating: "1\r\na\r\n", count: 5_000)
        #expect(parse(head + fair + "0\r\n\r\n").last == .end)
    }

    @Test func staysFailed() {
        var parser = HTTPRequestParser()
        parser.append(ByteBuffer(string: "nonsense\r\n"))
        #expect(throws: GatewayError.self) { try parser.next() }
        parser.append(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(throws: GatewayError.self) { try parser.next() }
    }

    @Test func randomBytesNeverTrap() {
        var generator = SeededGenerator(state: 7)
        let alphabet = Array(
            "GET /%2e HTTP/1.1\r\n\r\n: ;=\",0123456789abcdefHost:chunkedTransfer-Encoding\u{0}\u{ff}".utf8)
        let seeds = Corpus.valid.map { Array($0.utf8) }
        for round in 0..<10_000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = (0..<Int.random(in: 1...120, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? 0
                }
            } else {
                bytes = seeds.randomElement(using: &generator) ?? []
                for _ in 0..<3 where !bytes.isEmpty {
                    let index = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[index] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            let whole = parse(bytes)
            let size = Int.random(in: 1...9, using: &generator)
            #expect(parse(bytes, pieces: size) == whole, "\(bytes)")
        }
    }
}

/// SplitMix64: the same sequence for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
