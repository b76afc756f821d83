import HTTPCache
import Testing

@Suite("Keys")
struct CacheKeyTests {
    @Test(
        "Equivalent URLs have one key (RFC 9110 4.2.3, RFC 3986 6.2)",
        arguments: [
            ("http://EXAMPLE.org", "http://example.org/"), ("http://example.org:80/a", "http://example.org/a"),
            ("https://example.org:443/a", "https://example.org/a"), ("https://example.org:/a", "https://example.org/a"),
            ("https://example.org./a", "https://example.org/a"),
            ("https://example.org:8443/a", "https://example.org:8443/a"),
            ("http://a/%7ea%2fb%2F", "http://a/~a%2Fb%2F"), ("http://a/b/../c/./d", "http://a/c/d"),
            ("http://a/..", "http://a/"),
            ("http://a/b/.", "http://a/b/"), ("http://a/b?c#d", "http://a/b?c"), ("http://a?b", "http://a/?b"),
            ("http://[::1]:80/", "http://[::1]/"), ("http://a/b..%2fc", "http://a/b..%2Fc"),
            ("http://a/...%5cb;..", "http://a/...%5Cb;.."), ("http://a/é?ü", "http://a/%C3%A9?%C3%BC"),
            ("http://a/%2e%2e/b", "http://a/b"), ("http://user@a/b", "http://a/b"), ("http://a/b?", "http://a/b?"),
        ])
    func normalised(url: String, expected: String) throws {
        let key = try CacheKey(url: url)
        #expect(key.url == expected && key.text == "GET \(expected)")
        #expect(try CacheKey(url: key.url) == key)
    }

    @Test("Different URLs have different keys")
    func different() throws {
        let urls = [
            "http://a/b", "https://a/b", "http://a:81/b", "http://a/B", "http://a/b/", "http://a/b?", "http://a/b?c",
            "http://a/b?C",
            "http://a/b%2Fc", "http://a/b/c", "http://b/b", "http://a/e%CC%81", "http://a/%C3%A9",
        ]
        #expect(try Set(urls.map { try CacheKey(url: $0) }).count == urls.count)
        #expect(try Set(urls.map { try CacheKey(url: $0).text }).count == urls.count)
    }

    @Test(
        "What is no URL of a resource has no key",
        arguments: [
            "", "a", "/a", "ftp://a/b", "http://", "http:///a", "http:a", "http://a b/", "http://a/b c",
            "http://a/\u{7F}",
            "http://é/", "http://a../", "http://a:80:80/", "http://a:80./",
            "http://a/" + String(repeating: "x", count: 20_000),
        ])
    func invalid(url: String) {
        #expect(throws: HTTPCacheError.self) { try CacheKey(url: url) }
    }

    @Test(
        "A path that an origin may take for another one has no key, so that nothing is stored under it",
        arguments: [
            "/%zz%41", "/%%341", "/%b/../%7e", "/a%", "/static/..%2fme", "/static/%2e%2e%2Fme", "/static%2f../me",
            "/static/..%5Cme", "/static/..\\me", "/static/..;/me", "/static/..%3b/me",
        ])
    func ambiguous(path: String) {
        #expect(throws: HTTPCacheError.self) { try CacheKey(scheme: "http", authority: "a", path: path) }
    }

    @Test("A key has a limit, and one byte past it is refused")
    func limit() throws {
        let path = "/" + String(repeating: "x", count: CacheKey.maximumBytes - 18)
        #expect(throws: Never.self) { try CacheKey(scheme: "http", authority: "a", path: path) }
        #expect(throws: HTTPCacheError.self) { try CacheKey(scheme: "http", authority: "a", path: path + "x") }
    }

    @Test(
        "Options say what of the query is in the key",
        arguments: [
            (CacheKeyOptions(query: .none), nil), (CacheKeyOptions(query: .only(["b"])), "b=2&b=1"),
            (CacheKeyOptions(query: .except(["b", "utm"])), "c&a=3"), (CacheKeyOptions(query: .only(["z"])), nil),
            (CacheKeyOptions(query: .only(["d"])), nil), (CacheKeyOptions(query: .only(["utm"])), "utm=x"),
            (CacheKeyOptions(sortsQuery: true), "a=3&b=2&b=1&c&utm=x"), (CacheKeyOptions(), "b=2&c&b=1&a=3&utm=x"),
        ] as [(CacheKeyOptions, String?)])
    func options(options: CacheKeyOptions, expected: String?) throws {
        let key = try CacheKey(url: "http://a/b?b=2&c&b=1&a=3&utm=x", options: options)
        #expect(key.query == expected)
    }

    @Test("A parameter that counts is in the key however it is hidden")
    func hiddenParameters() throws {
        for (query, expected) in [
            ("%77=1&x=2", "%77=1"), ("x=1;w=2", "x=1;w=2"), ("x=1&w", "w"), ("%7=1", nil), ("x=%77=1", nil),
        ] as [(String, String?)] {
            let options = CacheKeyOptions(query: .only(["w"]))
            #expect(try CacheKey(url: "http://a/b?\(query)", options: options).query == expected, "\(query)")
        }
    }

    @Test("A query that the key leaves out goes to the origin and finds the same response")
    func ignoredQuery() {
        var lab = CacheLab { $0.keyOptions = CacheKeyOptions(query: .except(["utm"])) }
        let head = ResponseHead(status: 200, fields: ["cache-control": "max-age=9"])
        lab.send(CacheLab.request(query: "a=1&utm=x"), head)
        #expect(lab.send(CacheLab.request(query: "a=1&utm=y")).isHit)
        #expect(!lab.send(CacheLab.request(query: "a=2")).isHit)
    }
}
