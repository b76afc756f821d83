import HTTPCache
import Testing

@Suite("Surrogate keys")
struct SurrogateKeysTests {
    @Test("Surrogate keys are read from both fields, each once, and do not leave the cache")
    func keys() throws {
        let fields: CacheFields = [
            "cache-control": "max-age=9", "surrogate-key": "a  b\tc", "cache-tag": "c, d e,,f", "surrogate-key": "a g",
        ]
        var lab = CacheLab.holding(fields)
        #expect(lab.records.first?.surrogateKeys == ["a", "b", "c", "g", "d e", "f"])
        let head = try #require(lab.send().head)
        #expect(!head.fields.contains("surrogate-key") && !head.fields.contains("cache-tag"))
        lab.policy.hidesSurrogateKeys = false
        #expect(lab.send().head?.fields.all("cache-tag") == ["c, d e,,f"])
    }

    @Test("A response with more keys than the limit, or a longer one, is not stored, since a purge could miss it")
    func limits() {
        func stores(_ keys: String) -> Bool { CacheLab.stores(["cache-control": "max-age=9", "surrogate-key": keys]) }
        let most = (0..<SurrogateKeys.maximumKeys).map { "k\($0)" }.joined(separator: " ")
        #expect(stores(most) && !stores(most + " k"))
        let longest = String(repeating: "k", count: SurrogateKeys.maximumBytes)
        #expect(stores(longest) && !stores(longest + "k"))
    }
}
