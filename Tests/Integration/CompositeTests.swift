import Foundation
import NIOHTTP1
import Testing

@Suite("Apps of several parts from the command line", .serialized)
struct CompositeTests {
    private struct Report: Decodable {
        struct Route: Decodable, Equatable {
            var path: String
            var part: String
            var kind: String
        }

        var release: String
        var routes: [Route]?
        var files: Int
    }

    /// Lets the nodes ask this machine for content.
    private func allowOrigins(_ network: TestNetwork) async throws {
        try await network.expectSuccess("down")
        for node in try await network.status().nodes {
            let file = URL(fileURLWithPath: node.data + "/node.json")
            var json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
            json["origins"] = ["allowedHosts": ["127.0.0.1"]]
            try JSONSerialization.data(withJSONObject: json).write(to: file)
        }
        try await network.expectSuccess("up", "--detach")
    }

    @Test("One skerry.toml puts a site, a function and an origin under one name, on every node")
    func parts() async throws {
        let answer: RawServer.Handler = { request in
            RawServer.answer(
                200, [("content-type", "image/x"), ("cache-control", "max-age=60")], Array("pic \(request.path)".utf8))
        }
        try await RawServer.with(answer) { origin in
            try await TestNetwork.with(nodes: 2) { network in
                try await allowOrigins(network)
                try network.write("<h1>home</h1>", to: "shop/public/index.html")
                try network.write(
                    """
                    export default {
                      async fetch(request, env) {
                        const page = await env.ASSETS.fetch(new Request("http://x/index.html"))
                        return new Response(new URL(request.url).pathname + " " + env.WORD + " " + (await page.text()))
                      },
                    }
                    """, to: "shop/api.js")
                try network.write(
                    """
                    name = "shop"
                    kind = "app"
                    [site]
                    assets = "public"
                    [function]
                    entry = "api.js"
                    routes = ["/api/*"]
                    vars = { WORD = "hello" }
                    [[function.bindings]]
                    name = "ASSETS"
                    type = "assets"
                    [origin.img]
                    url = "\(origin.url)/pictures"
                    routes = ["/img/*"]
                    strip_prefix = true
                    """, to: "shop/skerry.toml")
                let deployed: Report = try await network.expectSuccess("deploy", network.folder + "/shop", "--json")
                    .json()
                #expect(
                    deployed.routes == [
                        .init(path: "/api/*", part: "function", kind: "function"),
                        .init(path: "/img/*", part: "img", kind: "origin"),
                        .init(path: "/*", part: "site", kind: "site"),
                    ])
                for node in try await network.status().nodes {
                    for host in ["shop", "\(deployed.release)--shop"] {
                        try await eventually("\(host) is served") {
                            try await network.request(node, host: host, "/").text == "<h1>home</h1>"
                        }
                        let api = try await network.request(node, host: host, "/api/x?y=1")
                        #expect(api.text == "/api/x hello <h1>home</h1>", "\(host)")
                        let image = try await network.request(node, host: host, "/img/a.png")
                        #expect(image.status == 200 && image.text == "pic /pictures/a.png", "\(host) \(image.text)")
                        #expect(image.headers.first(name: "content-type") == "image/x")
                        #expect(try await network.request(node, host: host, "/nothing").status == 404)
                    }
                }
                #expect(origin.requests.allSatisfy { $0.path == "/pictures/a.png" })
                #expect(try await network.expectSuccess("functions", "list").output.contains("shop"))
            }
        }
    }
}
