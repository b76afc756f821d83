import Foundation
import Identity
import Manifests
import NIOCore
import Testing

@testable import Gateway

@Suite("Sites with rules and variants")
struct SiteRulesTests {
    @Test(
        "Codings are negotiated",
        arguments: [
            ("", nil), ("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br, zstd", "br"), ("gzip, zstd", "zstd"),
            ("GZIP", "gzip"), ("x-gzip", "gzip"), ("br;q=0.5, gzip;q=0.8", "gzip"), ("br;q=0, gzip", "gzip"),
            ("br;q=0", nil), ("*", "br"), ("*;q=0.1", "br"), ("*;q=0", nil), ("gzip;q=0, *", "br"),
            ("identity", nil), ("identity;q=0", nil), ("identity;q=0, gzip;q=0.001", "gzip"),
            ("identity;q=1, br;q=0.5", nil), ("identity;q=0.5, br;q=0.5", "br"), ("gzip;q=1.000", "gzip"),
            ("gzip;q=2", nil), ("gzip;q=x", nil), ("gzip ; q=0.8 , br\t;\tq=0.7", "gzip"), (",,gzip,", "gzip"),
            ("deflate", nil), ("brotli", nil), ("gzip;level=9", nil), ("identity;q=0, *;q=0", nil),
        ] as [(String, String?)])
    func negotiation(_ field: String, _ expected: String?) {
        let variants = [(ContentEncoding.brotli, 50), (.gzip, 70), (.zstd, 60)].map { encoding, count in
            SiteManifest.Variant(encoding: encoding, blob: FakeBlobs.id("\(encoding)"), byteCount: count)
        }
        #expect(AcceptedEncodings(field).choose(variants)?.encoding.rawValue == expected)
    }

    private static let names = [
        "index.html", "about.html", "docs/index.html", "docs/404.html", "404.html", "app.js", "deep/a/b.txt",
        "assets/app.3f2a9c1b.js",
    ]

    /// A lookup as `status target`.
    private static func look(_ path: String, query: String? = nil, _ rules: SiteRules) throws -> String {
        let files = Dictionary(
            uniqueKeysWithValues: names.map { name in
                (
                    name,
                    SiteManifest.File(
                        blob: FakeBlobs.id(name), byteCount: 1, contentType: "text/plain",
                        isImmutable: name.hasPrefix("assets/"))
                )
            })
        switch SiteLookup.find(path, query: query, in: try SiteManifest(files: files, rules: rules)) {
        case .file(let file, let status):
            let name = names.first { FakeBlobs.id($0) == file.blob } ?? "?"
            return "\(status) =\(name)\(file.isImmutable ? " for good" : "")"
        case .redirect(let status, let location): return "\(status) \(location)"
        case .missing: return "missing"
        }
    }

    @Test(
        "Rules, files and pages for what is missing come in their order",
        arguments: [
            ("", "200 =index.html"), ("about", "200 =about.html"), ("about/", "308 /about"), ("docs", "308 /docs/"),
            ("docs/x", "404 =docs/404.html"), ("docs/x/y", "404 =docs/404.html"), ("x/y", "404 =404.html"),
            ("old", "301 /about"), ("app.js", "200 =app.js"), ("forced", "302 /"), ("lost", "404 =docs/404.html"),
            ("in/docs", "200 =docs/index.html"), ("in/nothing", "404 =404.html"),
            ("assets/app.3f2a9c1b.js", "200 =assets/app.3f2a9c1b.js for good"),
            ("latest.js", "200 =assets/app.3f2a9c1b.js"),
        ])
    func lookup(_ path: String, _ expected: String) throws {
        let rules = SiteRules(
            redirects: try SiteRulesReader.redirects(
                """
                /old /about
                /app.js /other.js 301
                /forced / 302!
                /lost /docs/404.html 404
                /in/* /:splat 200
                /latest.js /assets/app.3f2a9c1b.js 200
                """))
        #expect(try Self.look(path, rules) == expected)
    }

    @Test("A single-page app answers paths that look like pages, and no others")
    func singlePage() throws {
        let rules = SiteRules(isSinglePage: true)
        #expect(try Self.look("users/7", rules) == "200 =index.html")
        #expect(try Self.look("about", rules) == "200 =about.html")
        #expect(try Self.look("main.js", rules) == "404 =404.html")
        #expect(try Self.look("docs/v1.2/x", rules) == "200 =index.html")
    }

    @Test("Clean URLs have one address for a page")
    func cleanURLs() throws {
        let rules = SiteRules(hasCleanURLs: true)
        #expect(try Self.look("index.html", rules) == "308 /")
        #expect(try Self.look("docs/index.html", query: "a=b", rules) == "308 /docs/?a=b")
        #expect(try Self.look("about.html", rules) == "308 /about")
        #expect(try Self.look("about", rules) == "200 =about.html")
        #expect(try Self.look("about.html", SiteRules()) == "200 =about.html")
    }

    private func withSite(_ body: (TestGateway) async throws -> Void) async throws {
        try await TestGateway.run { test in
            let plain = test.blobs.addHot("plain", Array("body { color: red }".utf8))
            let brotli = test.blobs.addHot("brotli", Array("0123456789".utf8))
            let cold = test.blobs.addCold("cold", Array("<h1>cold</h1>".utf8))
            let style = SiteManifest.File(
                blob: plain, byteCount: 19, contentType: "text/css; charset=utf-8",
                variants: [.init(encoding: .brotli, blob: brotli, byteCount: 10)])
            let script = SiteManifest.File(
                blob: plain, byteCount: 19, contentType: "text/javascript; charset=utf-8", isImmutable: true)
            let headers = try SiteRulesReader.headers(
                """
                /*
                  X-Frame-Options: DENY
                /page
                  Link: </style.css>; rel=preload; as=style
                /assets/*
                  Cache-Control: public, max-age=60
                /plain
                  Content-Type: text/plain
                  ! X-Frame-Options
                """)
            let manifest = try SiteManifest(
                files: [
                    "style.css": style, "plain": style, "app.3f2a9c1b.js": script, "assets/x.3f2a9c1b.js": script,
                    "page.html": file(cold, 13), "404.html": style,
                ], rules: SiteRules(headers: headers))
            test.routes["shop"] = .site(SiteRelease(name: "shop", release: "r1", manifest: manifest))
            try await body(test)
        }
    }

    @Test("A variant has its own bytes, tag and ranges")
    func variants() async throws {
        try await withSite { test in
            let plain = try await test.get("shop.localhost", "/style.css")
            #expect(plain["content-encoding"] == nil && plain["vary"] == "accept-encoding")
            #expect(plain["etag"] == "\"\(FakeBlobs.id("plain"))\"" && plain["content-length"] == "19")
            let brotli = try await test.get("shop.localhost", "/style.css", "Accept-Encoding: gzip, br")
            #expect(brotli.text == "0123456789" && brotli["content-encoding"] == "br")
            #expect(brotli["content-type"] == "text/css; charset=utf-8" && brotli["vary"] == "accept-encoding")
            let tag = try #require(brotli["etag"])
            #expect(tag == "\"\(FakeBlobs.id("brotli"))\"")
            let lines = try await test.get(
                "shop.localhost", "/style.css", "Accept-Encoding: gzip", "Accept-Encoding: br;q=0.1")
            #expect(lines["content-encoding"] == "br")
            let part = try await test.get(
                "shop.localhost", "/style.css", "Accept-Encoding: br", "Range: bytes=2-3", "If-Range: \(tag)")
            #expect(part.status == 206 && part.text == "23" && part["content-range"] == "bytes 2-3/10")
            #expect(part["content-encoding"] == "br")
            let fresh = try await test.get(
                "shop.localhost", "/style.css", "Accept-Encoding: br", "If-None-Match: \(tag)")
            #expect(fresh.status == 304 && fresh["vary"] == "accept-encoding" && fresh["etag"] == tag)
            let other = try await test.get("shop.localhost", "/style.css", "If-None-Match: \(tag)")
            #expect(other.status == 200)
            let missing = try await test.get("shop.localhost", "/none", "Accept-Encoding: br")
            #expect(missing.status == 404 && missing["content-encoding"] == "br" && missing["etag"] == nil)
            #expect(missing["content-length"] == "10" && missing["accept-ranges"] == nil)
        }
    }

    @Test("Headers are those of the path, and those of fingerprinted names last")
    func headers() async throws {
        try await withSite { test in
            let script = try await test.get("shop.localhost", "/app.3f2a9c1b.js")
            #expect(script["cache-control"] == "public, max-age=31536000, immutable")
            #expect(script["x-frame-options"] == "DENY")
            let overruled = try await test.get("shop.localhost", "/assets/x.3f2a9c1b.js")
            #expect(overruled.fields.filter { $0.name == "cache-control" }.map(\.value) == ["public, max-age=60"])
            let plain = try await test.get("shop.localhost", "/plain")
            #expect(plain["content-type"] == "text/plain" && plain["x-frame-options"] == nil)
            // The same file under another path has that path's headers.
            let style = try await test.get("shop.localhost", "/style.css")
            #expect(style["content-type"] == "text/css; charset=utf-8" && style["x-frame-options"] == "DENY")
            let tag = try #require(overruled["etag"])
            let fresh = try await test.get("shop.localhost", "/assets/x.3f2a9c1b.js", "If-None-Match: \(tag)")
            #expect(fresh.status == 304 && fresh["cache-control"] == "public, max-age=60")
        }
    }

    @Test("Links go ahead of a page that has to be fetched, to browsers that go there")
    func earlyHints() async throws {
        try await withSite { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send("GET /page HTTP/1.1\r\nHost: shop.localhost\r\nSec-Fetch-Mode: navigate\r\n\r\n")
            try await client.wait("the page") { String(decoding: client.bytes, as: UTF8.self).contains("cold</h1>") }
            let text = String(decoding: client.bytes, as: UTF8.self)
            let hint =
                "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 200 OK\r\n"
            #expect(text.hasPrefix(hint), "\(text)")
            // A tool, and an old client, get the answer alone.
            let tool = try await test.get("shop.localhost", "/page")
            #expect(tool.status == 200 && tool["link"] == "</style.css>; rel=preload; as=style")
            let old = try await test.send(
                "GET /page HTTP/1.0\r\nHost: shop.localhost\r\nSec-Fetch-Mode: navigate\r\n\r\n")
            #expect(old.status == 200)
        }
    }
}
