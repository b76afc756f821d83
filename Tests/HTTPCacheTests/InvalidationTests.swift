import HTTPCache
import Testing

@Suite("Invalidation")
struct InvalidationTests {
    private func urls(
        _ method: String, status: Int = 200, _ fields: CacheFields = [:], path: String = "/d/a", query: String? = nil
    ) -> [String] {
        let request = CacheLab.request(method: method, path: path, query: query)
        return CachePolicy().invalidated(by: request, response: ResponseHead(status: status, fields: fields)).map(\.url)
    }

    @Test("Unsafe and unknown methods invalidate their target URI (RFC 9111 4.4)")
    func target() {
        for method in ["POST", "PUT", "DELETE", "PATCH", "FOO", "get"] {
            #expect(urls(method) == ["https://example.org/d/a"], "\(method)")
        }
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY"] { #expect(urls(method).isEmpty) }
        #expect(urls("PUT", query: "b=1") == ["https://example.org/d/a?b=1"])
    }

    @Test("Errors invalidate nothing (RFC 9111 4.4)")
    func errors() {
        for status in [400, 404, 500, 503] { #expect(urls("POST", status: status).isEmpty) }
        for status in [200, 201, 204, 301, 303] { #expect(!urls("POST", status: status).isEmpty) }
    }

    @Test("Location and Content-Location are invalidated too, however they are written (RFC 9111 4.4)")
    func locations() {
        let base = "https://example.org"
        for (value, url) in [
            ("/b", "/b"), ("b", "/d/b"), ("../b", "/b"), ("?x=1", "/d/a?x=1"), ("https://EXAMPLE.org:443/b#f", "/b"),
            ("//example.org/b?y", "/b?y"), ("./", "/d/"), ("b:80/c/../d", ""), ("/b:c", "/b:c"),
        ] {
            let expected = url.isEmpty ? [base + "/d/a"] : [base + "/d/a", base + url]
            #expect(urls("POST", status: 201, ["location": value]) == expected, "\(value)")
            #expect(urls("POST", ["content-location": value]) == expected, "\(value)")
        }
        #expect(urls("POST", ["location": "/b", "content-location": "/c"]).count == 3)
        #expect(urls("POST", ["location": ""]).count == 1)
    }

    @Test("URIs of other origins are not invalidated (RFC 9111 4.4)")
    func otherOrigins() {
        for value in [
            "https://example.com/b", "http://example.org/b", "https://example.org:8443/b", "//evil.org/b",
            "https://example.org.evil.org/b", "https://example.org@evil.org/b", "ftp://example.org/b",
        ] {
            #expect(urls("POST", ["location": value]).count == 1, "\(value)")
        }
    }

    @Test("What is invalidated is not used again (RFC 9111 4.4)")
    func dropped() {
        var lab = CacheLab.holding(["cache-control": "max-age=100"])
        lab.send(CacheLab.request(method: "POST"), ResponseHead(status: 204))
        #expect(lab.send().forward?.reason == .uriMiss)
    }

    @Test("What is marked invalid needs validation before it answers anything (RFC 9111 4.4)")
    func invalid() throws {
        let control = "max-age=100, stale-while-revalidate=100, stale-if-error=100"
        var lab = CacheLab.holding(["cache-control": control, "etag": "\"a\""])
        lab.records[0].invalidatedAt = lab.now
        for (isInvalid, isServed) in [(false, true), (true, false)] {
            lab.records[0].isInvalid = isInvalid
            for asked in ["foo", "max-stale"] {
                var copy = lab
                #expect(copy.send(CacheLab.request(["cache-control": asked])).isHit == isServed, "\(asked)")
            }
            let request = CacheLab.request(["cache-control": "no-cache"])
            guard case .forward(let plan) = lab.policy.decide(request, candidates: lab.records, now: lab.now) else {
                Issue.record("not forwarded")
                return
            }
            for failure in [ErrorDecision.Failure.unreachable, .status(503)] {
                let decision = lab.policy.onError(failure, for: request, plan: plan, now: lab.now)
                if case .serve = decision { #expect(isServed) } else { #expect(!isServed) }
            }
        }
        #expect(try StoredResponse(decoding: lab.records[0].encoded) == lab.records[0])
        lab.send(CacheLab.request(), ResponseHead(status: 304, fields: ["etag": "\"a\""]))
        #expect(lab.send().plan?.staleness == .fresh)
    }
}
