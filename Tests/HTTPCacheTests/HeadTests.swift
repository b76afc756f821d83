import HTTPCache
import Testing

@Suite("HEAD")
struct HeadTests {
    private let head = CacheLab.request(method: "HEAD")
    private let fields: CacheFields = [
        "cache-control": "max-age=10", "etag": "\"a\"", "content-length": "10", "x": "1",
    ]

    @Test("HEAD is answered from a stored GET, with its length and no body (RFC 9110 9.3.2)")
    func answers() throws {
        var lab = CacheLab.holding(fields)
        let outcome = lab.send(head)
        #expect(outcome.plan?.isHead == true)
        #expect(outcome.head?.status == 200 && outcome.head?.fields.first("content-length") == "10")
    }

    @Test("The response to HEAD is not stored as one to GET (RFC 9111 4)")
    func notStored() {
        var lab = CacheLab()
        lab.send(head, ResponseHead(status: 200, fields: fields))
        #expect(lab.records.isEmpty)
    }

    @Test("HEAD freshens a stored GET that it describes (RFC 9111 4.3.5)")
    func updates() {
        var lab = CacheLab.holding(fields)
        lab.wait(20)
        let new: CacheFields = ["cache-control": "max-age=10", "etag": "\"a\"", "content-length": "10", "x": "2"]
        let outcome = lab.send(head, ResponseHead(status: 200, fields: new))
        #expect(outcome.forward?.isValidation == true)
        #expect(lab.send().head?.fields.first("x") == "2")
    }

    @Test("HEAD that shows another ETag, date or length makes a stored GET stale (RFC 9111 4.3.5)")
    func outdates() {
        for (name, value) in [("etag", "\"b\""), ("last-modified", date(-1)), ("content-length", "11")] {
            var lab = CacheLab.holding(fields)
            var new = fields
            new.set(name, value)
            let outcome = lab.send(
                CacheLab.request(["cache-control": "no-cache"], method: "HEAD"), ResponseHead(status: 200, fields: new))
            if case .outdated = outcome.stored {} else { Issue.record("\(name) is not seen") }
            #expect(lab.send().forward?.reason == .stale, "\(name)")
        }
    }

    @Test("304 to HEAD makes the stored GET fresh (RFC 9111 4.3.4)")
    func notModified() {
        var lab = CacheLab.holding(fields)
        lab.wait(20)
        lab.send(head, ResponseHead(status: 304, fields: ["etag": "\"a\""]))
        #expect(lab.send().isHit)
    }

    @Test("Errors to HEAD change nothing")
    func errors() {
        var lab = CacheLab.holding(fields)
        lab.send(CacheLab.request(["cache-control": "no-cache"], method: "HEAD"), ResponseHead(status: 500))
        #expect(lab.send().isHit)
    }
}
