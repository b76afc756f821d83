import NIOCore
import Outbound
import Streams
import Synchronization
import Testing

@testable import Origins

@Suite("Web servers as origins")
struct HTTPOriginTests {
    private func description(_ server: RawServer, _ path: String = "") -> OriginDescription {
        var description = OriginDescription(.http(url: server.url + path))
        description.retries = 0
        return description
    }

    @Test("Requests and answers pass with what belongs to their connections taken away")
    func passing() async throws {
        try await RawServer.with({ _ in
            [
                .text("HTTP/1.1 102 Processing\r\n\r\n"),
                .text("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nconnection: x-hop\r\nx-hop: 1\r\n\r\n"),
                .text("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: x-hop\r\nx-hop: 1\r\netag: \"e\"\r\n\r\nok"),
            ]
        }) { server in
            try await withClient { client in
                let interim = Mutex<[(Int, OriginFields)]>([])
                var from = description(server, "/base/")
                from.host = "inner.test"
                from.addedFields = ["x-key": "k"]
                let visitor = OriginRequest.Visitor(address: "192.0.2.1", scheme: "https", host: "app.test")
                let request = OriginRequest(
                    path: "/a/../b%20c", query: "q=1",
                    fields: ["connection": "x-mine", "x-mine": "1", "accept": "*/*", "skerry-interim": "1"],
                    visitor: visitor, onInterim: { status, fields in interim.withLock { $0.append((status, fields)) } })
                let response = try await client.fetch(request, from: from)
                #expect(response.status == 200)
                #expect(response.length == 2)
                #expect(response.fields == ["content-length": "2", "etag": "\"e\""])
                let text = try await response.text()
                #expect(text == "ok")
                let seen = try #require(server.requests.first)
                #expect(seen.target == "/base/b%20c?q=1")
                #expect(seen.field("host") == "inner.test")
                #expect(seen.field("x-mine") == nil && seen.field("skerry-interim") == nil)
                let heard = interim.withLock { $0 }
                #expect(heard.map { $0.0 } == [102, 103] && heard.map { $0.1 } == [[:], ["link": "</a>"]])
                #expect(seen.field("x-key") == "k")
                #expect(seen.field("via") == "1.1 skerry")
                #expect(seen.field("cdn-loop") == "skerry")
                #expect(seen.field("forwarded") == "for=192.0.2.1;host=app.test;proto=https")
            }
        }
    }

    /// What is cut off or ambiguous never becomes a whole answer.
    @Test(
        "Answers that break the rules end in errors",
        arguments: [
            ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n", true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbody", true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nbody\r\n0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk", true),
            ("HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok", true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", true), ("hello\r\n\r\n", true), ("", true),
            ("HTTP/1.1 099 Low\r\ncontent-length: 2\r\n\r\nok", true),
            ("HTTP/1.1 000 None\r\n\r\nok", true), ("HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n", true),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 042 Low\r\ncontent-length: 2\r\n\r\nok", true),
            ("HTTP/1.1 999 High\r\ncontent-length: 2\r\n\r\nok", true),
            ("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", false), ("HTTP/1.0 200 OK\r\n\r\nuntil the end", false),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", false),
        ])
    func strictness(_ answer: String, _ isBroken: Bool) async throws {
        try await RawServer.with({ _ in [.text(answer), .close] }) { server in
            try await withClient { client in
                let from = description(server)
                let read = { try await client.fetch(OriginRequest(path: "/"), from: from).bytes() }
                if isBroken {
                    let error = await originError(read)
                    #expect([.badResponse, .unreachable].contains(error?.code), "\(String(describing: error))")
                } else {
                    _ = try await read()
                }
                try await eventually("nothing is under way") { client.statistics.first?.inFlight == 0 }
            }
        }
    }

    @Test("Interim answers are told of up to a limit, to whoever asked and to nobody else (RFC 9110 15.2)")
    func interim() async throws {
        let parts = (0..<40).map { "HTTP/1.1 103 Early Hints\r\nlink: </\($0)>\r\n\r\n" }.joined()
        try await RawServer.with({ _ in
            [.text("HTTP/1.1 100 Continue\r\n\r\n\(parts)")] + RawServer.answer(200, [], Array("ok".utf8))
        }) { server in
            try await withClient { client in
                for listens in [true, false, true] {
                    let heard = Mutex<[String?]>([])
                    var request = OriginRequest(path: "/")
                    if listens { request.onInterim = { _, fields in heard.withLock { $0.append(fields["link"]) } } }
                    let response = try await client.fetch(request, from: description(server))
                    #expect(response.status == 200 && response.fields == ["content-length": "2"])
                    #expect(try await response.text() == "ok")
                    #expect(heard.withLock { $0 } == (0..<(listens ? 16 : 0)).map { "</\($0)>" })
                }
                #expect(server.requests.allSatisfy { $0.field("skerry-interim") == nil })
            }
        }
    }

    @Test("An origin that sends without end is read only as fast as somebody reads")
    func backPressure() async throws {
        try await RawServer.with({ _ in
            [.text("HTTP/1.1 200 OK\r\ncontent-length: \(1_600 << 16)\r\n\r\n"), .flood(parts: 1_600)]
        }) { server in
            try await withClient { client in
                let response = try await client.fetch(OriginRequest(path: "/"), from: description(server))
                var last = -1
                // The kernel's buffers and ours fill up, then nothing moves.
                try await eventually("the origin waits") {
                    try await Task.sleep(for: .milliseconds(200))
                    defer { last = server.floodedBytes }
                    return server.floodedBytes == last && last > 0
                }
                #expect(server.floodedBytes < 50 << 20)
                #expect(response.body.bufferedBytes <= 2 << 20)
                var count = 0
                while let part = try await response.body.next() { count += part.readableBytes }
                #expect(count == 1_600 << 16)
            }
        }
    }

    @Test("Whoever stops reading ends the transfer")
    func stopping() async throws {
        try await RawServer.with({ _ in
            [.text("HTTP/1.1 200 OK\r\ncontent-length: \(1_600 << 16)\r\n\r\n"), .flood(parts: 1_600)]
        }) { server in
            try await withClient { client in
                let response = try await client.fetch(OriginRequest(path: "/"), from: description(server))
                _ = try await response.body.next()
                response.body.stop()
                try await eventually("nothing is under way") { client.statistics.first?.inFlight == 0 }
                #expect(client.statistics.first?.failures == 0)
            }
        }
    }

    @Test("Slow heads and bodies end in time-outs")
    func timeouts() async throws {
        try await RawServer.with({ request in
            request.target == "/head" ? [] : [.text("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")]
        }) { server in
            try await withClient { client in
                var from = description(server)
                from.connectTimeout = .milliseconds(100)
                from.firstByteTimeout = .milliseconds(200)
                from.idleTimeout = .milliseconds(200)
                let head = await originError { try await client.fetch(OriginRequest(path: "/head"), from: from) }
                #expect(head?.code == .timeout)
                from.firstByteTimeout = .seconds(10)
                let response = try await client.fetch(OriginRequest(path: "/body"), from: from)
                let body = await originError { try await response.bytes() }
                #expect(body?.code == .timeout)
            }
        }
    }

    @Test("Requests that may be repeated are sent again if no answer comes; others and those with bodies are not")
    func retries() async throws {
        let counter = Mutex(0)
        try await RawServer.with({ _ in
            let count = counter.withLock { value in
                value += 1
                return value
            }
            return count.isMultiple(of: 3)
                ? RawServer.answer(200, [], Array("ok".utf8)) : [.text("no HTTP\r\n\r\n"), .close]
        }) { server in
            try await withClient { client in
                var from = description(server)
                from.retries = 2
                let response = try await client.fetch(OriginRequest(path: "/"), from: from)
                #expect(response.status == 200)
                #expect(response.attempts == 3)
                let stream = ByteStream()
                stream.append(ByteBuffer(string: "body"))
                stream.finish()
                let error = await originError {
                    try await client.fetch(
                        OriginRequest(method: "POST", path: "/", body: .init(stream, length: 4)), from: from)
                }
                #expect(error?.code == .badResponse)
                #expect(server.requests.count == 4 && server.requests.last?.body == "body")
            }
        }
    }

    @Test("An origin that fails is left alone, and says for how long")
    func breaker() async throws {
        try await RawServer.with({ _ in RawServer.answer(502) }) { server in
            try await withClient { client in
                let from = description(server)
                var count = 0
                while client.statistics.first?.isOpen != true, count < 20 {
                    let response = try await client.fetch(OriginRequest(path: "/"), from: from)
                    #expect(response.status == 502)
                    count += 1
                }
                let error = await originError { try await client.fetch(OriginRequest(path: "/"), from: from) }
                #expect(error?.code == .breakerOpen)
                #expect((4...5).contains(error?.retryAfter ?? 0))
                #expect(server.requests.count == count)
                #expect(client.statistics.first?.isOpen == true)
                // Who else has the origin asks it over connections of its own.
                var other = from
                other.owner = "b/other"
                let answer = try await client.fetch(OriginRequest(path: "/"), from: other)
                #expect(answer.status == 502)
                #expect(client.statistics.count == 2)
            }
        }
    }

    @Test(
        "Errors that the origin answers with are not asked for again; what is to be kept or has a version is no failure",
        arguments: [
            ([("cache-control", "max-age=5")], 0), ([("expires", "Fri, 01 Jan 2038 01:01:01 GMT")], 0),
            ([("last-modified", "Fri, 01 Jan 2021 01:01:01 GMT")], 0), ([("etag", "\"e\"")], 0),
            ([("cache-control", "no-cache"), ("expires", "Thu, 19 Nov 1981 08:52:00 GMT")], 1), ([], 1),
        ] as [([(String, String)], Int)])
    func errors(fields: [(String, String)], failures: Int) async throws {
        try await RawServer.with({ _ in RawServer.answer(503, fields, []) }) { server in
            try await withClient { client in
                var from = description(server)
                from.retries = 2
                let response = try await client.fetch(OriginRequest(path: "/"), from: from)
                #expect(response.status == 503 && response.attempts == 1)
                #expect(client.statistics.first?.failures == failures)
            }
        }
    }

    @Test("Connections that the origin closes while they are kept cost no request")
    func closedConnections() async throws {
        try await RawServer.with({ _ in RawServer.answer(200, [], Array("ok".utf8)) + [.close] }) { server in
            try await withClient { client in
                let from = description(server)
                for _ in 0..<20 {
                    try await withThrowingTaskGroup(of: String.self) { group in
                        for _ in 0..<2 {
                            group.addTask { try await client.fetch(OriginRequest(path: "/"), from: from).text() }
                        }
                        for try await text in group { #expect(text == "ok") }
                    }
                    // All of them are closed by then. One that closes just as a request leaves costs that one a second try.
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(client.statistics.first?.failures == 0)
            }
        }
    }

    @Test("Nobody at the address is an unreachable origin, after all retries")
    func unreachable() async throws {
        let port = try await RawServer.with({ _ in [] }) { $0.port }
        try await withClient { client in
            var from = OriginDescription(.http(url: "http://127.0.0.1:\(port)"))
            from.retries = 1
            let error = await originError { try await client.fetch(OriginRequest(path: "/"), from: from) }
            #expect(error?.code == .unreachable)
            #expect(client.statistics.first?.attempts == 2)
        }
    }

    @Test("A visitor of a page that breaks its connection costs the origin few requests, and the other pages nothing")
    func breakingPage() async throws {
        try await RawServer.with({ $0.path == "/bad" ? [.close] : RawServer.answer(200) }) { server in
            try await withClient { client in
                var from = description(server)
                from.retries = 2
                let asked = from
                for round in 1...6 {
                    let error = await originError {
                        try await client.fetch(OriginRequest(path: "/bad"), from: asked)
                    }
                    #expect(error?.code == .badResponse || error?.code == .budgetSpent)
                    // Twice for each attempt, since a kept connection may have been closed just then.
                    #expect(server.requests.count <= round * 6)
                    try await Task.sleep(for: .milliseconds(450))
                }
                #expect(try await client.fetch(OriginRequest(path: "/good"), from: asked).status == 200)
                #expect(client.statistics.first?.isOpen == false)
            }
        }
    }

    @Test("Too many open requests are refused")
    func limit() async throws {
        try await RawServer.with({ _ in [.text("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")] }) { server in
            try await withClient { client in
                var from = description(server)
                from.maxConcurrent = 1
                let first = try await client.fetch(OriginRequest(path: "/"), from: from)
                let limited = from
                let error = await originError { try await client.fetch(OriginRequest(path: "/"), from: limited) }
                #expect(error?.code == .overloaded)
                first.body.stop()
                try await eventually("there is room again") { client.statistics.first?.inFlight == 0 }
                let second = try await client.fetch(OriginRequest(path: "/"), from: from)
                second.body.stop()
            }
        }
    }

    @Test("A redirect to another origin takes along what tells of loops, and not what was meant for the first")
    func redirectsKeepTheWay() async throws {
        try await RawServer.with({ request in
            RawServer.answer(200, [], Array("\(request.field("cdn-loop") ?? "") \(request.field("x-key") ?? "")".utf8))
        }) { target in
            try await RawServer.with({ _ in RawServer.answer(302, [("location", target.url + "/there")]) }) { server in
                try await withClient { client in
                    var from = description(server)
                    from.followsRedirects = true
                    from.addedFields = ["CDN-Loop": "none", "Via": "none", "X-Key": "secret"]
                    let response = try await client.fetch(OriginRequest(path: "/"), from: from)
                    #expect(try await response.text() == "skerry ")
                }
            }
        }
    }

    @Test("Redirects go to the visitor, or are followed, but not into the private network")
    func redirects() async throws {
        try await RawServer.with({ request in
            switch request.path {
            case "/private": RawServer.answer(302, [("location", "http://10.0.0.1/")])
            case "/metadata": RawServer.answer(302, [("location", "http://169.254.169.254/latest/")])
            case "/loop": RawServer.answer(302, [("location", "/loop")])
            case "/away": RawServer.answer(302, [("location", "/here")])
            default: RawServer.answer(200, [], Array(request.target.utf8))
            }
        }) { server in
            try await withClient { client in
                var from = description(server)
                let passed = try await client.fetch(OriginRequest(path: "/private"), from: from)
                #expect(passed.status == 302)
                #expect(passed.fields["location"] == "http://10.0.0.1/")
                from.followsRedirects = true
                let followed = try await client.fetch(OriginRequest(path: "/away"), from: from)
                let text = try await followed.text()
                #expect(text == "/here")
                let following = from
                for (path, code) in [
                    ("/private", OriginError.Code.refusedAddress), ("/metadata", .refusedAddress),
                    ("/loop", .badResponse),
                ] {
                    let error = await originError { try await client.fetch(OriginRequest(path: path), from: following) }
                    #expect(error?.code == code, "\(path)")
                }
            }
        }
    }

    @Test(
        "Private addresses and other protocols' ports are refused, by number or behind a name, unless the operator allows them",
        arguments: [
            "http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/",
            "http://[::ffff:10.0.0.1]/",
            "http://100.64.0.1/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://inner.test/",
            "http://mixed.test/", "http://93.184.215.14:25/", "http://[2606:2800:21f::1]:22/",
        ])
    func guarded(_ url: String) async throws {
        let names = FixedNames(["inner.test": ["127.0.0.1"], "mixed.test": ["93.184.215.14", "192.168.0.1"]])
        try await withClient({ $0.addresses = .init() }, resolver: names) { client in
            let error = await originError {
                try await client.fetch(OriginRequest(path: "/"), from: OriginDescription(.http(url: url)))
            }
            #expect(error?.code == .refusedAddress)
            #expect(error?.status == 502)
        }
    }

    @Test(
        "What the operator allows are names, addresses and blocks, with any port or one",
        arguments: [
            ("inner.test", true), ("INNER.test:8080", true), ("inner.test:8081", false), ("10.0.0.0/8", true),
            ("10.0.0.1:8080", true), ("10.0.0.0/8:443", false), ("10.0.0.2", false), ("[::1]:8080", false),
        ])
    func allowedWithPorts(_ text: String, _ isAllowed: Bool) async throws {
        let allowed = try #require(AllowedHost(text))
        let addresses = OriginAddresses(
            guardian: AddressGuard(), allowed: [allowed], resolver: FixedNames(["inner.test": ["10.0.0.1"]]))
        let found = try? await addresses.find(HTTPURL("http://inner.test:8080/"))
        #expect(found == (isAllowed ? [try #require(IPAddress("10.0.0.1"))] : nil))
        for wrong in ["", ":80", "a b", "inner.test:", "inner.test:0", "inner.test:65536", "http://a"] {
            #expect(AllowedHost(wrong) == nil, "\(wrong)")
        }
        for wrong in ["10.0.0.1/33", "10.0.0.300"] { #expect(AllowedHost(wrong) == nil, "\(wrong)") }
    }

    @Test("A name that the operator allows may have any address; the connection goes to the one that was found")
    func allowedNames() async throws {
        try await RawServer.with({ request in RawServer.answer(200, [], Array((request.field("host") ?? "").utf8)) }) {
            server in
            let names = FixedNames(["inner.test": ["127.0.0.1"]])
            try await withClient(
                {
                    $0.addresses = .init()
                    $0.allowedHosts = ["inner.test"].compactMap { AllowedHost($0) }
                }, resolver: names
            ) { client in
                let from = OriginDescription(.http(url: "http://inner.test:\(server.port)"))
                let response = try await client.fetch(OriginRequest(path: "/"), from: from)
                let text = try await response.text()
                #expect(text == "inner.test:\(server.port)")
            }
        }
    }

    @Test("Uploads stream to the origin")
    func uploads() async throws {
        try await RawServer.with({ request in RawServer.answer(201, [], Array(request.body.utf8)) }) { server in
            try await withClient { client in
                let stream = ByteStream()
                let request = OriginRequest(method: "PUT", path: "/x", body: .init(stream, length: 10))
                async let response = client.fetch(request, from: description(server))
                try await stream.write(ByteBuffer(string: "01234"))
                try await stream.write(ByteBuffer(string: "56789"))
                stream.finish()
                let answer = try await response
                #expect(answer.status == 201)
                let text = try await answer.text()
                #expect(text == "0123456789")
            }
        }
    }

    @Test("URLs that are none are named so", arguments: ["", "ftp://a.test", "http://", "a.test"])
    func badURLs(_ url: String) async throws {
        try await withClient { client in
            let error = #expect(throws: OriginError.self) { try client.check(OriginDescription(.http(url: url))) }
            #expect(error?.code == .badDescription)
        }
    }
}
