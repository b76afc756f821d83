import ControlModel
import Foundation
import Gateway
import HTTPCache
import Identity
import NIOCore
import Origins
import Streams
import SwiftProtobuf
import Synchronization
import Testing
import Wire

@testable import EdgeCache

@Suite("Caches of several nodes")
struct NetworkTests {
    @Test("300 clients of three nodes make one request to the origin, and all get the same bytes")
    func oneRequest() async throws {
        for size in [1_000, 500_000] {
            let body = runs(of: 7, count: size)
            let origin = TestOrigin { _ in
                try await Task.sleep(for: .milliseconds(100))
                return TestOrigin.answer(body)
            }
            let scene = try Scene(nodes: 3, origin: origin)
            let right = try await withThrowingTaskGroup(of: Bool.self) { group in
                for client in 0..<300 {
                    group.addTask { try await scene.get("/cold", on: client % 3).body == body }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(right == 300)
            #expect(origin.requests.count == 1)
            for node in 0..<3 {
                try await eventually("Node \(node) stores it") { try await scene.get("/cold", on: node).cache == "hit" }
            }
            #expect(origin.requests.count == 1)
            await scene.close()
        }
    }

    @Test("A stored answer of another node keeps its age")
    func age() async throws {
        let scene = try Scene(
            nodes: 2, origin: TestOrigin { _ in TestOrigin.answer([1], ["cache-control": "max-age=60"]) })
        _ = try await scene.get("/a", on: 0)
        try await eventually("It is stored") { try await scene.get("/a", on: 0).cache == "hit" }
        scene.wait(seconds: 20)
        #expect(try await scene.get("/a", on: 1).body == [1])
        try await eventually("It is stored there") { try await scene.get("/a", on: 1).cache == "hit" }
        #expect(try await scene.get("/a", on: 1).field("age") == "20")
        #expect(scene.origin.requests.count == 1)
        await scene.close()
    }

    @Test("The origin's time is told of an answer that it gave this node, and not of one through another node")
    func originTime() async throws {
        let scene = try Scene(nodes: 2, origin: TestOrigin { _ in TestOrigin.answer([1]) })
        for (node, isTold) in [(0, true), (1, false)] {
            let call = scene.call("/\(node)")
            let answer = try await scene.nodes[node].cache.answer(call)
            #expect((answer.originMicros != nil) == isTold)
            _ = try await Scene.collect(answer, on: call.loop)
        }
        await scene.close()
    }

    @Test("What has to be validated each time is asked about once each time through another node (RFC 9111 5.2.2.4)")
    func validatedEachTime() async throws {
        let fields: OriginFields = ["cache-control": "no-cache", "etag": "\"a\""]
        let origin = TestOrigin { request in
            request.fields["if-none-match"] == nil
                ? TestOrigin.answer([7], fields) : TestOrigin.answer([], status: 304, fields)
        }
        let scene = try Scene(nodes: 2, origin: origin)
        for count in 1...4 {
            #expect(try await scene.get("/a", on: 1).body == [7])
            #expect(origin.requests.count == count)
            for node in 0..<2 { try await scene.settled(on: node) }
        }
        #expect(origin.requests.dropFirst().allSatisfy { $0.fields["if-none-match"] == "\"a\"" })
        await scene.close()
    }

    @Test("What is served stale while it is validated is so once, also through another node (RFC 5861 3)")
    func staleOnce() async throws {
        let version = Mutex<UInt8>(1)
        let origin = TestOrigin { request in
            let now = version.withLock { $0 }
            let fields: OriginFields = [
                "cache-control": "max-age=1, stale-while-revalidate=60", "etag": "\"\(now)\"",
            ]
            return request.fields["if-none-match"] == "\"\(now)\""
                ? TestOrigin.answer([], status: 304, fields) : TestOrigin.answer([now], fields)
        }
        let scene = try Scene(nodes: 2, origin: origin)
        #expect(try await scene.get("/a", on: 1).body == [1])
        for node in 0..<2 { try await scene.settled(on: node) }
        version.withLock { $0 = 2 }
        scene.wait(seconds: 2)
        #expect(try await scene.get("/a", on: 1).body == [1])
        for node in 0..<2 { try await scene.settled(on: node) }
        #expect(try await scene.get("/a", on: 1).body == [2])
        #expect(origin.requests.count == 2)
        await scene.close()
    }

    @Test("What is stale on the node that asks for all serves through others while the origin fails (RFC 9111 4.2.4)")
    func staleElsewhere() async throws {
        for (control, isServed) in [("max-age=1", true), ("max-age=1, must-revalidate", false)] {
            let origin = TestOrigin { _ in TestOrigin.answer([5], ["cache-control": control, "etag": "\"a\""]) }
            let scene = try Scene(nodes: 2, origin: origin)
            _ = try await scene.get("/a", on: 0)
            try await eventually("It is stored") { try await scene.get("/a", on: 0).cache == "hit" }
            scene.wait(seconds: 10)
            origin.set { _ in throw OriginError(.badResponse, "It broke off") }
            do {
                let stale = try await scene.get("/a", on: 1)
                #expect(isServed && stale.status == 200 && stale.body == [5] && stale.field("age") == "10")
            } catch { #expect(!isServed) }
            #expect(origin.requests.count == 2)
            await scene.close()
        }
    }

    @Test("An origin that fails the node that asks for all is asked by no other one, and one that it cannot reach is")
    func originFails() async throws {
        for (code, asked) in [(OriginError.Code.badResponse, 1), (.timeout, 1), (.breakerOpen, 1), (.unreachable, 3)] {
            let scene = try Scene(
                nodes: 3, origin: TestOrigin { _ in throw OriginError(code, "It failed at 10.0.0.1", retryAfter: 7) })
            do {
                _ = try await scene.get("/a", on: 2)
                Issue.record("there is an answer")
            } catch {
                let told = EdgeCache.explained(error) as? GatewayError
                #expect(told?.code.description == "origin/\(code.description.replacing("_", with: "-"))")
                #expect(told?.message.contains("10.0.0.1") == false)
            }
            #expect(scene.origin.requests.count == asked, "\(code)")
            await scene.close()
        }
    }

    @Test("When the node that asks for all is away, another one asks")
    func shieldDown() async throws {
        let scene = try Scene(nodes: 3, origin: TestOrigin { _ in TestOrigin.answer([1]) })
        scene.mesh.setDown(scene.nodes[0].id, true)
        #expect(try await scene.get("/a", on: 2).body == [1])
        #expect(try await scene.get("/a", on: 1).body == [1])
        #expect(scene.origin.requests.count == 1)
        await scene.close()
    }

    @Test("An answer for one client alone comes through another node")
    func passedThrough() async throws {
        let body = [UInt8](repeating: 6, count: 700_000)
        let scene = try Scene(
            nodes: 2, origin: TestOrigin { _ in TestOrigin.answer(body, ["cache-control": "no-store"]) })
        #expect(try await scene.get("/a", on: 1).body == body)
        #expect(try await scene.get("/a", on: 1).body == body)
        #expect(scene.origin.requests.count == 2)
        await scene.close()
    }

    @Test(
        "Interim answers reach who asked, also through another node, and are not stored (RFC 9110 15.2)",
        arguments: ["max-age=60", "no-store"])
    func interim(control: String) async throws {
        let origin = TestOrigin { request in
            request.onInterim?(103, ["link": "</a.css>", "x-hint": "1"])
            return TestOrigin.answer([1], ["cache-control": control])
        }
        let scene = try Scene(nodes: 2, origin: origin)
        for node in 0..<2 {
            let heard = Mutex<[Int: OriginFields]>([:])
            let call = scene.call(
                "/\(node)", onInterim: { status, fields in heard.withLock { $0[status] = fields } })
            let got = try await Scene.collect(try await scene.nodes[node].cache.answer(call), on: call.loop)
            #expect(got.body == [1] && got.field("x-hint") == nil)
            #expect(heard.withLock { $0 } == [103: ["link": "</a.css>", "x-hint": "1"]], "node \(node)")
        }
        await scene.close()
    }

    @Test(
        "A purge by URL, key or host is carried out on all nodes before it returns",
        arguments: [
            "url|http://shop.test/a", "key|fruit", "host|shop.test", "all|x",
        ])
    func purge(order: String) async throws {
        let scene = try Scene(
            nodes: 3,
            origin: TestOrigin { _ in
                TestOrigin.answer([1], ["cache-control": "max-age=600", "surrogate-key": "fruit red"])
            })
        for node in 0..<3 {
            try await eventually("It is stored") { try await scene.get("/a", on: node).cache == "hit" }
        }
        let before = scene.origin.requests.count
        let receipt = try await scene.nodes[1].cache.purge(Array("\(order)|hard|1".utf8))
        #expect(receipt.nodes.count == 3)
        #expect(receipt.nodes.allSatisfy { $0.problem == nil && $0.hits == 1 })
        #expect(receipt.nodes.allSatisfy { $0.milliseconds < 5_000 })
        for node in 0..<3 { #expect(try await scene.get("/a", on: node).cache != "hit") }
        #expect(scene.origin.requests.count > before)
        await scene.close()
    }

    @Test("A soft purge makes it stale: it is validated")
    func softPurge() async throws {
        let origin = TestOrigin { request in
            request.fields["if-none-match"] == nil
                ? TestOrigin.answer([1], ["cache-control": "max-age=600", "etag": "\"x\""])
                : TestOrigin.answer([], status: 304, ["etag": "\"x\"", "cache-control": "max-age=600"])
        }
        let scene = try Scene(origin: origin)
        try await eventually("It is stored") { try await scene.get("/a").cache == "hit" }
        scene.wait(seconds: 2)
        _ = try await scene.nodes[0].cache.purge(Array("url|http://shop.test/a|soft|1".utf8))
        #expect(try await scene.get("/a").body == [1])
        #expect(origin.requests.last?.fields["if-none-match"] == "\"x\"")
        await scene.close()
    }

    @Test("A node that was away carries purges out when it is back, and a restart forgets none")
    func away() async throws {
        let scene = try Scene(
            nodes: 2, origin: TestOrigin { _ in TestOrigin.answer([1], ["cache-control": "max-age=600"]) })
        for node in 0..<2 {
            try await eventually("It is stored") { try await scene.get("/a", on: node).cache == "hit" }
        }
        scene.mesh.setDown(scene.nodes[1].id, true)
        let receipt = try await scene.nodes[0].cache.purge(Array("url|http://shop.test/a|hard|1".utf8))
        #expect(receipt.nodes.count == 1)
        try await scene.restart(scene.nodes[0])
        scene.mesh.setDown(scene.nodes[1].id, false)
        #expect(try await scene.get("/a", on: 1).cache == "hit")
        #expect(await scene.nodes[1].cache.readPurges(of: scene.nodes[0].id))
        #expect(try await scene.get("/a", on: 1).cache != "hit")
        let again = await scene.nodes[1].cache.readPurges(of: scene.nodes[0].id)
        #expect(again)
        try await eventually("It is stored again") { try await scene.get("/a", on: 1).cache == "hit" }
        await scene.close()
    }

    @Test("A node whose purges cannot be read gets nothing that is stored here, since it may be purged")
    func unreadablePurges() async throws {
        let scene = try Scene(nodes: 2, origin: TestOrigin { _ in TestOrigin.answer([1]) })
        let (shield, other) = (scene.nodes[0], scene.nodes[1])
        _ = try await scene.get("/a", on: 0)
        try await scene.stored("/a", on: 0)
        scene.mesh.setDown(shield.id, true)
        _ = try await other.cache.purge(Array("all|x|hard|1".utf8))
        scene.mesh.setDown(shield.id, false)
        scene.mesh.setHook { _, type in
            if type == .cachePurgeLog { throw EdgeCacheError("No log") }
            return nil
        }
        scene.origin.set { _ in TestOrigin.answer([2]) }
        #expect(try await scene.get("/a", on: 1).body == [2])
        await scene.close()
    }

    @Test("Nodes that know different purges for good compare them once")
    func comparedOnce() async throws {
        let scene = try Scene(nodes: 2, origin: TestOrigin { _ in TestOrigin.answer([1]) })
        scene.mesh.setDown(scene.nodes[1].id, true)
        _ = try await scene.nodes[0].cache.purge(Array("url|http://shop.test/x|hard|1".utf8))
        scene.mesh.setDown(scene.nodes[1].id, false)
        let reads = Mutex(0)
        scene.mesh.setHook { _, type in
            if type == .cachePurgeLog { reads.withLock { $0 += 1 } }
            return nil
        }
        for path in ["/a", "/b", "/c"] { #expect(try await scene.get(path, on: 1).body == [1]) }
        #expect(reads.withLock { $0 } == 1)
        // What is new is read, and the digests are those of a node that has just begun.
        scene.mesh.setDown(scene.nodes[0].id, true)
        _ = try await scene.nodes[1].cache.purge(Array("url|http://shop.test/y|hard|2".utf8))
        scene.mesh.setDown(scene.nodes[0].id, false)
        _ = try await scene.get("/d", on: 1)
        #expect(reads.withLock { $0 } == 2)
        for node in scene.nodes {
            let kept = try await node.cache.index.digest(of: "owner/shop")
            try await scene.restart(node)
            #expect(try await node.cache.index.digest(of: "owner/shop") == kept)
        }
        await scene.close()
    }

    @Test("No number of another node ends this one", arguments: [Int64.max, .min, -1, 1 << 62])
    func impossibleAges(age: Int64) async throws {
        let scene = try Scene(nodes: 2, origin: TestOrigin { _ in TestOrigin.answer([1]) })
        let answer = PeerPBCacheAnswer.with {
            $0.status = 200
            $0.fields = [
                PeerPBCacheField.with {
                    $0.name = "cache-control"
                    $0.value = "max-age=60"
                }
            ]
            $0.content = Data([7])
            $0.length = 1
            $0.asked = age
            $0.answered = age
        }
        let bytes = ByteBuffer(bytes: try answer.serializedBytes() as [UInt8])
        scene.mesh.setHook { _, type in type == .cacheAsk ? bytes : nil }
        for _ in 0..<2 {
            let got = try await scene.get("/a", on: 1)
            #expect(got.status == 200 && got.body == [7])
            try await scene.settled(on: 1)
        }
        await scene.close()
    }

    @Test(
        "Nothing that was purged or changed is served afterwards, whoever asks for it meanwhile",
        arguments: [true, false])
    func purgeUnderLoad(isPurge: Bool) async throws {
        let version = Mutex<UInt8>(0)
        let scene = try Scene(
            origin: TestOrigin { _ in TestOrigin.answer([version.withLock { $0 }], ["cache-control": "max-age=600"]) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while !Task.isCancelled {
                        _ = try await scene.get("/a")
                        // What is in memory is answered without a pause: nobody else would ever run on two threads.
                        await Task.yield()
                    }
                }
            }
            for round in 1...40 as ClosedRange<UInt8> {
                version.withLock { $0 = round }
                if isPurge {
                    _ = try await scene.nodes[0].cache.purge(Array("url|http://shop.test/a|hard|\(round)".utf8))
                } else {
                    _ = try await scene.get("/a", method: "POST")
                }
                #expect(try await scene.get("/a").body == [round])
            }
            group.cancelAll()
        }
        await scene.close()
    }

    @Test("An order that was carried out does nothing when it comes again")
    func replayedOrder() async throws {
        let gate = ByteStream()
        let scene = try Scene(
            origin: TestOrigin { _ in
                _ = try await gate.next()
                return TestOrigin.answer([1])
            })
        let cache = scene.nodes[0].cache
        let order = Array("all|x|hard|1".utf8)
        _ = try await cache.purge(order)
        async let got = scene.get("/a").body
        try await eventually("It asks") { !scene.origin.requests.isEmpty }
        _ = try await cache.purge(order)
        gate.finish()
        #expect(try await got == [1])
        try await scene.settled()
        #expect(try await scene.get("/a").isHit)
        await scene.close()
    }

    @Test("What was asked for before a purge is not stored after it")
    func purgeOverFlight() async throws {
        let gate = ByteStream()
        let origin = TestOrigin { _ in
            OriginResponse(status: 200, fields: ["cache-control": "max-age=600"], body: gate, length: 2)
        }
        let scene = try Scene(origin: origin)
        let call = scene.call("/a")
        let answer = try await scene.nodes[0].cache.answer(call)
        _ = try await scene.nodes[0].cache.purge(Array("url|http://shop.test/a|hard|1".utf8))
        gate.append(ByteBuffer(bytes: [1, 2]))
        gate.finish()
        #expect(try await Scene.collect(answer, on: call.loop).body == [1, 2])
        origin.set { _ in TestOrigin.answer([3]) }
        try await eventually("The next answer is the new one") { try await scene.get("/a").body == [3] }
        #expect(try await scene.get("/a").body == [3])
        await scene.close()
    }

    @Test("Statistics and inspection ask all nodes")
    func looking() async throws {
        let scene = try Scene(nodes: 2, origin: TestOrigin { _ in TestOrigin.answer([1]) })
        try await eventually("It is stored") { try await scene.get("/a", on: 1).cache == "hit" }
        let statistics = try await scene.nodes[0].cache.statistics(app: "owner/shop")
        #expect(statistics.nodes.count == 2)
        #expect(statistics.nodes.map(\.originRequests).reduce(0, +) == 1)
        let inspection = try await scene.nodes[0].cache.inspect("http://shop.test/a", app: "owner/shop")
        #expect(inspection.nodes.map(\.variants.count) == [1, 1])
        #expect(inspection.nodes.filter(\.isShield).count == 1)
        #expect(inspection.nodes[0].variants[0].isFresh)
        await scene.close()
    }
}
