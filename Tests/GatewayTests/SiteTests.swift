import Gateway
import Identity
import Manifests
import NIOCore
import Synchronization
import Testing

/// Sites over a real socket.
@Suite struct SiteTests {
    private func withSite(_ body: (TestGateway) async throws -> Void) async throws {
        try await TestGateway.run { test in
            let index = test.blobs.addHot("index", Array("<h1>home</h1>".utf8))
            let data = test.blobs.addHot("data", pattern(100))
            let missing = test.blobs.addHot("missing", Array("nothing here".utf8))
            let big = test.blobs.addCold("big", pattern(700_000))
            let gone = FakeBlobs.id("gone")
            try test.site(
                "shop",
                [
                    "index.html": file(index, 13), "docs/index.html": file(index, 13), "about.html": file(index, 13),
                    "data.bin": file(data, 100, "application/x-data"), "404.html": file(missing, 12),
                    "big.bin": file(big, 700_000, "application/x-big"), "gone.bin": file(gone, 5),
                    "lie.bin": file(data, 99), "empty.txt": file(FakeBlobs.id("empty"), 0, "text/plain"),
                ])
            try test.site("bare", ["a.txt": file(index, 13)])
            try await body(test)
        }
    }

    @Test func servesFiles() async throws {
        try await withSite { test in
            let home = try await test.get("shop.localhost", "/")
            #expect(home.status == 200)
            #expect(home.text == "<h1>home</h1>")
            #expect(home["content-type"] == "text/html; charset=utf-8")
            #expect(home["etag"] == "\"\(FakeBlobs.id("index"))\"")
            #expect(home["cache-control"] == "public, max-age=0, must-revalidate")
            #expect(home["accept-ranges"] == "bytes")
            #expect(home["skerry-node"] == "feedbeef")
            #expect(home["date"]?.hasSuffix(" GMT") == true)
            #expect(home["server-timing"]?.hasPrefix("node;dur=") == true)
            #expect(home["connection"] == nil)
            #expect(try await test.get("SHOP.localhost:8080", "/about").status == 200)
            #expect(try await test.get("shop.localhost", "/about?x=%zz").status == 200)
            #expect(try await test.get("shop.localhost", "/docs/").text == "<h1>home</h1>")
            let redirect = try await test.get("shop.localhost", "/docs?a=b")
            #expect(redirect.status == 308)
            #expect(redirect["location"] == "/docs/?a=b")
            let empty = try await test.get("shop.localhost", "/empty.txt")
            #expect(empty.status == 200 && empty["content-length"] == "0")
        }
    }

    @Test func tellsWhatIsMissing() async throws {
        try await withSite { test in
            let own = try await test.get("shop.localhost", "/nothing")
            #expect(own.status == 404 && own.text == "nothing here")
            #expect(own["etag"] == nil && own["skerry-error"] == "content/not-found")
            let bare = try await test.get("bare.localhost", "/nothing", "Accept: text/html,*/*")
            #expect(bare.status == 404 && bare["content-type"] == "text/html; charset=utf-8")
            let unknown = try await test.get("nobody.localhost", "/")
            #expect(unknown.status == 404 && unknown["skerry-error"] == "app/unknown")
            #expect(unknown.text.contains("nobody"))
            test.routes.setReady(false)
            let early = try await test.get("nobody.localhost", "/")
            #expect(early.status == 503 && early["retry-after"] == "2")
            test.routes["soon"] = .unavailable(reason: "its <manifest> is being fetched")
            let soon = try await test.get("soon.localhost", "/", "Accept: text/html")
            #expect(soon.status == 503 && soon.text.contains("its &lt;manifest&gt; is"))
            let gone = try await test.get("shop.localhost", "/gone.bin")
            #expect(gone.status == 404 && gone["skerry-error"] == "blob/not-found")
            let lie = try await test.get("shop.localhost", "/lie.bin")
            #expect(lie.status == 502 && lie["skerry-error"] == "blob/mismatch")
            #expect(try await test.get("shop.localhost", "/%2e%2e/x").status == 400)
        }
    }

    @Test func methods() async throws {
        try await withSite { test in
            let client = try await test.connect()
            defer { client.close() }
            client.send("HEAD /data.bin HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
            let head = try await client.response(isHead: true)
            #expect(head.status == 200 && head["content-length"] == "100")
            client.send("OPTIONS / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
            let options = try await client.response()
            #expect(options.status == 204 && options["allow"] == "GET, HEAD, OPTIONS")
            client.send("OPTIONS * HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
            #expect(try await client.response().status == 204)
            client.send("POST / HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 3\r\n\r\nabc")
            let post = try await client.response()
            #expect(post.status == 405 && post["allow"] == "GET, HEAD, OPTIONS")
            client.send("GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
            #expect(try await client.response().status == 200, "the connection is still good")
            client.send("HEAD /nothing HTTP/1.1\r\nHost: bare.localhost\r\n\r\n")
            #expect(try await client.response(isHead: true).status == 404)
            #expect(client.byteCount == 0)
        }
    }

    @Test func conditions() async throws {
        try await withSite { test in
            let tag = "\"\(FakeBlobs.id("data"))\""
            func status(_ fields: String) async throws -> Int {
                try await test.send("GET /data.bin HTTP/1.1\r\nHost: shop.localhost\r\n\(fields)\r\n\r\n").status
            }
            #expect(try await status("If-None-Match: \(tag)") == 304)
            #expect(try await status("If-None-Match: \"x\", W/\(tag)") == 304)
            #expect(try await status("If-None-Match: *") == 304)
            #expect(try await status("If-None-Match: \"x\"\r\nIf-None-Match: \(tag)") == 304)
            #expect(try await status("If-None-Match: \"x\"") == 200)
            #expect(try await status("If-Match: \(tag)") == 200)
            #expect(try await status("If-Match: *") == 200)
            #expect(try await status("If-Match: W/\(tag)") == 412)
            #expect(try await status("If-Match: \"x\"\r\nIf-None-Match: \(tag)") == 412)
            #expect(try await status("Range: bytes=0-1\r\nIf-Range: \(tag)") == 206)
            #expect(try await status("Range: bytes=0-1\r\nIf-Range: \"x\"") == 200)
            #expect(try await status("Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT") == 200)
            let fresh = try await test.get("shop.localhost", "/data.bin", "If-None-Match: \(tag)")
            #expect(fresh["etag"] == tag && fresh["cache-control"] != nil && fresh["content-length"] == nil)
        }
    }

    @Test func ranges() async throws {
        try await withSite { test in
            let one = try await test.get("shop.localhost", "/data.bin", "Range: bytes=10-19")
            #expect(one.status == 206 && one["content-range"] == "bytes 10-19/100")
            #expect(one.body == Array(pattern(100)[10..<20]))
            let bad = try await test.get("shop.localhost", "/data.bin", "Range: bytes=100-")
            #expect(bad.status == 416 && bad["content-range"] == "bytes */100")
            for path in ["/data.bin", "/big.bin"] {
                let whole = path == "/data.bin" ? pattern(100) : pattern(700_000)
                let many = try await test.get("shop.localhost", path, "Range: bytes=0-1,5-6,-2")
                #expect(many.status == 206)
                let type = try #require(many["content-type"])
                let boundary = try #require(type.split(separator: "=").last)
                #expect(type.hasPrefix("multipart/byteranges; boundary="))
                var expected: [UInt8] = []
                for range in [0..<2, 5..<7, (whole.count - 2)..<whole.count] {
                    let inner = path == "/data.bin" ? "application/x-data" : "application/x-big"
                    let lead = expected.isEmpty ? "" : "\r\n"
                    expected += Array(
                        ("\(lead)--\(boundary)\r\ncontent-type: \(inner)\r\ncontent-range: bytes "
                            + "\(range.lowerBound)-\(range.upperBound - 1)/\(whole.count)\r\n\r\n").utf8)
                    expected += whole[range]
                }
                expected += Array("\r\n--\(boundary)--\r\n".utf8)
                #expect(many.body == expected)
            }
        }
    }

    @Test func streamsBlocks() async throws {
        try await withSite { test in
            let whole = try await test.get("shop.localhost", "/big.bin")
            #expect(whole.status == 200 && whole.body == pattern(700_000))
            test.blobs.counts.withLock { $0 = .init() }
            let part = try await test.get("shop.localhost", "/big.bin", "Range: bytes=262143-262144")
            #expect(part.body == Array(pattern(700_000)[262_143...262_144]))
            let counts = test.blobs.counts.withLock { $0 }
            #expect(counts.demands == [262_143..<262_145])
            #expect(counts.blocks == [0, 1])
            #expect(counts.opened == 1 && counts.closed == 1)
            test.blobs.delay.withLock { $0 = .milliseconds(3) }
            #expect(try await test.get("shop.localhost", "/big.bin").body == pattern(700_000))
        }
    }

    @Test func failingBlocks() async throws {
        try await withSite { test in
            test.blobs.failingBlock.withLock { $0 = 0 }
            let early = try await test.get("shop.localhost", "/big.bin")
            #expect(early.status == 502 && early["skerry-error"] == "blob/unreachable")
            #expect(early["skerry-request"]?.count == 16)
            test.blobs.failingBlock.withLock { $0 = 1 }
            let client = try await test.connect()
            client.send("GET /big.bin HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
            try await client.closed()
            #expect(client.byteCount < 300_000)
            #expect(test.blobs.counts.withLock { $0.opened == $0.closed })
            test.blobs.failingBlock.withLock { $0 = nil }
            test.blobs.lie.withLock { $0 = 1 }
            #expect(try await test.get("shop.localhost", "/big.bin").status == 502)
            #expect(test.blobs.counts.withLock { $0.opened == $0.closed })
        }
    }
}
