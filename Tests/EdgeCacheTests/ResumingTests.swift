import BlobStore
import Foundation
import Gateway
import HTTPCache
import Identity
import NIOCore
import Origins
import Streams
import Testing

@testable import EdgeCache

@Suite("Bodies whose source fails in the middle")
struct ResumingTests {
    private static let fields: OriginFields = ["cache-control": "max-age=600", "etag": "\"v\""]
    private static let body = runs(of: 1_009, count: (2 << 20) + 77)

    /// Answers that begin with `first` bytes of the body and break off there.
    private static func broken(after first: Int, _ fields: OriginFields = fields) -> OriginResponse {
        let stream = ByteStream()
        stream.append(ByteBuffer(bytes: body[..<first]))
        stream.fail(OriginError(.badResponse, "The connection broke"))
        return OriginResponse(status: 200, fields: fields, body: stream, length: Int64(body.count))
    }

    @Test("A body goes on where the origin broke it off, and is stored whole")
    func goesOn() async throws {
        let origin = TestOrigin { request in
            request.fields["range"] == nil
                ? Self.broken(after: 1_000_001) : TestOrigin.ranged(request, Self.body, Self.fields)
        }
        let scene = try Scene(origin: origin)
        #expect(try await scene.get("/a").body == Self.body)
        #expect(origin.ranges == [nil, "bytes=1000001-\(Self.body.count - 1)"])
        try await scene.stored("/a")
        #expect(try await scene.get("/a").body == Self.body)
        await scene.close()
    }

    @Test("An origin without ranges begins anew; what is here already is not sent twice")
    func beginsAnew() async throws {
        let origin = TestOrigin { request in
            request.fields["range"] == nil
                ? Self.broken(after: 300_000) : TestOrigin.answer(Self.body, Self.fields)
        }
        let scene = try Scene(origin: origin)
        #expect(try await scene.get("/a").body == Self.body)
        await scene.close()
    }

    @Test("It does not go on with what may be something else", arguments: ["\"w\"", "W/\"v\"", ""])
    func somethingElse(tag: String) async throws {
        var other = Self.fields
        other.remove("etag")
        if !tag.isEmpty { other.add("etag", tag) }
        let origin = TestOrigin { [other] request in
            request.fields["range"] == nil ? Self.broken(after: 1_000) : TestOrigin.ranged(request, Self.body, other)
        }
        let scene = try Scene(origin: origin)
        await #expect(throws: (any Error).self) { _ = try await scene.get("/a") }
        #expect(origin.requests.count == 2)
        origin.set { [other] _ in Self.broken(after: 1_000, other) }
        let count = origin.requests.count
        await #expect(throws: (any Error).self) { _ = try await scene.get("/b") }
        // Without a strong tag nothing else is asked for.
        #expect(origin.requests.count == count + (tag == "\"w\"" ? 1 + IncomingBody.maxResumptions : 1))
        await scene.close()
    }

    @Test("A part of a body goes on too")
    func part() async throws {
        let origin = TestOrigin { request in
            let response = TestOrigin.ranged(request, Self.body, Self.fields)
            guard request.fields["range"] == "bytes=1048576-2097151" else { return response }
            let stream = ByteStream()
            stream.append(ByteBuffer(bytes: Self.body[(1 << 20)..<(1 << 20) + 5]))
            stream.fail(OriginError(.badResponse, "The connection broke"))
            return OriginResponse(status: 206, fields: response.fields, body: stream, length: response.length)
        }
        let scene = try Scene(origin: origin)
        let got = try await scene.get("/a", ["range": "bytes=1048576-1048675"])
        #expect(got.status == 206 && got.body == Array(Self.body[(1 << 20)..<(1 << 20) + 100]))
        try await scene.stored("/a", ["range": "bytes=2097000-2097100"])
        #expect(origin.ranges == ["bytes=1048576-2097151", "bytes=1048581-2097151"])
        await scene.close()
    }

    @Test("When the node that asks for all dies, its readers go on without it")
    func nodeDies() async throws {
        let gate = ByteStream()
        let origin = TestOrigin { request in
            if request.fields["range"] != nil { return TestOrigin.ranged(request, Self.body, Self.fields) }
            return OriginResponse(status: 200, fields: Self.fields, body: gate, length: Int64(Self.body.count))
        }
        let scene = try Scene(nodes: 2, origin: origin)
        gate.append(ByteBuffer(bytes: Self.body[..<1_000]))
        let answer = try await scene.nodes[1].cache.answer(scene.call("/film"))
        guard case .stream(let stream) = answer.body else {
            Issue.record("The answer is no stream")
            return
        }
        var got = Array(try #require(try await stream.next()).readableBytesView)
        scene.mesh.setDown(scene.nodes[0].id, true)
        // The question that is under way is answered still; the next one is not.
        gate.append(ByteBuffer(bytes: Self.body[1_000..<2_000]))
        got += try await stream.collect(limit: 8 << 20).readableBytesView
        #expect(got == Self.body)
        #expect(origin.ranges.compactMap { $0 }.count == 1)
        try await scene.stored("/film", on: 1)
        gate.finish()
        await scene.close()
    }

    @Test("A stored body that is damaged in the middle goes on from the origin, and is forgotten")
    func damagedInTheMiddle() async throws {
        var settings = BlobStore.Settings()
        settings.hotBytes = 0
        let origin = TestOrigin { TestOrigin.ranged($0, Self.body, Self.fields) }
        let scene = try Scene(store: settings, origin: origin)
        _ = try await scene.get("/large")
        try await scene.stored("/large")
        let node = scene.nodes[0]
        let data = node.folder + "/blobs/data"
        for case let name as String in FileManager.default.enumerator(atPath: data) ?? .init() {
            let path = data + "/" + name
            guard try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == Self.body.count,
                let file = FileHandle(forUpdatingAtPath: path)
            else { continue }
            try file.seek(toOffset: 1 << 20)
            try file.write(contentsOf: Data([0xFF, 0xFE]))
            try file.close()
        }
        try await scene.restart(node)
        #expect(try await scene.get("/large").body == Self.body)
        #expect(origin.ranges == [nil, "bytes=1048576-\(Self.body.count - 1)"])
        try await eventually("It is forgotten") {
            (try? await scene.get("/large", ["cache-control": "only-if-cached"])) == nil
        }
        #expect(try await scene.get("/large").body == Self.body)
        await scene.close()
    }
}
