import HTTPCache
import Testing

@Suite("Freshness and age")
struct FreshnessTests {
    @Test(
        "Explicit freshness: s-maxage before max-age before Expires (RFC 9111 4.2.1)",
        arguments: [
            (["cache-control": "max-age=10"], 9, true), (["cache-control": "max-age=10"], 10, false),
            (["cache-control": "max-age=1, s-maxage=10"], 9, true),
            (["cache-control": "max-age=10, s-maxage=1"], 9, false),
            (["date": date(0), "expires": date(10)], 9, true), (["date": date(0), "expires": date(10)], 10, false),
            (["cache-control": "max-age=1", "date": date(0), "expires": date(10)], 9, false),
            (["cache-control": "max-age=10", "date": date(0), "expires": date(-10)], 9, true),
            (["date": date(0), "expires": date(0)], 0, false), (["cache-control": "max-age=0"], 0, false),
            (["date": date(-100), "expires": date(10)], 9, true), (["expires": date(10)], 9, true),
        ] as [(CacheFields, Int64, Bool)])
    func explicit(fields: CacheFields, seconds: Int64, isReused: Bool) {
        #expect(CacheLab.reuses(fields, after: seconds) == isReused)
    }

    @Test(
        "An invalid Expires, 0 in particular, means that the response is stale (RFC 9111 5.3)",
        arguments: [
            "0", "-1", "", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18-Aug-2050 02:01:18 GMT",
            "Thu 18 Aug 2050 02:01:18 GMT",
            "Thu, 18  Aug  2050 02:01:18 GMT", "Thu, 18 Aug 50 02:01:18 GMT", "Thu, 18 Aug 2050 2:01:18 GMT",
            "Thu, 18 Aug 2050 02.01.18 GMT", "Thu, 18 Aug 2050 02:01:18 AEST", "\"Thu, 18 Aug 2050 02:01:18 GMT\"",
            "Thu, 32 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050 24:01:18 GMT", "Mon, 29 Feb 2049 00:00:00 GMT",
        ])
    func invalidExpires(value: String) {
        #expect(!CacheLab.reuses(["expires": value, "last-modified": date(-100_000)], after: 0))
    }

    @Test(
        "Dates are read in all three forms and in any case (RFC 9111 4.2)",
        arguments: [
            "Thu, 18 Aug 2050 02:01:18 GMT", "THU, 18 AUG 2050 02:01:18 gMT", "Thursday, 18-Aug-50 02:01:18 GMT",
            "Thu Aug 18 02:01:18 2050",
        ])
    func dates(value: String) {
        let now: Int64 = 1_800_000_000_000
        #expect(CacheDate.seconds(value, now: now) == 2_544_400_878)
        #expect(CacheDate.text(seconds: 2_544_400_878) == "Thu, 18 Aug 2050 02:01:18 GMT")
        #expect(CacheDate.seconds("Sun Nov  6 08:49:37 1994", now: now) == CacheLab.start / 1_000)
        #expect(CacheDate.seconds("Sunday, 06-Nov-94 08:49:37 GMT", now: now) == CacheLab.start / 1_000)
        #expect(
            CacheDate.seconds("Sunday, 06-Nov-78 08:49:37 GMT", now: now)
                == CacheDate.seconds("Sun, 06 Nov 1978 08:49:37 GMT", now: now))
    }

    @Test("Every second of a long time is written and read as the same")
    func dateRoundTrip() {
        for step in 0..<5_000 {
            let seconds = Int64(step) * 50_000_017 % 253_402_300_799
            #expect(CacheDate.seconds(CacheDate.text(seconds: seconds), now: 0) == seconds)
        }
    }

    @Test(
        "Directives: case, quotes, white space, numbers (RFC 9111 5.2, 1.2.2, 4.2.1)",
        arguments: [
            ("MaX-aGe=100", true), ("max-age=\"100\"", true), ("max-age='100'", false), ("max-age=00100", true),
            ("max-age=100.0", false), ("max-age =100", false), ("max-age= 100", false), ("max-age=-100", false),
            ("max-age=100a", false), ("max-age", false), ("max-age=", false), ("max-age=99999999999999999999999", true),
            ("extension=\"max-age=100\"", false), ("a=\"b, no-store\", max-age=100", true),
            ("a=\"\\\", no-cache\", max-age=100", true), (",, max-age=100,,", true), ("max-age=100, max-age=1", true),
            ("max-age=1, max-age=100", false), ("foo, bar=baz, max-age=100", true), ("max-age=100; no-cache", false),
            ("x-max-age=100", false), ("max-age-x=100", false), ("max-age=100, no-cache", false),
            ("max-age=100, a=\"b, no-store", false), ("a=\"b\\\", max-age=100", true),
        ])
    func directives(value: String, isReused: Bool) {
        #expect(CacheLab.reuses(["cache-control": value]) == isReused, "\(value)")
    }

    @Test("Directives are read from all lines of the field (RFC 9110 5.3)")
    func lines() {
        #expect(CacheLab.reuses(["cache-control": "foo", "cache-control": "max-age=100"]))
        #expect(!CacheLab.reuses(["cache-control": "max-age=100", "cache-control": "no-store"]))
        #expect(!CacheLab.reuses(["cache-control": "max-age=100, a=\"", "cache-control": "no-store"]))
    }

    @Test("Numbers of seconds beyond 2^31 count as 2^31 (RFC 9111 1.2.2)")
    func overflow() throws {
        let said = ResponseDirectives(["cache-control": "max-age=2147483649, s-maxage=999999999999999999999999999"])
        #expect(said.maxAge == 2_147_483_648 && said.sharedMaxAge == 2_147_483_648)
        let lab = CacheLab.holding(["cache-control": "max-age=5", "age": "999999999999999999999999999999"])
        #expect(lab.records.isEmpty)
        let kept = CacheLab.holding(["cache-control": "max-age=5", "age": "9999999999999999999999999", "etag": "\"a\""])
        #expect(kept.policy.freshness(try #require(kept.records.first), now: kept.now).ageSeconds == 2_147_483_648)
    }

    @Test(
        "Age: apparent, corrected, malformed (RFC 9111 4.2.3, 5.1)",
        arguments: [
            (["age": "50"], 0, 5, 55), (["age": "50"], 3_000, 5, 58), (["date": date(-60)], 0, 5, 65),
            (["date": date(-60), "age": "10"], 0, 5, 65), (["date": date(-10), "age": "60"], 0, 5, 65),
            (["date": date(600)], 0, 5, 5), (["age": "abc"], 0, 5, 5), (["age": "-7"], 0, 5, 5),
            (["age": "7.5"], 0, 5, 5),
            (["age": "7, 50"], 0, 5, 12), (["age": "7", "age": "50"], 0, 5, 12), (["age": "7 a"], 0, 5, 5),
        ] as [(CacheFields, Int64, Int64, Int64)])
    func age(fields: CacheFields, delay: Int64, wait: Int64, expected: Int64) throws {
        var fields = fields
        fields.add("cache-control", "max-age=1000")
        var lab = CacheLab()
        lab.delay = delay
        lab.send(CacheLab.request(), ResponseHead(status: 200, fields: fields))
        lab.wait(wait)
        let head = try #require(lab.send().head)
        #expect(head.fields.all("age") == [String(expected)])
    }

    @Test("Date is compared in whole seconds, and freshness ends when the age is the lifetime (RFC 9111 4.2, 4.2.3)")
    func wholeSeconds() throws {
        var lab = CacheLab()
        lab.now += 900
        let head = ResponseHead(status: 200, fields: ["cache-control": "max-age=1", "date": date(0)])
        lab.send(CacheLab.request(), head)
        let record = try #require(lab.records.first)
        let end = lab.policy.freshUntil(record, now: lab.now)
        #expect(end == CacheLab.start + 1_900)
        for (now, isFresh) in [(end - 1, true), (end, false)] {
            #expect(lab.policy.freshness(record, now: now).isFresh == isFresh)
            #expect(lab.policy.freshUntil(record, now: now) == end)
        }
        let aged = CacheLab.holding(["cache-control": "max-age=60", "age": "50"])
        #expect(aged.policy.freshUntil(try #require(aged.records.first), now: aged.now) == CacheLab.start + 10_000)
    }

    @Test("A stored response that is used without validation has an Age field (RFC 9111 4, 5.1)")
    func ageIsSent() throws {
        var lab = CacheLab.holding(["cache-control": "max-age=100"])
        lab.wait(7)
        let head = try #require(lab.send().head)
        #expect(head.fields.first("age") == "7" && head.fields.first("date") == CacheLab.date)
    }

    @Test(
        "Heuristic freshness is a tenth of the time since Last-Modified, within bounds (RFC 9111 4.2.2)",
        arguments: [
            (-1_000, 99, true), (-1_000, 101, false), (-100_000_000, 86_399, true), (-100_000_000, 86_401, false),
            (-69, 5, true), (-69, 6, false),
        ]
            as [(Int64, Int64, Bool)])
    func heuristic(modified: Int64, seconds: Int64, isReused: Bool) {
        #expect(CacheLab.reuses(["last-modified": date(modified)], after: seconds) == isReused)
    }

    @Test("Explicit freshness keeps heuristics out, also if it is stale (RFC 9111 4.2.2)")
    func noHeuristic() {
        let modified = date(-1_000_000)
        #expect(!CacheLab.reuses(["last-modified": modified, "cache-control": "max-age=0"]))
        #expect(!CacheLab.reuses(["last-modified": modified, "expires": date(-10)]))
        #expect(!CacheLab.reuses(["last-modified": modified, "cache-control": "s-maxage=x"]))
        #expect(!CacheLab.reuses(["etag": "\"a\""]))
        #expect(!CacheLab.reuses(["last-modified": date(100)]))
    }

    @Test("Heuristics are for statuses that are cacheable by default, or public (RFC 9110 15.1, RFC 9111 4.2.2)")
    func heuristicStatuses() {
        let fields: CacheFields = ["last-modified": date(-100_000)]
        for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 451, 501] {
            #expect(CacheLab.reuses(fields, status: status), "\(status)")
        }
        for status in [201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599] {
            #expect(!CacheLab.reuses(fields, status: status), "\(status)")
            #expect(!CacheLab.stores(fields, status: status), "\(status)")
            var marked = fields
            marked.add("cache-control", "public")
            #expect(CacheLab.reuses(marked, status: status), "\(status) public")
        }
    }

    @Test("Any final status is stored with explicit freshness (RFC 9111 3)")
    func explicitStatuses() {
        for status in [200, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599] {
            #expect(CacheLab.reuses(["cache-control": "max-age=100"], status: status), "\(status)")
            #expect(!CacheLab.reuses(["cache-control": "max-age=2"], status: status), "\(status)")
        }
    }

    @Test("Two different Expires are a conflict: stale (RFC 9111 4.2.1)")
    func twoExpires() {
        #expect(!CacheLab.reuses(["expires": date(100), "expires": date(200)]))
        #expect(CacheLab.reuses(["expires": date(100), "expires": date(100)]))
    }

    @Test("An origin without a clock gets the time of receipt as Date (RFC 9110 6.6.1)")
    func addsDate() throws {
        var lab = CacheLab.holding(["cache-control": "max-age=100"])
        #expect(try #require(lab.records.first).fields.first("date") == CacheLab.date)
        lab.wait(5)
        #expect(lab.send().head?.fields.first("date") == CacheLab.date)
        let odd = CacheLab.holding(["cache-control": "max-age=100", "date": "yesterday"])
        #expect(odd.records.first?.fields.all("date") == [CacheLab.date])
    }

    @Test("Settings: defaults, negative caching, overrides; private and no-store stay")
    func settings() {
        #expect(CacheLab.reuses([:]) { $0.defaultSeconds = 10 })
        #expect(!CacheLab.reuses([:]))
        #expect(CacheLab.reuses([:], status: 503) { $0.secondsByStatus = [503: 10] })
        #expect(!CacheLab.reuses([:], status: 503, after: 11) { $0.secondsByStatus = [503: 10] })
        #expect(!CacheLab.reuses(["cache-control": "max-age=1"], status: 404) { $0.secondsByStatus = [404: 10] })
        #expect(!CacheLab.reuses(["cache-control": "no-store"], status: 404) { $0.secondsByStatus = [404: 10] })
        #expect(CacheLab.reuses(["cache-control": "no-cache"]) { $0.override = .lifetime(seconds: 10) })
        #expect(!CacheLab.reuses(["cache-control": "no-store"]) { $0.override = .lifetime(seconds: 10) })
        #expect(CacheLab.reuses(["cache-control": "no-store"]) { $0.override = .everything(seconds: 10) })
        #expect(!CacheLab.reuses(["cache-control": "private"]) { $0.override = .everything(seconds: 10) })
        #expect(!CacheLab.reuses(["cache-control": "max-age=99"], after: 11) { $0.override = .lifetime(seconds: 10) })
        #expect(!CacheLab.reuses(["last-modified": date(-100_000)]) { $0.heuristicPercent = 0 })
    }

    @Test("A clock that runs backwards makes nothing younger than it was and traps nowhere")
    func clockBackwards() {
        var lab = CacheLab.holding(["cache-control": "max-age=100", "age": "7"])
        lab.now -= 1_000_000
        #expect(lab.send().head?.fields.first("age") == "7")
        lab.now = 0
        #expect(lab.send().isHit)
    }
}
