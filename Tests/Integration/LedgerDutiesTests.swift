import ControlModel
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite("What nodes do for the ledger by themselves", .serialized)
struct LedgerDutiesTests {
    @Test("Epochs and certificates go on without a node that was killed, and it catches up when it is back")
    func epochs() async throws {
        try await TestNetwork.withLedger(["--nodes", "4", "--epoch", "2s"]) { network in
            let nodes = try await network.status().nodes
            try await eventually(within: 40, "epochs advance and certificates appear on every node") {
                for node in nodes {
                    let head = try await network.head(node)
                    guard head.epoch >= 2, head.certified?.sequence ?? 0 > 0 else { return false }
                }
                return true
            }
            try await network.killNode(nodes[3])
            let before = try await network.head(nodes[0])
            let certified = try #require(before.certified)
            try await eventually(within: 60, "epochs and certificates go on") {
                let head = try await network.head(nodes[1])
                return head.epoch >= before.epoch + 4 && head.certified?.epoch ?? 0 > certified.epoch + 2
            }
            try await network.expectSuccess("up", "--detach")
            let after = try await network.status().nodes
            try await network.expectLevel(after)
            let back = try await network.head(after[3]).epoch
            try await eventually(within: 40, "the node takes part again") {
                try await network.head(after[3]).epoch > back + 1
            }
        }
    }

    @Test("A node whose next entries are gone everywhere goes on from a certified snapshot, also after restarts")
    func snapshots() async throws {
        let settings = ["snapshotEntries": 30, "marginEntries": 5]
        try await TestNetwork.withLedger(["--nodes", "4", "--epoch", "2s"], settings: settings) { network in
            let nodes = try await network.status().nodes
            try network.write("kept", to: "site/index.html")
            _ = try await network.deploy(network.folder + "/site", "site")
            try await network.killNode(nodes[3])
            let behind = try await network.head(nodes[0]).sequence
            try await eventually(within: 90, "the others forget what the node lacks") {
                for node in nodes.prefix(3) {
                    guard try await network.base(node) > behind else { return false }
                }
                return true
            }
            try await network.expectSuccess("up", "--detach")
            var present = try await network.status().nodes
            try await network.expectLevel(present)
            #expect(try await network.base(present[3]) > behind)
            #expect(try await network.request(present[3], host: "site", "/").text == "kept")

            try await network.expectSuccess("down")
            try await network.expectSuccess("up", "--detach")
            present = try await network.status().nodes
            let head = try await network.expectLevel(present)
            #expect(head.sequence > behind)
            for node in present { #expect(try await network.request(node, host: "site", "/").text == "kept") }
            _ = try await network.deploy(network.folder + "/site", "again", node: 4)
        }
    }
}
