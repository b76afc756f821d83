import Blake3
import Foundation
import Identity
import Manifests
import Testing

@Suite("Manifests")
struct ManifestTests {
    private let file = SiteManifest.File(blob: BlobID(Blake3.hash([1])), byteCount: 1, contentType: "text/plain")

    @Test("A manifest is read back as it was, and equal content gives equal bytes")
    func roundTrip() throws {
        let paths = ["index.html", "a/b.css", "ä/ü.txt", "a.b/c"]
        let site = Manifest.site(try SiteManifest(files: Dictionary(uniqueKeysWithValues: paths.map { ($0, file) })))
        let again = Manifest.site(
            try SiteManifest(files: Dictionary(uniqueKeysWithValues: paths.reversed().map { ($0, file) })))
        #expect(try Manifest(decoding: site.encoded()) == site)
        #expect(try site.encoded() == again.encoded())
        let function = Manifest.function(
            FunctionManifest(script: file.blob, scriptByteCount: 7, sourceName: "a.js", exports: ["default"]))
        #expect(try Manifest(decoding: function.encoded()) == function)
        #expect(function.blobs == [file.blob])
    }

    @Test("A manifest says how large its blobs are, all but those of an image")
    func byteCounts() throws {
        func id(_ byte: UInt8) -> BlobID { BlobID(Blake3.hash([byte])) }
        func file(_ byte: UInt8) -> SiteManifest.File {
            SiteManifest.File(
                blob: id(byte), byteCount: Int(byte), contentType: "text/plain",
                variants: [.init(encoding: .gzip, blob: id(byte + 1), byteCount: Int(byte) + 1)])
        }
        let site = try SiteManifest(files: ["a": file(10)])
        #expect(Manifest.site(site).byteCounts == [id(10): 10, id(11): 11])
        var function = FunctionManifest(script: id(1), scriptByteCount: 1, sourceName: "a.js", exports: ["default"])
        function.assets = ["b": file(20)]
        (function.sourceMap, function.sourceMapByteCount) = (id(2), 2)
        let sizes = [id(1): 1, id(2): 2, id(20): 20, id(21): 21]
        #expect(Manifest.function(function).byteCounts == sizes)
        #expect(Set(Manifest.function(function).blobs) == Set(sizes.keys))
        let machine = MachineManifest(image: id(30), layers: [id(31)])
        #expect(Manifest.machine(machine).byteCounts.isEmpty)
    }

    @Test("Variants and rules are read back as they were, and a site without them has the bytes that it always had")
    func rules() throws {
        let variants = [ContentEncoding.zstd, .brotli, .gzip].map {
            SiteManifest.Variant(encoding: $0, blob: BlobID(Blake3.hash([2])), byteCount: 1)
        }
        let rich = SiteManifest.File(
            blob: file.blob, byteCount: 1, contentType: "text/plain", variants: variants, isImmutable: true)
        let rules = SiteRules(
            redirects: try SiteRulesReader.redirects("/a q=:q /b/:q 302!\n/c/* https://example.org/:splat"),
            headers: try SiteRulesReader.headers("/*\n  X-A: b\n  ! X-C"), isSinglePage: true, hasCleanURLs: true)
        let site = Manifest.site(try SiteManifest(files: ["a.txt": rich], rules: rules))
        #expect(try Manifest(decoding: site.encoded()) == site)
        #expect(site.blobs.count == 2)
        var function = FunctionManifest(script: file.blob, scriptByteCount: 1, sourceName: "a.js", exports: [])
        function.assets = ["a.txt": rich]
        function.siteRules = rules
        #expect(try Manifest(decoding: Manifest.function(function).encoded()) == .function(function))
        #expect(Manifest.function(function).blobs.count == 2)
        let plain = try Manifest.site(SiteManifest(files: ["a": file])).encoded()
        // One file: path, blob, length, media type, and the bytes around them.
        #expect(plain.count == 2 + 2 + (2 + 1) + (2 + 32) + 2 + (2 + 10))
        #expect(throws: ManifestError.self) {
            try SiteManifest(
                files: [
                    "a": SiteManifest.File(
                        blob: file.blob, byteCount: 1, contentType: "text/plain", variants: variants + variants)
                ])
        }
    }

    @Test("The nearest 404.html above a path answers")
    func notFoundPages() throws {
        let root = SiteManifest.File(blob: BlobID(Blake3.hash([3])), byteCount: 1, contentType: "text/html")
        let site = try SiteManifest(files: ["404.html": root, "a/b/404.html": file, "a/x": file])
        #expect(site.notFoundPage(for: "a/b/c/d") == file)
        #expect(site.notFoundPage(for: "a/b") == root)
        #expect(site.notFoundPage(for: "a/c/d") == root)
        #expect(site.notFoundPage(for: String(repeating: "/", count: 8_000)) == root)
        #expect(try SiteManifest(files: ["x": file]).notFoundPage(for: "a") == nil)
    }

    @Test(
        "Paths that are absolute, escape or cannot be named are refused",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "a\u{0}b", "a\nb", "a\\b",
            "a\u{7f}",
            String(repeating: "a", count: ManifestLimits.maxPathBytes + 1),
        ])
    func badPaths(_ path: String) {
        let error = #expect(throws: ManifestError.self) { try SiteManifest(files: [path: file]) }
        #expect(error?.code == .badPath)
    }

    @Test("Sizes are from 0 to a limit in all, so that nobody's sums overflow")
    func sizes() throws {
        func code(_ byteCounts: [Int], variant: Int = 0) -> ManifestError.Code? {
            var files: [String: SiteManifest.File] = [:]
            for (index, byteCount) in byteCounts.enumerated() {
                let encoded = SiteManifest.Variant(encoding: .gzip, blob: file.blob, byteCount: variant)
                files["\(index)"] = SiteManifest.File(
                    blob: file.blob, byteCount: byteCount, contentType: "text/plain", variants: [encoded])
            }
            do {
                let site = try SiteManifest(files: files)
                #expect(site.byteCount == byteCounts.reduce(0, +))
                return nil
            } catch { return (error as? ManifestError)?.code }
        }
        let most = ManifestLimits.maxContentBytes
        #expect(code([most, 0]) == nil)
        #expect(code([most - 2, 1], variant: 1) == .tooLarge)
        #expect(code([most, 1]) == .tooLarge)
        #expect(code([.max]) == .tooLarge)
        #expect(code([.max, .max]) == .tooLarge)
        #expect(code([-1]) == .malformed)
        #expect(code([1], variant: -1) == .malformed)
        #expect(code([0], variant: .max) == .tooLarge)
    }

    @Test("The longest path is accepted")
    func longestPath() throws {
        let path = String(repeating: "a", count: ManifestLimits.maxPathBytes)
        #expect(try SiteManifest(files: [path: file]).files[path] == file)
    }

    @Test("A media type cannot carry a header of its own")
    func contentType() {
        let file = SiteManifest.File(blob: file.blob, byteCount: 1, contentType: "text/plain\r\nx: y")
        #expect(throws: ManifestError.self) { try SiteManifest(files: ["a": file]) }
    }

    @Test("No bytes trap the reader")
    func hostileBytes() throws {
        var generator = SystemRandomNumberGenerator()
        let valid = try Manifest.site(SiteManifest(files: ["index.html": file, "b": file])).encoded()
        for round in 0..<5_000 {
            var bytes = valid
            if round.isMultiple(of: 2) {
                bytes = Data((0..<Int.random(in: 0...80, using: &generator)).map { _ in UInt8.random(in: 0...255) })
            } else {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
            }
            _ = try? Manifest(decoding: bytes)
        }
    }

    @Test(
        "Media types by extension",
        arguments: [
            ("index.html", "text/html; charset=utf-8"), ("a/B.CSS", "text/css; charset=utf-8"),
            ("x.js", "text/javascript; charset=utf-8"), ("m.wasm", "application/wasm"),
            ("noextension", MediaType.unknown),
            ("a.b/c", MediaType.unknown), ("f.woff2", "font/woff2"),
        ])
    func mediaTypes(_ path: String, _ type: String) { #expect(MediaType.of(path: path) == type) }
}
