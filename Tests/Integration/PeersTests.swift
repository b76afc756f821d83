import ControlModel
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("What nodes know of each other", .serialized)
struct PeersTests {
    private func metric(_ name: String, _ network: TestNetwork, node: Int) async throws -> Double {
        let text = try await network.request(try await network.status().nodes[node - 1], "/metrics").text
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) } ?? 0
    }

    @Test("A blob that was announced is found through a provider record, and the exchange is accounted")
    func discovery() async throws {
        try await TestNetwork.with { network in
            let path = try network.randomFile("blob", byteCount: 2 << 20)
            let id = try await network.expectSuccess("blob", "add", path, "--node", "1").output
                .trimmingCharacters(in: .newlines)
            try await eventually("a record reaches node 3") {
                try await metric("skerry_discovery_records", network, node: 3) >= 1
            }
            try await network.expectSuccess("blob", "get", id, "--node", "3", "-o", network.folder + "/copy")
            #expect(try await metric("skerry_discovery_lookups_found_total", network, node: 3) >= 1)
            let first = try #require(try await network.status().nodes.first).id
            let peers: [NodeStatus.Peer] =
                try await network.expectSuccess("node", "peers", "--node", "3", "--json").json()
            let source = try #require(peers.first { $0.id == first })
            #expect(source.receivedBytes == 2 << 20)
            #expect(source.badBlocks == 0)
            #expect(source.state == "alive")
        }
    }

    @Test("A node that stops says so; its return is seen")
    func leaving() async throws {
        func state(_ network: TestNetwork) async throws -> String? {
            let last = try #require(try await network.status().nodes.last).id
            let peers: [NodeStatus.Peer] =
                try await network.expectSuccess("node", "peers", "--node", "1", "--json").json()
            return peers.first { $0.id == last }?.state
        }
        try await TestNetwork.with { network in
            try await eventually("node 3 is alive") { try await state(network) == "alive" }
            kill(try #require(try await network.status().nodes[2].pid), SIGTERM)
            try await eventually("node 3 has left") { try await state(network) == "left" }
            try await network.expectSuccess("up", "--detach")
            try await eventually("node 3 is back") { try await state(network) == "alive" }
        }
    }
}
