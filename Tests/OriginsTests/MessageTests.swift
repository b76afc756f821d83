import Testing

@testable import Origins

@Suite("Messages to and from origins")
struct MessageTests {
    private let forwarded = ForwardedFields(pseudonym: "skerry")

    private func outgoing(_ fields: OriginFields, _ change: (inout OriginDescription) -> Void = { _ in }) throws
        -> OriginFields
    {
        var description = OriginDescription(.http(url: "http://a.test"))
        change(&description)
        let visitor = OriginRequest.Visitor(address: "2001:db8::1", scheme: "https", host: "app.test", version: "2")
        return try forwarded.outgoing(OriginRequest(path: "/", fields: fields, visitor: visitor), description)
    }

    @Test("Fields of one connection stay behind, and the way is told (RFC 9110 section 7.6, RFC 7239, RFC 8586)")
    func requestFields() throws {
        let fields = try outgoing([
            "Connection": "close, X-Private", "x-private": "1", "keep-alive": "5", "te": "trailers",
            "transfer-encoding": "chunked", "upgrade": "h2c", "proxy-authorization": "x", "host": "app.test",
            "content-length": "5", "expect": "100-continue", "forwarded": "for=evil", "x-forwarded-for": "1.1.1.1",
            "accept": "text/html", "via": "1.0 other", "cdn-loop": "foo; a=\"skerry\"",
        ])
        #expect(
            fields == [
                "accept": "text/html", "x-forwarded-for": "2001:db8::1",
                "forwarded": "for=\"[2001:db8::1]\";host=app.test;proto=https", "x-forwarded-host": "app.test",
                "x-forwarded-proto": "https", "via": "1.0 other, 2 skerry", "cdn-loop": "foo; a=\"skerry\", skerry",
            ])
    }

    @Test(
        "What a visitor says of the way, the URL or the method does not reach the origin, since nothing is kept by it")
    func unkeyed() throws {
        let names = [
            "x-forwarded-scheme", "X-Forwarded-Port", "x-forwarded-prefix", "x-forwarded-server", "x-host",
            "x-original-host", "x-real-ip", "x-original-url", "x-rewrite-url",
        ]
        let override = ["x-http-method-override", "x-http-method", "x-method-override"]
        for method in ["GET", "HEAD", "POST"] {
            let sent = OriginFields((names + override + ["x-other"]).map { ($0, "evil") })
            let request = OriginRequest(method: method, path: "/", fields: sent)
            let got = try forwarded.outgoing(request, OriginDescription(.http(url: "http://a.test"))).lines.map(\.name)
            #expect(got == (method == "POST" ? override : []) + ["x-other", "via", "cdn-loop"])
        }
    }

    @Test("The description adds and removes fields, but never those that frame a message")
    func overrides() throws {
        let fields = try outgoing(["cookie": "a", "x-a": "1", "x-b": "2"]) { description in
            description.removedFields = ["Cookie"]
            description.addedFields = ["X-A": "3", "content-length": "9", "transfer-encoding": "chunked", "host": "h"]
        }
        #expect(fields["cookie"] == nil)
        #expect(fields.all("x-a") == ["3"])
        #expect(fields["x-b"] == "2")
        for name in ["content-length", "transfer-encoding", "host"] { #expect(fields[name] == nil) }
    }

    @Test("Nothing takes away the fields by which loops are noticed")
    func loopFieldsStay() throws {
        let sent: OriginFields = ["connection": "cdn-loop, via", "cdn-loop": "foo", "via": "1.0 foo"]
        let fields = try outgoing(sent) { description in
            description.removedFields = ["CDN-Loop", "Via"]
            description.addedFields = ["cdn-loop": "", "via": "none"]
        }
        #expect(fields.all("cdn-loop") == ["foo, skerry"])
        #expect(fields.all("via") == ["1.0 foo, 2 skerry"])
    }

    @Test(
        "A request that came through this network is refused",
        arguments: [
            ("cdn-loop", "skerry"), ("cdn-loop", "other, Skerry; v=2"), ("via", "1.1 a, 2 skerry (x)"),
        ])
    func loops(_ name: String, _ value: String) {
        let error = #expect(throws: OriginError.self) { try outgoing([name: value].fields) }
        #expect(error?.code == .loop)
        #expect(throws: Never.self) { try outgoing(["cdn-loop": "skerry2", "via": "1.1 askerry"]) }
    }

    @Test(
        "What could smuggle lines is refused",
        arguments: [("x", "a\r\nb: c"), ("x y", "a"), ("", "a"), ("x", "a\u{0}")])
    func injection(_ name: String, _ value: String) {
        let error = #expect(throws: OriginError.self) { try outgoing([name: value].fields) }
        #expect(error?.code == .badRequest)
    }

    @Test("Numbers and sizes of fields have limits")
    func fieldLimits() throws {
        let most = OriginFields((0..<250).map { ("x-\($0)", "v") })
        #expect(throws: Never.self) { try outgoing(most) }
        #expect(throws: OriginError.self) { try outgoing(OriginFields((0..<257).map { ("x-\($0)", "v") })) }
        let lines = OriginFields((0..<ForwardedFields.maxLines).map { ("x-\($0)", "v") })
        #expect(throws: Never.self) { try ForwardedFields.incoming(lines) }
        var more = lines
        more.add("x", "y")
        #expect(throws: OriginError.self) { try ForwardedFields.incoming(more) }
        let long = String(repeating: "v", count: ForwardedFields.maxBytes - 1)
        #expect(throws: Never.self) { try ForwardedFields.incoming(["x": long]) }
        #expect(throws: OriginError.self) { try ForwardedFields.incoming(["x": long + "v"]) }
    }

    @Test("Bodies' lengths are read strictly (RFC 9112 section 6.3)")
    func framing() throws {
        func framing(_ fields: OriginFields, _ method: String = "GET", _ status: Int = 200) throws -> ResponseFraming {
            try ResponseFraming(method: method, status: status, fields: fields)
        }
        #expect(try framing([:]) == .open)
        #expect(try framing(["transfer-encoding": "Chunked"]) == .open)
        #expect(try framing(["content-length": "5"]) == .exactly(5))
        #expect(try framing(["content-length": "5"], "HEAD") == .none)
        #expect(try framing(["content-length": "5"], "GET", 304) == .none)
        #expect(try framing([:], "GET", 204) == .none)
        let bad: [OriginFields] = [
            ["content-length": "5", "transfer-encoding": "chunked"], ["transfer-encoding": "gzip, chunked"],
            ["transfer-encoding": "identity"], ["content-length": "5", "Content-Length": "5"],
            ["content-length": "5, 5"], ["content-length": "+5"], ["content-length": "-1"], ["content-length": ""],
            ["content-length": "99999999999999999999"],
            ["transfer-encoding": "chunked", "Transfer-Encoding": "chunked"],
        ]
        for fields in bad { #expect(throws: OriginError.self, "\(fields)") { try framing(fields) } }
    }

    @Test("Ranges are read and resolved (RFC 9110 section 14.1.2)")
    func ranges() {
        #expect(OriginRange("bytes=0-4") == .bytes(first: 0, last: 4))
        #expect(OriginRange("Bytes=7-") == .from(7))
        #expect(OriginRange("bytes=-5") == .last(5))
        for bad in [
            "bytes=5-4", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=-0", "bytes=a-b",
            "bytes=99999999999999999999-",
        ] {
            #expect(OriginRange(bad) == nil, "\(bad)")
        }
        #expect(OriginRange.bytes(first: 2, last: .max).resolve(count: 5) == 2..<5)
        #expect(OriginRange.bytes(first: 5, last: 6).resolve(count: 5) == nil)
        #expect(OriginRange.from(4).resolve(count: 5) == 4..<5)
        #expect(OriginRange.last(9).resolve(count: 5) == 0..<5)
        #expect(OriginRange.last(1).resolve(count: 0) == nil)
        #expect("\(OriginRange.bytes(first: 1, last: 2))" == "bytes=1-2")
    }

    @Test(
        "Paths of files cannot climb",
        arguments: [
            "", "a", "/..", "/a/../b", "/%2e%2e/x", "/a//b", "/a%2fb", "/%00", "/%zz", "/%", "/./a", "//",
            "/" + String(repeating: "a", count: ContentPath.maxBytes), "/%ff",
        ])
    func badPaths(_ path: String) {
        let error = #expect(throws: OriginError.self) { try ContentPath(path) }
        #expect(error?.code == .notFound)
    }

    @Test("Paths of files are taken apart")
    func paths() throws {
        #expect(try ContentPath("/").fileSegments == ["index.html"])
        #expect(try ContentPath("/a/b%20c").fileSegments == ["a", "b c"])
        #expect(try ContentPath("/a/").fileSegments == ["a", "index.html"])
        #expect(try ContentPath("/...").segments == ["..."])
    }

    @Test("Conditions go before ranges (RFC 9110 section 13.2.2)")
    func conditions() {
        func select(_ fields: OriginFields) -> SyntheticResponse.Selection {
            SyntheticResponse.select(
                OriginRequest(path: "/", fields: fields), count: 10, tag: "\"t\"",
                modified: "Fri, 24 May 2013 00:00:00 GMT")
        }
        #expect(select([:]).status == 200)
        #expect(select(["range": "bytes=2-3"]).bytes == 2..<4)
        #expect(select(["range": "bytes=2-3"]).fields["content-range"] == "bytes 2-3/10")
        #expect(select(["range": "bytes=20-"]).status == 416)
        #expect(select(["range": "bytes=2-3", "if-range": "\"u\""]).status == 200)
        #expect(select(["range": "bytes=2-3", "if-range": "\"t\""]).status == 206)
        #expect(select(["if-none-match": "\"a\", W/\"t\""]).status == 304)
        #expect(select(["if-none-match": "\"a\"", "if-modified-since": "Fri, 24 May 2013 00:00:00 GMT"]).status == 200)
        #expect(select(["if-modified-since": "Fri, 24 May 2013 00:00:00 GMT"]).status == 304)
        #expect(select(["if-match": "\"a\""]).status == 412)
        #expect(select(["if-match": "*", "range": "bytes=-1"]).bytes == 9..<10)
    }

    @Test("Dates are written as HTTP and AWS want them")
    func dates() {
        #expect(Calendar.httpDate(unixSeconds: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(Calendar.httpDate(unixSeconds: 951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(Calendar.basic(unixSeconds: 1_369_353_600) == "20130524T000000Z")
    }

    @Test("Names and secrets of origins stay apart")
    func secretsAreNotShown() {
        var location = S3Location(endpoint: "https://user:hidden@s3.test", bucket: "b")
        location.credentials = .init(accessKeyID: "ID", secretAccessKey: "hidden", sessionToken: "hidden")
        let description = OriginDescription(.s3(location))
        var dumped = ""
        dump(location.credentials, to: &dumped)
        for text in [
            description.name, "\(location.credentials as Any)", String(reflecting: location.credentials), dumped,
        ] {
            #expect(!text.contains("hidden"), "\(text)")
        }
        #expect(OriginDescription(.http(url: "https://u:p@a.test/x?key=1")).name == "https://a.test/x")
    }
}

extension Dictionary<String, String> {
    fileprivate var fields: OriginFields { OriginFields(map { ($0.key, $0.value) }) }
}
