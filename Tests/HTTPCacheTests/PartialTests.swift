import HTTPCache
import Testing

@Suite("Ranges and partial responses")
struct PartialTests {
    private let whole: CacheFields = ["cache-control": "max-age=100", "etag": "\"a\"", "content-type": "a/b"]

    private func part(_ range: String, _ extra: CacheFields = [:]) -> ResponseHead {
        var fields: CacheFields = [
            "cache-control": "max-age=100", "etag": "\"a\"", "content-range": range, "x": "part",
        ]
        for line in extra.lines { fields.set(line.name, line.value) }
        return ResponseHead(status: 206, fields: fields)
    }

    private func ranged(_ range: String, _ extra: CacheFields = [:]) -> CacheRequest {
        var fields = extra
        fields.add("range", range)
        return CacheLab.request(fields)
    }

    @Test(
        "A range is answered from a whole stored response (RFC 9110 14.2, 15.3.7)",
        arguments: [
            ("bytes=0-4", [0..<5]), ("bytes=5-", [5..<10]), ("bytes=-3", [7..<10]), ("bytes=-30", [0..<10]),
            ("bytes=8-30", [8..<10]), ("bytes=0-0,9-9", [0..<1, 9..<10]), ("Bytes=0-4", [0..<5]),
            ("bytes=0-99999999999999999999999", [0..<10]), ("bytes=5-6, 20-", [5..<7]),
        ] as [(String, [Range<Int64>])])
    func ranges(range: String, expected: [Range<Int64>]) throws {
        var lab = CacheLab.holding(whole)
        let outcome = lab.send(ranged(range))
        #expect(outcome.plan?.answer == .partial(expected))
        let head = try #require(outcome.head)
        #expect(head.status == 206 && head.fields.first("etag") == "\"a\"")
        if expected.count == 1 {
            let text = "bytes \(expected[0].lowerBound)-\(expected[0].upperBound - 1)/10"
            #expect(head.fields.all("content-range") == [text])
            #expect(head.fields.all("content-length") == [String(expected[0].count)])
        } else {
            #expect(!head.fields.contains("content-range") && !head.fields.contains("content-length"))
        }
    }

    @Test(
        "A range that a server ignores is ignored (RFC 9110 14.2)",
        arguments: [
            "bytes=", "bytes=5-4", "bytes=a-b", "lines=0-4", "bytes 0-4", "bytes=0-4,2-6", "bytes=--3", "bytes=1-2-3",
            "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15,16-16",
        ])
    func ignored(range: String) {
        var lab = CacheLab.holding(whole)
        #expect(lab.send(ranged(range)).plan?.answer == .whole)
    }

    @Test(
        "Ranges that nothing satisfies get 416 with the length (RFC 9110 15.5.17)",
        arguments: ["bytes=10-", "bytes=-0", "bytes=20-30"])
    func unsatisfiable(range: String) throws {
        var lab = CacheLab.holding(whole)
        let head = try #require(lab.send(ranged(range)).head)
        #expect(head.status == 416 && head.fields.all("content-range") == ["bytes */10"])
        #expect(!head.fields.contains("etag") && !head.fields.contains("content-type"))
    }

    @Test("Range is for GET and for 200 only (RFC 9110 14.2)")
    func otherCases() {
        var lab = CacheLab.holding(whole)
        let head = CacheLab.request(["range": "bytes=0-4"], method: "HEAD")
        #expect(lab.send(head).plan?.answer == .whole)
        var missing = CacheLab.holding(["cache-control": "max-age=100"], status: 404)
        #expect(missing.send(ranged("bytes=0-4")).head?.status == 404)
    }

    @Test(
        "If-Range must match strongly, else the whole is sent (RFC 9110 13.1.5)",
        arguments: [
            ("\"a\"", "\"a\"", true), ("\"a\"", "\"b\"", false), ("W/\"a\"", "W/\"a\"", false), ("\"a\"", "x", false),
            ("\"a\"", date(-90), true), ("\"a\"", date(-91), false), ("\"a\"", date(-89), false),
        ])
    func ifRange(tag: String, value: String, isPartial: Bool) {
        var lab = CacheLab.holding(["cache-control": "max-age=100", "etag": tag, "last-modified": date(-90)])
        let answer = lab.send(ranged("bytes=0-4", ["if-range": value])).plan?.answer
        #expect(answer == (isPartial ? .partial([0..<5]) : .whole))
        var weak = CacheLab.holding(["cache-control": "max-age=100", "last-modified": date(0)])
        #expect(weak.send(ranged("bytes=0-4", ["if-range": date(0)])).plan?.answer == .whole)
    }

    @Test("Conditions come before ranges (RFC 9110 13.2.2)")
    func order() {
        var lab = CacheLab.holding(whole)
        #expect(lab.send(ranged("bytes=20-", ["if-none-match": "\"a\""])).plan?.answer == .notModified)
        #expect(lab.send(ranged("bytes=0-4", ["if-none-match": "\"b\""])).plan?.answer == .partial([0..<5]))
    }

    @Test("A partial response answers what is within it, and never as if it were whole (RFC 9111 3.3)")
    func storesPart() throws {
        var lab = CacheLab()
        lab.send(ranged("bytes=2-6"), part("bytes 2-6/10"))
        let record = try #require(lab.records.first)
        #expect(record.status == 200 && !record.fields.contains("content-range") && !record.body.isWhole)
        let head = try #require(lab.send(ranged("bytes=3-5")).head)
        #expect(head.status == 206 && head.fields.first("content-range") == "bytes 3-5/10")
        #expect(lab.send(ranged("bytes=-4")).forward?.reason == .partial)
        #expect(lab.send(ranged("bytes=0-3")).forward?.fields == ["range": "bytes=0-3"])
        let all = try #require(lab.send().forward)
        #expect(all.reason == .partial && all.fields == CacheFields() && all.missing.isEmpty)
    }

    @Test("A part that is all of it answers as the whole")
    func allOfIt() {
        var lab = CacheLab()
        lab.send(ranged("bytes=0-"), part("bytes 0-9/10"))
        #expect(lab.send().head?.status == 200)
        #expect(lab.send().head?.fields.first("content-length") == "10")
    }

    @Test("A part of something of unknown length answers closed ranges within it")
    func unknownLength() {
        var lab = CacheLab()
        lab.send(ranged("bytes=2-6"), part("bytes 2-6/*"))
        #expect(lab.send(ranged("bytes=2-4")).head?.fields.first("content-range") == "bytes 2-4/*")
        #expect(!lab.send(ranged("bytes=2-")).isHit)
        #expect(!lab.send(ranged("bytes=-1")).isHit)
        #expect(!lab.send().isHit)
    }

    @Test("Missing bytes are asked for with a strong validator and combined (RFC 9111 3.4)")
    func combines() throws {
        var lab = CacheLab() { $0.completesPartial = true }
        lab.send(ranged("bytes=0-3"), part("bytes 0-3/10"))
        let outcome = lab.send(CacheLab.request(), part("bytes 4-9/10", ["x": "newer", "cache-control": "max-age=50"]))
        #expect(outcome.forward?.missing == [4..<10])
        #expect(outcome.forward?.fields == ["range": "bytes=4-9", "if-range": "\"a\""])
        guard case .combine(let record, part: 4..<10) = outcome.stored else {
            Issue.record("not combined")
            return
        }
        #expect(record.body.isWhole && record.fields.all("x") == ["newer"])
        let head = try #require(lab.send().head)
        #expect(head.status == 200 && head.fields.first("cache-control") == "max-age=50")
    }

    @Test("Parts are combined only if both have the same strong validator (RFC 9111 3.4, RFC 9110 15.3.7.3)")
    func combinesOnlySame() {
        for (stored, new) in [("\"a\"", "\"b\""), ("W/\"a\"", "W/\"a\""), ("\"a\"", "W/\"a\"")] {
            var lab = CacheLab()
            lab.send(ranged("bytes=0-3"), part("bytes 0-3/10", ["etag": stored]))
            let outcome = lab.send(ranged("bytes=4-9"), part("bytes 4-9/10", ["etag": new]))
            if case .combine = outcome.stored { Issue.record("combined \(stored) and \(new)") }
            #expect(lab.records.first?.body.held == ByteRangeSet(4..<10), "\(stored) \(new)")
        }
        var lab = CacheLab()
        lab.send(ranged("bytes=0-3"), part("bytes 0-3/10"))
        let outcome = lab.send(ranged("bytes=4-9"), part("bytes 4-9/11"))
        if case .combine = outcome.stored { Issue.record("combined parts of different lengths") }
    }

    @Test("A part behind the end of what is held is not combined, whichever of them says the length")
    func combinesOnlyInside() {
        let cases = [("bytes=0-3", "bytes 0-3/10", "bytes 4-19/*"), ("bytes=4-19", "bytes 4-19/*", "bytes 0-3/10")]
        for (range, first, second) in cases {
            var lab = CacheLab() { $0.completesPartial = true }
            lab.send(ranged(range), part(first))
            let outcome = lab.send(ranged(range == "bytes=0-3" ? "bytes=4-19" : "bytes=0-3"), part(second))
            #expect(outcome.forward?.missing.isEmpty == false)
            if case .combine = outcome.stored { Issue.record("combined \(first) and \(second)") }
        }
    }

    @Test("A full answer to a request for the rest replaces the part (RFC 9110 14.2)")
    func changed() {
        var lab = CacheLab() { $0.completesPartial = true }
        lab.send(ranged("bytes=0-3"), part("bytes 0-3/10"))
        lab.send(ranged("bytes=0-5"), ResponseHead(status: 200, fields: whole), bytes: 20)
        #expect(lab.records.count == 1 && lab.records[0].body.totalBytes == 20)
    }

    @Test(
        "Partial responses that do not say what they are, are not stored (RFC 9111 3.3)",
        arguments: [
            "", "bytes 4-2/10", "bytes 0-10/10", "bytes */10", "lines 0-3/10", "bytes 0-3", "bytes 0-3/10/11", "0-3/10",
        ])
    func malformed(range: String) {
        var lab = CacheLab()
        #expect(lab.send(ranged("bytes=0-3"), part(range)).stored == .pass(.status))
        #expect(
            lab.send(ranged("bytes=0-3"), part("bytes 0-3/10", ["content-type": "multipart/byteranges; boundary=x"]))
                .stored
                == .pass(.status))
    }

    @Test("Parts can be left out of the cache")
    func off() {
        var lab = CacheLab { $0.storesPartial = false }
        #expect(lab.send(ranged("bytes=0-3"), part("bytes 0-3/10")).stored == .pass(.status))
    }

    @Test("A stale part is completed and made fresh by one request")
    func stalePart() {
        var lab = CacheLab() { $0.completesPartial = true }
        lab.send(ranged("bytes=0-3"), part("bytes 0-3/10", ["cache-control": "max-age=2"]))
        lab.wait(5)
        let outcome = lab.send(CacheLab.request(), part("bytes 4-9/10"))
        #expect(outcome.forward?.reason == .stale && outcome.forward?.missing == [4..<10])
        #expect(lab.send().isHit)
    }

    @Test("Sets of ranges join what touches, tell what is missing, and stay within their limit")
    func sets() {
        var set = ByteRangeSet()
        for range in [4..<6, 0..<2, 8..<10, 2..<4] as [Range<Int64>] {
            let isIn = set.insert(range)
            #expect(isIn)
        }
        #expect(set.ranges == [0..<6, 8..<10] && set.byteCount == 8)
        #expect(set.contains(1..<6) && !set.contains(5..<9) && set.contains(7..<7))
        #expect(set.missing(in: 3..<12) == [6..<8, 10..<12] && set.missing(in: 0..<6).isEmpty)
        var many = ByteRangeSet()
        for index in 0..<Int64(ByteRangeSet.maximumRanges) { many.insert(index * 2..<index * 2 + 1) }
        let count = many.ranges.count
        let isIn = many.insert(10_000..<10_001)
        #expect(!isIn && count == ByteRangeSet.maximumRanges && many.ranges.count == count)
        let joins = many.insert(0..<10_000)
        #expect(joins && many.ranges == [0..<10_000])
        #expect(ByteRangeSet(canonical: [0..<2, 2..<4]) == nil && ByteRangeSet(canonical: [3..<4, 0..<2]) == nil)
    }

    @Test(
        "Which bytes another response has of the same representation (RFC 9110 15.3.7.3)",
        arguments: [
            ("\"a\"", "bytes 4-9/10", 4..<10), ("\"a\"", "bytes 4-9/*", 4..<10), ("\"a\"", "", 0..<10),
            ("\"a\"", "bytes 4-9/11", nil), ("\"b\"", "bytes 4-9/10", nil), ("W/\"a\"", "bytes 4-9/10", nil),
            ("", "bytes 4-9/10", nil), ("\"a\"", "bytes */10", nil), ("\"b\"", "", nil),
        ] as [(String, String, Range<Int64>?)])
    func bytesElsewhere(tag: String, range: String, expected: Range<Int64>?) throws {
        let record = try #require(CacheLab.holding(whole).records.first)
        var head = ResponseHead(status: range.isEmpty ? 200 : 206)
        if !tag.isEmpty { head.fields.add("etag", tag) }
        if !range.isEmpty { head.fields.add("content-range", range) }
        #expect(record.bytes(in: head) == expected)
    }

    @Test("Parts of the same representation that came at the same time are held together, others are not")
    func heldTogether() throws {
        func record(_ tag: String, _ range: Range<Int64>) throws -> StoredResponse {
            var record = try #require(CacheLab.holding(["cache-control": "max-age=9", "etag": tag]).records.first)
            record.body = StoredBody(reference: "parts", held: ByteRangeSet(range), totalBytes: 10)
            return record
        }
        let first = try record("\"a\"", 0..<2)
        #expect(try first.holding(bytesOf: record("\"a\"", 4..<6)).body.held.ranges == [0..<2, 4..<6])
        #expect(try first.holding(bytesOf: record("\"b\"", 4..<6)) == first)
        let weak = try record("W/\"a\"", 0..<2)
        #expect(try weak.holding(bytesOf: record("W/\"a\"", 4..<6)) == weak)
    }
}
