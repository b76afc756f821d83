import HTTPCache
import Testing

@Suite("What requests ask of the cache")
struct RequestControlTests {
    @Test(
        "Request directives (RFC 9111 5.2.1)",
        arguments: [
            ("max-age=0", false), ("max-age=4", false), ("max-age=5", true), ("max-age=100", true), ("max-age=x", true),
            ("min-fresh=95", true), ("min-fresh=96", false), ("min-fresh=5", true), ("no-cache", false),
            ("No-Cache", false), ("no-store", true), ("only-if-cached", true), ("foo=\"no-cache\"", true),
            ("max-age=100, min-fresh=96", false),
        ])
    func fresh(control: String, isReused: Bool) {
        let fields: CacheFields = ["cache-control": "max-age=100"]
        #expect(CacheLab.reuses(fields, second: ["cache-control": control]) == isReused, "\(control)")
    }

    @Test(
        "max-stale takes stale responses within its limit (RFC 9111 5.2.1.2)",
        arguments: [
            ("max-stale", "max-age=2", true), ("max-stale=3", "max-age=2", true), ("max-stale=2", "max-age=2", false),
            ("max-stale=x", "max-age=2", false), ("max-stale", "max-age=2, must-revalidate", false),
            ("max-stale", "max-age=2, proxy-revalidate", false), ("max-stale", "s-maxage=2", false),
            ("max-stale", "max-age=2, no-cache", false), ("max-stale=10, max-age=4", "max-age=2", false),
        ])
    func maxStale(control: String, response: String, isReused: Bool) {
        let fields: CacheFields = ["cache-control": response, "etag": "\"a\""]
        #expect(CacheLab.reuses(fields, second: ["cache-control": control]) == isReused, "\(control)")
    }

    @Test("A stale response is not used without leave (RFC 9111 4.2.4)")
    func stale() {
        #expect(!CacheLab.reuses(["cache-control": "max-age=2"]))
        #expect(!CacheLab.reuses(["cache-control": "max-age=2, must-revalidate"]))
        #expect(!CacheLab.reuses(["cache-control": "max-age=2, proxy-revalidate"]))
    }

    @Test("only-if-cached gets 504 if nothing fits (RFC 9111 5.2.1.7)")
    func onlyIfCached() {
        let request = CacheLab.request(["cache-control": "only-if-cached"])
        var lab = CacheLab()
        #expect(lab.send(request) == .refused)
        lab.send(CacheLab.request(), ResponseHead(status: 200, fields: ["cache-control": "max-age=2"]))
        #expect(lab.send(request).isHit)
        lab.wait(3)
        #expect(lab.send(request) == .refused)
        #expect(lab.send(CacheLab.request(["cache-control": "only-if-cached, max-stale"])).isHit)
    }

    @Test("Pragma: no-cache counts only without Cache-Control (RFC 9111 5.4)")
    func pragma() {
        let fields: CacheFields = ["cache-control": "max-age=100"]
        #expect(!CacheLab.reuses(fields, second: ["pragma": "no-cache"]))
        #expect(CacheLab.reuses(fields, second: ["pragma": "foo"]))
        #expect(CacheLab.reuses(fields, second: ["pragma": "no-cache", "cache-control": "max-age=50"]))
    }

    @Test("A reload does not validate what is immutable and fresh, no-cache does (RFC 8246 2)")
    func immutable() {
        let fields: CacheFields = ["cache-control": "max-age=100, immutable"]
        #expect(CacheLab.reuses(fields, second: ["cache-control": "max-age=0"]))
        #expect(!CacheLab.reuses(fields, second: ["cache-control": "no-cache"]))
        #expect(!CacheLab.reuses(fields, after: 101, second: ["cache-control": "max-age=0"]))
    }

    @Test("A cache that does not obey requests still obeys no-store and only-if-cached")
    func disobedient() {
        let fields: CacheFields = ["cache-control": "max-age=100"]
        for control in ["no-cache", "max-age=0", "min-fresh=1000"] {
            #expect(CacheLab.reuses(fields, second: ["cache-control": control]) { $0.obeysRequests = false })
        }
        let request = CacheLab.request(["cache-control": "no-store"])
        #expect(!CacheLab.stores(fields, request: request) { $0.obeysRequests = false })
        var lab = CacheLab { $0.obeysRequests = false }
        #expect(lab.send(CacheLab.request(["cache-control": "only-if-cached"])) == .refused)
    }

    @Test("If-Match and If-Unmodified-Since go to the origin (RFC 9111 4.3.2)")
    func originConditions() {
        for name in ["if-match", "if-unmodified-since"] {
            var lab = CacheLab.holding(["cache-control": "max-age=100", "etag": "\"a\""])
            let forward = lab.send(CacheLab.request(CacheFields([(name, "\"b\"")]))).forward
            #expect(forward?.fields.first(name) == "\"b\"" && forward?.isValidation == false)
        }
    }

    @Test("Other methods go through, with the fields of the client's connection removed (RFC 9110 7.6.1)")
    func forwarded() throws {
        var lab = CacheLab.holding(["cache-control": "max-age=100"])
        let request = CacheLab.request(
            ["connection": "x, close", "x": "1", "te": "trailers", "upgrade": "h2c", "y": "2", "keep-alive": "1"],
            method: "POST")
        let forward = try #require(lab.send(request).forward)
        #expect(forward.reason == .method && forward.fields == ["y": "2"] && !forward.mayCollapse)
    }

    @Test("A request whose URL has no key is forwarded and not stored")
    func noKey() {
        var lab = CacheLab()
        let request = CacheLab.request(path: "*")
        let outcome = lab.send(request, ResponseHead(status: 200, fields: ["cache-control": "max-age=100"]))
        #expect(outcome.forward?.reason == .bypass && lab.records.isEmpty)
    }
}
