import HTTPCache
import Testing

@Suite("Targeted cache control (RFC 9213)")
struct TargetedControlTests {
    @Test(
        "A valid CDN-Cache-Control replaces Cache-Control and Expires (RFC 9213 2.2)",
        arguments: [
            ("max-age=100", "no-store", true), ("max-age=100", "max-age=0", true), ("max-age=0", "max-age=100", false),
            ("no-store", "max-age=100", false), ("no-cache", "max-age=100", false), ("private", "max-age=100", false),
            ("max-age=100;x=1", "no-store", true), ("foo=(1 2), max-age=100", "no-store", true),
            ("max-age=1, max-age=100", "no-store", true), ("no-store=?0, max-age=100", "no-store", true),
            ("s-maxage=100, max-age=0", "no-store", true), ("max-age=\"100\"", "max-age=100", false),
            ("max-age=100.0", "max-age=100", false), ("max-age", "max-age=100", false),
            ("max-age=-1", "max-age=100", false),
        ])
    func valid(targeted: String, general: String, isReused: Bool) {
        let fields: CacheFields = ["cdn-cache-control": targeted, "cache-control": general]
        #expect(CacheLab.reuses(fields) == isReused, "\(targeted)")
    }

    @Test(
        "An empty or invalid CDN-Cache-Control is ignored (RFC 9213 2.1)",
        arguments: [
            "", " ", "MaX-aGe=0", "max-age =0", "max-age= 0", "no-store,", "no-store, , max-age=0", "no-store;=",
            "no-store=",
            "no-store=\"", "max-age=1234567890123456", "no-store=?2", "&", "no-store é", "max-age=0, \"a\"", "a=(1",
        ])
    func invalid(targeted: String) {
        #expect(CacheLab.reuses(["cdn-cache-control": targeted, "cache-control": "max-age=100"]), "\(targeted)")
        #expect(!CacheLab.stores(["cdn-cache-control": targeted, "cache-control": "no-store"]), "\(targeted)")
    }

    @Test("Expires means nothing beside it, and heuristics still do (RFC 9213 2.2)")
    func expires() {
        #expect(!CacheLab.reuses(["cdn-cache-control": "must-revalidate", "expires": date(100)]))
        #expect(CacheLab.reuses(["cdn-cache-control": "must-revalidate", "last-modified": date(-1_000_000)]))
        #expect(CacheLab.reuses(["cdn-cache-control": "max-age=100", "expires": date(-100)]))
    }

    @Test("It goes on to other caches as it came, and Age counts against it (RFC 9213 3.1)")
    func forwarded() {
        var lab = CacheLab.holding(["cdn-cache-control": "max-age=100", "age": "40"])
        lab.wait(50)
        #expect(lab.send().head?.fields.first("cdn-cache-control") == "max-age=100")
        lab.wait(11)
        #expect(!lab.send().isHit)
    }

    @Test("no-cache and private name fields as strings")
    func fields() {
        let said = ResponseDirectives(["cdn-cache-control": "no-cache=\"a, B\", private=\"c\", max-age=5"])
        #expect(said.noCacheFields == ["a", "b"] && said.privateFields == ["c"] && !said.noCache && !said.isPrivate)
        let whole = ResponseDirectives(["cdn-cache-control": "no-cache=token, private"])
        #expect(whole.noCache && whole.isPrivate)
    }
}
