import Foundation
import Testing

@Suite("A release that fails is taken back by the nodes", .serialized, .timeLimit(.minutes(3)))
struct RolloutTests {
    private struct Promoted: Decodable { var watchedBy: [String]? }
    private struct Row: Decodable { var text: String }

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

            // What did fail is not promoted again by itself, and the owner's account goes on as before.
            #expect(try await network.request(nodes[1], host: "shaky", "/").text == "fine")
            try await network.expectSuccess(
                "functions", "promote", "shaky", bad, "--steps", "1,2", "--every", "1s", "--no-auto")
            try await network.expectFailure(
                "functions", "promote", "shaky", bad, "--steps", "10,5", saying: "--steps")
        }
    }
}
