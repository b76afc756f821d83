import Manifests
import NIOCore
import Testing

@testable import Gateway

/// The pure parts that decide what a request selects.
@Suite struct ContentTests {
    @Test(arguments: [
        ("/", ""), ("/a/b", "a/b"), ("/a%20b", "a b"), ("/%C3%A9", "é"), ("/%2541", "%41"), ("/a//b", "a//b"),
        ("/...", "..."), ("/a.b", "a.b"), ("/dir/", "dir/"),
    ]) func decodesPaths(_ raw: String, _ path: String) throws {
        #expect(try RequestPath.decode(raw) == .init(text: path, withEncodedSlashes: nil))
    }

    @Test(arguments: [
        ("/%2f", "/", "%2F"), ("/a%2Fb", "a/b", "a%2Fb"), ("/%C3%A9%2fc/d%2F", "é/c/d/", "é%2Fc/d%2F"),
    ]) func seesEncodedSlashes(_ raw: String, _ path: String, _ kept: String) throws {
        #expect(try RequestPath.decode(raw) == .init(text: path, withEncodedSlashes: kept))
    }

    @Test(arguments: [
        "/%", "/%4", "/%4g", "/%2f..", "/a%2F.%2fb", "/%00", "/%0a", "/%7f", "/%ff", "/%c3", "/.", "/..", "/a/../b",
        "/a/.",
        "/%2e%2e/x", "/.%2e", "/%2e", "/%ed%a0%80", "/%c0%af",
    ]) func refusesPaths(_ raw: String) {
        #expect(throws: GatewayError.self) { try RequestPath.decode(raw) }
    }

    @Test func encodesPaths() {
        #expect(RequestPath.encode("a b/é?#%") == "/a%20b/%C3%A9%3F%23%25")
    }

    @Test(arguments: [
        ("bytes=0-0", ByteRanges.some([0..<1])), ("bytes=0-", .some([0..<100])), ("bytes=-1", .some([99..<100])),
        ("bytes=-1000", .some([0..<100])), ("bytes=50-1000", .some([50..<100])), ("bytes=99-99", .some([99..<100])),
        ("BYTES= 1-2 , 4-5", .some([1..<3, 4..<6])), ("bytes=0-1,200-300", .some([0..<2])),
        ("bytes=0-99999999999999999999999", .some([0..<100])), ("bytes=100-", .unsatisfiable),
        ("bytes=100-200", .unsatisfiable), ("bytes=-0", .unsatisfiable),
        ("bytes=99999999999999999999-", .unsatisfiable),
        ("bytes=", .whole), ("bytes=,", .whole), ("bytes=5-4", .whole), ("bytes=a-b", .whole), ("bytes=1", .whole),
        ("bytes=--1", .whole), ("bytes=+1-2", .whole), ("chars=0-1", .whole), ("bytes=0-60,30-99", .whole),
        ("bytes=0-0,1-1,2-2,3-3,4-4", .whole),
    ]) func readsRanges(_ value: String, _ expected: ByteRanges) {
        #expect(ByteRanges.parse(value, byteCount: 100, maxRanges: 4) == expected)
    }

    @Test func rangesOfNothing() {
        #expect(ByteRanges.parse("bytes=0-", byteCount: 0, maxRanges: 4) == .unsatisfiable)
        #expect(ByteRanges.parse("bytes=-5", byteCount: 0, maxRanges: 4) == .unsatisfiable)
    }

    @Test func entityTags() {
        #expect(EntityTags("*").containsWeakly("\"a\""))
        #expect(EntityTags("\"x\" , W/\"a,b\"").containsWeakly("\"a,b\""))
        #expect(!EntityTags("\"x\", W/\"a\"").containsStrongly("\"a\""))
        #expect(EntityTags("\"a\", bad").containsStrongly("\"a\""))
        #expect(!EntityTags("a").containsWeakly("\"a\""))
        #expect(!EntityTags("").containsWeakly("\"a\""))
    }

    @Test func hostNames() {
        let id = FakeBlobs.id("x")
        #expect(HostName("shop.localhost") == .app("shop"))
        #expect(HostName("shop.localhost.") == .app("shop"))
        #expect(HostName("\(id).localhost") == .blob(id))
        #expect(HostName("localhost") == .node)
        #expect(HostName("127.0.0.1") == .node)
        #expect(HostName("example.org") == .node)
        #expect(HostName("-a.localhost") == .unknown("-a"))
        #expect(HostName("a.b.localhost") == .unknown("a.b"))
        #expect(HostName(".localhost") == .unknown(""))
        #expect(HostName("\(String(repeating: "a", count: 63)).localhost") == .app(String(repeating: "a", count: 63)))
        #expect(HostName("\(String(repeating: "a", count: 64)).localhost") != .app(String(repeating: "a", count: 64)))
    }

    @Test func siteLookup() throws {
        let names = [
            "index.html", "docs/index.html", "docs/a b.html", "about.html", "about/index.html", "404.html", "x.css",
        ]
        let files = Dictionary(uniqueKeysWithValues: names.map { ($0, file(FakeBlobs.id($0), 1)) })
        let manifest = try SiteManifest(files: files)
        func at(_ path: String) -> SiteLookup { SiteLookup.find(path, query: nil, in: manifest) }
        func named(_ name: String, _ status: Int = 200) -> SiteLookup {
            files[name].map { .file($0, status: status) } ?? .missing
        }
        #expect(at("") == named("index.html"))
        #expect(at("docs/") == named("docs/index.html"))
        #expect(at("docs") == .redirect(status: 308, location: "/docs/"))
        #expect(at("docs/a b") == named("docs/a b.html"))
        #expect(at("about") == named("about.html"))
        #expect(at("x.css") == named("x.css"))
        #expect(at("x.css/") == named("404.html", 404))
        #expect(at("/docs") == named("404.html", 404))
        #expect(at("nothing") == named("404.html", 404))
        // An encoded slash is a part of a name, which no file has.
        let encoded = try RequestPath.decode("/docs%2Fa%20b")
        #expect(SiteLookup.find(encoded, query: nil, in: manifest) == named("404.html", 404))
        let rules = SiteRules(redirects: try SiteRulesReader.redirects("/docs/* /about 301!"), isSinglePage: true)
        let singlePage = try SiteManifest(files: files, rules: rules)
        #expect(SiteLookup.find(encoded, query: nil, in: singlePage) == named("index.html"))
        let rewrites = SiteRules(redirects: try SiteRulesReader.redirects("/docs/* /x.css 200\n/* /index.html 200"))
        let rewritten = try SiteManifest(files: files, rules: rewrites)
        #expect(SiteLookup.find(encoded, query: nil, in: rewritten) == named("index.html"))
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
        (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ]) func dates(_ seconds: Int, _ text: String) {
        #expect(HTTPDate.text(unixSeconds: seconds) == text)
    }

    @Test func cursorCoversEveryByteOnce() {
        let block = GatewayBlock.byteCount
        let size = 3 * block + 17
        for range in [0..<size, 5..<6, (block - 1)..<(block + 1), block..<(2 * block), (size - 1)..<size] {
            var cursor = BodyCursor([.range(range)], byteCount: size)
            var position = range.lowerBound
            while case .block(let index, let slice, let blockBytes)? = cursor.next() {
                #expect(index * block + slice.lowerBound == position)
                #expect(blockBytes == min(block, size - index * block))
                #expect(slice.upperBound <= blockBytes)
                position += slice.count
            }
            #expect(position == range.upperBound)
        }
    }

    @Test func functionAnswersCannotForgeLines() {
        let bad: [(name: String, value: String)] = [
            ("a", "b\r\nc: d"), ("a", "b\nc"), ("a\r\n", "b"), ("a b", "c"), ("", "c"), ("a", "\u{0}"), ("a:", "b"),
        ]
        for field in bad {
            #expect(throws: GatewayError.self) { try FunctionFields.response([field], maxBytes: 1_000) }
        }
        #expect(throws: GatewayError.self) {
            try FunctionFields.response([("a", String(repeating: "b", count: 96))], maxBytes: 100)
        }
        #expect(throws: Never.self) {
            try FunctionFields.response([("a", String(repeating: "b", count: 95))], maxBytes: 100)
        }
    }

    @Test func everyCodeIsAnErrorStatus() {
        let codes: [GatewayError.Code] = [
            .badRequest, .appUnknown, .blobMismatch, .answerTimeout, .functionOverloaded, .init("function/cpu-limit"),
        ]
        for code in codes { #expect((400...599).contains(GatewayError(code, "", origin: .node).status)) }
        #expect(GatewayError(.init("else/where"), "", origin: .client).status == 400)
        #expect(GatewayError(.init("else/where"), "", origin: .origin).status == 502)
        #expect(GatewayError.Code("a\r\nb: C").description == "a--b---")
    }
}
