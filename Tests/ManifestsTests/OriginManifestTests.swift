import Blake3
import Foundation
import Identity
import Manifests
import Testing

@Suite("Manifests of origins and composite apps")
struct OriginManifestTests {
    private static func server(_ text: String) throws -> OriginManifest {
        OriginManifest(source: .server(try OriginURL(text)))
    }

    private static func full() throws -> OriginManifest {
        let keys = OriginSource.Bucket.Keys(id: "KEY_ID", key: "KEY", session: "TOKEN")
        var origin = OriginManifest(
            source: .bucket(
                .init(
                    endpoint: try OriginURL("https://s3.example.com"), region: "eu-1", name: "files", prefix: "a/b",
                    isPathStyle: true, keys: keys)))
        origin.host = "files.example.com:8443"
        origin.request = OriginFieldChanges(written: ["x-a": "1", "authorization": "Basic eDp5"], removed: ["cookie"])
        origin.response = OriginFieldChanges(written: ["x-b": "2"], removed: ["server", "set-cookie"])
        origin.cache.respectsOrigin = false
        origin.cache.respectsVisitors = false
        origin.cache.defaultTTL = 60
        origin.cache.negativeTTL = 0
        origin.cache.staleWhileRevalidate = 30
        origin.cache.staleIfError = 600
        origin.cache.ttls = [.init(path: try #require(RoutePattern("/img/*")), seconds: 86_400)]
        origin.cache.bypass = [try #require(RoutePattern("/private/*"))]
        origin.cache.query = .only(["width", "height"])
        origin.timeouts.connect = 1_000
        origin.timeouts.answer = 2_000
        origin.timeouts.idle = 3_000
        origin.retries = 0
        origin.usesShield = false
        origin.followsRedirects = true
        origin.maxObjectBytes = 1 << 20
        return origin
    }

    @Test("Every setting is read back as it was")
    func roundTrip() throws {
        let url = try OriginURL("https://example.com")
        let cid = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
        var silent = try OriginManifestTests.server("http://example.com")
        silent.cache.query = .none
        let all = [
            try OriginManifestTests.full(), silent,
            OriginManifest(source: .ipfs(.init(cid: cid, gateways: [url], path: "docs/x"))),
            OriginManifest(source: .directory(path: "/srv/files")),
        ]
        for origin in all {
            #expect(origin.problem == nil)
            #expect(try Manifest(decoding: Manifest.origin(origin).encoded()) == .origin(origin))
        }
        #expect(try Manifest.origin(OriginManifestTests.full()).secrets == ["KEY_ID", "KEY", "TOKEN"])
        #expect(try Manifest.origin(OriginManifestTests.full()).blobs.isEmpty)
    }

    @Test("An origin with nothing but its URL is that URL and nothing else on the wire")
    func defaults() throws {
        let bytes = try Manifest.origin(OriginManifestTests.server("https://a.example")).encoded()
        #expect(bytes == Data([0xC2, 0x02, 21, 0x0A, 19, 0x0A, 17]) + Data("https://a.example".utf8))
    }

    @Test(
        "URLs are read",
        arguments: [
            ("https://Example.COM", "https://example.com"), ("http://a:80/", "http://a"),
            ("https://a:8443/x/y/", "https://a:8443/x/y"), ("HTTP://[::1]:90/z", "http://[::1]:90/z"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"), ("https://a_b.example/%20", "https://a_b.example/%20"),
        ])
    func urls(_ text: String, _ expected: String) throws {
        #expect(try OriginURL(text).description == expected)
        #expect(try OriginURL(expected).description == expected)
    }

    @Test(
        "What is no URL of an origin is refused, with what to write",
        arguments: [
            ("ftp://a", "begins with https"), ("example.com", "begins with https"), ("https://", "is no host"),
            ("https://a:0", "port"), ("https://a:65536", "port"), ("https://a:x", "port"), ("https://a b", "visible"),
            ("https://u:p@a", "no user"), ("https://a?x", "no query"), ("https://a#x", "no query"),
            ("https://-a", "is no host"), ("https://a..b", "is no host"), ("https://[::1", "is no host"),
            ("https://[1]", "is no host"), ("https://a/../b", "\"..\""), ("https://é", "visible"),
            ("https://a/" + String(repeating: "x", count: 1_024), "at most"),
        ])
    func badURLs(_ text: String, _ message: String) {
        let problem = #expect(throws: OriginURL.Problem.self) { try OriginURL(text) }
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "none")")
    }

    @Test("What others wrote is checked")
    func problems() throws {
        let changes: [(String, (inout OriginManifest) -> Void)] = [
            ("host", { $0.host = "a b" }), ("time-out", { $0.timeouts.idle = OriginManifest.maxTimeout + 1 }),
            ("retries", { $0.retries = OriginManifest.maxRetries + 1 }), ("retries", { $0.retries = -1 }),
            ("largest object", { $0.maxObjectBytes = OriginManifest.maxObjectBytesLimit + 1 }),
            ("belongs to the connection", { $0.request.written["transfer-encoding"] = "chunked" }),
            ("host", { $0.request.written["host"] = "x" }), ("no name", { $0.request.removed.insert("a b") }),
            ("no name", { $0.request.removed.insert("X") }),
            ("no header field", { $0.response.written["x"] = "a\r\nb" }),
            ("time of the cache", { $0.cache.defaultTTL = -1 }),
            ("time of the cache", { $0.cache.staleIfError = OriginCacheRules.maxSeconds + 1 }),
            ("no default time", { $0.cache.respectsOrigin = false }), ("parameters", { $0.cache.query = .only([]) }),
            ("misnamed", { $0.cache.query = .only(["a=b"]) }),
            ("no absolute path", { $0.source = .directory(path: "x") }),
            ("\"..\"", { $0.source = .directory(path: "/x/../y") }),
            ("gateways", { $0.source = .ipfs(.init(cid: "bafybeigdyrzt", gateways: [])) }),
            ("content identifier", { $0.source = .ipfs(.init(cid: "x", gateways: [])) }),
        ]
        for (message, change) in changes {
            var origin = try OriginManifestTests.server("https://a")
            change(&origin)
            #expect(origin.problem?.contains(message) == true, "\(message): \(origin.problem ?? "none")")
        }
        var origin = try OriginManifestTests.server("https://a")
        origin.retries = OriginManifest.maxRetries
        origin.timeouts.idle = OriginManifest.maxTimeout
        origin.maxObjectBytes = OriginManifest.maxObjectBytesLimit
        #expect(origin.problem == nil)
        origin.cache.defaultTTL = OriginCacheRules.maxSeconds + 1
        let bytes = try Manifest.origin(origin).encoded()
        let error = #expect(throws: ManifestError.self) { try Manifest(decoding: bytes) }
        #expect(error?.description.contains("The origin has a time of the cache") == true)
    }

    // MARK: Composite apps

    private static func pattern(_ text: String) throws -> RoutePattern { try #require(RoutePattern(text)) }

    private static func id(_ byte: UInt8) -> BlobID { BlobID(Blake3.hash([byte])) }

    private static func parts() throws -> [CompositeManifest.Part] {
        let file = SiteManifest.File(blob: id(1), byteCount: 1, contentType: "text/html")
        var function = FunctionManifest(script: id(2), scriptByteCount: 2, sourceName: "a.js", exports: ["default"])
        function.secrets = ["KEY", "OTHER"]
        return [
            .init(
                name: "site", content: .site(try SiteManifest(files: ["index.html": file])), routes: [try pattern("/*")]
            ),
            .init(
                name: "img", content: .origin(try full()), routes: [try pattern("/img/*")], stripsPrefix: true),
            .init(
                name: "function", content: .function(function),
                routes: [try pattern("/api/*"), try pattern("/img/logo")]),
        ]
    }

    @Test("A composite app is read back as it was, whatever the order of its parts")
    func composite() throws {
        let app = try CompositeManifest(parts: OriginManifestTests.parts())
        let other = try CompositeManifest(parts: OriginManifestTests.parts().reversed())
        #expect(app == other)
        #expect(try Manifest.composite(app).encoded() == Manifest.composite(other).encoded())
        #expect(try Manifest(decoding: Manifest.composite(app).encoded()) == .composite(app))
        #expect(Set(Manifest.composite(app).blobs) == [OriginManifestTests.id(1), OriginManifestTests.id(2)])
        #expect(Manifest.composite(app).function?.sourceName == "a.js")
        #expect(Manifest.composite(app).secrets == ["KEY", "KEY_ID", "OTHER", "TOKEN"])
    }

    private static func machine(_ ports: [MachineManifest.Port] = [.init(name: "web", number: 80)]) -> MachineManifest {
        var machine = MachineManifest(image: id(5), layers: [id(6)])
        machine.ports = ports
        machine.secrets = ["M"]
        return machine
    }

    @Test("A machine is a part like another, which may have no routes")
    func machinePart() throws {
        var parts = try OriginManifestTests.parts()
        guard case .function(var function) = parts[2].content else { return }
        function.bindings = [FunctionBinding(name: "DB", target: .machine)]
        parts[2] = .init(name: "function", content: .function(function), routes: parts[2].routes)
        let pattern = try OriginManifestTests.pattern("/db/*")
        for routes in [[], [pattern]] as [[RoutePattern]] {
            let part = CompositeManifest.Part(
                name: "machine", content: .machine(OriginManifestTests.machine()), routes: routes,
                stripsPrefix: !routes.isEmpty)
            let app = try CompositeManifest(parts: parts + [part])
            let manifest = Manifest.composite(app)
            #expect(try Manifest(decoding: manifest.encoded()) == manifest)
            #expect(manifest.machine == OriginManifestTests.machine() && app.function?.needsMachine == true)
            #expect(Set(manifest.blobs).isSuperset(of: [OriginManifestTests.id(5), OriginManifestTests.id(6)]))
            #expect(manifest.secrets.contains("M"))
            #expect(app.route("/db/x").map { app.parts[$0.part].name } == (routes.isEmpty ? "site" : "machine"))
            var other = OriginManifestTests.machine()
            other.maxReplicas = 3
            let changed = try app.replacing(machine: other)
            #expect(changed.machine == other && changed.function == app.function && changed.routes == app.routes)
        }
        // For the worker it is a service.
        #expect(function.environmentText(nodeID: "n").contains(#"{"name":"DB","type":"service"}"#))
        #expect(throws: ManifestError.self) { try Manifest(decoding: try Manifest.function(function).encoded()) }
    }

    @Test(
        "The most exact route counts",
        arguments: [
            ("/", "site"), ("/index.html", "site"), ("/api", "site"), ("/api/", "function"), ("/api/x/y", "function"),
            ("/img/a.png", "img"), ("/img/logo", "function"), ("/img/logo/x", "img"), ("/img", "site"), ("x", nil),
        ])
    func routes(_ path: String, _ expected: String?) throws {
        let app = try CompositeManifest(parts: OriginManifestTests.parts())
        #expect(app.route(path).map { app.parts[$0.part].name } == expected)
    }

    @Test("Patterns have an order")
    func order() throws {
        let sorted = ["/a/b/c", "/a/b/*", "/a/*/c", "/a/*", "/b", "/*/b/c", "/*"].compactMap { RoutePattern($0) }
        #expect(sorted.shuffled().sorted { $0.precedes($1) } == sorted)
        for pattern in sorted { #expect(!pattern.precedes(pattern)) }
        #expect(try OriginManifestTests.pattern("/img/*").prefix == "/img")
        #expect(try OriginManifestTests.pattern("/*").prefix == "")
        #expect(try OriginManifestTests.pattern("/a/*/*").prefix == nil)
        #expect(try OriginManifestTests.pattern("/a").prefix == nil)
    }

    @Test("Parts are checked")
    func badParts() throws {
        let parts = try OriginManifestTests.parts()
        func refuses(_ message: String, _ parts: [CompositeManifest.Part]) {
            let error = #expect(throws: ManifestError.self) { try CompositeManifest(parts: parts) }
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "none")")
        }
        func part(
            _ index: Int, name: String? = nil, _ routes: [String]? = nil, strips: Bool = false
        ) throws -> CompositeManifest.Part {
            .init(
                name: name ?? parts[index].name, content: parts[index].content,
                routes: try routes?.map(OriginManifestTests.pattern) ?? parts[index].routes, stripsPrefix: strips)
        }
        refuses("0 parts", [])
        refuses("repeated", [parts[0], parts[0]])
        refuses("misnamed", [try part(0, name: "A")])
        refuses("has no routes", [try part(1, [])])
        refuses("is also one of", [parts[1], try part(2, ["/img/*"])])
        refuses("does not end with /*", [try part(1, ["/x"], strips: true)])
        refuses("takes prefixes off", [try part(0, strips: true)])
        refuses("more than one function", [parts[2], try part(2, name: "second", ["/x"])])
        func machine(_ name: String, _ manifest: MachineManifest, _ routes: [String] = []) throws
            -> CompositeManifest.Part
        {
            .init(name: name, content: .machine(manifest), routes: try routes.map(OriginManifestTests.pattern))
        }
        let good = OriginManifestTests.machine()
        refuses("more than one machine", [try machine("a", good), try machine("b", good)])
        refuses("no port with HTTP", [try machine("a", OriginManifestTests.machine([]), ["/x"])])
        refuses("has 0 layers", [try machine("a", MachineManifest(image: OriginManifestTests.id(1), layers: []))])
        guard case .function(var caller) = parts[2].content else { return }
        caller.bindings = [FunctionBinding(name: "DB", target: .machine)]
        let calling = CompositeManifest.Part(name: "f", content: .function(caller), routes: parts[2].routes)
        refuses("but the app has none", [calling])
        refuses("without a port for HTTP", [calling, try machine("a", OriginManifestTests.machine([]))])
        refuses("33 parts", try (0...CompositeManifest.maxParts).map { try part(1, name: "p\($0)", ["/\($0)"]) })
        _ = try CompositeManifest(
            parts: (0..<CompositeManifest.maxParts).map { try part(1, name: "p\($0)", ["/\($0)"]) })
        refuses("201 routes", [try part(1, (0...CompositeManifest.maxRoutes).map { "/\($0)" })])
    }
}
