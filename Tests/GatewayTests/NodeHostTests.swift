import Gateway
import Identity
import NIOCore
import Synchronization
import Testing

/// Blobs under their ids and the node's own pages.
@Suite struct NodeHostTests {
    @Test func blobs() async throws {
        try await TestGateway.run { test in
            let hot = test.blobs.addHot("hot", pattern(50))
            let cold = test.blobs.addCold("cold", pattern(300_000))
            for (id, bytes) in [(hot, pattern(50)), (cold, pattern(300_000))] {
                for (host, path) in [
                    ("127.0.0.1", "/blobs/\(id)"), ("localhost:1", "/blobs/\(id.hex)"), ("\(id).localhost", "/"),
                ] {
                    let response = try await test.get(host, path)
                    #expect(response.status == 200 && response.body == bytes)
                    #expect(response["etag"] == "\"\(id)\"")
                    #expect(response["cache-control"] == "public, max-age=31536000, immutable")
                    #expect(response["content-type"] == "application/octet-stream")
                    #expect(response["x-content-type-options"] == "nosniff")
                    #expect(response["content-security-policy"]?.contains("sandbox") == true)
                }
                let part = try await test.get("[::1]", "/blobs/\(id)", "Range: bytes=-3")
                #expect(part.status == 206 && part.body == Array(bytes.suffix(3)))
                let head = try await test.send(
                    "HEAD /blobs/\(id) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", isHead: true)
                #expect(head["content-length"] == String(bytes.count))
                #expect(try await test.get("a", "/blobs/\(id)", "If-None-Match: \"\(id)\"").status == 304)
                #expect(try await test.get("a", "/blobs/\(id)", "If-None-Match: *").status == 304)
                #expect(try await test.get("a", "/blobs/\(id)", "Range: bytes=999999-").status == 416)
            }
            #expect(try await test.get("a", "/blobs/\(FakeBlobs.id("none"))").status == 404)
            #expect(try await test.get("a", "/blobs/xyz").status == 404)
            #expect(try await test.get("\(hot).localhost", "/x").status == 404)
            #expect(try await test.send("PUT /blobs/\(hot) HTTP/1.1\r\nHost: a\r\n\r\n").status == 405)
            #expect(test.blobs.counts.withLock { $0.opened == $0.closed })
        }
    }

    @Test func pages() async throws {
        try await TestGateway.run { test in
            #expect(try await test.get("localhost", "/").text.contains("feedbeef"))
            #expect(try await test.get("localhost", "/", "Accept: text/html").text.contains("<h1>Skerry</h1>"))
            #expect(try await test.get("localhost", "/healthz").text == "alive\n")
            #expect(try await test.get("localhost", "/readyz").text == "ready: all is well\n")
            test.pages.state.withLock { $0 = (false, "the ledger is behind") }
            let ready = try await test.get("localhost", "/readyz")
            #expect(ready.status == 503 && ready.text.contains("the ledger is behind"))
            #expect(try await test.get("localhost", "/healthz").status == 200)
            #expect(try await test.get("localhost", "/else").status == 404)
            #expect(try await test.send("GET / HTTP/1.0\r\n\r\n").status == 200)
        }
    }

    @Test func metricsAreForThisMachine() async throws {
        try await TestGateway.run { test in
            for host in ["127.0.0.1:1", "localhost", "[::1]"] {
                let response = try await test.get(host, "/metrics")
                #expect(response.status == 200 && response.text == "up 1\n")
                #expect(response["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            }
            #expect(try await test.get("evil.example", "/metrics").status == 403)
            #expect(try await test.get("localhost", "/metrics", "X-Forwarded-For: 9.9.9.9").status == 403)
            #expect(try await test.get("localhost", "/metrics", "CDN-Loop: skerry").status == 403)
        }
    }
}
