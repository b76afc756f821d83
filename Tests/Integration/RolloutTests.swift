import Foundation
import Testing

@Suite("A release that fails is taken back by the nodes", .serialized, .timeLimit(.minutes(3)))
struct RolloutTests {
    private struct Promoted: Decodable { var watchedBy: [String]? }
    private struct Row: Decodable { var text: String }
    private struct Versions: Decodable {
        struct Rollback: Decodable {
            var from: String
            var to: String
        }
        var automaticRollback: Rollback?
    }

    @Test("A promotion of a function that throws is rolled back, and the log says why")
    func rollsBack() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            func deploy(_ code: String) async throws -> String {
                try network.write("export default { fetch() { \(code) } };", to: "shaky.js")
                return try await network.deploy(network.folder + "/shaky.js", "shaky").release
            }
            let bad = try await deploy("throw new Error('no good');")
            let good = try await deploy("return new Response('fine');")
            let nodes = try await network.status().nodes
            for _ in 0..<30 { #expect(try await network.request(nodes[0], host: "shaky", "/").text == "fine") }

            let quiet: Promoted = try await network.expectSuccess(
                "functions", "promote", "shaky", good, "--no-auto", "--json"
            ).json()
            #expect(quiet.watchedBy == nil)
            let promoted: Promoted = try await network.expectSuccess(
                "functions", "promote", "shaky", bad, "--json"
            ).json()
            #expect(promoted.watchedBy?.count == 2)
            try await eventually("visitors have the good release back") {
                let answer = try await network.request(nodes[0], host: "shaky", "/")
                return answer.status == 200 && answer.text == "fine"
            }
            let output = try await network.expectSuccess("functions", "logs", "shaky", "--json").output
            let rows = try output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
            let said = rows.filter { $0.text.hasPrefix("rolled back automatically to \(good) because") }
            #expect(said.count == 1, "\(rows.map(\.text).suffix(5))")
            for node in 1...2 {
                let versions: Versions = try await network.expectSuccess(
                    "functions", "versions", "shaky", "--node", "\(node)", "--json"
                ).json()
                #expect(versions.automaticRollback?.from == bad && versions.automaticRollback?.to == good)
            }
            let shown = try await network.expectSuccess("functions", "versions", "shaky").output
            #expect(shown.contains("went back from \(bad) to \(good) by itself"), "\(shown)")

            // What did fail is not promoted again by itself, and the owner's account goes on as before.
            #expect(try await network.request(nodes[1], host: "shaky", "/").text == "fine")
            try await network.expectSuccess(
                "functions", "promote", "shaky", bad, "--steps", "1,2", "--every", "1s", "--no-auto")
            let many = (1...21).map(String.init).joined(separator: ",")
            for (steps, reason) in [
                ("10,5", "5 is not above the 10 before it"), ("10,10", "10 is not above the 10 before it"),
                ("10,200", "\"200\" is no share from 1 to 100"), ("0,10", "\"0\" is no share"),
                ("1,10,", "\"\" is no share"), ("", "\"\" is no share"), (many, "there are 21 steps, and at most 20"),
            ] {
                try await network.expectFailure(
                    "functions", "promote", "shaky", bad, "--steps", steps, saying: reason)
            }
        }
    }
    @Test("So is a release of several parts whose function throws")
    func severalParts() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            try network.write(
                """
                name = "parts"
                kind = "app"
                [site]
                assets = "public"
                [function]
                entry = "api.js"
                routes = ["/api/*"]
                """, to: "parts/skerry.toml")
            func deploy(_ page: String, _ code: String) async throws -> String {
                try network.write(page, to: "parts/public/index.html")
                try network.write("export default { fetch() { \(code) } };", to: "parts/api.js")
                return try await network.deploy(network.folder + "/parts", "parts").release
            }
            let bad = try await deploy("new", "throw new Error('no good');")
            let good = try await deploy("old", "return new Response('fine');")
            let node = try await network.status().nodes[0]
            for _ in 0..<30 { #expect(try await network.request(node, host: "parts", "/api/").text == "fine") }
            let promoted: Promoted = try await network.expectSuccess(
                "functions", "promote", "parts", bad, "--json"
            ).json()
            #expect(promoted.watchedBy?.count == 2)
            try await eventually("visitors have all parts of the good release back") {
                guard try await network.request(node, host: "parts", "/api/").text == "fine" else { return false }
                return try await network.request(node, host: "parts", "/").text == "old"
            }
            let versions: Versions = try await network.expectSuccess("functions", "versions", "parts", "--json").json()
            #expect(versions.automaticRollback?.to == good)
        }
    }
}
