import Blake3
import Foundation
import FunctionServices
import Identity
import NIOCore
import Peering
import SwiftProtobuf
import Testing
import Wire

@testable import Node

@Suite("Where calls for values go") struct KVRouteTests {
    private let nodes = (0..<6).map { NodeID(Blake3.hash(Array("\($0)".utf8))) }

    @Test("The first nodes keep an app, and as many behind them may have kept it")
    func homes() {
        let homes = KVHomes(of: "app", among: nodes, copies: 2)
        #expect(homes.nodes.count == 2 && homes.former.count == 2)
        #expect(homes == KVHomes(of: "app", among: nodes.shuffled(), copies: 2))
        // A newcomer in front pushes one home among the former ones.
        for number in 10..<40 {
            let more = KVHomes(
                of: "app", among: nodes + [NodeID(Blake3.hash(Array("\(number)".utf8)))], copies: 2)
            #expect(homes.nodes.allSatisfy { more.nodes.contains($0) || more.former.contains($0) })
        }
        #expect(KVHomes(of: "app", among: [nodes[0]], copies: 3).nodes == [nodes[0]])
        #expect(KVHomes(of: "app", among: [], copies: 3).nodes.isEmpty)
        #expect(KVHomes(of: "app", among: nodes, copies: 0).nodes.count == 1)
    }

    @Test("Changes go to the first living home, reads to the own store", arguments: [false, true])
    func stops(isRead: Bool) {
        let homes = KVHomes(of: "app", among: nodes, copies: 3)
        let (a, b, c) = (homes.nodes[0], homes.nodes[1], homes.nodes[2])
        let other = homes.former[0]
        func stops(_ node: NodeID, isReady: Bool = true, dead: Set<NodeID> = []) -> [KVStop] {
            KVStop.stops(homes, from: node, isRead: isRead, isReady: isReady) { !dead.contains($0) }
        }
        #expect(stops(other) == [.peer(a), .peer(b), .peer(c)])
        #expect(stops(other, dead: [a]) == [.peer(b), .peer(c)])
        #expect(stops(other, dead: [a, b, c]) == [])
        #expect(stops(b) == (isRead ? [.here] : [.peer(a), .here, .peer(c)]))
        #expect(stops(b, dead: [a]) == (isRead ? [.here] : [.here, .peer(c)]))
        // One that has not caught up asks the others first.
        #expect(stops(a, isReady: false) == [.peer(b), .peer(c), .here])
        #expect(stops(a, isReady: false, dead: [b, c]) == [.here])
    }
}

@Suite("Values on several nodes", .timeLimit(.minutes(2))) struct NodeKVTests {
    private func code(_ body: () async throws -> Void) async -> String? {
        do { try await body() } catch let error as KVError { return error.code.rawValue } catch { return "\(error)" }
        return nil
    }

    @Test("A home that may make no changes leaves them to one that made some before", arguments: [true, false])
    func tooManyWriters(_ secondMayWrite: Bool) async throws {
        try await KVMesh.with(copies: 2) { mesh in
            let second = NodeKV.writer(of: mesh.ids[1], incarnation: mesh[1].store.incarnation)
            let writers = (1...255).map { Int64($0) } + [secondMayWrite ? second : 256]
            let spans = writers.map { KVSpan(writer: $0, from: 0, to: 1) }
            for index in 0..<2 { _ = try await mesh[index].store.merge([], spans: spans, of: KVMesh.app) }
            for (writer, value) in [(0, "a"), (3, "b")] {
                let entry = KVEntry(value: Array(value.utf8))
                let failure = await code { try await mesh[writer].put("key", entry, in: "s", of: KVMesh.app) }
                #expect(failure == (secondMayWrite ? nil : "kv/writers"))
                let found = try await mesh[writer].get("key", in: "s", of: KVMesh.app)
                #expect(found?.value == (secondMayWrite ? entry.value : nil))
            }
        }
    }

    @Test("Written on one node, read on every other; every home has it when the change returns")
    func everywhere() async throws {
        try await KVMesh.with { mesh in
            for writer in 0..<4 {
                try await mesh[writer].set("key", "value \(writer)")
                for home in 0..<3 { #expect(try await mesh[home].held("key") == "value \(writer)") }
                #expect(try await mesh[3].held("key") == nil)
                for reader in 0..<4 { #expect(try await mesh[reader].read("key") == "value \(writer)") }
            }
            try await mesh[3].put(
                "more", KVEntry(value: [], metadata: #"{"a":1}"#, expiration: mesh[0].nowSeconds + 600), in: "notes",
                of: KVMesh.app)
            let page = try await mesh[3].list(prefix: "", after: nil, limit: 1, in: "notes", of: KVMesh.app)
            #expect(page.keys.map(\.name) == ["key"] && page.next == "key")
            let rest = try await mesh[3].list(prefix: "", after: page.next, limit: 9, in: "notes", of: KVMesh.app)
            #expect(rest.keys.first?.metadata == #"{"a":1}"# && rest.keys.first?.expiration != nil && rest.next == nil)
            try await mesh[3].delete("key", in: "notes", of: KVMesh.app)
            for reader in 0..<4 { #expect(try await mesh[reader].read("key") == nil) }
            #expect(await code { try await mesh[3].set("", "x") } == "kv/argument")
            #expect(
                await code {
                    _ = try await mesh[3].get("key", in: "notes", of: "nobody/app")
                } == "kv/unavailable")
        }
    }

    @Test("Many changes at once reach all homes, in few messages")
    func many() async throws {
        try await KVMesh.with { mesh in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<60 { group.addTask { try await mesh[3].set("k\(number)", "\(number)") } }
                try await group.waitForAll()
            }
            for home in 0..<3 {
                let page = try await mesh[home].store.list(
                    prefix: "", after: nil, limit: 1_000, in: "notes", of: KVMesh.app)
                #expect(page.keys.count == 60)
            }
            #expect(mesh.asked(.kvPush) <= 2 * (60 + 2))
        }
    }

    @Test(
        "When the first home dies, known or not, the next one takes over and nothing is lost", arguments: [true, false])
    func takeOver(isKnown: Bool) async throws {
        try await KVMesh.with { mesh in
            try await mesh[3].set("before", "1")
            await mesh.stop(0, isKnown: isKnown)
            #expect(try await mesh[3].read("before") == "1")
            try await mesh[3].set("after", "2")
            for home in 1..<3 { #expect(try await mesh[home].held("after") == "2") }
            try await mesh[3].delete("before", in: "notes", of: KVMesh.app)
            // It catches up before it answers anything.
            try mesh.start(0)
            #expect(try await mesh[3].read("after") == "2")
            #expect(try await mesh[0].read("after") == "2")
            #expect(try await mesh[0].read("before") == nil)
            try await mesh[0].set("after", "3")
            for home in 0..<3 { #expect(try await mesh[home].held("after") == "3") }
        }
    }

    @Test("A home that lost its disk gets everything back from the others")
    func lostDisk() async throws {
        try await KVMesh.with(nodes: 3, copies: 2) { mesh in
            for number in 0..<20 { try await mesh[2].set("k\(number)", "\(number)") }
            await mesh.stop(0)
            mesh.loseDisk(0)
            try mesh.start(0)
            try await mesh[2].set("new", "x")
            for number in 0..<20 { #expect(try await mesh[0].read("k\(number)") == "\(number)") }
            #expect(await mesh[0].catchUp(KVMesh.app, mesh.homes, wait: true))
            await mesh.stop(1)
            #expect(try await mesh[2].read("k7") == "7")
            #expect(try await mesh[2].read("new") == "x")
        }
    }

    @Test("A home that lost its disk while the other one was away gets its own earlier changes back from that")
    func lostAlone() async throws {
        try await KVMesh.with(nodes: 2, copies: 2) { mesh in
            for key in ["a", "b"] { try await mesh[0].set(key, "1") }
            await mesh.stop(1)
            await mesh.stop(0)
            mesh.loseDisk(0)
            try mesh.start(0)
            try await mesh[0].set("b", "2")
            try mesh.start(1)
            for home in 0...1 { await mesh[home].compare() }
            for home in 0...1 {
                #expect(try await mesh[home].held("a") == "1")
                #expect(try await mesh[home].held("b") == "2")
            }
        }
    }

    @Test("A home that missed changes hears of them by itself")
    func compares() async throws {
        try await KVMesh.with { mesh in
            try await mesh[3].set("a", "1")
            await mesh.stop(2)
            try await mesh[3].set("a", "2")
            try await mesh[3].set("b", "2")
            try mesh.start(2)
            #expect(try await mesh[2].held("a") == "1")
            await mesh[2].compare()
            #expect(try await mesh[2].held("a") == "2")
            #expect(try await mesh[2].held("b") == "2")
        }
    }

    @Test("Without a home that answers, calls fail and say so")
    func nobody() async throws {
        try await KVMesh.with { mesh in
            try await mesh[3].set("a", "1")
            // With the change it got level, while the first home lived.
            #expect(await mesh[2].catchUp(KVMesh.app, mesh.homes, wait: true))
            await mesh.stop(0)
            await mesh.stop(1, isKnown: false)
            #expect(try await mesh[3].read("a") == "1")
            await mesh.stop(2)
            #expect(await code { _ = try await mesh[3].read("a") } == "kv/unavailable")
            #expect(await code { try await mesh[3].set("a", "2") } == "kv/unavailable")
            // Believed alive, the others might have more than this one has after its start.
            try mesh.start(2)
            #expect(await code { _ = try await mesh[2].read("a") } == "kv/unavailable")
            await mesh.stop(1)
            #expect(try await mesh[2].read("a") == "1")
        }
    }

    @Test("Only homes tell changes and ask for them, and each its own")
    func strangers() async throws {
        try await KVMesh.with { mesh in
            try await mesh[3].set("a", "1")
            func refusal(_ peer: Int, _ type: FrameType, _ message: some Message) async throws -> String? {
                let bytes: [UInt8] = try message.serializedBytes()
                let request = PeerRequest(peer: mesh.ids[peer], type: type, body: ByteBuffer(bytes: bytes))
                do { _ = try await mesh[0].answer(request) } catch { return (error as? PeerError)?.code.description }
                return nil
            }
            let page = try #require(try await mesh[0].store.changes(of: KVMesh.app, since: KVVector()))
            let forged = page.message(of: KVMesh.app)
            #expect(try await refusal(3, .kvPush, forged) == "kv/not-home")
            #expect(try await refusal(1, .kvPush, forged) == "peer/protocol-violation")
            let pull = PeerPBKVPull.with { $0.app = KVMesh.app }
            #expect(try await refusal(3, .kvPull, pull) == "kv/not-home")
            #expect(try await refusal(1, .kvPull, pull) == nil)
            #expect(try await refusal(1, .kvPut, PeerPBKVPut.with { $0.app = "nobody/app" }) == "kv/not-home")
            let list = PeerPBKVList.with {
                $0.app = KVMesh.app
                $0.namespace = "notes"
                $0.limit = 1_001
            }
            #expect(try await refusal(3, .kvList, list) == "kv/argument")
            let apps = PeerPBKVApps()
            let bytes: [UInt8] = try apps.serializedBytes()
            let request = PeerRequest(peer: mesh.ids[3], type: .kvApps, body: ByteBuffer(bytes: bytes))
            let reply: PeerPBKVAppList = try PeerPBKVAppList(
                serializedBytes: Array(try await mesh[0].answer(request).body.readableBytesView))
            #expect(reply.apps.isEmpty)
        }
    }
}
