import HTTPCache
import Testing

@Suite("Variants")
struct VaryTests {
    @Test("A stored response answers only requests whose selecting fields match (RFC 9111 4.1)")
    func matches() {
        let fields: CacheFields = ["cache-control": "max-age=100", "vary": "Foo"]
        #expect(CacheLab.reuses(fields, first: ["foo": "1"], second: ["foo": "1"]))
        #expect(!CacheLab.reuses(fields, first: ["foo": "1"], second: ["foo": "2"]))
        #expect(!CacheLab.reuses(fields, first: ["foo": "1"]))
        #expect(!CacheLab.reuses(fields, second: ["foo": "1"]))
        #expect(!CacheLab.reuses(fields, second: ["foo": ""]))
        #expect(CacheLab.reuses(fields, first: ["bar": "1"], second: ["bar": "2"]))
    }

    @Test("Vary with * matches nothing (RFC 9111 4.1)", arguments: ["*", "*, Foo", "Foo, *", ", *", "Foo,*"])
    func star(vary: String) {
        #expect(!CacheLab.stores(["cache-control": "max-age=100", "vary": vary]))
        #expect(!CacheLab.stores(["cache-control": "max-age=100", "vary": "foo", "vary": vary]))
        var lab = CacheLab()
        let head = ResponseHead(status: 200, fields: ["cache-control": "max-age=100", "vary": vary])
        #expect(lab.send(CacheLab.request(), head).stored == .pass(.vary))
    }

    @Test("All fields of all lines must match (RFC 9111 4.1)")
    func several() {
        let fields: CacheFields = ["cache-control": "max-age=100", "vary": "Foo, Bar", "vary": "baz"]
        let first: CacheFields = ["foo": "1", "bar": "2", "baz": "3"]
        #expect(CacheLab.reuses(fields, first: first, second: ["baz": "3", "bar": "2", "foo": "1"]))
        for name in ["foo", "bar", "baz"] {
            var second = first
            second.set(name, "9")
            #expect(!CacheLab.reuses(fields, first: first, second: second), "\(name)")
            second.remove(name)
            #expect(!CacheLab.reuses(fields, first: first, second: second), "\(name)")
        }
    }

    @Test(
        "Values are compared without what means nothing (RFC 9111 4.1)",
        arguments: [
            ("foo", "1,2", "1, 2", true), ("foo", "1, 2", "2, 1", false), ("foo", "A", "a", false),
            ("accept-language", "en, de", "de,en", true), ("accept-language", "EN;q=0.5", "en; q=0.5", true),
            ("accept-encoding", "gzip, br", "br, GZIP", true), ("accept-language", "en", "de", false),
            ("foo", "\"a,b\"", "\"a, b\"", false), ("foo", ",a", "a", false), ("foo", "a,", "a", false),
            ("foo", "a,,b", "a,b", false), ("accept-language", "en,,de,", "en,de", true),
        ])
    func normalised(name: String, first: String, second: String, isReused: Bool) {
        let fields: CacheFields = ["cache-control": "max-age=100", "vary": name]
        #expect(
            CacheLab.reuses(
                fields, first: CacheFields([(name, first)]), second: CacheFields([(name, second)])) == isReused)
    }

    @Test("Lines of a field are compared as one list")
    func lines() {
        let fields: CacheFields = ["cache-control": "max-age=100", "vary": "foo"]
        #expect(CacheLab.reuses(fields, first: ["foo": "1", "foo": "2"], second: ["foo": "1, 2"]))
    }

    @Test("Several variants are kept, and a request gets its own")
    func variants() {
        var lab = CacheLab()
        for value in ["1", "2", "3"] {
            lab.send(
                CacheLab.request(["foo": value]),
                ResponseHead(
                    status: 200, fields: ["cache-control": "max-age=100", "vary": "foo", "x": value]))
        }
        #expect(lab.records.count == 3)
        for value in ["1", "2", "3"] {
            #expect(lab.send(CacheLab.request(["foo": value])).head?.fields.first("x") == value)
        }
        #expect(lab.send(CacheLab.request(["foo": "4"])).forward?.reason == .varyMiss)
        #expect(lab.send(CacheLab.request(path: "/b")).forward?.reason == .uriMiss)
    }

    @Test("Of several that match, the most recent by Date is used (RFC 9111 4, 4.1)")
    func mostRecent() {
        var lab = CacheLab()
        let old = ResponseHead(
            status: 200, fields: ["cache-control": "max-age=1000", "date": date(-50), "vary": "foo", "x": "old"])
        let new = ResponseHead(
            status: 200, fields: ["cache-control": "max-age=1000", "date": date(-10), "vary": "bar", "x": "new"])
        lab.send(CacheLab.request(["foo": "1"]), new)
        lab.send(CacheLab.request(["foo": "1", "bar": "1"]), old)
        #expect(lab.records.count == 2)
        lab.records.reverse()
        #expect(lab.send(CacheLab.request(["foo": "1"])).head?.fields.first("x") == "new")
        lab.records.reverse()
        #expect(lab.send(CacheLab.request(["foo": "1"])).head?.fields.first("x") == "new")
    }

    private func twoVariants() -> CacheLab {
        var lab = CacheLab()
        for (value, tag) in [("1", "\"a\""), ("2", "W/\"b\""), ("3", "\"c\"")] {
            let fields: CacheFields = ["cache-control": "max-age=9", "vary": "foo", "etag": tag, "x": value]
            lab.send(CacheLab.request(["foo": value]), ResponseHead(status: 200, fields: fields))
        }
        return lab
    }

    @Test("A missing variant is asked for with the strong tags of the others (RFC 9111 4.3.1)")
    func asksForVariants() throws {
        var lab = twoVariants()
        let request = CacheLab.request(["foo": "4"])
        let outcome = lab.send(
            request, ResponseHead(status: 304, fields: ["etag": "\"a\"", "cache-control": "max-age=50"]))
        let tags = try #require(outcome.forward?.fields.first("if-none-match"))
        #expect(Set(tags.split(separator: ", ")) == ["\"a\"", "\"c\""] && outcome.forward?.isValidation == true)
        #expect(lab.records.count == 4)
        lab.wait(40)
        #expect(lab.send(request).head?.fields.first("x") == "1")
        #expect(!lab.send(CacheLab.request(["foo": "5"])).isHit)
    }

    @Test("A 304 that is about no variant is asked for again, and conditions of the client's go as they are")
    func asksForVariantsOnly() {
        for etag in ["\"z\"", "W/\"a\"", ""] {
            var lab = twoVariants()
            let decision = lab.send(
                CacheLab.request(["foo": "4"]), ResponseHead(status: 304, fields: ["etag": etag])
            ).stored
            #expect(decision == .retry, "\(etag)")
        }
        for (name, value) in [("if-none-match", "\"q\""), ("range", "bytes=0-1"), ("authorization", "x")] {
            var lab = twoVariants()
            let request = CacheLab.request(CacheFields([(name: "foo", value: "4"), (name: name, value: value)]))
            #expect(lab.send(request).forward?.fields == request.fields, "\(name)")
        }
        var off = twoVariants()
        off.policy.asksForVariants = false
        #expect(off.send(CacheLab.request(["foo": "4"])).forward?.fields == ["foo": "4"])
    }
}
