import HTTPCache
import Testing

@Suite("What goes through the cache")
struct PassingTests {
    @Test("Cache-Control goes on in both directions, known or not (RFC 9111 5.2)")
    func directives() throws {
        let control = "max-age=100, private=\"x\", no-transform, unknown=1"
        var lab = CacheLab()
        let request = CacheLab.request(["cache-control": "no-transform, other", "pragma": "p"])
        let head = ResponseHead(status: 200, fields: ["cache-control": control])
        #expect(lab.send(request, head).forward?.fields == request.fields)
        #expect(lab.policy.passFields(head, status: CacheStatus(cache: "S")).first("cache-control") == control)
        #expect(lab.send().head?.fields.all("cache-control") == [control])
    }

    @Test("206 from the cache has the fields that 200 would have (RFC 9110 15.3.7)")
    func partialFields() throws {
        let kept: CacheFields = [
            "cache-control": "max-age=100", "content-location": "/b", "date": date(0), "etag": "\"a\"",
            "expires": date(100), "vary": "foo", "content-type": "a/b",
        ]
        var lab = CacheLab.holding(kept)
        for range in ["bytes=0-4", "bytes=0-1,4-5"] {
            let head = try #require(lab.send(CacheLab.request(["range": range])).head)
            for line in kept.lines where line.name != "content-type" {
                #expect(head.fields.all(line.name) == [line.value], "\(line.name)")
            }
            // Each part of a multipart message has its own.
            #expect(head.fields.contains("content-range") == !range.contains(","))
            #expect(head.fields.contains("content-type") == !range.contains(","))
        }
    }

    @Test("A response without a body says no length that it has not (RFC 9110 8.6)")
    func noBody() {
        var lab = CacheLab()
        lab.send(CacheLab.request(), ResponseHead(status: 204, fields: ["cache-control": "max-age=9"]), bytes: 0)
        #expect(lab.send().head?.fields.contains("content-length") == false)
        let head = CacheLab.request(["if-none-match": "*"])
        var whole = CacheLab.holding(["cache-control": "max-age=9", "content-length": "10"])
        #expect(whole.send(head).head?.fields.contains("content-length") == false)
    }

    @Test("Only requests whose answer is for everybody may be waited for by others (RFC 9111 4)")
    func collapsing() {
        func collapses(_ request: CacheRequest) -> Bool? {
            var lab = CacheLab()
            return lab.send(request).forward?.mayCollapse
        }
        #expect(collapses(CacheLab.request()) == true)
        #expect(collapses(CacheLab.request(method: "HEAD")) == false)
        for name in ["authorization", "range", "if-match"] {
            #expect(collapses(CacheLab.request(CacheFields([(name: name, value: "x")]))) == false, "\(name)")
        }
        #expect(collapses(CacheLab.request(["cache-control": "no-store"])) == false)
    }

    @Test(
        "Who waits gets only what could be reused for it (RFC 9111 4, 5.2.2.4)",
        arguments: [
            (["cache-control": "max-age=100"], [:], true), (["cache-control": "no-cache"], [:], false),
            (["cache-control": "no-cache, max-age=100"], [:], false), (["cache-control": "max-age=0"], [:], false),
            (["cache-control": "max-age=0, stale-while-revalidate=9"], [:], true),
            (["cache-control": "max-age=10", "age": "20"], [:], false), (["expires": "0"], [:], false),
            ([:], [:], true),
            (["last-modified": date(-1)], [:], true), ([:], ["cache-control": "no-cache"], false),
            (["cache-control": "max-age=100"], ["cache-control": "no-cache"], false),
            (["cache-control": "max-age=100"], ["cache-control": "min-fresh=200"], false),
        ] as [(CacheFields, CacheFields, Bool)])
    func waiting(fields: CacheFields, asked: CacheFields, isShared: Bool) throws {
        var fields = fields
        fields.add("etag", "\"a\"")
        let lab = CacheLab.holding(fields)
        let record = try #require(lab.records.first)
        #expect(lab.policy.mayShare(record, with: CacheLab.request(asked), now: lab.now) == isShared)
    }
}
