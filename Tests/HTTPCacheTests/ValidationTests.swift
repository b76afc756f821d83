import HTTPCache
import Testing

@Suite("Validation and conditions")
struct ValidationTests {
    private let tagged: CacheFields = [
        "cache-control": "max-age=2", "etag": "\"a\"", "last-modified": date(-90), "x": "1",
    ]

    private func stale(_ fields: CacheFields, request: CacheRequest = CacheLab.request()) -> CacheLab {
        var lab = CacheLab.holding(fields, request: request)
        lab.wait(5)
        return lab
    }

    @Test("A stale response is asked about with its ETag and Last-Modified (RFC 9111 4.3.1, RFC 9110 13.1.2)")
    func generates() throws {
        var lab = stale(tagged)
        let plan = try #require(lab.send().forward)
        #expect(plan.isValidation && plan.reason == .stale)
        #expect(plan.fields == ["if-none-match": "\"a\"", "if-modified-since": date(-90)])
        var weak = stale(["cache-control": "max-age=2", "etag": "W/\"a\""])
        #expect(weak.send().forward?.fields == ["if-none-match": "W/\"a\""])
        var none = stale(["cache-control": "max-age=2"])
        let plain = try #require(none.send().forward)
        #expect(!plain.isValidation && plain.fields == CacheFields() && plain.stored != nil)
    }

    @Test("The cache's conditions replace the client's, which are looked at afterwards (RFC 9111 4.3.1)")
    func replacesConditions() throws {
        var lab = stale(tagged)
        let request = CacheLab.request(["if-none-match": "\"b\"", "range": "bytes=0-1", "if-range": "\"b\""])
        let outcome = lab.send(request, ResponseHead(status: 304, fields: ["etag": "\"a\""]))
        #expect(outcome.forward?.fields == ["if-none-match": "\"a\"", "if-modified-since": date(-90)])
        let record = try #require(lab.records.first)
        let answer = lab.policy.answer(request, from: record, wasValidated: true, now: lab.now)
        #expect(answer?.answer == .whole)
        let same = lab.policy.answer(
            CacheLab.request(["if-none-match": "\"a\""]), from: record, wasValidated: true, now: lab.now)
        #expect(same?.answer == .notModified)
    }

    @Test("304 makes the stored response fresh again and updates its fields (RFC 9111 3.2, 4.3.4)")
    func updates() throws {
        var lab = stale(tagged)
        let new: CacheFields = [
            "etag": "\"a\"", "cache-control": "max-age=50", "x": "2", "y": "3", "connection": "z", "z": "4",
        ]
        guard case .update(let records) = lab.send(CacheLab.request(), ResponseHead(status: 304, fields: new)).stored
        else {
            Issue.record("no update")
            return
        }
        #expect(records.count == 1)
        lab.wait(40)
        let head = try #require(lab.send().head)
        #expect(head.status == 200 && head.fields.first("age") == "40")
        #expect(head.fields.all("x") == ["2"] && head.fields.all("y") == ["3"] && !head.fields.contains("z"))
        #expect(head.fields.first("date") == date(5) && head.fields.first("last-modified") == date(-90))
    }

    @Test("304 does not change what describes the stored bytes (RFC 9111 3.2)")
    func keepsBytes() throws {
        var fields = tagged
        let ofBytes = ["content-length": "10", "content-encoding": "br"]
        for (name, value) in ofBytes { fields.add(name, value) }
        fields.add("content-type", "text/a")
        var lab = stale(fields)
        let new: CacheFields = [
            "etag": "\"a\"", "content-length": "0", "content-encoding": "gzip", "content-type": "text/b",
            "content-range": "bytes 0-1/2", "content-location": "/new",
        ]
        lab.send(CacheLab.request(), ResponseHead(status: 304, fields: new))
        let record = try #require(lab.records.first)
        for (name, value) in ofBytes { #expect(record.fields.all(name) == [value], "\(name)") }
        #expect(record.fields.all("content-type") == ["text/b"])
        #expect(!record.fields.contains("content-range") && record.fields.first("content-location") == "/new")
    }

    @Test("The age of the response before does not stay after a validation (RFC 9111 4.2.3)")
    func ageAfterValidation() {
        var lab = CacheLab.holding(["cache-control": "max-age=100", "age": "90", "etag": "\"a\""])
        lab.wait(20)
        lab.send(CacheLab.request(), ResponseHead(status: 304, fields: ["etag": "\"a\""]))
        lab.wait(50)
        #expect(lab.send().head?.fields.first("age") == "50")
    }

    @Test("What was validated has no Age, unless the 304 comes from another cache (RFC 9111 5.1)")
    func ageOfValidated() throws {
        for (sent, expected) in [(nil, nil), ("7", "7")] as [(String?, String?)] {
            var lab = stale(tagged)
            var fields: CacheFields = ["etag": "\"a\"", "cache-control": "max-age=50"]
            if let sent { fields.add("age", sent) }
            lab.send(CacheLab.request(), ResponseHead(status: 304, fields: fields))
            let record = try #require(lab.records.first)
            let plan = try #require(
                lab.policy.answer(CacheLab.request(), from: record, wasValidated: true, now: lab.now))
            #expect(lab.policy.head(of: plan, now: lab.now).fields.first("age") == expected)
        }
    }

    @Test("A 304 brings no Set-Cookie into a response that could not be stored with it (RFC 9111 7.3)")
    func cookieOfValidation() {
        for (control, cookies) in [("max-age=50", ["a=b"]), ("no-cache", [])] as [(String, [String])] {
            var lab = stale(["cache-control": "no-cache", "etag": "\"a\""])
            lab.send(
                CacheLab.request(),
                ResponseHead(status: 304, fields: ["etag": "\"a\"", "set-cookie": "a=b", "cache-control": control]))
            #expect(lab.records.first?.fields.all("set-cookie") == cookies, "\(control)")
        }
    }

    @Test(
        "A 304 is used only for a stored response that its validator fits (RFC 9111 4.3.4)",
        arguments: [
            ("\"a\"", ["etag": "\"a\""], true), ("\"a\"", ["etag": "\"b\""], false),
            ("\"a\"", ["etag": "W/\"a\""], true),
            ("W/\"a\"", ["etag": "W/\"a\""], true), ("W/\"a\"", ["etag": "\"a\""], false), ("\"a\"", [:], true),
            ("\"a\"", ["last-modified": date(-90)], true), ("\"a\"", ["last-modified": date(-80)], false),
        ] as [(String, CacheFields, Bool)])
    func selects(stored: String, answer: CacheFields, isUsed: Bool) {
        var lab = stale(["cache-control": "max-age=2", "etag": stored, "last-modified": date(-90)])
        let decision = lab.send(CacheLab.request(), ResponseHead(status: 304, fields: answer)).stored
        #expect((decision == .retry) != isUsed)
        #expect(lab.send().isHit == isUsed)
    }

    @Test("A 304 with a strong validator updates every variant that has it (RFC 9111 4.3.4)")
    func updatesAll() {
        var lab = CacheLab()
        for (value, tag) in [("1", "\"a\""), ("2", "\"a\""), ("3", "\"b\"")] {
            let fields: CacheFields = ["cache-control": "max-age=2", "vary": "foo", "etag": tag]
            lab.send(CacheLab.request(["foo": value]), ResponseHead(status: 200, fields: fields))
        }
        lab.wait(5)
        lab.send(CacheLab.request(["foo": "1"]), ResponseHead(status: 304, fields: ["etag": "\"a\""]))
        #expect(lab.records.count == 3)
        #expect(lab.send(CacheLab.request(["foo": "2"])).isHit)
        #expect(!lab.send(CacheLab.request(["foo": "3"])).isHit)
    }

    @Test("A 304 that fits nothing is asked for again without conditions (RFC 9111 4.3.3)")
    func retry() throws {
        var lab = stale(tagged)
        let outcome = lab.send(CacheLab.request(["y": "1"]), ResponseHead(status: 304, fields: ["etag": "\"z\""]))
        let again = lab.policy.unconditional(try #require(outcome.forward))
        #expect(outcome.stored == .retry && again.fields == ["y": "1"] && !again.isValidation && again.stored != nil)
    }

    @Test("A full response to a validation replaces what is stored (RFC 9111 4.3.3)")
    func replaces() {
        var lab = stale(tagged)
        lab.send(CacheLab.request(), ResponseHead(status: 200, fields: ["cache-control": "max-age=9", "x": "new"]))
        #expect(lab.records.count == 1)
        #expect(lab.send().head?.fields.first("x") == "new")
    }

    @Test("A 304 for the client's own condition goes to the client and is not stored (RFC 9111 4.3.2)")
    func clientsOwn() {
        var lab = CacheLab()
        let request = CacheLab.request(["if-none-match": "\"a\"", "if-modified-since": date(0)])
        let outcome = lab.send(
            request, ResponseHead(status: 304, fields: ["etag": "\"a\"", "cache-control": "max-age=9"]))
        #expect(outcome.forward?.fields == request.fields && outcome.stored == .pass(.status) && lab.records.isEmpty)
    }

    @Test(
        "If-None-Match is answered from a fresh response, by weak comparison (RFC 9110 13.1.2, RFC 9111 4.3.2)",
        arguments: [
            ("\"a\"", "\"a\"", 304), ("\"a\"", "W/\"a\"", 304), ("W/\"a\"", "\"a\"", 304),
            ("\"a\"", "\"b\", \"a\"", 304),
            ("\"a\"", "\"b\"", 200), ("\"a\"", "*", 304), ("\"a\"", "a", 200), ("\"a,b\"", "\"a,b\"", 304),
            ("\"a\"", "\"a", 200),
            ("\"a\"", "w/\"a\"", 304),
        ])
    func ifNoneMatch(stored: String, asked: String, status: Int) {
        var lab = CacheLab.holding(["cache-control": "max-age=100", "etag": stored])
        #expect(lab.send(CacheLab.request(["if-none-match": asked])).head?.status == status)
    }

    @Test("If-Modified-Since is ignored beside If-None-Match and if it is no date (RFC 9110 13.1.3)")
    func ifModifiedSince() {
        let fields: CacheFields = ["cache-control": "max-age=100", "etag": "\"a\"", "last-modified": date(-90)]
        func status(_ request: CacheFields, _ fields: CacheFields = fields, _ code: Int = 200) -> Int? {
            var lab = CacheLab.holding(fields, status: code)
            return lab.send(CacheLab.request(request)).head?.status
        }
        #expect(status(["if-modified-since": date(-90)]) == 304)
        #expect(status(["if-modified-since": date(0)]) == 304)
        #expect(status(["if-modified-since": date(-91)]) == 200)
        #expect(status(["if-modified-since": "x"]) == 200)
        #expect(status(["if-modified-since": date(0), "if-none-match": "\"b\""]) == 200)
        // Without Last-Modified the Date is compared (RFC 9111 4.3.2).
        #expect(status(["if-modified-since": date(0)], ["cache-control": "max-age=9"]) == 304)
        #expect(status(["if-modified-since": date(-1)], ["cache-control": "max-age=9"]) == 200)
        #expect(status(["if-modified-since": date(0), "if-modified-since": date(1)]) == 200)
    }

    @Test("Conditions are ignored where the answer is no success (RFC 9110 13.2.1)")
    func conditionsOfErrors() {
        var lab = CacheLab.holding(["cache-control": "max-age=100", "etag": "\"a\""], status: 404)
        #expect(lab.send(CacheLab.request(["if-none-match": "\"a\""])).head?.status == 404)
    }

    @Test("A 304 from the cache has the fields that it must have and no more of the body's (RFC 9110 15.4.5)")
    func notModifiedFields() throws {
        let kept: CacheFields = [
            "cache-control": "max-age=100", "content-location": "/b", "date": date(0), "etag": "\"a\"",
            "expires": date(100), "vary": "foo",
        ]
        var fields = kept
        for (name, value) in [
            ("content-type", "a/b"), ("content-length", "10"), ("content-encoding", "br"), ("last-modified", date(-9)),
        ] { fields.add(name, value) }
        var lab = CacheLab.holding(fields)
        var head = try #require(lab.send(CacheLab.request(["if-none-match": "\"a\""])).head)
        head.fields.remove(["age", "cache-status"])
        #expect(head == ResponseHead(status: 304, fields: kept))
    }

    @Test("A 304 that says no-store or private is obeyed from then on")
    func later() {
        for control in ["no-store", "private", "no-cache"] {
            var lab = stale(tagged)
            lab.send(
                CacheLab.request(),
                ResponseHead(status: 304, fields: ["etag": "\"a\"", "cache-control": "\(control), max-age=90"]))
            #expect(!lab.send().isHit, "\(control)")
        }
    }
}
