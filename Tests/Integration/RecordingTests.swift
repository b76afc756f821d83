import Foundation
import NIOHTTP1
import Testing

@Suite("Recordings and receipts from the command line", .serialized)
struct RecordingTests {
    private struct Recorded: Decodable {
        var file: String
        var receipt: String
        var node: String
        var status: Int
        var calls: [String]
        var outputHash: String
    }

    private struct Replayed: Decodable {
        var node: String
        var recordedBy: String
        var isEqual: Bool
        var outputHash: String
    }

    private struct Shown: Decodable {
        var id: String
        var node: String
        var status: Int
        var transcriptHash: String?
        var outputHash: String
        var ledger: String?
    }

    private static let module = """
        export default { async fetch(request, env) {
          const start = Date.now();
          await new Promise((done) => setTimeout(done, 5));
          const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(request.url));
          return Response.json({
            start, waited: Date.now() - start, chance: Math.random(), id: crypto.randomUUID(), node: env.NODE.id,
            digest: new Uint8Array(digest).toHex(),
          });
        } }
        """

    @Test("Recorded on one node, run again on another and by the command alone; changed files are refused")
    func recordAndReplay() async throws {
        try await TestNetwork.with(nodes: 2) { network in
            try network.write(Self.module, to: "dice.js")
            _ = try await network.deploy(network.folder + "/dice.js", "dice")
            let nodes = try await network.status().nodes
            let file = network.folder + "/dice.skrec"
            let recorded: Recorded = try await network.expectSuccess(
                "functions", "record", "dice", "/?a=1", "--output", file, "--node", "1", "--json"
            ).json()
            #expect(recorded.status == 200 && recorded.calls == ["crypto.digest"] && recorded.node == nodes[0].id)

            let here: Replayed = try await network.expectSuccess("replay", file, "--json").json()
            #expect(here.isEqual && here.outputHash == recorded.outputHash && here.recordedBy == nodes[0].id)
            let there: Replayed = try await network.expectSuccess(
                "replay", file, "--on-node", "--node", "2", "--json"
            ).json()
            #expect(there.isEqual && there.outputHash == recorded.outputHash && there.node == nodes[1].id)
            try await network.expectSuccess("replay", file, "--by", nodes[0].id)
            try await network.expectFailure("replay", file, "--by", nodes[1].id, saying: "is refused")

            var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(fileURLWithPath: file + ".bad"))
            try await network.expectFailure("replay", file + ".bad", saying: "recording/bad-signature")
            try await network.expectFailure(
                "functions", "record", "dice", saying: "only its owner may record", account: "other")

            let shown: Shown = try await network.expectSuccess("receipts", "show", recorded.receipt, "--json").json()
            #expect(shown.node == nodes[0].id && shown.transcriptHash != nil)
            #expect(shown.outputHash == recorded.outputHash)
            try await network.expectSuccess("receipts", "verify", recorded.receipt, "--recording", file)
        }
    }

    @Test("Every answer of a function names a receipt that its node signed")
    func receipts() async throws {
        try await TestNetwork.with(nodes: 1) { network in
            try network.write(
                """
                export default { fetch(request) {
                  const parts = new ReadableStream({ start(out) {
                    for (const part of ["a", "b", "c"]) out.enqueue(new TextEncoder().encode(part));
                    out.close();
                  } });
                  const body = new URL(request.url).pathname === "/stream" ? parts : "whole";
                  return new Response(body, { headers: { "skerry-receipt": "forged" } });
                } }
                """, to: "two.js")
            _ = try await network.deploy(network.folder + "/two.js", "two")
            let node = try await network.status().nodes[0]
            var ids: Set<String> = []
            for path in ["/", "/stream"] {
                let answer = try await network.request(node, host: "two", path)
                #expect(answer.text == (path == "/" ? "whole" : "abc"))
                #expect(answer.headers["skerry-receipt"].count == 1)
                let id = try #require(answer.headers.first(name: "skerry-receipt"))
                ids.insert(id)
                let file = network.folder + "/receipt"
                let shown: Shown = try await network.expectSuccess(
                    "receipts", "show", id, "--out", file, "--json"
                ).json()
                #expect(shown.id == id && shown.status == 200 && shown.transcriptHash == nil)
                let valid: Shown = try await network.expectSuccess("receipts", "verify", file, "--json").json()
                #expect(valid.ledger?.hasPrefix("listed") == true && valid.node == node.id)
                var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
                bytes[bytes.count / 3] ^= 1
                try bytes.write(to: URL(fileURLWithPath: file))
                try await network.expectFailure("receipts", "verify", file, saying: "is refused")
            }
            #expect(ids.count == 2 && !ids.contains("forged"))
            try await network.expectFailure("receipts", "show", "0123456789abcdef", saying: "receipt/unknown")
        }
    }
}
