import HTTPCache
import Origins
import Testing

/// One request of a case, and what the origin would answer to it.
struct CaseStep: Sendable {
    enum Expectation: Sendable {
        /// The origin's answer to this request.
        case fetched
        /// What is stored, without a question to the origin.
        case cached
        /// What is stored, after the origin said that it is right.
        case validated
        /// No answer, or one of the gateway's own.
        case fails
    }

    enum Trouble: Sendable {
        /// The connection breaks before an answer.
        case unreachable
    }

    var expects = Expectation.fetched
    var method = "GET"
    var path = "/x"
    var asks: CacheFields = [:]
    var status = 200
    var says: OriginFields = [:]
    var trouble: Trouble?
    /// Seconds before the request.
    var after: Int64 = 0
    /// What the client gets; nil for the origin's status.
    var gets: Int?
    /// Fields that the client gets; an empty value means that it must not get the field.
    var fields: [(String, String)] = []

    static func fetch(_ says: OriginFields, status: Int = 200, asks: CacheFields = [:], path: String = "/x") -> CaseStep
    {
        CaseStep(path: path, asks: asks, status: status, says: says)
    }

    static func cached(
        after: Int64 = 0, _ asks: CacheFields = [:], path: String = "/x", gets: Int? = nil,
        _ fields: [(String, String)] = []
    ) -> CaseStep {
        CaseStep(expects: .cached, path: path, asks: asks, after: after, gets: gets, fields: fields)
    }

    /// Goes to the origin, whatever is stored.
    static func asked(after: Int64 = 0, _ asks: CacheFields = [:], path: String = "/x") -> CaseStep {
        CaseStep(path: path, asks: asks, after: after)
    }

    static func validated(
        after: Int64 = 0, _ says: OriginFields = [:], asks: CacheFields = [:], _ fields: [(String, String)] = []
    ) -> CaseStep {
        CaseStep(expects: .validated, asks: asks, says: says, after: after, fields: fields)
    }

    static func sent(_ method: String, status: Int = 200, _ says: OriginFields = [:]) -> CaseStep {
        CaseStep(method: method, status: status, says: says)
    }
}

/// A case: a name with the sections that it follows from, and its requests in order.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
    let name: String
    let steps: [CaseStep]

    var testDescription: String { name }

    init(_ name: String, _ steps: CaseStep...) {
        self.name = name
        self.steps = steps
    }
}

/// Dates around the beginning of a case.
private func date(_ offset: Int64) -> String { CacheDate.text(seconds: TestClock.start / 1_000 + offset) }

private let hour: OriginFields = ["cache-control": "max-age=3600"]

/// What RFC 9110, 9111, 9213, 5861 and 8246 want of a shared cache, from outside.
let conformanceCases: [ConformanceCase] = [
    freshnessCases, freshStatuses, staleStatuses, statusCases, storingCases, validationCases, requestCases, staleCases,
    changes, changesThatFail, invalidationCases, fieldsOfConnections, otherFields, fieldCases, keyCases, rangeCases,
].flatMap { $0 }

private let freshnessCases: [ConformanceCase] = [
    .init("max-age (9111 5.2.2.1)", .fetch(["cache-control": "max-age=60"]), .cached(after: 59), .asked(after: 1)),
    .init("max-age=0", .fetch(["cache-control": "max-age=0"]), .asked()),
    .init("max-age is read in any case", .fetch(["cache-control": "MaX-aGe=60"]), .cached()),
    .init("a quoted max-age", .fetch(["cache-control": "max-age=\"60\""]), .cached()),
    .init("a negative max-age", .fetch(["cache-control": "max-age=-60"]), .asked()),
    .init("max-age beside an extension", .fetch(["cache-control": "foo=\"max-age=0\", max-age=60"]), .cached()),
    .init("max-age on the second line", .fetch(["cache-control": "a=b", "cache-control": "max-age=60"]), .cached()),
    .init("s-maxage (5.2.2.10)", .fetch(["cache-control": "max-age=1, s-maxage=60"]), .cached(after: 30)),
    .init("s-maxage=0", .fetch(["cache-control": "max-age=60, s-maxage=0"]), .asked()),
    .init("Expires (5.3)", .fetch(["expires": date(60)]), .cached(after: 59), .asked(after: 1)),
    .init("Expires in the past", .fetch(["expires": date(-60)]), .asked()),
    .init("Expires: 0", .fetch(["expires": "0", "last-modified": date(-90_000)]), .asked()),
    .init(
        "max-age goes before Expires", .fetch(["cache-control": "max-age=60", "expires": date(-60)]), .cached(after: 30)
    ),
    .init("max-age=0 too", .fetch(["cache-control": "max-age=0", "expires": date(60)]), .asked()),
    .init(
        "Age counts (4.2.3)", .fetch(["cache-control": "max-age=60", "age": "50"]), .cached(after: 9), .asked(after: 1)),
    .init("an Age beyond the lifetime", .fetch(["cache-control": "max-age=60", "age": "70"]), .asked()),
    .init("an Age that is none", .fetch(["cache-control": "max-age=60", "age": "abc"]), .cached()),
    .init(
        "Date counts as age", .fetch(["cache-control": "max-age=60", "date": date(-50)]), .cached(after: 9),
        .asked(after: 1)),
    .init(
        "a heuristic (4.2.2)", .fetch(["last-modified": date(-1_000), "date": date(0)]), .cached(after: 99),
        .asked(after: 1)),
    .init("no heuristic without a date", .fetch([:]), .asked()),
    .init(
        "a heuristic for what is public", .fetch(["cache-control": "public", "last-modified": date(-1_000)]), .cached()),
    .init(
        "CDN-Cache-Control (9213)", .fetch(["cdn-cache-control": "max-age=60", "cache-control": "no-store"]), .cached()),
    .init(
        "CDN-Cache-Control: no-store", .fetch(["cdn-cache-control": "no-store", "cache-control": "max-age=60"]),
        .asked()),
    .init(
        "CDN-Cache-Control that cannot be read",
        .fetch(["cdn-cache-control": "max-age=\"a", "cache-control": "max-age=60"]),
        .cached()),
]

private let freshStatuses: [ConformanceCase] = [
    200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599,
].map { (status: Int) in
    ConformanceCase("a fresh \(status) (9111 3)", .fetch(hour, status: status), .cached(gets: status))
}

private let staleStatuses: [ConformanceCase] = [200, 404, 502, 599].map { (status: Int) in
    ConformanceCase("a stale \(status)", .fetch(["cache-control": "max-age=1"], status: status), .asked(after: 2))
}

private let statusCases: [ConformanceCase] = [
    .init(
        "must-understand with a status that is not understood (5.2.2.3)",
        .fetch(["cache-control": "max-age=60, no-store, must-understand"], status: 599), .asked()),
    .init(
        "must-understand with one that is", .fetch(["cache-control": "max-age=60, no-store, must-understand"]),
        .cached()),
    .init(
        "a heuristic for 404", .fetch(["last-modified": date(-1_000), "date": date(0)], status: 404),
        .cached(gets: 404)),
    .init("none for 302", .fetch(["last-modified": date(-1_000), "date": date(0)], status: 302), .asked()),
]

private let storingCases: [ConformanceCase] = [
    .init("no-store (5.2.2.5)", .fetch(["cache-control": "max-age=60, No-StOrE"]), .asked()),
    .init("private (5.2.2.7)", .fetch(["cache-control": "max-age=60, private"]), .asked()),
    .init("no-cache (5.2.2.4)", .fetch(["cache-control": "max-age=60, no-cache", "etag": "\"a\""]), .validated()),
    .init("no-cache without a validator", .fetch(["cache-control": "max-age=60, no-cache"]), .asked()),
    .init(
        "an older answer does not come back after one with no-store", .fetch(hour),
        CaseStep(asks: ["cache-control": "no-cache"], says: ["cache-control": "no-store"]), .asked(after: 11)),
    .init("no-store of the request (5.2.1.5)", .fetch(hour, asks: ["cache-control": "no-store"]), .asked()),
    .init(
        "Set-Cookie without a word on how long", .fetch(["last-modified": date(-90_000), "set-cookie": "a=b"]), .asked()
    ),
    .init(
        "Set-Cookie and a max-age (7.3)", .fetch(["cache-control": "max-age=60", "set-cookie": "a=b"]),
        .cached([:], [("set-cookie", "a=b")])),
    .init("a request with a cookie", .fetch(hour), .cached(["cookie": "a=b"])),
    .init("a request with Authorization (3.5)", .fetch(hour, asks: ["authorization": "Basic x"]), .asked()),
]

private let tagged: OriginFields = ["cache-control": "max-age=1", "etag": "\"a\""]

private let validationCases: [ConformanceCase] = [
    .init("an ETag (4.3.1)", .fetch(tagged), .validated(after: 2), .cached()),
    .init(
        "a weak ETag", .fetch(["cache-control": "max-age=1", "etag": "W/\"a\""]),
        .validated(after: 2, ["etag": "W/\"a\""])),
    .init(
        "Last-Modified", .fetch(["cache-control": "max-age=1", "last-modified": date(-90)]),
        .validated(after: 2, ["last-modified": date(-90)])),
    .init(
        "a 304 updates fields (3.2)", .fetch(["cache-control": "max-age=1", "etag": "\"a\"", "x": "1", "y": "1"]),
        .validated(after: 2, ["etag": "\"a\"", "x": "2"], [("x", "2"), ("y", "1")]),
        .cached([:], [("x", "2"), ("y", "1")])),
    .init("an answer in place of a 304", .fetch(tagged), CaseStep(says: hour, after: 2), .cached()),
    .init(
        "If-None-Match of the client (4.3.2)", .fetch(["cache-control": "max-age=60", "etag": "\"a\""]),
        .cached(["if-none-match": "\"b\", W/\"a\""], gets: 304, [("etag", "\"a\""), ("content-length", "")])),
    .init(
        "one that does not fit", .fetch(["cache-control": "max-age=60", "etag": "\"a\""]),
        .cached(["if-none-match": "\"b\""], gets: 200)),
    .init(
        "If-Modified-Since of the client", .fetch(["cache-control": "max-age=60", "last-modified": date(-90)]),
        .cached(["if-modified-since": date(-90)], gets: 304)),
    .init(
        "If-None-Match goes before If-Modified-Since (9110 13.2.2)",
        .fetch(["cache-control": "max-age=60", "last-modified": date(-90), "etag": "\"a\""]),
        .cached(["if-none-match": "\"b\"", "if-modified-since": date(0)], gets: 200)),
    .init(
        "the client's conditions after a validation", .fetch(tagged),
        CaseStep(
            expects: .validated, asks: ["if-none-match": "\"a\""], says: ["etag": "\"a\""], after: 2, gets: 304)),
    .init(
        "what is immutable and fresh (8246)", .fetch(["cache-control": "max-age=60, immutable"]),
        .cached(["cache-control": "max-age=0"])),
]

private let requestCases: [ConformanceCase] = [
    .init("no-cache (5.2.1.4)", .fetch(hour), .asked(["cache-control": "no-cache"])),
    .init("max-age=0 (5.2.1.1)", .fetch(hour), .asked(after: 1, ["cache-control": "max-age=0"])),
    .init("max-age within", .fetch(hour), .cached(after: 5, ["cache-control": "max-age=10"])),
    .init(
        "min-fresh (5.2.1.3)", .fetch(hour), .cached(["cache-control": "min-fresh=3000"]),
        .asked(after: 601, ["cache-control": "min-fresh=3000"])),
    .init(
        "max-stale (5.2.1.2)", .fetch(["cache-control": "max-age=1"]), .cached(after: 5, ["cache-control": "max-stale"])
    ),
    .init(
        "max-stale within", .fetch(["cache-control": "max-age=1"]), .asked(after: 5, ["cache-control": "max-stale=3"])),
    .init("only-if-cached (5.2.1.7)", .fetch(hour), .cached(["cache-control": "only-if-cached"])),
    .init("only-if-cached without anything", CaseStep(expects: .fails, asks: ["cache-control": "only-if-cached"])),
    .init("Pragma (5.4)", .fetch(hour), .asked(["pragma": "no-cache"])),
]

private func broken(_ expects: CaseStep.Expectation) -> CaseStep {
    CaseStep(expects: expects, trouble: .unreachable, after: 5)
}

private let staleCases: [ConformanceCase] = [
    .init("stale while cut off (4.2.4)", .fetch(["cache-control": "max-age=1"]), broken(.cached)),
    .init("must-revalidate (5.2.2.2)", .fetch(["cache-control": "max-age=1, must-revalidate"]), broken(.fails)),
    .init("proxy-revalidate (5.2.2.8)", .fetch(["cache-control": "max-age=1, proxy-revalidate"]), broken(.fails)),
    .init("s-maxage", .fetch(["cache-control": "s-maxage=1"]), broken(.fails)),
    .init("no-cache", .fetch(["cache-control": "no-cache, max-age=60", "etag": "\"a\""]), broken(.fails)),
    .init("nothing stored", broken(.fails)),
    .init("503 goes on", .fetch(["cache-control": "max-age=1"]), CaseStep(status: 503, after: 5)),
    .init(
        "stale-if-error (5861 4)", .fetch(["cache-control": "max-age=1, stale-if-error=60"]),
        CaseStep(expects: .cached, status: 503, after: 5, gets: 200)),
    .init(
        "stale-if-error that is over", .fetch(["cache-control": "max-age=1, stale-if-error=60"]),
        CaseStep(status: 503, after: 90)),
    .init(
        "stale-while-revalidate (5861 3)", .fetch(["cache-control": "max-age=1, stale-while-revalidate=60"]),
        .cached(after: 5)),
    .init(
        "stale-while-revalidate that is over", .fetch(["cache-control": "max-age=1, stale-while-revalidate=60"]),
        .asked(after: 90)),
]

private let unsafeMethods = ["POST", "PUT", "DELETE", "M-SEARCH"]

private let changes: [ConformanceCase] = unsafeMethods.map { method in
    ConformanceCase("\(method) makes stale (4.4)", .fetch(hour), .sent(method), .asked())
}

private let changesThatFail: [ConformanceCase] = unsafeMethods.map { method in
    ConformanceCase("\(method) that fails does not", .fetch(hour), .sent(method, status: 500), .cached())
}

private let invalidationCases: [ConformanceCase] = [
    .init(
        "what is invalid is not served stale (4.4)",
        .fetch(["cache-control": "max-age=60, stale-while-revalidate=60, stale-if-error=60"]), .sent("POST"),
        CaseStep(expects: .fails, trouble: .unreachable, after: 5), .asked(["cache-control": "max-stale"])),
    .init("OPTIONS does not", .fetch(hour), .sent("OPTIONS"), .cached()),
    .init("Location", .fetch(hour, path: "/y"), .sent("POST", ["location": "/y"]), .asked(path: "/y")),
    .init(
        "Content-Location", .fetch(hour, path: "/y"), .sent("POST", ["content-location": "y"]), .asked(path: "/y")),
    .init(
        "another host's Location", .fetch(hour, path: "/y"), .sent("POST", ["location": "http://other.test/y"]),
        .cached(path: "/y")),
    .init("an answer to POST is none to GET", .sent("POST", hour), .asked()),
    .init("an answer to HEAD is none to GET", .sent("HEAD", hour), .asked()),
]

private func with(_ name: String) -> OriginFields {
    var says = hour
    says.add(name, "a")
    return says
}

private let fieldsOfConnections: [ConformanceCase] = [
    "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "transfer-encoding", "upgrade",
].map { name in
    ConformanceCase("\(name) is not stored (3.1)", .fetch(with(name)), .cached([:], [(name, "")]))
}

private let otherFields: [ConformanceCase] = [
    "test", "content-foo", "content-encoding", "content-type", "content-security-policy", "www-authenticate",
].map { name in
    ConformanceCase("\(name) is stored", .fetch(with(name)), .cached([:], [(name, "a")]))
}

private let fieldCases: [ConformanceCase] = [
    .init(
        "what Connection lists (9110 7.6.1)",
        .fetch(["cache-control": "max-age=60", "connection": "a, b", "a": "1", "b": "2", "c": "3"]),
        .cached([:], [("a", ""), ("b", ""), ("c", "3")])),
    .init(
        "no-cache with fields (5.2.2.4)", .fetch(["cache-control": "max-age=60, no-cache=\"a\"", "a": "1", "b": "2"]),
        .cached([:], [("a", ""), ("b", "2")])),
    .init(
        "private with fields (5.2.2.7)", .fetch(["cache-control": "max-age=60, private=\"a\"", "a": "1", "b": "2"]),
        .cached([:], [("a", ""), ("b", "2")])),
    .init("Age is told (5.1)", .fetch(hour), .cached(after: 7, [:], [("age", "7")])),
    .init(
        "and counts on", .fetch(["cache-control": "max-age=3600", "age": "30"]),
        .cached(after: 7, [:], [("age", "37")])),
    .init(
        "Date stays (9110 6.6.1)", .fetch(["cache-control": "max-age=60", "date": date(-3)]),
        .cached(after: 7, [:], [("date", date(-3))])),
    .init("Expires stays", .fetch(["expires": date(600)]), .cached(after: 7, [:], [("expires", date(600))])),
]

private func varied(_ vary: String, _ asks: CacheFields) -> CaseStep {
    .fetch(["cache-control": "max-age=60", "vary": vary], asks: asks)
}

private let keyCases: [ConformanceCase] = [
    .init("queries tell apart (4)", .fetch(hour, path: "/x?a=1"), .asked(path: "/x?a=2"), .cached(path: "/x?a=1")),
    .init("Vary that fits (4.1)", varied("Foo", ["foo": "1"]), .cached(["foo": "1", "other": "2"])),
    .init("Vary that does not", varied("Foo", ["foo": "1"]), .asked(["foo": "2"])),
    .init("Vary and a field that is missing", varied("Foo", ["foo": "1"]), .asked()),
    .init("Vary and a field that was missing", varied("Foo", [:]), .asked(["foo": "1"])),
    .init("Vary of two", varied("Foo, Bar", ["foo": "1", "bar": "2"]), .cached(["bar": "2", "foo": "1"])),
    .init("two variants", varied("Foo", ["foo": "1"]), varied("Foo", ["foo": "2"]), .cached(["foo": "1"])),
    .init("Vary: *", varied("*", ["foo": "1"]), .asked(["foo": "1"])),
    .init(
        "languages in another order", varied("Accept-Language", ["accept-language": "en, de"]),
        .cached(["accept-language": " DE , en"])),
    .init("one list on two lines", varied("Foo", ["foo": "1, 2"]), .cached(["foo": "1", "foo": "2"])),
]

private let rangeCases: [ConformanceCase] = [
    .init(
        "a range of what is stored (9110 14.2)", .fetch(hour),
        .cached(["range": "bytes=0-1"], gets: 206, [("content-length", "")])),
    .init("to the end", .fetch(hour), .cached(["range": "bytes=1-"], gets: 206)),
    .init("the last bytes", .fetch(hour), .cached(["range": "bytes=-1"], gets: 206)),
    .init("a range beyond", .fetch(hour), .cached(["range": "bytes=99-"], gets: 416)),
    .init("another unit", .fetch(hour), .cached(["range": "lines=0-1"], gets: 200)),
    .init(
        "If-Range that does not fit", .fetch(["cache-control": "max-age=60", "etag": "\"a\""]),
        .cached(["range": "bytes=0-1", "if-range": "\"b\""], gets: 200)),
]
