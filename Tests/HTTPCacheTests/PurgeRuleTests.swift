import HTTPCache
import Testing

@Suite("Purges")
struct PurgeRuleTests {
    private func record(fetched: Int64 = 1_000, validated: Int64? = nil) throws -> StoredResponse {
        StoredResponse(
            key: try CacheKey(url: "https://example.org:8443/a?b=1"), status: 200, fields: [:],
            requestTime: validated ?? fetched, responseTime: (validated ?? fetched) + 10, fetchTime: fetched,
            surrogateKeys: ["k1", "k2"])
    }

    @Test("By URL, by surrogate key and by host")
    func scopes() throws {
        let record = try record()
        for scope in [.url("https://example.org:8443/a?b=1"), .key("k2"), .host("example.org")] as [PurgeRule.Scope] {
            #expect(try PurgeRule(scope, kind: .hard, time: 1_000).effect(on: record) == .drop)
            #expect(try PurgeRule(scope, kind: .soft, time: 1_000).effect(on: record) == .markStale(at: 1_000))
        }
        for scope in [.url("https://example.org:8443/a"), .key("K2"), .key("k"), .host("org")] as [PurgeRule.Scope] {
            #expect(try PurgeRule(scope, kind: .hard, time: 1_000).effect(on: record) == .none)
        }
        let written = try PurgeRule(url: "HTTPS://Example.org:8443/./a?b=1#c", kind: .hard, time: 1_000)
        #expect(written.effect(on: record) == .drop)
    }

    @Test("A purge is about what was asked for until its time, whenever it is applied")
    func times() throws {
        let hard = try PurgeRule(.key("k1"), kind: .hard, time: 1_000)
        #expect(hard.effect(on: try record(fetched: 1_000)) == .drop)
        #expect(hard.effect(on: try record(fetched: 1_001)) == .none)
        // A validation after the purge does not make older bytes new.
        #expect(hard.effect(on: try record(fetched: 900, validated: 2_000)) == .drop)
        let soft = try PurgeRule(.key("k1"), kind: .soft, time: 1_000)
        #expect(soft.effect(on: try record(fetched: 900, validated: 2_000)) == .none)
        var marked = try record(fetched: 900)
        marked.invalidatedAt = 1_000
        #expect(soft.effect(on: marked) == .none)
        marked.invalidatedAt = 1_500
        #expect(soft.effect(on: marked) == .markStale(at: 1_000))
    }

    @Test("Rules are kept as bytes and mean the same again")
    func coding() throws {
        for scope in [.url("https://a/b"), .key("é"), .host("a")] as [PurgeRule.Scope] {
            for kind in [PurgeRule.Kind.hard, .soft] {
                let rule = try PurgeRule(scope, kind: kind, time: 1_700_000_000_000)
                #expect(try PurgeRule(decoding: rule.encoded) == rule)
                for count in 0..<rule.encoded.count {
                    #expect(throws: HTTPCacheError.self) { try PurgeRule(decoding: Array(rule.encoded.prefix(count))) }
                }
                #expect(throws: HTTPCacheError.self) { try PurgeRule(decoding: rule.encoded + [0]) }
            }
        }
    }

    @Test("Names have limits")
    func limits() throws {
        let longest = String(repeating: "k", count: PurgeRule.maximumBytes)
        #expect(throws: Never.self) { try PurgeRule(.key(longest), kind: .hard, time: 0) }
        #expect(throws: HTTPCacheError.self) { try PurgeRule(.key(longest + "k"), kind: .hard, time: 0) }
        #expect(throws: HTTPCacheError.self) { try PurgeRule(.key(""), kind: .hard, time: 0) }
        #expect(throws: HTTPCacheError.self) { try PurgeRule(.key("k"), kind: .hard, time: -1) }
    }

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
}
