import Foundation
import NIOCore
import NIOHTTP1
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Values of apps", .serialized)
struct KVCliTests {
    @Test("Written through one node and by the command line, read through others, also when one has died")
    func everywhere() async throws {
        try await TestNetwork.with { network in
            try network.write(
                """
                name = "notes"
                kind = "function"
                entry = "main.js"

                [[bindings]]
                name = "NOTES"
                type = "kv"
                namespace = "notes"
                """, to: "notes/skerry.toml")
            try network.write(
                """
                export default {
                  async fetch(request, env) {
                    const key = new URL(request.url).pathname.slice(1);
                    if (request.method === "PUT") {
                      await env.NOTES.put(key, await request.text(), { metadata: { by: env.NODE } });
                      return new Response("stored");
                    }
                    return new Response(await env.NOTES.get(key) ?? "nothing");
                  },
                };
                """, to: "notes/main.js")
            try await network.expectSuccess("deploy", network.folder + "/notes")
            let nodes = try await network.status().nodes
            #expect(
                try await network.request(nodes[0], host: "notes", "/a", method: .PUT, body: .init(string: "1"))
                    .text == "stored")
            for node in nodes { #expect(try await network.request(node, host: "notes", "/a").text == "1") }

            #expect(try await network.expectSuccess("kv", "get", "notes", "notes", "a", "--node", "2").output == "1")
            try await network.expectSuccess(
                "kv", "put", "notes", "notes", "ü/b c", "--ttl", "600", "--metadata", #"{"x":[1]}"#, "--node", "3",
                input: Data("from input".utf8))
            try await network.expectSuccess("kv", "put", "notes", "notes", "c", "text")
            let list = try await network.expectSuccess("kv", "list", "notes", "notes").output.split(separator: "\n")
            #expect(list.count == 3 && list[1] == "c" && list[2].hasPrefix("ü/b c  until "))
            #expect(list[2].hasSuffix(#"{"x":[1]}"#))
            struct List: Decodable {
                struct Key: Decodable { var name: String }
                var keys: [Key]
                var cursor: String?
            }
            let page: List = try await network.expectSuccess(
                "kv", "list", "notes", "notes", "--limit", "1", "--json"
            ).json()
            #expect(page.keys.map(\.name) == ["a"])
            let rest: List = try await network.expectSuccess(
                "kv", "list", "notes", "notes", "--cursor", try #require(page.cursor), "--prefix", "c", "--json"
            ).json()
            #expect(rest.keys.map(\.name) == ["c"] && rest.cursor == nil)

            let unbound = try await network.expectSuccess("kv", "put", "notes", "note", "a", "x")
            #expect(
                unbound.errors.contains("does not bind the namespace note") && unbound.errors.contains("it binds notes")
            )
            let bound = try await network.expectSuccess("kv", "put", "notes", "notes", "d", "x")
            #expect(!bound.errors.contains("warning"), "\(bound.errors)")
            try await network.expectSuccess("kv", "delete", "notes", "notes", "d")

            try await network.expectFailure(
                "kv", "get", "notes", "notes", "a", saying: "belongs to another account", account: "other")
            try await network.expectFailure(
                "kv", "delete", "notes", "notes", "a", saying: "belongs to another account", account: "other")
            try await network.expectFailure("kv", "get", "notes", "notes", "none", saying: "has no key \"none\"")
            try await network.expectFailure("kv", "get", "nobody", "notes", "a", saying: "Nobody owns the name")
            try await network.expectFailure("kv", "get", "notes", "Not a name", "a", saying: "lower-case letters")
            try await network.expectFailure("kv", "put", "notes", "notes", "a", "x", "--ttl", "5", saying: "60 or more")
            try await network.expectFailure(
                "kv", "put", "notes", "notes", String(repeating: "k", count: 513), "x",
                saying: "key has 513 bytes of UTF-8; the limit is 512")

            kill(try #require(nodes[0].pid), SIGKILL)
            try await network.expectSuccess("kv", "put", "notes", "notes", "a", "2", "--node", "2")
            for node in nodes.dropFirst() {
                #expect(try await network.request(node, host: "notes", "/a").text == "2")
                #expect(try await network.request(node, host: "notes", "/c").text == "text")
            }
            try await network.expectSuccess("kv", "delete", "notes", "notes", "a", "--node", "3")
            try await network.expectSuccess("up", "--detach")
            let again = try await network.status().nodes[0]
            try await eventually("the node that was dead hears of it") {
                try await network.request(again, host: "notes", "/a").text == "nothing"
            }
            #expect(try await network.request(again, host: "notes", "/c").text == "text")
        }
    }
    @Test("Nodes that leave hand the values over that they alone kept, and can be stopped then")
    func leaving() async throws {
        try await TestNetwork.with { network in
            try network.write("page", to: "site/index.html")
            try await network.expectSuccess("network", "params", "set", "replicas", "1")
            let names = (1...5).map { "app\($0)" }
            for name in names {
                _ = try await network.deploy(network.folder + "/site", name)
                try await network.expectSuccess("kv", "put", name, "notes", "key", name)
                try await network.expectSuccess("kv", "put", name, "notes", "gone", name)
                try await network.expectSuccess("kv", "delete", name, "notes", "gone")
            }
            func expectValues() async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for name in names {
                        group.addTask {
                            let got = try await network.expectSuccess("kv", "get", name, "notes", "key", "--node", "1")
                            #expect(got.output == name)
                            try await network.expectFailure(
                                "kv", "get", name, "notes", "gone", "--node", "1", saying: "has no key \"gone\"")
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let nodes = try await network.status().nodes
            for number in [3, 2] {
                try await network.expectSuccess("node", "leave", "--node", "\(number)")
                try await eventually("all values are there without node \(number)") {
                    for name in names
                    where try await network.run(["kv", "get", name, "notes", "key", "--node", "1"]).status != 0 {
                        return false
                    }
                    return true
                }
                try await expectValues()
            }
            struct Report: Decodable {
                struct Status: Decodable { var appsToHandOver: Int? }
                var status: Status
            }
            for node in nodes.dropFirst() {
                try await eventually("all is handed over") {
                    let report: Report = try await network.expectSuccess(
                        "node", "status", "--node", node.control, "--json"
                    ).json()
                    return report.status.appsToHandOver == 0
                }
                kill(try #require(node.pid), SIGKILL)
            }
            try await expectValues()
        }
    }
}
