import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("Sites from the command line", .serialized)
struct SitesTests {
    private struct Report: Decodable {
        var release: String
        var url: String
        var files: Int
        var variants: Int
        var savedBytes: Int
        var rules: Int
        var warnings: [String]
    }

    @Test("A site is made, deployed with its rules and variants, listed, and broken rules are told at their place")
    func sites() async throws {
        try await TestNetwork.with { network in
            let folder = network.folder + "/shop"
            try network.write("<h1>mine</h1>", to: "shop/public/index.html")
            _ = try await network.expectSuccess("sites", "init", folder)
            let script = (0..<100).map { "console.log('line \($0 &* 2_654_435_761)');\n" }.joined()
            try network.write(script, to: "shop/public/app.3f2a9c1b.js")
            try network.write("/old/* /new/:splat 302\n/app/* /index.html 200\n", to: "shop/public/_redirects")
            try network.write("/*\n  X-Frame-Options: DENY\n", to: "shop/public/_headers")
            try network.write("name = \"shop\"\nkind = \"site\"\nassets = \"public\"\n", to: "shop/skerry.toml")
            let deployed: Report = try await network.expectSuccess("sites", "deploy", folder, "--json").json()
            #expect(deployed.files == 4 && deployed.variants == 3 && deployed.rules == 3 && deployed.warnings.isEmpty)
            #expect(deployed.savedBytes > script.utf8.count / 2)

            for node in try await network.status().nodes {
                let home = try await network.request(node, host: "shop", "/")
                #expect(home.text == "<h1>mine</h1>", "what exists is not overwritten")
                #expect(home.headers.first(name: "x-frame-options") == "DENY")
                #expect(try await network.request(node, host: "shop", "/app/users/7").text == "<h1>mine</h1>")
                let plain = try await network.request(
                    node, host: "shop", "/app.3f2a9c1b.js", headers: [("accept-encoding", "identity")])
                #expect(plain.text == script && plain.headers.first(name: "content-encoding") == nil)
                #expect(plain.headers.first(name: "cache-control") == "public, max-age=31536000, immutable")
                for encoding in ["br", "gzip", "zstd"] {
                    let encoded = try await network.request(
                        node, host: "shop", "/app.3f2a9c1b.js", headers: [("accept-encoding", encoding)])
                    #expect(encoded.headers.first(name: "content-encoding") == encoding)
                    #expect(encoded.headers.first(name: "vary") == "accept-encoding")
                    // The client of the tests decodes gzip by itself.
                    let isShort = encoded.body.readableBytes < script.utf8.count / 2
                    #expect(encoding == "gzip" ? encoded.text == script : isShort)
                    #expect(encoded.headers.first(name: "etag") != plain.headers.first(name: "etag"))
                }
                #expect(try await network.request(node, host: "shop", "/_redirects").status == 404)
            }
            #expect(try await network.expectSuccess("sites", "list").output.contains("shop"))
            #expect(try await network.expectSuccess("sites", "versions", "shop").output.contains(deployed.release))

            try network.write("/old\n/x https://example.org/ 200\n", to: "shop/public/_redirects")
            try await network.expectFailure("sites", "deploy", folder, saying: "_redirects:1:1: the rule has no target")
            try await network.expectFailure("sites", "deploy", folder, saying: "_redirects:2:4: a rewrite (200) stays")
        }
    }
}
