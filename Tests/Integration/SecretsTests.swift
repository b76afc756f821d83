import Foundation
import Testing

@Suite("Secrets from the command line", .serialized)
struct SecretsTests {
    private struct Listing: Decodable {
        struct Row: Decodable { var name: String }
        struct Node: Decodable { var isComplete: Bool }
        var version: UInt64
        var secrets: [Row]
        var nodes: [Node]
    }

    private func put(_ network: TestNetwork, _ name: String, _ value: String, account: String = "config") async throws
        -> CommandResult
    {
        try await network.run(["secrets", "put", "vault", name], account: account, input: Data((value + "\n").utf8))
    }

    @Test("A secret reaches the function on every node, follows changes without a dropped request, and shows nowhere")
    func secrets() async throws {
        try await TestNetwork.with { network in
            try network.write(
                """
                name = "vault"
                kind = "function"
                entry = "main.js"
                secrets = ["API_KEY"]
                """, to: "vault/skerry.toml")
            try network.write(
                "export default { fetch(request, env) { return new Response(env.API_KEY + env.OTHER) } };",
                to: "vault/main.js")
            try await network.expectSuccess("deploy", network.folder + "/vault", "--no-probe")
            let nodes = try await network.status().nodes
            let without = try await network.request(nodes[0], host: "vault", "/")
            #expect(without.status == 503 && without.text.contains("function/secret-missing"))
            #expect(!without.text.contains("API_KEY"))

            let argument = try await network.run(["secrets", "put", "vault", "API_KEY", "swordfish-argument"])
            #expect(argument.status != 0 && !argument.errors.contains("swordfish"))
            let pair = try await network.run(["secrets", "put", "vault", "API_KEY=swordfish-argument"])
            #expect(pair.status != 0 && !pair.errors.contains("swordfish"))
            let long = try await put(network, "API_KEY", String(repeating: "ü", count: 10_000))
            #expect(long.status != 0 && long.errors.contains("at most 16384 bytes (16 KiB)"), "\(long.errors)")
            let foreign = try await put(network, "API_KEY", "swordfish-foreign", account: "other")
            #expect(foreign.status != 0 && foreign.errors.contains("belongs to another account"))

            let first = try await put(network, "API_KEY", "swordfish-one")
            try #require(first.status == 0, "\(first.errors)")
            #expect(first.output.contains("3 of 3") && !first.output.contains("swordfish"))
            for node in nodes {
                #expect(try await network.request(node, host: "vault", "/").text == "swordfish-oneundefined")
            }
            // What skerry.toml does not name, the function does not get.
            let other = try await put(network, "OTHER", "swordfish-other")
            #expect(other.status == 0 && other.errors.contains("does not name it"), "\(other.errors)")

            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in nodes {
                    group.addTask {
                        try await eventually("the new value is there") {
                            let answer = try await network.request(node, host: "vault", "/")
                            #expect(answer.status == 200, "\(answer.text)")
                            return answer.text.hasPrefix("swordfish-two")
                        }
                    }
                }
                let second = try await put(network, "API_KEY", "swordfish-two")
                #expect(second.status == 0, "\(second.errors)")
                try await group.waitForAll()
            }

            let listed = try await network.expectSuccess("secrets", "list", "vault", "--json")
            let listing: Listing = try listed.json()
            #expect(listing.secrets.map(\.name) == ["API_KEY", "OTHER"] && listing.version == 3)
            #expect(listing.nodes.count == 3 && listing.nodes.allSatisfy(\.isComplete))
            let text = try await network.expectSuccess("secrets", "list", "vault").output
            #expect(text.contains("API_KEY") && !(text + listed.output).contains("swordfish"))

            // Commands at one moment all count.
            let names = (1...4).map { "KEY_\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask {
                        let result = try await put(network, name, "swordfish-\(name)")
                        #expect(result.status == 0, "\(result.errors)")
                    }
                }
                try await group.waitForAll()
            }
            let all: Listing = try await network.expectSuccess("secrets", "list", "vault", "--json").json()
            #expect(all.secrets.map(\.name) == ["API_KEY"] + names + ["OTHER"])

            try await network.expectSuccess("secrets", "delete", "vault", "API_KEY")
            try await network.expectFailure("secrets", "delete", "vault", "API_KEY", saying: "no such secret")
            #expect(try await network.request(nodes[1], host: "vault", "/").status == 503)

            let walker = try #require(FileManager.default.enumerator(atPath: network.data))
            while let path = walker.nextObject() as? String {
                guard let bytes = FileManager.default.contents(atPath: network.data + "/" + path) else { continue }
                #expect(bytes.range(of: Data("swordfish".utf8)) == nil, "\(path)")
            }
        }
    }
}
