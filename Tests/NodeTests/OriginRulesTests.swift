import HTTPCache
import Manifests
import Testing

@testable import Node

@Suite("Rules of origins for the cache")
struct OriginRulesTests {
    @Test("What an origin says nothing about: RFC 9111's heuristics, unless the app has times (RFC 9111 4.2.2)")
    func times() throws {
        var manifest = OriginManifest(source: .server(try OriginURL("https://example.com")))
        #expect(manifest.policy("/a").secondsByStatus.isEmpty && manifest.policy("/a").defaultSeconds == 0)
        manifest.cache.defaultTTL = 60
        #expect(manifest.policy("/a").secondsByStatus[200] == 60)
        #expect(manifest.policy("/a").secondsByStatus[404] == nil && manifest.policy("/a").defaultSeconds == 0)
        manifest.cache.negativeTTL = 5
        #expect(manifest.policy("/a").secondsByStatus[200] == 60 && manifest.policy("/a").secondsByStatus[404] == 5)
    }

    @Test("Visitors' Cache-Control counts unless the app says otherwise (RFC 9111 5.2.1)")
    func visitors() throws {
        var manifest = OriginManifest(source: .server(try OriginURL("https://example.com")))
        #expect(manifest.policy("/a").obeysRequests)
        manifest.cache.respectsVisitors = false
        #expect(!manifest.policy("/a").obeysRequests)
    }
}
