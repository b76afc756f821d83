import HTTPCache
import Testing

@Suite("Storing responses")
struct StoringTests {
    private let fresh = "max-age=100"

    @Test("no-store of the response keeps it out (RFC 9111 5.2.2.5)")
    func noStore() {
        #expect(!CacheLab.stores(["cache-control": "no-store"]))
        #expect(!CacheLab.stores(["cache-control": "No-StOrE, max-age=100"]))
        #expect(!CacheLab.stores(["cache-control": "no-store=\"a\", max-age=100"]))
    }

    @Test("no-store of the request keeps its response out (RFC 9111 5.2.1.5)")
    func requestNoStore() {
        let request = CacheLab.request(["cache-control": "no-store"])
        #expect(!CacheLab.stores(["cache-control": fresh], request: request))
    }

    @Test("private keeps a response out of a shared cache (RFC 9111 5.2.2.7)")
    func isPrivate() {
        #expect(!CacheLab.stores(["cache-control": "private, max-age=100"]))
        #expect(!CacheLab.stores(["cache-control": "private=\"\", max-age=100"]))
        #expect(!CacheLab.stores(["cache-control": "private=\"a\", private, max-age=100"]))
    }

    @Test("private with fields keeps only these out (RFC 9111 5.2.2.7)")
    func privateFields() throws {
        var lab = CacheLab.holding(["cache-control": "private=\"A, x-b\", max-age=100", "a": "1", "x-b": "2", "c": "3"])
        let head = try #require(lab.send().head)
        #expect(head.fields.first("a") == nil && head.fields.first("x-b") == nil && head.fields.first("c") == "3")
    }

    @Test("no-cache with fields keeps these out of answers without validation (RFC 9111 5.2.2.4)")
    func noCacheFields() throws {
        var lab = CacheLab.holding(["cache-control": "max-age=100, no-cache=\"a\"", "a": "1", "c": "3"])
        let head = try #require(lab.send().head)
        #expect(head.fields.first("a") == nil && head.fields.first("c") == "3")
    }

    @Test("no-cache needs validation each time (RFC 9111 5.2.2.4)")
    func noCache() {
        var lab = CacheLab.holding(["cache-control": "no-cache, max-age=100", "etag": "\"a\""])
        #expect(lab.records.count == 1)
        let forward = lab.send().forward
        #expect(forward?.isValidation == true && forward?.reason == .stale)
        #expect(!CacheLab.stores(["cache-control": "no-cache, max-age=100"]))
    }

    @Test(
        "Responses to requests with Authorization need public, s-maxage or must-revalidate (RFC 9111 3.5)",
        arguments: [
            ("max-age=100", false), ("max-age=100, public", true), ("s-maxage=100", true),
            ("max-age=100, must-revalidate", true), ("max-age=100, proxy-revalidate", false),
        ])
    func authorization(control: String, isStored: Bool) {
        let request = CacheLab.request(["authorization": "Basic YTpi"])
        #expect(CacheLab.stores(["cache-control": control], request: request) == isStored)
    }

    @Test("Set-Cookie keeps a response out unless the origin says how long or for whom it is good (RFC 9111 7.3)")
    func setCookie() throws {
        let cookie: (String) -> CacheFields = { ["cache-control": $0, "set-cookie": "a=b"] }
        #expect(!CacheLab.stores(["set-cookie": "a=b", "last-modified": date(-100_000)]))
        #expect(!CacheLab.stores(cookie("no-transform")) { $0.defaultSeconds = 100 })
        #expect(!CacheLab.stores(cookie("no-transform")) { $0.override = .lifetime(seconds: 100) })
        #expect(!CacheLab.stores(cookie("private, max-age=100")))
        #expect(!CacheLab.stores(cookie("max-age=100")) { $0.setCookie = .never })
        var lab = CacheLab.holding(cookie("max-age=100"))
        #expect(lab.send().head?.fields.all("set-cookie") == ["a=b"])
        #expect(CacheLab.stores(["set-cookie": "a=b", "date": date(0), "expires": date(100)]))
        #expect(CacheLab.stores(cookie("max-age=100, public")))
        #expect(CacheLab.stores(cookie("s-maxage=100")))
        #expect(CacheLab.stores(["cdn-cache-control": "max-age=100", "set-cookie": "a=b"]))
        #expect(CacheLab.stores(cookie("max-age=100")) { $0.setCookie = .asOtherFields })
        #expect(!CacheLab.stores(cookie("s-maxage=100")) { $0.setCookie = .never })
        #expect(CacheLab.stores(cookie("max-age=100, no-cache=\"set-cookie\"")))
    }

    @Test("must-understand: no-store counts only for statuses that are not understood (RFC 9111 5.2.2.3)")
    func mustUnderstand() {
        #expect(CacheLab.reuses(["cache-control": "must-understand, no-store, max-age=100"]))
        #expect(!CacheLab.stores(["cache-control": "must-understand, no-store, max-age=100"], status: 599))
        #expect(!CacheLab.stores(["cache-control": "must-understand, max-age=100"], status: 599))
    }

    @Test("Only final responses to GET are stored, and 304 never is (RFC 9111 3)")
    func methods() {
        for method in ["POST", "PUT", "OPTIONS", "HEAD", "FOO", "get"] {
            #expect(!CacheLab.stores(["cache-control": fresh], request: CacheLab.request(method: method)), "\(method)")
        }
        for status in [100, 103, 199, 304, 600] {
            #expect(!CacheLab.stores(["cache-control": fresh], status: status), "\(status)")
        }
    }

    @Test("Statuses that caches must not store are not, whatever they say (RFC 6585 3 to 6)")
    func unstorable() {
        for status in [428, 429, 431, 511] {
            #expect(!CacheLab.stores(["cache-control": "max-age=100, public"], status: status), "\(status)")
            #expect(!CacheLab.stores([:], status: status) { $0.secondsByStatus = [status: 100] }, "\(status)")
        }
        #expect(CacheLab.stores(["cache-control": fresh], status: 430))
    }

    @Test(
        "What refuses the conditions, range or expectation of one request is no answer for all (RFC 9110 15.5.13, 15.5.17)",
        arguments: [
            (412, "if-match", "\"a\""), (412, "if-unmodified-since", date(-9)), (412, "if-none-match", "*"),
            (416, "range", "bytes=99-"), (417, "expect", "x"),
        ])
    func refusals(status: Int, name: String, value: String) {
        var lab = CacheLab.holding(["cache-control": "max-age=2", "etag": "\"a\""])
        lab.wait(5)
        let request = CacheLab.request(CacheFields([(name: name, value: value)]))
        let before = lab.records
        let refusal = ResponseHead(status: status, fields: ["cache-control": fresh])
        #expect(lab.send(request, refusal).stored == .pass(.status) && lab.records == before)
        #expect(CacheLab.stores(["cache-control": fresh], status: status))
    }

    @Test("Without explicit freshness only statuses that allow heuristics are stored (RFC 9111 3)")
    func cacheable() {
        #expect(CacheLab.stores(["etag": "\"a\""]))
        #expect(!CacheLab.stores(["etag": "\"a\""], status: 302))
        #expect(!CacheLab.stores([:]))
    }

    @Test("Fields of the connection and those that Connection lists are not stored (RFC 9111 3.1, RFC 9110 7.6.1)")
    func connectionFields() throws {
        var fields: CacheFields = ["cache-control": fresh, "connection": "a, Keep-Alive", "connection": "B"]
        let dropped = [
            "a", "b", "keep-alive", "te", "transfer-encoding", "upgrade", "proxy-connection", "proxy-authenticate",
            "proxy-authentication-info", "proxy-authorization",
        ]
        for name in dropped { fields.add(name, "1") }
        fields.add("c", "2")
        let record = try #require(CacheLab.holding(fields).records.first)
        for name in dropped + ["connection"] { #expect(!record.fields.contains(name), "\(name)") }
        #expect(record.fields.first("c") == "2")
    }

    @Test("All other fields are stored, unknown ones too (RFC 9111 3.1)")
    func otherFields() throws {
        let names = [
            "test", "content-md5", "content-security-policy", "content-type", "x-frame-options", "www-authenticate",
            "clear-site-data", "content-location", "link", "server", "via", "public-key-pins",
        ]
        var fields: CacheFields = ["cache-control": fresh]
        for name in names { fields.add(name, "v") }
        var lab = CacheLab.holding(fields)
        let head = try #require(lab.send().head)
        for name in names { #expect(head.fields.all(name) == ["v"], "\(name)") }
    }

    @Test("A body that ends early is no whole response (RFC 9111 3.3)")
    func incomplete() throws {
        let lab = CacheLab()
        let head = ResponseHead(status: 200, fields: ["cache-control": fresh, "content-length": "10"])
        guard case .forward(let plan) = lab.policy.decide(CacheLab.request(), candidates: [], now: 0),
            case .store(let record) = lab.policy.receive(
                head, for: CacheLab.request(), plan: plan, requestTime: 0, responseTime: 0)
        else {
            Issue.record("not stored")
            return
        }
        #expect(record.receiving("x", receivedBytes: 10, endedProperly: true)?.body.isWhole == true)
        #expect(record.receiving("x", receivedBytes: 4, endedProperly: false) == nil)
        #expect(record.receiving("x", receivedBytes: 4, endedProperly: true) == nil)
        #expect(record.receiving("x", receivedBytes: 11, endedProperly: true) == nil)
        #expect(record.receiving("x", receivedBytes: 10, endedProperly: false) == nil)
        var tagged = record
        tagged.fields.set("etag", "\"a\"")
        let part = try #require(tagged.receiving("x", receivedBytes: 4, endedProperly: false))
        #expect(!part.body.isWhole && part.body.held == ByteRangeSet(0..<4) && part.body.totalBytes == 10)
        tagged.fields.set("etag", "W/\"a\"")
        #expect(tagged.receiving("x", receivedBytes: 4, endedProperly: false) == nil)
    }

    @Test("What is too long, or has too many keys, is not stored")
    func limits() {
        #expect(!CacheLab.stores(["cache-control": fresh, "content-length": "11"]) { $0.maximumBodyBytes = 10 })
        #expect(CacheLab.stores(["cache-control": fresh, "content-length": "10"]) { $0.maximumBodyBytes = 10 })
        #expect(!CacheLab.stores(["cache-control": fresh, "x": String(repeating: "a", count: 40_000)]))
        let keys = (0..<257).map { "k\($0)" }
        #expect(!CacheLab.stores(["cache-control": fresh, "surrogate-key": keys.joined(separator: " ")]))
        #expect(CacheLab.stores(["cache-control": fresh, "cache-tag": keys.dropLast().joined(separator: ",")]))
    }

    @Test("What could never be used is not stored")
    func useless() {
        #expect(!CacheLab.stores(["cache-control": "max-age=0"]))
        #expect(CacheLab.stores(["cache-control": "max-age=0", "last-modified": date(-9)]))
        #expect(CacheLab.stores(["cache-control": "max-age=0, stale-while-revalidate=9"]))
        #expect(CacheLab.stores(["cache-control": "max-age=0, stale-if-error=9"]))
        #expect(!CacheLab.stores(["cache-control": "max-age=0, stale-if-error=9, must-revalidate"]))
    }

    @Test("A newer response that is not stored itself makes the older one go (RFC 9111 4)")
    func superseded() throws {
        func goes(_ status: Int, _ fields: CacheFields, request: CacheFields = [:]) throws -> Bool {
            var lab = CacheLab.holding(["cache-control": "max-age=2", "etag": "\"a\""])
            lab.wait(5)
            let head = ResponseHead(status: status, fields: fields)
            let outcome = lab.send(CacheLab.request(request), head)
            let (plan, decision) = (try #require(outcome.forward), try #require(outcome.stored))
            return lab.policy.superseded(by: head, decision: decision, plan: plan) != nil
        }
        #expect(try goes(200, ["cache-control": "no-store"]))
        #expect(try goes(200, ["cache-control": "private"]))
        #expect(try goes(404, ["cache-control": "no-store"]))
        #expect(try !goes(200, ["cache-control": "max-age=9"]))
        #expect(try !goes(503, ["cache-control": "no-store"]))
        #expect(try !goes(401, [:]))
        #expect(try !goes(200, [:], request: ["cache-control": "no-store"]))
    }

    @Test("A request with no-store is forwarded as it is, also if something stale is stored (RFC 9111 5.2.1.5)")
    func noStoreValidation() throws {
        var lab = CacheLab.holding(["cache-control": "max-age=2", "etag": "\"a\""])
        lab.wait(5)
        let request = CacheLab.request(["cache-control": "no-store"])
        let before = lab.records
        let outcome = lab.send(request, ResponseHead(status: 200, fields: ["cache-control": "max-age=9"]))
        #expect(outcome.forward?.fields == request.fields && outcome.forward?.isValidation == false)
        #expect(lab.records == before)
    }
}
