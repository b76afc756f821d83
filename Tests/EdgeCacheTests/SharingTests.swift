import Foundation
import HTTPCache
import Manifests
import NIOCore
import NIOPosix
import Origins
import Streams
import Synchronization
import Testing

@testable import EdgeCache

@Suite("What is kept for all is what all asked for")
struct SharingTests {
    private func visitorHost(_ method: String, _ host: String, _ path: String = "/a") -> String? {
        let authority = String(host.prefix { $0 != ":" })
        let request = CacheRequest(method: method, scheme: "https", authority: authority, path: path)
        let call = CacheCall(
            TestPlans().plan, request, visitor: .init(address: nil, scheme: "https", host: host),
            on: MultiThreadedEventLoopGroup.singleton.next(), isFromPeer: false)
        return call.visitor?.host
    }

    @Test("The origin hears the host that is in the key, without the port and the dot that a visitor put behind it")
    func host() {
        for host in ["shop.test", "shop.test:81", "shop.test.", "shop.test.:99"] {
            for method in ["GET", "HEAD"] { #expect(visitorHost(method, host) == "shop.test") }
            #expect(visitorHost("POST", host) == host)
            #expect(visitorHost("GET", host, "/..;/a") == host)
        }
    }

    @Test("The origin gets the path that is in the key, and nothing is kept under one that it may read otherwise")
    func paths() async throws {
        let origin = TestOrigin { TestOrigin.answer(Array($0.path.utf8)) }
        let scene = try Scene(origin: origin)
        #expect(try await scene.get("/x/../%61/%7e%2f").body == Array("/a/~%2F".utf8))
        try await scene.settled()
        #expect(try await scene.get("/a/~%2F").isHit)
        for path in ["/a/..%2Fme", "/a/%zz", "/a/..;/me"] {
            for _ in 0..<2 {
                let got = try await scene.get(path)
                #expect(got.cache == "pass" && got.body == Array(path.utf8))
            }
        }
        await scene.close()
    }

    @Test("Routes and keys see one path in all ways to write it")
    func onePath() throws {
        for path in [
            "/a/b", "/i/%2e./b/../i/./a%2fb", "/i/..", "/%61/%7e%2f", "/", "/a//b/../c", "/.", "/a/.b", "/..a",
        ] {
            let key = try CacheKey(scheme: "http", authority: "a", path: path)
            #expect(key.path == RoutePattern.normalised(path), "\(path)")
        }
    }

    @Test("A request for content with a body goes to the origin by itself, and what it gets is not kept")
    func body() async throws {
        let origin = TestOrigin { TestOrigin.answer([$0.body == nil ? 1 : 2]) }
        let scene = try Scene(origin: origin)
        let stream = ByteStream()
        stream.append(ByteBuffer(string: "x"))
        stream.finish()
        let plain = scene.call("/a")
        let call = CacheCall(
            plain.plan, plain.request, body: .init(stream, length: 1), visitor: nil, on: plain.loop, isFromPeer: false)
        #expect(try await Scene.collect(try await scene.nodes[0].cache.answer(call), on: call.loop).body == [2])
        try await scene.settled()
        #expect(try await scene.get("/a").body == [1])
        await scene.close()
    }

    @Test(
        "What varies by the visitor's address is for that visitor alone", arguments: ["X-Forwarded-For", "Forwarded"])
    func address(name: String) async throws {
        let scene = try Scene(
            origin: TestOrigin { _ in TestOrigin.answer([1], ["cache-control": "max-age=9", "vary": name]) })
        for count in 1...2 {
            #expect(try await scene.get("/a").field("cache-status")?.contains("detail=vary") == true)
            #expect(scene.origin.requests.count == count)
        }
        await scene.close()
    }

    @Test(
        "A request that fails by its own fields fails alone", arguments: [OriginError.Code.loop, .badRequest], [1, 2])
    func ownFailure(code: OriginError.Code, nodes: Int) async throws {
        let gate = ByteStream()
        let origin = TestOrigin { request in
            guard request.fields["x-bad"] != nil else { return TestOrigin.answer([1]) }
            _ = try await gate.next()
            throw OriginError(code, "The request cannot be sent")
        }
        let scene = try Scene(nodes: nodes, origin: origin)
        async let failing: Void = {
            await #expect(throws: (any Error).self) { _ = try await scene.get("/a", ["x-bad": "1"]) }
        }()
        try await eventually("It asks") { !origin.requests.isEmpty }
        async let other = scene.get("/a", on: nodes - 1).body
        try await Task.sleep(for: .milliseconds(50))
        gate.finish()
        #expect(try await other == [1])
        await failing
        await scene.close()
    }

    @Test("A URL has a limit of variants, and what is in memory no more is found on the disk")
    func variants() async throws {
        let origin = TestOrigin { request in
            TestOrigin.answer(
                Array((request.fields["x-a"] ?? "").utf8), ["cache-control": "max-age=600", "vary": "x-a"])
        }
        var settings = EdgeCacheSettings()
        settings.memoryEntries = 8
        let scene = try Scene(settings: settings, origin: origin)
        let count = CacheIndex.maxVariants + 6
        for number in 0..<count {
            #expect(try await scene.get("/a", ["x-a": "\(number)"]).body == Array("\(number)".utf8))
            try await scene.settled()
        }
        let key = try CacheKey(url: "http://shop.test/a")
        try await eventually("The rest has gone") {
            try await scene.nodes[0].cache.index.variants(of: key, app: "owner/shop").count == CacheIndex.maxVariants
        }
        #expect(origin.requests.count == count)
        for number in (count - CacheIndex.maxVariants)..<count {
            #expect(try await scene.get("/a", ["x-a": "\(number)"]).isHit, "\(number)")
        }
        #expect(origin.requests.count == count)
        _ = try await scene.get("/a", ["x-a": "0"])
        #expect(origin.requests.count == count + 1)
        await scene.close()
    }
}
