import ControlModel
import Foundation
import NIOCore
import Testing

@Suite("Copies of releases", .serialized)
struct CopiesTests {
    private struct Deployed: Decodable {
        var release: String
        var replicas: [String]
        var wantedReplicas: Int
    }

    private func readiness(
        _ network: TestNetwork, _ release: String, at node: TestNetwork.Status.Node
    ) async throws -> ReadinessReport {
        try await network.get(node, "/api/v1/names/demo/releases/\(release)/readiness?wait=0")
    }

    /// Whether a node keeps something for the app.
    private func isKept(_ network: TestNetwork, node: Int) async throws -> Bool {
        let rows: [BlobRow] = try await network.expectSuccess("blob", "ls", "--json", "--node", "\(node)").json()
        return rows.contains { $0.pinnedBy.contains("app:demo") }
    }

    @Test(
        "Another node stands in for one without room, without a warning, and gives its copy up when there is room again"
    )
    func standingIn() async throws {
        try await TestNetwork.with(nodes: 4, options: ["--quota", "8MiB"]) { network in
            let nodes = try await network.status().nodes
            try network.write("first", to: "site/index.html")
            let site = network.folder + "/site"
            let first: Deployed =
                try await network.expectSuccess("deploy", site, "--name", "demo", "--json").json()
            let homes = Set(try await readiness(network, first.release, at: nodes[0]).replicas)
            #expect(homes.count == 3)
            let standIn = try #require(nodes.firstIndex { !homes.contains($0.id) })
            let full = try #require(nodes.firstIndex { homes.contains($0.id) })
            let other = try #require(nodes.indices.last { $0 != full && $0 != standIn })

            // So much is left that the node is full, and the next release does not fit.
            let filling = try network.randomFile("filling", byteCount: 8_000_000)
            let pinned = try await network.expectSuccess("blob", "add", filling, "--node", "\(full + 1)").output
                .trimmingCharacters(in: .newlines)
            try await eventually("the others hear that the node is full") {
                for node in nodes.indices where node != full {
                    let metrics = try await network.request(nodes[node], "/metrics").text
                    if !metrics.contains("skerry_membership_full 1") { return false }
                }
                return true
            }
            let large = try network.randomFile("large.bin", byteCount: 2 << 20)
            try FileManager.default.moveItem(atPath: large, toPath: site + "/large.bin")
            let second: Deployed = try await network.expectSuccess(
                "deploy", site, "--name", "demo", "--node", "\(other + 1)", "--json"
            ).json()
            // So many as there are to be, which is when the command does not warn.
            #expect(second.wantedReplicas == 3)
            #expect(Set(second.replicas) == homes.subtracting([nodes[full].id]).union([nodes[standIn].id]))
            #expect(try await isKept(network, node: standIn + 1))
            // The full one passes on to its visitors what it does not keep.
            #expect(
                try await network.request(nodes[full], host: "demo", "/large.bin").body.readableBytes == 2 << 20)
            #expect(
                try await network.expectSuccess("node", "status", "--node", "\(full + 1)").output
                    .contains("there is no room for a release"))

            try await network.expectSuccess("blob", "unpin", pinned, "--node", "\(full + 1)")
            try await eventually(
                within: 90, "the node that has room again holds the release, and the other gives it up"
            ) {
                let report = try await readiness(network, second.release, at: nodes[other])
                guard Set(report.ready) == homes else { return false }
                return try await !isKept(network, node: standIn + 1)
            }
            for node in homes.compactMap({ id in nodes.firstIndex { $0.id == id } }) {
                #expect(try await isKept(network, node: node + 1))
            }
        }
    }
}
