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

@Suite("Faults of origins, disks and nodes")
struct FaultTests {
    @Test("A stale answer serves while the origin is down, and says so")
    func originDown() async throws {
        let origin = TestOrigin { _ in
            TestOrigin.answer([5], ["cache-control": "max-age=1, stale-if-error=600", "etag": "\"a\""])
        }
        let scene = try Scene(origin: origin)
        _ = try await scene.get("/a")
        try await eventually("It is stored") { try await scene.get("/a").cache == "hit" }
        scene.wait(seconds: 10)
        origin.set { _ in throw OriginError(.unreachable, "The origin is down") }
        let stale = try await scene.get("/a")
        #expect(stale.status == 200 && stale.body == [5] && stale.cache == "stale")
        // The origin was asked, so it is no hit (RFC 9211 2.1).
        #expect(stale.field("cache-status") == "Skerry; fwd=stale; ttl=-9")
        origin.set { _ in TestOrigin.answer([], status: 503, [:]) }
        let instead = try await scene.get("/a")
        #expect(instead.body == [5])
        #expect(instead.field("cache-status") == "Skerry; fwd=stale; fwd-status=503; ttl=-9")
        await #expect(throws: OriginError.self) {
            origin.set { _ in throw OriginError(.unreachable, "The origin is down") }
            _ = try await scene.get("/other")
        }
        await scene.close()
    }

    private func status(_ scene: Scene, _ fields: CacheFields = [:]) async -> Int? {
        do {
            return try await scene.get("/a", fields).status
        } catch {
            return (EdgeCache.explained(error) as? GatewayError)?.status
        }
    }

    @Test("Failures have the status that fits them (RFC 9110 15.6, RFC 9111 5.2.1.7, 5.2.2.2)")
    func statuses() async throws {
        let codes: [(OriginError.Code, Int)] = [
            (.notFound, 404), (.badRequest, 400), (.unsupported, 501), (.unreachable, 502), (.badResponse, 502),
            (.breakerOpen, 503), (.timeout, 504), (.loop, 508),
        ]
        for (code, status) in codes {
            let told = EdgeCache.explained(OriginError(code, "It failed", retryAfter: 7)) as? GatewayError
            #expect(told?.status == status && told?.retryAfterSeconds == 7, "\(code)")
        }
        let origin = TestOrigin { _ in TestOrigin.answer([5], ["cache-control": "max-age=1, must-revalidate"]) }
        let scene = try Scene(origin: origin)
        #expect(await status(scene, ["cache-control": "only-if-cached"]) == 504)
        #expect(origin.requests.isEmpty)
        #expect(await status(scene) == 200)
        try await scene.settled()
        scene.wait(seconds: 5)
        origin.set { _ in throw OriginError(.unreachable, "The origin is down") }
        #expect(await status(scene) == 504)
        await scene.close()
    }

    @Test("A body that ends early breaks off and is not stored")
    func shortBody() async throws {
        let origin = TestOrigin { _ in
            let stream = ByteStream()
            stream.append(ByteBuffer(bytes: [1, 2, 3]))
            stream.finish()
            return OriginResponse(status: 200, fields: ["cache-control": "max-age=60"], body: stream, length: 10)
        }
        let scene = try Scene(origin: origin)
        await #expect(throws: (any Error).self) { _ = try await scene.get("/short") }
        origin.set { _ in TestOrigin.answer([1, 2, 3, 4]) }
        #expect(try await scene.get("/short").body == [1, 2, 3, 4])
        await scene.close()
    }

    @Test("An origin that breaks off midway breaks its readers off, and the next request asks again")
    func brokenBody() async throws {
        let origin = TestOrigin { _ in
            let stream = ByteStream()
            stream.append(ByteBuffer(bytes: [1, 2, 3]))
            stream.fail(OriginError(.badResponse, "The connection broke"))
            return OriginResponse(status: 200, fields: ["cache-control": "max-age=60"], body: stream, length: nil)
        }
        let scene = try Scene(origin: origin)
        await #expect(throws: (any Error).self) { _ = try await scene.get("/broken") }
        origin.set { _ in TestOrigin.answer([4]) }
        #expect(try await scene.get("/broken").body == [4])
        await scene.close()
    }

    @Test("A damaged body is found by its hash, fetched again, and never served")
    func damage() async throws {
        let body = [UInt8](repeating: 3, count: 3 << 20)
        var settings = BlobStore.Settings()
        // Else the store's own memory of the blocks is as good as the disk was.
        settings.hotBytes = 0
        let scene = try Scene(store: settings, origin: TestOrigin { _ in TestOrigin.answer(body) })
        _ = try await scene.get("/large")
        try await eventually("It is stored") { try await scene.get("/large").cache == "hit" }
        let node = scene.nodes[0]
        let data = node.folder + "/blobs/data"
        var damaged = 0
        for case let name as String in FileManager.default.enumerator(atPath: data) ?? .init() {
            let path = data + "/" + name
            guard let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size == body.count,
                let file = FileHandle(forUpdatingAtPath: path)
            else { continue }
            try file.write(contentsOf: Data([0xFF]))
            try file.close()
            damaged += 1
        }
        #expect(damaged == 1)
        try await scene.restart(node)
        #expect(try await scene.get("/large").body == body)
        await scene.close()
    }

    @Test("A lack of room is no internal failure, and a fault of the store is one")
    func storeErrors() {
        for (code, status) in [(BlobStoreError.Code.diskFull, 503), (.quotaExceeded, 503), (.ioFailed, 500)] {
            let told = EdgeCache.explained(BlobStoreError(code, "It failed at /var/lib")) as? GatewayError
            #expect(told?.status == status && told?.code.description == code.description)
        }
    }

    @Test("With a full disk, answers go through without being stored")
    func fullDisk() async throws {
        var settings = BlobStore.Settings()
        settings.quotaBytes = 1_000
        let body = [UInt8](repeating: 8, count: 2 << 20)
        let scene = try Scene(store: settings, origin: TestOrigin { _ in TestOrigin.answer(body) })
        for _ in 0..<2 { #expect(try await scene.get("/a").body == body) }
        #expect(scene.origin.requests.count == 2)
        await scene.close()
    }

    @Test("Only what is stored is asked for, and nothing is: 504")
    func onlyIfCached() async throws {
        let scene = try Scene(origin: TestOrigin { _ in TestOrigin.answer([1]) })
        await #expect(throws: (any Error).self) {
            _ = try await scene.get("/a", ["cache-control": "only-if-cached"])
        }
        #expect(scene.origin.requests.isEmpty)
        await scene.close()
    }
}
