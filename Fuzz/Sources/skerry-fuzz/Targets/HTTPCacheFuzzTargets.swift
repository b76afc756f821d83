import HTTPCache

/// Decoders of the HTTP cache, and its decisions about any message. A target takes any bytes and says what was wrong; nil
/// if nothing was.
enum HTTPCacheFuzzTargets {
    typealias Target = @Sendable ([UInt8]) -> String?

    /// The targets by name; the same in `Fuzz/` and in the tests that replay the corpus.
    static func make() -> [String: Target] {
        ["cache-record": record, "cache-fields": fields, "cache-policy": policy]
    }

    private static func record(_ input: [UInt8]) -> String? {
        guard let record = try? StoredResponse(decoding: input) else { return nil }
        guard record.encoded == input else { return "a record is written otherwise than it was read" }
        let total = record.body.totalBytes ?? .max
        guard record.body.held.ranges.allSatisfy({ $0.upperBound <= total }) else {
            return "more is held than there is"
        }
        return use(record, request: CacheRequest(authority: "a", path: "/"), policy: CachePolicy())
    }

    /// Values of fields as directives, dates and URLs.
    private static func fields(_ input: [UInt8]) -> String? {
        let text = String(decoding: input, as: UTF8.self)
        for name in ["cache-control", "cdn-cache-control"] {
            let said = ResponseDirectives(CacheFields([(name: name, value: text)]))
            for seconds in [said.maxAge, said.sharedMaxAge, said.staleWhileRevalidate, said.staleIfError] {
                guard (0...2_147_483_648).contains(seconds ?? 0) else { return "a number is beyond its limit" }
            }
        }
        let asked = RequestDirectives(CacheFields([(name: "cache-control", value: text)]))
        guard (0...2_147_483_648).contains(asked.maxAge ?? 0) else { return "a number is beyond its limit" }
        if let seconds = CacheDate.seconds(text, now: 1_700_000_000_000), seconds >= 0,
            CacheDate.seconds(CacheDate.text(seconds: seconds), now: 0) != seconds
        {
            return "a date is written otherwise than it was read"
        }
        if let key = try? CacheKey(url: text), (try? CacheKey(url: key.url)) != key {
            return "the URL of a key has another key"
        }
        return nil
    }

    /// A number that chooses method and status, then lines of a request, an empty line, and lines of a response.
    private static func policy(_ input: [UInt8]) -> String? {
        guard let mode = input.first else { return nil }
        let parts = input.dropFirst().split(separator: 0x0A, omittingEmptySubsequences: false)
        let gap = parts.firstIndex { $0.isEmpty } ?? parts.count
        func fields(_ lines: ArraySlice<ArraySlice<UInt8>>) -> CacheFields {
            CacheFields(
                lines.compactMap { line in
                    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
                    return (
                        name: String(decoding: line[..<colon], as: UTF8.self),
                        value: String(decoding: line[line.index(after: colon)...], as: UTF8.self)
                    )
                })
        }
        let methods = ["GET", "GET", "HEAD", "POST"]
        let statuses = [200, 206, 304, 404, 301, 503, 599, 204]
        let request = CacheRequest(
            method: methods[Int(mode & 3)], authority: "a", path: "/", fields: fields(parts[..<gap]))
        let head = ResponseHead(status: statuses[Int(mode >> 2 & 7)], fields: fields(parts.dropFirst(gap + 1)))
        let policy = CachePolicy()
        _ = policy.invalidated(by: request, response: head)
        guard case .forward(let plan) = policy.decide(request, candidates: [], now: now),
            case .store(let record) = policy.receive(
                head, for: request, plan: plan, requestTime: now, responseTime: now + 5)
        else { return nil }
        let expected = record.body.held.ranges.first?.count ?? Int(record.body.totalBytes ?? 10)
        guard let whole = record.receiving("b", receivedBytes: Int64(expected), endedProperly: true) else { return nil }
        guard (try? StoredResponse(decoding: whole.encoded)) == whole else { return "a record cannot be kept" }
        return use(whole, request: request, policy: policy)
    }

    private static let now: Int64 = 1_700_000_000_000

    /// Asks for a record again at several moments.
    private static func use(_ record: StoredResponse, request: CacheRequest, policy: CachePolicy) -> String? {
        for wait in [0, 30_000, 100_000_000_000] as [Int64] {
            switch policy.decide(request, candidates: [record], now: now + wait) {
            case .refuse: break
            case .serve(let plan):
                let head = policy.head(of: plan, now: now + wait)
                guard head.fields.contains("age") else { return "an answer has no age" }
                if case .partial(let ranges) = plan.answer {
                    guard ranges.allSatisfy({ record.body.held.contains($0) }) else {
                        return "what is not held is served"
                    }
                }
                if plan.answer == .whole, !plan.isHead, !record.body.isWhole { return "a part is served as the whole" }
                let said = ResponseDirectives(record.fields)
                if !plan.freshness.isFresh, said.prohibitsStale { return "what may not be stale is served stale" }
            case .forward(let plan):
                let answer = ResponseHead(status: 304, fields: record.fields)
                _ = policy.receive(
                    answer, for: request, plan: plan, candidates: [record], requestTime: now + wait,
                    responseTime: now + wait)
                _ = policy.onError(.unreachable, for: request, plan: plan, now: now + wait)
            }
        }
        return nil
    }

    /// Small valid inputs by target and name.
    static func seeds() throws -> [String: [String: [UInt8]]] {
        let record = StoredResponse(
            key: try CacheKey(url: "http://a/?b"), vary: [VaryField(name: "c", value: "d")], status: 200,
            fields: ["etag": "\"a\"", "cache-control": "max-age=9"], requestTime: now, responseTime: now,
            body: StoredBody(reference: "b", wholeBytes: 10), surrogateKeys: ["k"], invalidatedAt: now)
        let message = "range: bytes=0-4\ncache-control: max-age=5\n\ncache-control: max-age=9\netag: \"a\"\nvary: x"
        let part = "range: bytes=0-4\nif-range: \"a\"\n\ncontent-range: bytes 0-4/9\netag: \"a\"\nexpires: 0"
        return [
            "cache-record": ["record": record.encoded],
            "cache-fields": [
                "control": Array("max-age=1, no-cache=\"a, b\", s-maxage=\"2\"".utf8),
                "targeted": Array("max-age=1, a=(1 \"b\");c=?0, d=:aa:".utf8),
                "date": Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8), "old": Array("Sun Nov  6 08:49:37 1994".utf8),
                "url": Array("http://a:80/b/../%7e?c#d".utf8),
            ],
            "cache-policy": [
                "whole": [0] + Array(message.utf8), "part": [4] + Array(part.utf8), "post": [3] + Array(message.utf8),
            ],
        ]
    }
}
