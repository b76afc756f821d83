import Manifests
import Testing

@Suite("Rules of sites")
struct SiteRulesTests {
    private static func rules(_ text: String) throws -> SiteRules {
        SiteRules(redirects: try SiteRulesReader.redirects(text))
    }

    /// `path?query` without the leading slash; an outcome as `status target`.
    private static func outcome(_ rules: SiteRules, _ asked: String, hasFile: Bool = false) -> String? {
        let parts = asked.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count == 2 ? String(parts[1]) : nil
        switch rules.outcome(path: String(parts[0]), query: query, hasFile: hasFile) {
        case .redirect(let status, let location): return "\(status) \(location)"
        case .rewrite(let path, let status): return "\(status) =\(path)"
        case nil: return nil
        }
    }

    @Test(
        "One rule against one path",
        arguments: [
            ("/old /new", "old", "301 /new"), ("/old /new 302", "old", "302 /new"), ("/old /new", "old/", nil),
            ("/old /new", "older", nil), ("/ /start 307", "", "307 /start"),
            ("/blog/* /news/:splat 301", "blog/a/b", "301 /news/a/b"),
            ("/blog/* /news/:splat", "blog/", "301 /news/"), ("/blog/* /news/:splat", "blog", "301 /news/"),
            ("/blog/* /news/:splat", "blogs", nil), ("/* /index.html 200", "any/where", "200 =index.html"),
            ("/* /index.html 200", "", "200 =index.html"),
            ("/u/:id/posts/:post /p/:post/by/:id 303", "u/7/posts/x y", "303 /p/x%20y/by/7"),
            ("/u/:id /p/:id", "u/", nil), ("/u/:id /p/:id", "u/1/2", nil),
            ("/a/*.html /b/:splat", "a/x/y.html", "301 /b/x/y"), ("/a/*.html /b/:splat", "a/.htm", nil),
            ("/a/*/z /b/:splat", "a/x/y/z", "301 /b/x/y"), ("/a/*/z /b/:splat", "a/z", nil),
            ("/gone /404.html 404", "gone", "404 =404.html"),
            ("/x https://example.org/y?z=1#f 308", "x", "308 https://example.org/y?z=1#f"),
            ("/x/* https://example.org:8080/:splat 302", "x/a", "302 https://example.org:8080/a"),
            ("/caf%C3%A9 /coffee", "café", "301 /coffee"), ("/coffee /café", "coffee", "301 /caf%C3%A9"),
            ("/s/* /search?q=:splat", "s/a&b=c/d", "301 /search?q=a%26b%3Dc%2Fd"),
            // What was captured never becomes a host.
            ("/* /:splat 301", "/evil.example", "301 /evil.example"),
            ("/go/* /:splat 302", "go//evil.example", "302 /evil.example"),
            // A rule that leads to itself would never end.
            ("/a /a 301", "a", nil), ("/* /:splat 301", "a", nil),
            // The query travels along unless the rule says something about it.
            ("/old /new", "old?a=1&b=2", "301 /new?a=1&b=2"), ("/old /new#top", "old?a=1", "301 /new?a=1#top"),
            ("/old /new?x=1", "old?a=1", "301 /new?x=1"),
            ("/p id=:id /item/:id 301", "p?id=a%2Fb", "301 /item/a/b"), ("/p id=:id /item/:id", "p", nil),
            ("/p id=:id /item/:id", "p?id=", nil), ("/p type=a n=1 /x", "p?n=1&type=a", "301 /x"),
            ("/p type=a /x", "p?type=b", nil), ("/p q=a+b /x", "p?q=a%2Bb", "301 /x"),
            ("/p id=:id /i/:id", "p?id=%0d%0aset-cookie:x", nil),
        ] as [(String, String, String?)])
    func one(_ line: String, _ path: String, _ expected: String?) throws {
        let rules = try Self.rules(line)
        #expect(Self.outcome(rules, path) == expected)
    }

    @Test("The first rule that matches decides, exact or not, and files come before rules without !")
    func order() throws {
        let rules = try Self.rules(
            """
            # Moved in spring.
            /a/b   /first      302   # a comment
            /a/*   /second/:splat
            /a/c   /never
            /f     /forced     301!
            /f     /unforced

            """)
        #expect(rules.redirects.count == 5)
        #expect(Self.outcome(rules, "a/b") == "302 /first")
        #expect(Self.outcome(rules, "a/c") == "301 /second/c")
        #expect(Self.outcome(rules, "a/b", hasFile: true) == nil)
        #expect(Self.outcome(rules, "f", hasFile: true) == "301 /forced")
    }

    @Test(
        "Mistakes in _redirects have a place",
        arguments: [
            ("/a", "1:1: the rule has no target"), ("a /b", "1:1: a path begins with /"),
            ("\n\n/a   b", "3:6: a target is a path"), ("/a /b 999", "1:7: 999 is no status"),
            ("/a /b abc", "1:7: \"abc\" is no status"), ("/a /b 301 x", "1:11: \"x\" is more than a rule has"),
            ("/a https://x.example/ 200", "1:4: a rewrite (200) stays inside the site"),
            ("/a /b?c 200", "1:4: the target of a rewrite"), ("/a/:x /b/:y", "1:7: :y stands for nothing"),
            ("/a/*/* /b", "1:1: a path has at most one *"), ("/a/:1 /b", "1:1: \":1\" is no placeholder"),
            ("/a/:x/:x /b", "1:1: the placeholder :x is given twice"), ("/a //b", "1:4: a target is a path"),
            ("/a https://:splat/", "1:4: the URL's host"), ("/* https://:splat.example/", "1:4: the URL's host"),
            ("/a https://u@x.example/", "1:4: the URL's host"),
            ("/a/../b /c", "1:1: \"..\" is a part that no path has"),
            ("/a%zz /c", "1:1: \"a%zz\" holds a %"), ("/a /b 302 Country=de", "1:11:"),
            ("/a /b Country=de", "1:7: conditions such as Country=de"), ("/a x=1 x=2 /b", "1:4: a query parameter"),
        ])
    func mistakes(_ text: String, _ expected: String) {
        let error = #expect(throws: SiteRulesError.self) { try SiteRulesReader.redirects(text) }
        let line = error?.description ?? ""
        #expect(line.hasPrefix("_redirects:\(expected)"), "\(line)")
    }

    @Test("All mistakes are told at once")
    func several() {
        let error = #expect(throws: SiteRulesError.self) { try SiteRulesReader.redirects("/a\n/b /c\nd /e\n") }
        #expect(error?.problems.map(\.line) == [1, 3])
    }

    @Test("Mistakes of both files are told at once, and either file may be absent")
    func bothFiles() throws {
        let error = #expect(throws: SiteRulesError.self) {
            try SiteRulesReader.rules(redirects: "/a\n/b /c", headers: "X: y\n/x\n")
        }
        let said = error?.description.split(separator: "\n").map { $0.split(separator: " ")[0] }
        #expect(said == ["_redirects:1:1:", "_headers:1:1:", "_headers:2:1:"])
        let rules = try SiteRulesReader.rules(redirects: "/b /c", headers: nil)
        #expect(rules.redirects.count == 1 && rules.headers.isEmpty)
    }

    @Test("Limits hold at the limit and break behind it")
    func limits() throws {
        let lines = (0..<ManifestLimits.maxRedirects).map { "/\($0) /x" }
        let rules = try Self.rules(lines.joined(separator: "\n"))
        #expect(Self.outcome(rules, "\(ManifestLimits.maxRedirects - 1)") == "301 /x")
        #expect(throws: SiteRulesError.self) { try Self.rules((lines + ["/more /x"]).joined(separator: "\n")) }
        let patterns = (0..<ManifestLimits.maxRedirectPatterns).map { "/\($0)/* /x" }
        _ = try Self.rules(patterns.joined(separator: "\n"))
        #expect(throws: SiteRulesError.self) { try Self.rules((patterns + ["/y/* /x"]).joined(separator: "\n")) }
        let line = "/a /" + String(repeating: "b", count: ManifestLimits.maxRuleLineBytes - 4)
        _ = try Self.rules(line)
        #expect(throws: SiteRulesError.self) { try Self.rules(line + "b") }
        let file = String(repeating: "#\n", count: ManifestLimits.maxRuleFileBytes / 2)
        _ = try Self.rules(file)
        #expect(throws: SiteRulesError.self) { try Self.rules(file + "#") }
    }

    @Test("Headers of all rules that match come together, and ! takes away")
    func headers() throws {
        let rules = try SiteRulesReader.headers(
            """
            # Everywhere.
            /*
              X-Frame-Options: DENY
              Link: </style.css>; rel=preload; as=style
            /docs/:page
              Cache-Control: public, max-age=60
              ! X-Frame-Options
            /docs/*
              Set-Cookie: a=1
              Set-Cookie: b=2
              Content-Type: text/plain
            """)
        let headers = SiteHeaders(rules)
        #expect(headers.matching(SitePath("")) == [0])
        #expect(headers.matching(SitePath("docs/a")) == [0, 1, 2])
        #expect(headers.matching(SitePath("docs/a/b")) == [0, 2])
        let merged = headers.merged([0, 1, 2])
        #expect(
            merged.fields.map { "\($0.name)=\($0.value)" } == [
                "link=</style.css>; rel=preload; as=style", "cache-control=public, max-age=60", "set-cookie=a=1",
                "set-cookie=b=2", "content-type=text/plain",
            ])
        #expect(
            merged.replaced == ["x-frame-options", "link", "cache-control", "set-cookie", "content-type"])
        #expect(merged.hints == ["</style.css>; rel=preload; as=style"])
    }

    @Test(
        "Only links that can be used early are hints",
        arguments: [
            ("</a.css>; rel=preload; as=style", true), ("</a.css>; rel=\"preload\"", true),
            ("<https://x.example>; rel=preconnect", true), ("</n>; rel=next", false), ("</a>; rel=canonical", false),
            ("</a.js>; as=script; rel=modulepreload", true), ("</preload>; rel=next", false),
        ])
    func hints(_ value: String, _ expected: Bool) throws {
        let headers = SiteHeaders(try SiteRulesReader.headers("/*\n  Link: \(value)"))
        #expect(headers.merged([0]).hints.isEmpty == !expected)
    }

    @Test(
        "Mistakes in _headers have a place",
        arguments: [
            ("/*\n  Connection: close", "2:3: connection is made by the node"),
            ("/*\n  Content-Length: 1", "2:3: content-length is made by the node"),
            ("/*\n  Transfer-Encoding: chunked", "2:3: transfer-encoding"),
            ("/*\n  Skerry-Node: x", "2:3: names with skerry-"), ("/*\n\tNo colon here", "2:2: a header is written"),
            ("  X: y", "1:3: the header stands under no path"), ("/*\n  X:", "2:5: the header has no value"),
            ("/*\n  X Y: z", "2:3: \"x y\" is no name"), ("/*\n  ! ", "2:3: \"\" is no name"),
            ("/*", "1:1: the path has no headers"), ("https://x.example/*\n  X: y", "1:1: a path begins with /"),
            ("/a/*/*\n  X: y\n  Bad", "1:1: a path has at most one *"),
            ("/*\n  X: a\u{1}b", "2:5: a header's value holds no control"),
        ])
    func headerMistakes(_ text: String, _ expected: String) {
        let error = #expect(throws: SiteRulesError.self) { try SiteRulesReader.headers(text) }
        let line = error?.description ?? ""
        #expect(line.hasPrefix("_headers:\(expected)"), "\(line)")
    }

    @Test("Headers have limits")
    func headerLimits() throws {
        let paths = (0..<ManifestLimits.maxHeaderRules).map { "/\($0)\n  X: y" }
        _ = try SiteRulesReader.headers(paths.joined(separator: "\n"))
        #expect(throws: SiteRulesError.self) {
            try SiteRulesReader.headers((paths + ["/z\n X: y"]).joined(separator: "\n"))
        }
        let value = String(repeating: "v", count: 1_023)
        let full = ManifestLimits.maxHeaderRuleBytes / 1_024
        let fields = (0..<full).map { _ in "  x: \(value)" }
        _ = try SiteRulesReader.headers((["/*"] + fields).joined(separator: "\n"))
        #expect(throws: SiteRulesError.self) {
            try SiteRulesReader.headers((["/*"] + fields + ["  x: y"]).joined(separator: "\n"))
        }
    }

    @Test(
        "Names that change with their content",
        arguments: [
            ("app.3f2a9c1b.js", true), ("assets/index-BX7f2k9Q.css", true), ("_next/static/chunks/main.js", true),
            ("main.5c0ae1b2d3f4a5b6.chunk.css", true), ("logo-3f2a9c1b.svg", true), ("_astro/page.js", true),
            ("assets/index-B_X7f2-Q.js", true), ("app.js", false), ("index.html", false),
            ("page.3f2a9c1b.html", false), ("photo-20240101.jpg", false), ("Holiday2.jpg", false),
            ("my-Holiday2.jpg", false), ("my-iPhone15.jpg", false), ("jquery-3.6.0.min.js", false),
            ("assets/logo.png", false), ("deadbeef.js", false), ("3f2a9c1b", false), ("feed.3f2a9c1b.xml", false),
            ("css/effected-facade.css", false),
        ])
    func fingerprints(_ path: String, _ expected: Bool) {
        #expect(FingerprintedName.isImmutable(path: path) == expected)
    }
}
