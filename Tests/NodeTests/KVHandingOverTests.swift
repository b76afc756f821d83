import Blake3
import FunctionServices
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import Node

@Suite("Homes, when nodes come and go") struct KVHomesTests {
    private let nodes: [NodeID] = {
        let nodes = (0..<40).map { NodeID(Blake3.hash(Array("\($0)".utf8))) }
        return KVHomes(of: "app", among: nodes, copies: 40).nodes
    }()

    private func homes(_ arrivals: [Int], leavers: [Int] = [], copies: Int = 2) -> KVHomes {
        KVHomes(
            of: "app", among: nodes.indices.filter { !leavers.contains($0) }.map { nodes[$0] },
            arrivals: Dictionary(uniqueKeysWithValues: arrivals.enumerated().map { (nodes[$1], $0 + 1) }),
            leavers: leavers.map { nodes[$0] }, copies: copies)
    }

    @Test("Whoever was a home when fewer nodes took part counts as a former one, wherever it stands now")
    func arrivals() {
        #expect(homes([]).former == Array(nodes[2..<4]))
        // All came lately but the last two, the best one last: each was a home in its time.
        #expect(homes((0..<38).reversed()).former == Array(nodes[2..<34]))
        // The best ones came first, so that nobody behind them ever was.
        #expect(homes(Array(0..<38)).former == [2, 3, 38, 39].map { nodes[$0] })
        // Only those in front of a home pushed it out.
        #expect(homes([1, 2, 3, 9]).former == Array(nodes[2...4]))
        #expect(homes([0, 1, 2, 3, 4]).former == [nodes[2], nodes[3], nodes[5], nodes[6]])
        #expect(homes([0, 1, 2, 3, 4]).nodes == Array(nodes[0..<2]))
    }

    @Test("Whoever left and was a home, or might have become one, is asked too")
    func leavers() {
        let now = homes([], leavers: [0, 3, 30])
        #expect(now.nodes == Array(nodes[1...2]) && now.left == [nodes[0], nodes[3]])
        #expect(now.former == Array(nodes[4...5]))
        #expect(homes([], leavers: Array(0..<38)).nodes == Array(nodes[38...]))
        #expect(homes([], leavers: Array(0..<38)).left.count == 32)
        #expect(homes([], leavers: Array(0..<40)).nodes.isEmpty)
    }
}

@Suite("Handing values over", .timeLimit(.minutes(2))) struct KVHandingOverTests {
    private func code(_ body: () async throws -> Void) async -> String? {
        do { try await body() } catch let error as KVError { return error.code.rawValue } catch { return "\(error)" }
        return nil
    }

    /// Lets a node hand over until it has nothing left.
    private func handOver(_ node: NodeKV) async throws { try await eventually { await node.handOver() == 0 } }

    @Test("A node that comes takes over, and the one whose place it takes keeps nothing")
    func arrival() async throws {
        try await KVMesh.with(nodes: 4, copies: 2) { mesh in
            mesh.gather(1...3)
            for number in 0..<20 { try await mesh[3].set("k\(number)", "\(number)") }
            try await mesh[3].delete("k0", in: "notes", of: KVMesh.app)
            #expect(await mesh[2].handOver() == 0)
            #expect(try await mesh[2].held("k1") == "1")

            mesh.gather(0...3, arrivals: [0])
            // The newcomer does not answer before it has everything.
            #expect(try await mesh[3].read("k1") == "1")
            #expect(try await mesh[0].read("k0") == nil)
            #expect(try await mesh[0].read("k7") == "7")
            try await mesh[3].set("later", "x")
            try await handOver(mesh[2])
            #expect(try await mesh[2].held("k1") == nil)
            #expect(try await mesh[2].store.apps(after: "", limit: 9).isEmpty)
            for home in 0...1 {
                for number in 1..<20 { #expect(try await mesh[home].held("k\(number)") == "\(number)") }
                #expect(try await mesh[home].held("later") == "x")
            }
            #expect(try await mesh[2].read("k1") == "1")
        }
    }

    @Test("The only home is replaced: the new one says nothing before it knows what the old one has")
    func onlyHome() async throws {
        try await KVMesh.with(nodes: 2, copies: 1) { mesh in
            mesh.gather([1])
            try await mesh[1].set("key", "1")
            mesh.gather(0...1, arrivals: [0])
            await mesh.stop(1, isKnown: false)
            #expect(await code { _ = try await mesh[0].read("key") } == "kv/unavailable")
            try mesh.start(1)
            #expect(try await mesh[0].read("key") == "1")
            #expect(try await mesh[1].read("key") == "1")
            try await mesh[1].set("key", "2")
            #expect(try await mesh[0].held("key") == "2")
            try await handOver(mesh[1])
            #expect(try await mesh[1].held("key") == nil)
            await mesh.stop(1)
            #expect(try await mesh[0].read("key") == "2")
        }
    }

    @Test("What a node kept that was dead meanwhile comes to the homes when it is back, unless it changed there")
    func comesBack() async throws {
        try await KVMesh.with(nodes: 2, copies: 1) { mesh in
            mesh.gather([1])
            for key in ["kept", "changed"] { try await mesh[1].set(key, "1") }
            await mesh.stop(1)
            mesh.gather(0...1, arrivals: [0])
            #expect(try await mesh[0].read("kept") == nil)
            // Of two changes that do not know of each other, the later one counts.
            try await Task.sleep(for: .milliseconds(5))
            try await mesh[0].set("changed", "2")
            try mesh.start(1)
            try await handOver(mesh[1])
            #expect(try await mesh[0].held("kept") == "1")
            #expect(try await mesh[0].held("changed") == "2")
            #expect(try await mesh[1].held("kept") == nil)
        }
    }

    @Test("A small network grows at once: all homes are others, and they have everything")
    func growth() async throws {
        try await KVMesh.with(nodes: 9, copies: 2) { mesh in
            mesh.gather(7...8)
            try await mesh[8].set("key", "1")
            mesh.gather(0...8, arrivals: [3, 0, 5, 6, 2, 1, 4])
            #expect(try await mesh[0].read("key") == "1")
            #expect(try await mesh[1].read("key") == "1")
            for index in 2...8 { try await handOver(mesh[index]) }
            for index in 0...8 { #expect(try await mesh[index].held("key") == (index < 2 ? "1" : nil)) }
            #expect(try await mesh[8].read("key") == "1")
        }
    }

    @Test("Whoever leaves hands over, although nobody takes it for alive")
    func leaving() async throws {
        try await KVMesh.with(nodes: 3, copies: 1) { mesh in
            try await mesh[2].set("key", "1")
            #expect(try await mesh[0].held("key") == "1")
            mesh.gather(1...2, leavers: [0])
            #expect(try await mesh[2].read("key") == "1")
            try await mesh[2].set("key", "2")
            try await handOver(mesh[0])
            #expect(try await mesh[0].held("key") == nil)
            #expect(try await mesh[1].held("key") == "2")
        }
    }

    @Test("While one of the homes is dead, nothing is given away")
    func deadHome() async throws {
        try await KVMesh.with(nodes: 3, copies: 2) { mesh in
            mesh.gather(1...2)
            try await mesh[2].set("key", "1")
            mesh.gather(0...2, arrivals: [0])
            await mesh.stop(1)
            try await eventually {
                _ = await mesh[2].handOver()
                return (try? await mesh[0].held("key")) == "1"
            }
            #expect(await mesh[2].handOver() == 1)
            #expect(mesh[2].handingOver.withLock { $0 } == 1)
            #expect(try await mesh[2].held("key") == "1")
            try mesh.start(1)
            try await handOver(mesh[2])
            #expect(try await mesh[2].held("key") == nil)
        }
    }

    @Test("Whoever becomes a home again hears what was removed meanwhile, and its changes count")
    func again() async throws {
        try await KVMesh.with(nodes: 3, copies: 2) { mesh in
            mesh.gather(1...2)
            for key in ["kept", "removed"] { try await mesh[2].set(key, "1") }
            mesh.gather(0...2, arrivals: [0])
            try await eventually { (try? await mesh[0].read("kept")) == "1" }
            try await handOver(mesh[2])
            try await mesh[0].delete("removed", in: "notes", of: KVMesh.app)
            mesh.gather(1...2, leavers: [0])
            #expect(try await mesh[2].read("removed") == nil)
            #expect(try await mesh[2].read("kept") == "1")
            #expect(await mesh[2].catchUp(KVMesh.app, mesh.homes, wait: true))
            try await mesh[2].put("kept", KVEntry(value: Array("2".utf8)), in: "notes", of: KVMesh.app, mesh.homes)
            #expect(try await mesh[1].held("kept") == "2")
            try await handOver(mesh[0])
        }
    }

    @Test("Only homes take offers, and they say what they have")
    func offers() async throws {
        try await KVMesh.with(nodes: 3, copies: 1) { mesh in
            func answer(_ node: Int, _ app: String) async throws -> PeerPBKVApp {
                let bytes: [UInt8] = try PeerPBKVApp.with { $0.app = app }.serializedBytes()
                let request = PeerRequest(peer: mesh.ids[2], type: .kvOffer, body: ByteBuffer(bytes: bytes))
                let reply = try await mesh[node].answer(request)
                return try PeerPBKVApp(serializedBytes: Array(reply.body.readableBytesView))
            }
            func refusal(_ node: Int, _ app: String) async -> String? {
                do { _ = try await answer(node, app) } catch { return (error as? PeerError)?.code.description }
                return nil
            }
            try await mesh[0].set("key", "1")
            #expect(try await answer(0, KVMesh.app).seen.count == 1)
            #expect(await refusal(1, KVMesh.app) == "kv/not-home")
            #expect(await refusal(0, "nobody/app") == "kv/not-home")
        }
    }
}
