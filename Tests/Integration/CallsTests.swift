import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("Calls that come to a node without the app", .serialized, .timeLimit(.minutes(3)))
struct CallsTests {
    private struct Shown: Decodable {
        var id: String
        var node: String
        var app: String
    }

    private struct Row: Decodable {
        var node: String
        var text: String
        var request: String?
    }

    @Test("Every node answers for an app with a secret, with receipt and log of the node that ran it")
    func forwards() async throws {
        try await TestNetwork.with(nodes: 5) { network in
            try network.write(
                """
                name = "far"
                kind = "function"
                entry = "main.js"
                secrets = ["WORD"]
                """, to: "far/skerry.toml")
            try network.write(
                """
                export default { async fetch(request, env) {
                  if (new URL(request.url).pathname === "/fail") throw new Error("on purpose");
                  console.log("ran", request.method);
                  if (request.method === "POST") return new Response(request.body);
                  return new Response(env.WORD);
                } };
                """, to: "far/main.js")
            try await network.expectSuccess("deploy", network.folder + "/far", "--no-probe")
            let put = try await network.run(["secrets", "put", "far", "WORD"], input: Data("swordfish\n".utf8))
            try #require(put.status == 0, "\(put.errors)")

            let nodes = try await network.status().nodes
            var ranBy: [String: String] = [:]
            var last: (id: String, entry: String)?
            for node in nodes {
                let answer = try await network.request(node, host: "far", "/")
                #expect(answer.status == 200 && answer.text == "swordfish", "\(answer.text)")
                let id = try #require(answer.headers.first(name: "skerry-receipt"))
                let shown: Shown = try await network.expectSuccess("receipts", "show", id, "--json").json()
                #expect(shown.id == id && shown.app == "far")
                ranBy[node.id] = shown.node
                if shown.node != node.id { last = (id, shown.node) }
                let failed = try await network.request(node, host: "far", "/fail")
                #expect(failed.status == 500 && failed.text.contains("function/exception"), "\(failed.text)")
                #expect(!failed.text.contains("on purpose"))
            }
            let large = ByteBuffer(repeating: 65, count: 3 << 20)
            for node in nodes {
                let echo = try await network.request(node, host: "far", "/", method: .POST, body: large)
                #expect(echo.status == 200 && echo.body == large)
            }
            // The nodes of the app ran theirs themselves; the others had them run by those.
            let homes = Set(ranBy.filter { $0.key == $0.value }.keys)
            #expect(homes.count < nodes.count && Set(ranBy.values).isSubset(of: homes), "\(ranBy)")
            let forwarded = try #require(last)
            try await eventually("the log is where the function ran, under the request's id") {
                let output = try await network.expectSuccess("functions", "logs", "far", "--json").output
                let rows = try output.split(separator: "\n").map {
                    try JSONDecoder().decode(Row.self, from: Data($0.utf8))
                }
                let lines = rows.filter { $0.request == forwarded.id && $0.text == "ran GET" }
                return lines.count == 1 && lines[0].node == forwarded.entry
            }
        }
    }
}
