import HTTPCache
import Testing

@Suite("Stored responses as bytes")
struct StoredResponseCodingTests {
    static func sample() throws -> StoredResponse {
        var held = ByteRangeSet(0..<10)
        held.insert(20..<1_000_000_000_000)
        return StoredResponse(
            key: try CacheKey(url: "https://example.org/a?b"),
            vary: [VaryField(name: "accept", value: nil), VaryField(name: "foo", value: "é, 1")], status: 404,
            fields: ["etag": "\"a\"", "x": "", "x": "ü"], requestTime: 1_700_000_000_000,
            responseTime: 1_700_000_000_123,
            body: StoredBody(reference: "blob", held: held, totalBytes: 1_000_000_000_000),
            surrogateKeys: ["k", "l"], invalidatedAt: 1_700_000_000_200)
    }

    @Test("What is written is read as the same")
    func roundTrip() throws {
        let sample = try Self.sample()
        #expect(try StoredResponse(decoding: sample.encoded) == sample)
        let small = StoredResponse(
            key: try CacheKey(url: "http://a/"), status: 200, fields: [:], requestTime: 0, responseTime: 0)
        #expect(try StoredResponse(decoding: small.encoded) == small)
        var invalid = sample
        invalid.isInvalid = true
        #expect(try StoredResponse(decoding: invalid.encoded) == invalid && invalid != sample)
    }

    @Test("Records that are cut, longer, of another version or written otherwise are refused")
    func malformed() throws {
        let bytes = try Self.sample().encoded
        for count in 0..<bytes.count {
            #expect(throws: HTTPCacheError.self) { try StoredResponse(decoding: Array(bytes.prefix(count))) }
        }
        #expect(throws: HTTPCacheError.self) { try StoredResponse(decoding: bytes + [0]) }
        #expect(throws: HTTPCacheError.self) { try StoredResponse(decoding: [1] + bytes.dropFirst()) }
        var upper = bytes
        upper[2] = UInt8(ascii: "H")
        #expect(throws: HTTPCacheError.self) { try StoredResponse(decoding: upper) }
    }

    @Test("Whatever the cache stores can be kept and read again")
    func policyRecords() throws {
        let lab = CacheLab.holding(["cache-control": "max-age=9", "vary": "a, b", "cache-tag": "x"])
        let record = try #require(lab.records.first)
        #expect(try StoredResponse(decoding: record.encoded) == record)
    }

    @Test("Variants have one name each")
    func variantText() throws {
        func text(_ vary: [(String, String?)]) throws -> String {
            StoredResponse(
                key: try CacheKey(url: "http://a/"), vary: vary.map { VaryField(name: $0.0, value: $0.1) }, status: 200,
                fields: [:], requestTime: 0, responseTime: 0
            ).variantText
        }
        let texts = try [
            text([]), text([("a", nil)]), text([("a", "")]), text([("a", "1")]), text([("a", "1"), ("b", nil)]),
            text([("a", "1\nb")]), text([("a", nil), ("b", "1")]), text([("b", "1")]),
        ]
        #expect(Set(texts).count == texts.count && texts[0].isEmpty)
    }
}
