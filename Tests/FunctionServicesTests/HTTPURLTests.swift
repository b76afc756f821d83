import NIOHTTP1
import Outbound
import Testing

@testable import FunctionServices

@Suite struct HTTPURLTests {
    @Test(arguments: [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://EXAMPLE.com:443/a?b#c", "https://example.com/a?b"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("http://user:secret@example.com/", "http://example.com/"),
        ("http://a@b@example.com/x@y", "http://example.com/x@y"),
        ("http://example.com./", "http://example.com/"),
        ("http://example.com?x=[1]|{2}", "http://example.com/?x=%5B1%5D%7C%7B2%7D"),
        ("http://example.com/a%2fb%zz%", "http://example.com/a%2fb%25zz%25"),
        ("http://example.com/ü?ü", "http://example.com/%C3%BC?%C3%BC"),
        ("http://example.com/a b\r\nHost: x", "http://example.com/a%20b%0D%0AHost:%20x"),
        ("http://example.com/a/../../b/./c/..", "http://example.com/b/"),
        ("http://example.com/%2e%2E/x", "http://example.com/x"),
        ("http://example.com\\@evil.test/", "http://example.com/@evil.test/"),
        ("http://[2606:4700:0::1111]:81/", "http://[2606:4700::1111]:81/"),
        ("http://1.1.1.1/", "http://1.1.1.1/"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://a_b.example/", "http://a_b.example/"),
    ])
    func urlsBecomeNormal(_ text: String, _ expected: String) throws {
        let url = try HTTPURL(text)
        #expect(url.description == expected)
        #expect(ClientURL.agrees(with: url))
    }

    @Test(arguments: [
        "", "example.com", "ftp://example.com", "file:///etc/passwd", "http:/example.com", "http://", "http:///x",
        "http://exa mple.com", "http://exämple.com", "http://example.com:99999", "http://example.com:80x",
        "http://example.com:-1", "http://[::1", "http://[::1]x", "http://[::1%25lo]/", "http://[127.0.0.1]/",
        "http://2130706433/", "http://0x7f000001/", "http://127.1/", "http://0177.0.0.1/", "http://0x7f.1/",
        "http://1.2.3.4.5/", "http://127.0.0.1\u{0}.example.com/", "http://a..b/", "http://%31.1.1.1/",
        "http://1.1.1.256/", "javascript:alert(1)", "http://\u{ff11}.1.1.1/", "http://ex%61mple.com/",
        "http://example.com\u{0}/", "http://-\u{301}/",
    ])
    func othersAreRefused(_ text: String) { #expect(throws: HTTPURL.Malformed.self) { try HTTPURL(text) } }

    @Test func lengthsHaveLimits() throws {
        let most = "http://example.com/" + String(repeating: "a", count: HTTPURL.maxBytes - 19)
        #expect(try HTTPURL(most).target.utf8.count == HTTPURL.maxBytes - 18)
        #expect(throws: HTTPURL.Malformed.self) { try HTTPURL(most + "a") }
        let label = String(repeating: "a", count: 63)
        #expect(throws: Never.self) { try HTTPURL("http://\(label).example/") }
        #expect(throws: HTTPURL.Malformed.self) { try HTTPURL("http://\(label)a.example/") }
    }

    @Test(arguments: [
        ("/x", "https://a.test/x"), ("x", "https://a.test/b/x"), ("../x", "https://a.test/x"),
        ("?q", "https://a.test/b/c?q"), ("", "https://a.test/b/c?d"), ("#f", "https://a.test/b/c?d"),
        ("//other.test/y", "https://other.test/y"), ("\\\\other.test\\y", "https://other.test/y"),
        ("http://other.test", "http://other.test/"), (" /x ", "https://a.test/x"), ("./", "https://a.test/b/"),
        ("//user@other.test:81/?a=//b", "https://other.test:81/?a=//b"),
    ])
    func locationsAreResolved(_ location: String, _ expected: String) throws {
        #expect(try HTTPURL("https://a.test/b/c?d").resolving(location).description == expected)
    }

    @Test(arguments: ["file:///etc/passwd", "http:x", "//", "http://0x7f.1/", "gopher://a.test/"])
    func badLocationsAreRefused(_ location: String) throws {
        let url = try HTTPURL("https://a.test/b/c?d")
        #expect(throws: HTTPURL.Malformed.self) { try url.resolving(location) }
    }
}

@Suite struct FetchHeadersTests {
    @Test func connectionHeadersAreLeftOut() throws {
        let headers = try FetchHeaders.outgoing([
            ("Host", "evil.test"), ("Connection", "close, X-Hop"), ("x-hop", "1"), ("Keep-Alive", "1"),
            ("TE", "trailers"), ("Transfer-Encoding", "chunked"), ("Content-Length", "7"), ("Upgrade", "h2c"),
            ("Proxy-Authorization", "x"), ("Expect", "100-continue"), ("X-Kept", "a\tb"), ("Cookie", "c=1"),
        ])
        #expect(headers.map(\.name) == ["x-kept", "cookie"])
    }

    @Test(arguments: [
        ("x", "a\r\nx-evil: 1"), ("x", "a\nb"), ("x", "a\u{0}b"), ("x", "a\u{7f}"), ("x\r\ny", "a"), ("x y", "a"),
        ("x:", "a"), ("", "a"), ("ü", "a"),
    ])
    func injectionIsRefused(_ name: String, _ value: String) {
        #expect(throws: FetchHeaders.Refused.self) { try FetchHeaders.outgoing([(name, value)]) }
    }

    @Test func numbersAndSizesHaveLimits() throws {
        let line = (name: "x", value: "y")
        #expect(try FetchHeaders.outgoing(Array(repeating: line, count: FetchHeaders.maxRequestLines)).count == 128)
        #expect(throws: FetchHeaders.Refused.self) {
            try FetchHeaders.outgoing(Array(repeating: line, count: FetchHeaders.maxRequestLines + 1))
        }
        let long = String(repeating: "v", count: FetchHeaders.maxRequestBytes - 1)
        #expect(throws: Never.self) { try FetchHeaders.outgoing([("x", long)]) }
        #expect(throws: FetchHeaders.Refused.self) { try FetchHeaders.outgoing([("x", long + "v")]) }
        #expect(throws: FetchHeaders.Refused.self) {
            try FetchHeaders.incoming(
                HTTPHeaders(Array(repeating: ("x", "y"), count: FetchHeaders.maxResponseLines + 1)))
        }
        #expect(throws: FetchHeaders.Refused.self) {
            try FetchHeaders.incoming(["x": String(repeating: "v", count: FetchHeaders.maxResponseBytes)])
        }
    }

    @Test func methods() {
        #expect(FetchHeaders.method("get") == "GET")
        #expect(FetchHeaders.method("patch") == "patch")
        #expect(FetchHeaders.method("PROPFIND") == "PROPFIND")
        for bad in ["CONNECT", "trace", "Track", "", "A B", "GET / HTTP/1.1\r\nx:", String(repeating: "A", count: 33)] {
            #expect(FetchHeaders.method(bad) == nil)
        }
    }
}

@Suite struct FetchHopTests {
    private func makeHop(_ method: String = "POST", _ body: FetchHop.Body = .whole) throws -> FetchHop {
        FetchHop(
            url: try HTTPURL("https://a.test/x"), method: method,
            headers: ["authorization": "secret", "cookie": "c", "content-type": "text/plain", "x-a": "1"], body: body)
    }

    private func redirected(_ hop: FetchHop, _ status: Int, to location: String) -> FetchHop? {
        guard case .next(let next) = hop.step(status: status, locations: [location], mode: .follow) else { return nil }
        return next
    }

    @Test func methodsChangeAsTheStandardSays() throws {
        for status in [301, 302, 303] {
            let next = try #require(redirected(try makeHop(), status, to: "/y"))
            #expect(next.method == "GET")
            #expect(next.body == .none)
            #expect(next.headers.map(\.name) == ["authorization", "cookie", "x-a"])
        }
        for status in [307, 308] {
            let next = try #require(redirected(try makeHop(), status, to: "/y"))
            #expect(next.method == "POST")
            #expect(next.body == .whole)
        }
        #expect(redirected(try makeHop("PUT"), 301, to: "/y")?.method == "PUT")
        #expect(redirected(try makeHop("PUT"), 303, to: "/y")?.method == "GET")
        #expect(redirected(try makeHop("HEAD", .none), 303, to: "/y")?.method == "HEAD")
    }

    @Test func credentialsStayWithTheirOrigin() throws {
        #expect(redirected(try makeHop(), 307, to: "/y")?.headers.contains(name: "authorization") == true)
        for other in ["https://b.test/", "http://a.test/", "https://a.test:444/"] {
            let next = try #require(redirected(try makeHop(), 307, to: other))
            #expect(!next.headers.contains(name: "authorization"))
            #expect(!next.headers.contains(name: "cookie"))
        }
    }

    @Test func modesAndLimits() throws {
        var hop = try makeHop("GET", .none)
        guard case .done = hop.step(status: 302, locations: ["/y"], mode: .manual) else { return #expect(Bool(false)) }
        guard case .failed = hop.step(status: 302, locations: ["/y"], mode: .error) else { return #expect(Bool(false)) }
        guard case .done = hop.step(status: 302, locations: [], mode: .follow) else { return #expect(Bool(false)) }
        guard case .done = hop.step(status: 304, locations: ["/y"], mode: .follow) else { return #expect(Bool(false)) }
        guard case .failed = hop.step(status: 302, locations: ["file:///x"], mode: .follow) else {
            return #expect(Bool(false))
        }
        hop.redirects = FetchHop.maxRedirects - 1
        guard case .next = hop.step(status: 302, locations: ["/y"], mode: .follow) else { return #expect(Bool(false)) }
        hop.redirects = FetchHop.maxRedirects
        guard case .failed = hop.step(status: 302, locations: ["/y"], mode: .follow) else {
            return #expect(Bool(false))
        }
    }

    @Test func streamsAreNotSentTwice() throws {
        let hop = try makeHop("POST", .stream)
        guard case .failed = hop.step(status: 307, locations: ["/y"], mode: .follow) else {
            return #expect(Bool(false))
        }
        #expect(redirected(hop, 303, to: "/y")?.body == FetchHop.Body.none)
    }
}
