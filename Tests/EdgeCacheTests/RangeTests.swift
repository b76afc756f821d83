import HTTPCache
import NIOCore
import Origins
import Streams
import Testing

@testable import EdgeCache

@Suite("Ranges, on one node and on several")
struct RangeTests {
    private static let fields: OriginFields = ["cache-control": "max-age=600", "etag": "\"v\""]
    private static let body = runs(of: 1_021, count: (3 << 20) + 1_000)

    private static func slice(_ range: ClosedRange<Int>) -> [UInt8] { Array(body[range]) }

    @Test("300 clients of three nodes who want one range make one request to the origin")
    func oneRequest() async throws {
        let origin = TestOrigin { request in
            try await Task.sleep(for: .milliseconds(50))
            return TestOrigin.ranged(request, Self.body, Self.fields)
        }
        let scene = try Scene(nodes: 3, origin: origin)
        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for client in 0..<300 {
                group.addTask {
                    let got = try await scene.get("/film", on: client % 3, ["range": "bytes=1100000-1100099"])
                    return got.status == 206 && got.body == Self.slice(1_100_000...1_100_099)
                        && got.field("content-range") == "bytes 1100000-1100099/\(Self.body.count)"
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 300)
        for node in 0..<3 { try await scene.stored("/film", on: node, ["range": "bytes=1048576-1048580"]) }
        #expect(origin.ranges == ["bytes=1048576-2097151"])
        await scene.close()
    }

    @Test("A part that another node stores comes from there, and so does the rest of a body that it stores whole")
    func fromAnotherNode() async throws {
        let origin = TestOrigin { TestOrigin.ranged($0, Self.body, Self.fields) }
        let scene = try Scene(nodes: 2, origin: origin)
        _ = try await scene.get("/film", on: 0, ["range": "bytes=10-20"])
        try await scene.stored("/film", on: 0, ["range": "bytes=10-20"])
        let part = try await scene.get("/film", on: 1, ["range": "bytes=30-40"])
        #expect(part.status == 206 && part.body == Self.slice(30...40))
        try await scene.stored("/film", on: 1, ["range": "bytes=0-1048575"])
        #expect(origin.requests.count == 1)

        _ = try await scene.get("/film", on: 0)
        try await scene.stored("/film", on: 0)
        let last = try await scene.get("/film", on: 1, ["range": "bytes=3000000-3000009"])
        #expect(last.status == 206 && last.body == Self.slice(3_000_000...3_000_009))
        #expect(try await scene.get("/film", on: 1, ["range": "bytes=9999999-"]).status == 416)
        #expect(origin.requests.count == 2)
        await scene.close()
    }

    @Test("What one node has validated, another one need not ask the origin about")
    func validatedElsewhere() async throws {
        let origin = TestOrigin { request in
            request.fields["if-none-match"] == nil
                ? TestOrigin.answer([1], Self.fields) : TestOrigin.answer([], status: 304, Self.fields)
        }
        let scene = try Scene(nodes: 2, origin: origin)
        for node in 0..<2 {
            _ = try await scene.get("/a", on: node)
            try await scene.stored("/a", on: node)
        }
        #expect(origin.requests.count == 1)
        scene.wait(seconds: 601)
        #expect(try await scene.get("/a", on: 0).body == [1])
        #expect(origin.requests.count == 2)
        scene.wait(seconds: 5)
        #expect(try await scene.get("/a", on: 1).body == [1])
        #expect(try await scene.get("/a", on: 1).field("age") == "5")
        #expect(origin.requests.count == 2)
        await scene.close()
    }

    @Test(
        "What may not be stored is cut to the range that is asked for",
        arguments: ["no-store", "private", "max-age=60"])
    func cut(control: String) async throws {
        let origin = TestOrigin { TestOrigin.ranged($0, Self.body, ["cache-control": control, "etag": "\"v\""]) }
        let scene = try Scene(nodes: 2, origin: origin)
        for node in 0..<2 {
            let got = try await scene.get("/a", on: node, ["range": "bytes=1500000-1500099"])
            #expect(got.status == 206 && got.body == Self.slice(1_500_000...1_500_099))
            #expect(got.field("content-range") == "bytes 1500000-1500099/\(Self.body.count)")
        }
        await scene.close()
    }

    @Test("If-Range with the tag of what is there gets the range, with another one the whole, stored or not")
    func ifRange() async throws {
        let origin = TestOrigin { request in
            if let tag = request.fields["if-range"], tag != "\"v\"" { return TestOrigin.answer(Self.body, Self.fields) }
            return TestOrigin.ranged(request, Self.body, Self.fields)
        }
        let scene = try Scene(nodes: 2, origin: origin)
        for (path, tag) in [("/a", "\"v\""), ("/a", "\"w\""), ("/b", "\"w\""), ("/b", "\"v\"")] {
            for node in [1, 0] {
                let got = try await scene.get(path, on: node, ["range": "bytes=1048576-1048577", "if-range": tag])
                let isPart = tag == "\"v\""
                #expect(got.status == (isPart ? 206 : 200), "\(path) \(tag) \(node)")
                #expect(got.body == (isPart ? Self.slice(1_048_576...1_048_577) : Self.body))
            }
        }
        await scene.close()
    }

    @Test("Several ranges of something that is here in parts get what they ask for")
    func severalRanges() async throws {
        let origin = TestOrigin { TestOrigin.ranged($0, Self.body, Self.fields) }
        let scene = try Scene(origin: origin)
        // What the origin answered, and not what is stored of it (RFC 9211 section 2.3).
        let first = try await scene.get("/a", ["range": "bytes=0-9"])
        #expect(first.field("cache-status")?.contains("fwd-status=206") == true)
        try await scene.stored("/a", ["range": "bytes=0-9"])
        let held = try await scene.get("/a", ["range": "bytes=0-1,10-11"])
        #expect(held.status == 206 && held.body == Self.slice(0...1) + Self.slice(10...11))
        // The origin of this test answers several ranges with the whole.
        let missing = try await scene.get("/a", ["range": "bytes=0-1,2000000-2000001"])
        #expect(missing.status == 206 && missing.body == Self.slice(0...1) + Self.slice(2_000_000...2_000_001))
        await scene.close()
    }

    @Test("Parts that come at the same time are all kept, and stay when they are validated")
    func kept() async throws {
        let origin = TestOrigin { request in
            request.fields["if-none-match"] == nil
                ? TestOrigin.ranged(request, Self.body, Self.fields) : TestOrigin.answer([], status: 304, Self.fields)
        }
        let scene = try Scene(origin: origin)
        let starts = [0, 1 << 20, 2 << 20]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in starts {
                group.addTask { _ = try await scene.get("/a", ["range": "bytes=\(start)-\(start + 9)"]) }
            }
            try await group.waitForAll()
        }
        for start in starts { try await scene.stored("/a", ["range": "bytes=\(start)-\(start + 99)"]) }
        #expect(origin.requests.count == 3)
        scene.wait(seconds: 601)
        for start in starts {
            let got = try await scene.get("/a", ["range": "bytes=\(start)-\(start + 99)"])
            #expect(got.body == Self.slice(start...start + 99))
        }
        #expect(origin.requests.count == 4)
        await scene.close()
    }

    @Test("A range of what arrives is read from it, if it is near")
    func whileItArrives() async throws {
        let gate = ByteStream()
        let origin = TestOrigin { request in
            if request.fields["range"] != nil { return TestOrigin.ranged(request, Self.body, Self.fields) }
            return OriginResponse(status: 200, fields: Self.fields, body: gate, length: Int64(Self.body.count))
        }
        let scene = try Scene(origin: origin)
        let whole = try await scene.nodes[0].cache.answer(scene.call("/a"))
        gate.append(ByteBuffer(bytes: Self.body[..<5_000]))
        #expect(try await scene.get("/a", ["range": "bytes=1000-1999"]).body == Self.slice(1_000...1_999))
        #expect(origin.requests.count == 1)
        #expect(try await scene.get("/a", ["range": "bytes=3000000-3000009"]).body == Self.slice(3_000_000...3_000_009))
        #expect(origin.ranges == [nil, "bytes=2097152-3145727"])
        gate.append(ByteBuffer(bytes: Self.body[5_000...]))
        gate.finish()
        let loop = scene.call("/a").loop
        #expect(try await Scene.collect(whole, on: loop).body == Self.body)
        await scene.close()
    }
}
