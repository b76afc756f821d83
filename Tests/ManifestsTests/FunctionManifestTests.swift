import Blake3
import Foundation
import Identity
import Manifests
import Testing

@Suite("Function manifests")
struct FunctionManifestTests {
    private func id(_ byte: UInt8) -> BlobID { BlobID(Blake3.hash([byte])) }

    private func full() throws -> FunctionManifest {
        var function = FunctionManifest(
            script: id(1), scriptByteCount: 7, sourceName: "src/main.ts", exports: ["default"])
        function.vars = ["B": "2", "A": "1"]
        function.bindings = [
            FunctionBinding(name: "API", target: .service("other")), FunctionBinding(name: "ASSETS", target: .assets),
            FunctionBinding(name: "KV", target: .kv(namespace: "carts")),
        ]
        function.assets = ["index.html": SiteManifest.File(blob: id(2), byteCount: 3, contentType: "text/html")]
        function.secrets = ["API_KEY", "TOKEN"]
        function.routes = [try #require(RoutePattern("/api/*"))]
        function.cron = [try CronExpression("*/5 * * * *")]
        function.compatibilityDate = "2026-11-01"
        function.limits = .large
        function.bundler = "esbuild 0.17.0"
        function.sourceMap = id(3)
        function.sourceMapByteCount = 9
        return function
    }

    @Test("Everything is read back as it was, and the order of writing does not matter")
    func roundTrip() throws {
        let function = try full()
        var other = function
        other.bindings.reverse()
        other.secrets.reverse()
        #expect(try Manifest(decoding: Manifest.function(function).encoded()) == .function(function))
        #expect(try Manifest.function(other).encoded() == Manifest.function(function).encoded())
        #expect(Set(function.blobs) == [id(1), id(2), id(3)])
    }

    @Test("A function without settings has the bytes that it had before there were any")
    func oldBytes() throws {
        let function = FunctionManifest(script: id(1), scriptByteCount: 7, sourceName: "a.js", exports: ["default"])
        let expected =
            Data([0x12, 51, 0x0A, 32]) + Data(id(1).digest.bytes) + Data([0x10, 7, 0x1A, 4]) + Data("a.js".utf8)
            + Data([0x22, 7]) + Data("default".utf8)
        #expect(try Manifest.function(function).encoded() == expected)
    }

    @Test(
        "Secrets have names of their own",
        arguments: [["1A"], ["NODE"], ["X", "X"], ["A"], ["API"], (0...64).map { "S\($0)" }])
    func secretNames(_ names: [String]) throws {
        var function = try full()
        function.secrets = names
        let bytes = try Manifest.function(function).encoded()
        #expect(throws: ManifestError.self) { try Manifest(decoding: bytes) }
    }

    @Test("The environment of a worker, in JSON")
    func environment() throws {
        #expect(
            try full().environmentText(nodeID: "n1", extraVars: ["B": "3"])
                == #"{"bindings":[{"name":"API","service":"other","type":"service"},{"name":"ASSETS","type":"assets"},"#
                + #"{"name":"KV","namespace":"carts","type":"kv"}],"compatibilityDate":"2026-11-01","node":"n1","#
                + #""vars":{"A":"1","B":"3"}}"#)
        let bare = FunctionManifest(script: id(1), scriptByteCount: 1, sourceName: "a.js", exports: [])
        #expect(bare.environmentText(nodeID: "n") == #"{"bindings":[],"node":"n","vars":{}}"#)
    }

    @Test("What others wrote is checked", arguments: ["NODE", "1A", "", "a-b", "a.b"])
    func badNames(_ name: String) throws {
        var function = try full()
        function.vars[name] = "x"
        let bytes = try Manifest.function(function).encoded()
        let error = #expect(throws: ManifestError.self) { try Manifest(decoding: bytes) }
        #expect(error?.code == .malformed)
    }

    @Test("A name cannot be both a text and a binding, and a path of a file is checked")
    func contradictions() throws {
        var twice = try full()
        twice.vars["API"] = "x"
        let twiceBytes = try Manifest.function(twice).encoded()
        #expect(throws: ManifestError.self) { try Manifest(decoding: twiceBytes) }
        var escaping = try full()
        escaping.assets["../x"] = SiteManifest.File(blob: id(2), byteCount: 1, contentType: "text/plain")
        let escapingBytes = try Manifest.function(escaping).encoded()
        #expect(throws: ManifestError.self) { try Manifest(decoding: escapingBytes) }
    }

    @Test("Texts in env have limits, and one more is refused")
    func limits() throws {
        var function = try full()
        function.vars = ["A": String(repeating: "x", count: ManifestLimits.maxVarBytes)]
        _ = try Manifest(decoding: Manifest.function(function).encoded())
        function.vars["A"]?.append("x")
        let bytes = try Manifest.function(function).encoded()
        let error = #expect(throws: ManifestError.self) { try Manifest(decoding: bytes) }
        #expect(error?.code == .tooLarge)
    }

    @Test("No bytes trap the reader")
    func hostileBytes() throws {
        let valid = try Manifest.function(full()).encoded()
        for _ in 0..<5_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...3) { bytes[Int.random(in: 0..<bytes.count)] = UInt8.random(in: 0...255) }
            guard let manifest = try? Manifest(decoding: bytes) else { continue }
            #expect(try Manifest(decoding: manifest.encoded()) == manifest)
        }
    }

    @Test(
        "Routes",
        arguments: [
            ("/", "/", true), ("/", "/a", false), ("/a", "/a", true), ("/a", "/a/", false), ("/api/*", "/api/", true),
            ("/api/*", "/api/x/y", true), ("/api/*", "/api", false), ("/*", "/anything/at/all", true),
            ("/u/*/orders", "/u/7/orders", true), ("/u/*/orders", "/u//orders", false),
            ("/u/*/orders", "/u/7/8/orders", false), ("/a", "a", false), ("/api/*", "/%61pi/x", true),
            ("/%61pi/*", "/api/x", true), ("/api/*", "/api/../x", false), ("/api/*", "/x/%2e%2E/api/x", true),
            ("/%C3%A9", "/%c3%a9", true), ("/api/*", "/api%2Fx", false),
            ("/api/*", "/%61pi/%", false), ("/api/*", "/x/../api/%", true), ("/*", "/..", true),
        ])
    func routes(_ pattern: String, _ path: String, _ expected: Bool) throws {
        #expect(try #require(RoutePattern(pattern)).matches(path) == expected)
    }

    @Test(
        "Routes that are none",
        arguments: ["", "a", "/a*", "/a b", "/ä", "/a?b", "/" + String(repeating: "a", count: 256)])
    func badRoutes(_ pattern: String) { #expect(RoutePattern(pattern) == nil) }

    @Test(
        "Schedules",
        arguments: [
            ("* * * * *", CronExpression.Minute(minute: 7, hour: 3, day: 1, month: 1, weekday: 4), true),
            ("*/15 * * * *", .init(minute: 45, hour: 0, day: 1, month: 1, weekday: 0), true),
            ("*/15 * * * *", .init(minute: 44, hour: 0, day: 1, month: 1, weekday: 0), false),
            ("0 9-17/4 * * mon-fri", .init(minute: 0, hour: 13, day: 3, month: 2, weekday: 5), true),
            ("0 9-17/4 * * mon-fri", .init(minute: 0, hour: 13, day: 3, month: 2, weekday: 6), false),
            ("0 0 1 * 7", .init(minute: 0, hour: 0, day: 9, month: 3, weekday: 0), true),
            ("0 0 1 * 7", .init(minute: 0, hour: 0, day: 1, month: 3, weekday: 2), true),
            ("0 0 1 * 7", .init(minute: 0, hour: 0, day: 2, month: 3, weekday: 2), false),
            ("0 0 */2 * mon", .init(minute: 0, hour: 0, day: 3, month: 3, weekday: 1), true),
            ("0 0 */2 * mon", .init(minute: 0, hour: 0, day: 2, month: 3, weekday: 1), false),
            ("0 0 */2 * mon", .init(minute: 0, hour: 0, day: 3, month: 3, weekday: 2), false),
            ("1,2,3 0 * dec *", .init(minute: 2, hour: 0, day: 2, month: 12, weekday: 2), true),
        ])
    func schedules(_ text: String, _ time: CronExpression.Minute, _ expected: Bool) throws {
        #expect(try CronExpression(text).matches(time) == expected)
    }

    @Test(
        "Schedules that are none",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *",
            "a * * * *", ", * * * *", "1/x * * * *",
        ])
    func badSchedules(_ text: String) { #expect(throws: CronExpression.Problem.self) { try CronExpression(text) } }
}
