import BlobStore
import Foundation
import Gateway
import HTTPCache
import Identity
import NIOCore
import Origins
import Streams
import Synchronization
import Testing

@testable import EdgeCache

@Suite("Answers of one node's cache")
struct ServingTests {
    @Test("The first request goes to the origin, the second is a hit with its age")
    func hit() async throws {
        let scene = try Scene(origin: TestOrigin { _ in TestOrigin.answer(Array("hello".utf8)) })
        let first = try await scene.get("/a")
        #expect(first.status == 200 && first.body == Array("hello".utf8))
        #expect(first.field("cache-status")?.contains("fwd=uri-miss") == true)
        try await eventually("It is stored") { try await scene.get("/a").cache == "hit" }
        scene.wait(seconds: 5)
        let second = try await scene.get("/a")
        #expect(second.body == Array("hello".utf8))
        #expect(second.field("cache-status")?.contains("hit") == true)
        #expect(second.field("age") == "5")
        #expect(scene.origin.requests.count == 1)
        await scene.close()
    }

    @Test("What is stale is validated, and a 304 makes it fresh again")
    func validation() async throws {
        let origin = TestOrigin { request in
            if request.fields["if-none-match"] == "\"v1\"" {
                return TestOrigin.answer([], status: 304, ["cache-control": "max-age=60", "etag": "\"v1\""])
            }
            return TestOrigin.answer(Array("one".utf8), ["cache-control": "max-age=60", "etag": "\"v1\""])
        }
        let scene = try Scene(origin: origin)
        _ = try await scene.get("/a")
        try await eventually("It is stored") { try await scene.get("/a").cache == "hit" }
        scene.wait(seconds: 61)
        let validated = try await scene.get("/a")
        #expect(validated.status == 200 && validated.body == Array("one".utf8))
        #expect(origin.requests.count == 2)
        #expect(try await scene.get("/a").cache == "hit")
        #expect(origin.requests.count == 2)
        await scene.close()
    }

    @Test("A thousand clients of one cold object make one request to the origin")
    func coalescing() async throws {
        let body = [UInt8](repeating: 7, count: 300_000)
        let origin = TestOrigin { _ in
            try await Task.sleep(for: .milliseconds(100))
            return TestOrigin.answer(body)
        }
        let scene = try Scene(origin: origin)
        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<1_000 { group.addTask { try await scene.get("/cold").body == body } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 1_000)
        #expect(origin.requests.count == 1)
        await scene.close()
    }

    @Test("Bytes reach the client while the rest is still on its way, and a slow reader gets them from the disk")
    func streaming() async throws {
        let source = ByteStream()
        let origin = TestOrigin { _ in
            OriginResponse(
                status: 200, fields: ["cache-control": "max-age=60"], body: source, length: Int64(8 << 20))
        }
        let scene = try Scene(origin: origin)
        let call = scene.call("/large")
        source.append(ByteBuffer(bytes: [UInt8](repeating: 1, count: 1_000)))
        let answer = try await scene.nodes[0].cache.answer(call)
        guard case .stream(let early) = answer.body else {
            Issue.record("The answer is no stream")
            return
        }
        #expect(try await early.next()?.readableBytes == 1_000)
        let late = try await scene.nodes[0].cache.answer(scene.call("/large"))
        guard case .stream(let slow) = late.body else {
            Issue.record("The second answer is no stream")
            return
        }
        var rest = (8 << 20) - 1_000
        while rest > 0 {
            let count = min(rest, 64 << 10)
            source.append(ByteBuffer(bytes: [UInt8](repeating: 2, count: count)))
            rest -= count
        }
        source.finish()
        #expect(try await early.collect(limit: 8 << 20).readableBytes == (8 << 20) - 1_000)
        let whole = try await slow.collect(limit: 8 << 20)
        var expected = ByteBuffer(repeating: 1, count: 1_000)
        expected.writeRepeatingByte(2, count: (8 << 20) - 1_000)
        #expect(whole == expected)
        #expect(origin.requests.count == 1)
        await scene.close()
    }

    @Test("Who has what arrives is told at once, and who has something else gets it while it arrives (RFC 9111 4.3.2)")
    func conditionsMeanwhile() async throws {
        let source = ByteStream()
        let origin = TestOrigin { _ in
            OriginResponse(
                status: 200, fields: ["cache-control": "max-age=60", "etag": "\"a\""], body: source, length: 8)
        }
        let scene = try Scene(origin: origin)
        source.append(ByteBuffer(string: "half"))
        let first = try await scene.nodes[0].cache.answer(scene.call("/a"))
        let known = try await scene.get("/a", ["if-none-match": "\"a\""])
        #expect(known.status == 304 && known.field("etag") == "\"a\"" && known.body.isEmpty)
        #expect(known.field("cache-status")?.contains("collapsed") == true)
        let other = try await scene.nodes[0].cache.answer(scene.call("/a", ["if-none-match": "\"b\""]))
        source.append(ByteBuffer(string: "rest"))
        source.finish()
        for answer in [first, other] {
            let got = try await Scene.collect(answer, on: scene.call("/a").loop)
            #expect(got.status == 200 && got.body == Array("halfrest".utf8))
        }
        #expect(origin.requests.count == 1)
        await scene.close()
    }

    @Test("An answer for one client alone is passed on, and does not hold others up")
    func passing() async throws {
        let running = Mutex((now: 0, most: 0))
        let origin = TestOrigin { _ in
            running.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            try await Task.sleep(for: .milliseconds(50))
            running.withLock { $0.now -= 1 }
            return TestOrigin.answer([1], ["cache-control": "private"])
        }
        let scene = try Scene(origin: origin)
        #expect(try await scene.get("/mine").field("cache-status")?.contains("detail=private") == true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { _ = try await scene.get("/mine") } }
            try await group.waitForAll()
        }
        #expect(origin.requests.count == 11)
        #expect(running.withLock { $0.most } > 1)
        await scene.close()
    }

    @Test("Ranges of a stored answer, one and several, and ranges that arrive with the whole")
    func ranges() async throws {
        let body = runs(of: 251, count: 600_000)
        let scene = try Scene(origin: TestOrigin { _ in TestOrigin.answer(body, ["cache-control": "max-age=60"]) })
        let early = try await scene.get("/r", ["range": "bytes=300000-300009"])
        #expect(early.status == 206)
        #expect(early.body == Array(body[300_000..<300_010]))
        #expect(early.field("content-range") == "bytes 300000-300009/600000")
        // Without a question to the origin meanwhile.
        try await eventually("It is stored") {
            (try? await scene.get("/r", ["cache-control": "only-if-cached"]))?.cache == "hit"
        }
        let one = try await scene.get("/r", ["range": "bytes=-5"])
        #expect(one.status == 206 && one.body == Array(body.suffix(5)))
        let several = try await scene.get("/r", ["range": "bytes=0-1,10-11"])
        #expect(several.status == 206 && several.body == Array(body[0..<2] + body[10..<12]))
        let outside = try await scene.get("/r", ["range": "bytes=600000-"])
        #expect(outside.status == 416)
        #expect(scene.origin.requests.count == 1)
        await scene.close()
    }

    @Test("A range of something large is fetched and stored in parts, and the rest later")
    func parts() async throws {
        let body = runs(of: 1_021, count: (3 << 20) + 1_000)
        let origin = TestOrigin { TestOrigin.ranged($0, body, ["cache-control": "max-age=600", "etag": "\"v\""]) }
        let scene = try Scene(origin: origin)
        let first = try await scene.get("/film", ["range": "bytes=1500000-1500099"])
        #expect(first.status == 206 && first.body == Array(body[1_500_000..<1_500_100]))
        #expect(first.field("content-range") == "bytes 1500000-1500099/\(body.count)")
        #expect(origin.requests.last?.fields["range"] == "bytes=1048576-2097151")
        try await eventually("The part is stored") {
            try await scene.get("/film", ["range": "bytes=1048576-1048580"]).cache == "hit"
        }
        let count = origin.requests.count
        let second = try await scene.get("/film", ["range": "bytes=2097000-2097200"])
        #expect(second.status == 206 && second.body == Array(body[2_097_000...2_097_200]))
        #expect(origin.requests.count == count + 1)
        #expect(origin.requests.last?.fields["range"] == "bytes=2097152-3145727")
        try await eventually("Both are stored") {
            try await scene.get("/film", ["range": "bytes=2097000-2097200"]).cache == "hit"
        }
        #expect(try await scene.get("/film").body == body)
        await scene.close()
    }

    @Test("A change of a visitor makes what is stored stale")
    func invalidation() async throws {
        let scene = try Scene(origin: TestOrigin { _ in TestOrigin.answer([1]) })
        _ = try await scene.get("/a")
        try await eventually("It is stored") { try await scene.get("/a").cache == "hit" }
        let count = scene.origin.requests.count
        _ = try await scene.get("/a", method: "POST")
        #expect(try await scene.get("/a").cache != "hit")
        #expect(scene.origin.requests.count == count + 2)
        await scene.close()
    }

    @Test("Variants by Vary are kept apart")
    func vary() async throws {
        let origin = TestOrigin { request in
            TestOrigin.answer(
                Array((request.fields["accept-language"] ?? "none").utf8),
                ["cache-control": "max-age=60", "vary": "accept-language"])
        }
        let scene = try Scene(origin: origin)
        for language in ["de", "en"] {
            #expect(try await scene.get("/a", ["accept-language": language]).body == Array(language.utf8))
            try await eventually("It is stored") {
                try await scene.get("/a", ["accept-language": language]).cache == "hit"
            }
        }
        #expect(try await scene.get("/a", ["accept-language": "de"]).body == Array("de".utf8))
        #expect(origin.requests.count == 2)
        await scene.close()
    }

    @Test("What is stored answers after a restart")
    func restart() async throws {
        let body = [UInt8](repeating: 9, count: 70_000)
        let scene = try Scene(origin: TestOrigin { _ in TestOrigin.answer(body) })
        _ = try await scene.get("/a")
        try await eventually("It is stored") { try await scene.get("/a").cache == "hit" }
        try await scene.restart(scene.nodes[0])
        let again = try await scene.get("/a")
        #expect(again.cache == "hit" && again.body == body)
        #expect(scene.origin.requests.count == 1)
        await scene.close()
    }

    @Test("Requests that come together are answered each by the origin where its answer may not be reused (RFC 9111 4)")
    func notShared() async throws {
        let origin = TestOrigin { request in
            try await Task.sleep(for: .milliseconds(50))
            guard request.fields["if-none-match"] == nil else {
                return TestOrigin.answer([], status: 304, ["etag": "\"a\""])
            }
            return TestOrigin.answer([1], ["cache-control": "no-cache", "etag": "\"a\""])
        }
        let scene = try Scene(nodes: 2, origin: origin)
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for client in 0..<8 { group.addTask { try await scene.get("/a", on: client % 2).body } }
            for try await body in group { #expect(body == [1]) }
        }
        #expect(origin.requests.count >= 8)
        // What has come is asked about, also while it is still being stored.
        _ = try await scene.get("/b")
        _ = try await scene.get("/b")
        #expect(origin.requests.last?.fields["if-none-match"] == "\"a\"")
        await scene.close()
    }
}
