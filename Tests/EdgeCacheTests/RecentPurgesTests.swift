import HTTPCache
import Testing

@testable import EdgeCache

@Suite("Purges beside answers that are under way")
struct RecentPurgesTests {
    private func record(_ url: String = "http://shop.test/a") throws -> StoredResponse {
        StoredResponse(key: try CacheKey(url: url), status: 200, fields: [:], requestTime: 0, responseTime: 0)
    }

    private func purge(_ app: String, _ path: String, soft: Bool = false) -> CachePurge {
        CachePurge(app: app, scope: .url("http://shop.test\(path)"), isSoft: soft, encoded: [])
    }

    @Test("A purge hits what was asked for before it, and a hard one goes before a soft one")
    func effects() throws {
        var recent = RecentPurges()
        let start = recent.mark
        recent.add(purge("a", "/a", soft: true))
        #expect(recent.effect(on: try record(), of: "a", since: start) == .stale)
        recent.add(purge("a", "/b"))
        #expect(recent.effect(on: try record(), of: "a", since: start) == .stale)
        #expect(recent.effect(on: try record(), of: "b", since: start) == .none)
        recent.add(purge("a", "/a"))
        recent.add(purge("a", "/a", soft: true))
        #expect(recent.effect(on: try record(), of: "a", since: start) == .gone)
        #expect(recent.effect(on: try record(), of: "a", since: recent.mark) == .none)
    }

    @Test("The changes of one app keep no other app's answers from being stored")
    func isolation() throws {
        var recent = RecentPurges()
        let start = recent.mark
        for number in 0...RecentPurges.capacity { recent.add(purge("busy", "/\(number)")) }
        let fresh = recent.mark
        #expect(recent.effect(on: try record(), of: "busy", since: start) == .gone)
        #expect(recent.effect(on: try record(), of: "busy", since: fresh - 1) == .none)
        #expect(recent.effect(on: try record(), of: "quiet", since: start) == .none)
        for number in 0..<RecentPurges.maxApps { recent.add(purge("app\(number)", "/a")) }
        // The busy app was forgotten: what is older than its last purge may have been meant.
        #expect(recent.effect(on: try record(), of: "busy", since: fresh - 1) == .gone)
        #expect(recent.effect(on: try record(), of: "busy", since: fresh) == .none)
        #expect(recent.effect(on: try record(), of: "app0", since: fresh) == .gone)
    }
}
