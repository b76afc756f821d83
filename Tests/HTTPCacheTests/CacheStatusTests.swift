import HTTPCache
import Testing

@Suite("Cache-Status (RFC 9211)")
struct CacheStatusTests {
    @Test("Answers from the cache say hit and ttl, after what other caches said (RFC 9211 2)")
    func hit() {
        var lab = CacheLab.holding(["cache-control": "max-age=30", "cache-status": "Other; fwd=uri-miss"])
        lab.wait(10)
        #expect(lab.send().head?.fields.all("cache-status") == ["Other; fwd=uri-miss", "Skerry; hit; ttl=20"])
        lab.wait(50)
        let stale = lab.send(CacheLab.request(["cache-control": "max-stale"])).head
        #expect(stale?.fields.all("cache-status").last == "Skerry; hit; ttl=-30")
        lab.policy.showsKey = true
        let key = lab.send(CacheLab.request(["cache-control": "max-stale"])).head
        #expect(
            key?.fields.all("cache-status").last == "Skerry; hit; ttl=-30; key=\"GET https://example.org/a\"")
    }

    @Test("Other answers say why they were fetched and what became of them")
    func forwarded() {
        var status = CacheStatus(cache: "Skerry")
        #expect(status.text == "Skerry")
        status.forward = .uriMiss
        status.forwardStatus = 200
        status.isStored = true
        status.isCollapsed = true
        #expect(status.text == "Skerry; fwd=uri-miss; fwd-status=200; stored; collapsed")
        status.key = "a\"b\\cé"
        status.detail = "no-store"
        status.cache = "my cache"
        #expect(
            status.text
                == #""my cache"; fwd=uri-miss; fwd-status=200; stored; collapsed; key="a\"b\\c?"; detail=no-store"#)
    }

    @Test("An answer after a validation is no hit")
    func validated() throws {
        var lab = CacheLab.holding(["cache-control": "max-age=30", "etag": "\"a\""])
        lab.wait(50)
        lab.send(CacheLab.request(), ResponseHead(status: 304, fields: ["etag": "\"a\""]))
        let record = try #require(lab.records.first)
        let plan = try #require(lab.policy.answer(CacheLab.request(), from: record, wasValidated: true, now: lab.now))
        #expect(lab.policy.cacheStatus(of: plan, now: lab.now).text == "Skerry; fwd=stale; fwd-status=304; ttl=30")
    }

    @Test("What goes through loses the fields of the origin's connection (RFC 9110 7.6.1)")
    func passes() {
        let head = ResponseHead(status: 200, fields: ["connection": "x", "x": "1", "y": "2", "cache-tag": "t"])
        let fields = CachePolicy().passFields(head, status: CacheStatus(cache: "Skerry"))
        #expect(fields == ["y": "2", "cache-status": "Skerry"])
    }
}
