import Functions
import NIOCore
import NIOHTTP1
import Outbound
import Streams
import Testing

@testable import FunctionServices

@Suite(.serialized) struct FetchTests {
    private func fetch(
        _ services: HostServices, _ argument: String, body: FunctionBody = .bytes(ByteBuffer()), trace: String? = nil
    ) async throws -> HostAnswer {
        try await services.answer(makeCall("fetch", argument, body: body, trace: trace))
    }

    private func bytes(_ text: String) -> FunctionBody { .bytes(ByteBuffer(string: text)) }

    @Test func requestsAndAnswersCross() async throws {
        try await OriginServer.with { request, answer in
            try await answer.whole(
                201,
                [
                    ("X-A", "1"), ("x-a", "2"), ("Connection", "x-gone"), ("X-Gone", "1"),
                    ("content-type", "text/plain"),
                ],
                "got \(String(decoding: request.body, as: UTF8.self))")
        } _: { server in
            try await withServices { services in
                let answer = try await fetch(
                    services,
                    """
                    {"url": "http://user:secret@127.0.0.1:\(server.port)/a/../b?c=d#e", "method": "post",
                    "headers": [["X-B", "c"], ["connection", "x-d"], ["x-d", "e"], ["host", "evil.test"]], "hasBody": true}
                    """, body: bytes("hello"))
                #expect(answer.json["status"] as? Int == 201)
                #expect(answer.json["url"] as? String == "http://127.0.0.1:\(server.port)/b?c=d")
                #expect(answer.json["redirected"] as? Bool == false)
                #expect(answer.json["statusText"] as? String == "Created")
                let headers = answer.json["headers"] as? [[String]]
                #expect(headers?.filter { $0[0] == "x-a" } == [["x-a", "1"], ["x-a", "2"]])
                #expect(answer.header("connection") == nil && answer.header("x-gone") == nil)
                #expect(try await answer.text() == "got hello")
                let request = try #require(server.requests.first)
                #expect(request.method == "POST")
                #expect(request.target == "/b?c=d")
                #expect(request.headers["host"] == ["127.0.0.1:\(server.port)"])
                #expect(request.headers["x-b"] == ["c"])
                #expect(request.headers["content-length"] == ["5"])
                #expect(request.headers["user-agent"] == ["Skerry"])
                for name in ["authorization", "x-d", "connection", "accept-encoding", "transfer-encoding"] {
                    #expect(!request.headers.contains(name: name))
                }
            }
        }
    }

    @Test func namesLeadToCheckedAddressesWithTheirOwnCertificate() async throws {
        try await OriginServer.with(tls: true) { _, answer in
            try await answer.whole(200, [], "secret")
        } _: { server in
            let names = FixedNames(["origin.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]])
            try await withServices(resolver: names) { services in
                let answer = try await fetch(services, #"{"url": "https://origin.test:\#(server.port)/"}"#)
                #expect(try await answer.text() == "secret")
                #expect(server.requests.first?.headers["host"] == ["origin.test:\(server.port)"])
                let wrong = await failure {
                    try await fetch(services, #"{"url": "https://other.test:\#(server.port)/"}"#).value
                }
                #expect(wrong.code == "fetch/failed")
                #expect(wrong.message.contains("no secure connection"))
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func certificatesOfStrangersAreRefused() async throws {
        try await OriginServer.with(tls: true) { _, answer in
            try await answer.whole(200)
        } _: { server in
            let change: (inout HostServices.Settings) -> Void = { $0.fetch.extraTrustRoots = [] }
            try await withServices(change, resolver: FixedNames(["origin.test": [["127.0.0.1"]]])) { services in
                let wrong = await failure {
                    try await fetch(services, #"{"url": "https://origin.test:\#(server.port)/"}"#).value
                }
                #expect(wrong.message.contains("no secure connection"))
                #expect(server.counts["heads"] == 0)
            }
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:PORT/", "http://localhost:PORT/", "http://[::1]:PORT/", "http://[::ffff:127.0.0.1]:PORT/",
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://0.0.0.0:PORT/", "http://[::]:PORT/",
        "http://[64:ff9b::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/", "http://inside.test:PORT/",
        "http://mixed.test:PORT/", "http://six.test:PORT/",
    ])
    func privateAddressesAreRefused(_ url: String) async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200, [], "inside")
        } _: { server in
            let names = FixedNames([
                "localhost": [["127.0.0.1"]], "inside.test": [["192.168.1.1"]],
                "mixed.test": [["8.8.8.8", "127.0.0.1"]],
                "six.test": [["fd00::1"]],
            ])
            try await withServices({ $0.fetch.addresses = AddressGuard() }, resolver: names) { services in
                let wrong = await failure {
                    let url = url.replacing("PORT", with: "\(server.port)")
                    return try await fetch(services, #"{"url": "\#(url)"}"#).value
                }
                #expect(wrong.code == "fetch/refused")
                #expect(wrong.message.contains("public addresses only"))
                #expect(server.counts["opened"] == 0)
            }
        }
    }

    @Test func theSystemsLocalhostIsRefusedAndAllowed() async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200, [], "here")
        } _: { server in
            let argument = #"{"url": "http://localhost:\#(server.port)/"}"#
            try await withServices({ $0.fetch.addresses = AddressGuard() }) { services in
                #expect(await failure { try await fetch(services, argument).value }.code == "fetch/refused")
            }
            try await withServices { services in
                let answer = try await fetch(services, argument)
                #expect(try await answer.text() == "here")
            }
        }
    }

    @Test func aSecondAnswerCannotDiffer() async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200, [], "inside")
        } _: { server in
            // The first answer passes the guard; what the name leads to afterwards must not matter.
            let names = FixedNames(["rebind.test": [["127.0.0.1"], ["10.0.0.1"]]])
            try await withServices(resolver: names) { services in
                let argument = #"{"url": "http://rebind.test:\#(server.port)/"}"#
                let answer = try await fetch(services, argument)
                #expect(try await answer.text() == "inside")
                #expect(names.count("rebind.test") == 1)
                #expect(await failure { try await fetch(services, argument).value }.code == "fetch/refused")
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func otherAddressesAreTriedIfConnectingFails() async throws {
        try await OriginServer.with { request, answer in
            try await answer.whole(200, [], String(decoding: request.body, as: UTF8.self))
        } _: { server in
            let names = FixedNames([
                "two.test": [["127.0.0.9", "127.0.0.1"]], "none.test": [["127.0.0.9"]], "empty.test": [],
            ])
            try await withServices(resolver: names) { services in
                let stream = ByteStream()
                stream.append(ByteBuffer(string: "body"))
                stream.finish()
                let argument = #"{"url": "http://two.test:\#(server.port)/", "method": "POST"}"#
                let answer = try await fetch(services, argument, body: .stream(stream))
                #expect(try await answer.text() == "body")
                let none = await failure {
                    try await fetch(services, #"{"url": "http://none.test:\#(server.port)/"}"#).value
                }
                #expect(none.code == "fetch/failed")
                #expect(none.message.contains("cannot connect to none.test"))
                let empty = await failure { try await fetch(services, #"{"url": "http://empty.test/"}"#).value }
                #expect(empty.message.contains("has no address"))
            }
        }
    }

    @Test func redirectsAreFollowedAndCheckedAgain() async throws {
        try await OriginServer.with { request, answer in
            switch request.target {
            case "/start": try await answer.whole(302, [("Location", "/next")], "old")
            case "/next": try await answer.whole(308, [("Location", "end?x")])
            case "/metadata": try await answer.whole(302, [("Location", "http://169.254.169.254/latest/")])
            case "/inside": try await answer.whole(302, [("Location", "http://inside.test/")])
            case "/odd": try await answer.whole(302, [("Location", "http://0x7f.1/")])
            case "/port": try await answer.whole(302, [("Location", "http://127.0.0.1:25/")])
            case "/file": try await answer.whole(302, [("Location", "file:///etc/passwd")])
            case "/loop": try await answer.whole(302, [("Location", "/loop")])
            default: try await answer.whole(200, [], request.method + request.target)
            }
        } _: { server in
            try await withServices(resolver: FixedNames(["inside.test": [["10.0.0.1"]]])) { services in
                let base = "http://127.0.0.1:\(server.port)"
                let answer = try await fetch(
                    services, #"{"url": "\#(base)/start", "method": "POST"}"#, body: bytes("x"))
                #expect(answer.json["url"] as? String == "\(base)/end?x")
                #expect(answer.json["redirected"] as? Bool == true)
                #expect(try await answer.text() == "GET/end?x")
                for path in ["/metadata", "/inside", "/port"] {
                    let wrong = await failure { try await fetch(services, #"{"url": "\#(base)\#(path)"}"#).value }
                    #expect(wrong.code == "fetch/refused", "\(path)")
                }
                for path in ["/odd", "/file", "/loop"] {
                    let wrong = await failure { try await fetch(services, #"{"url": "\#(base)\#(path)"}"#).value }
                    #expect(wrong.code == "fetch/failed", "\(path)")
                }
                #expect(server.requests.filter { $0.target == "/loop" }.count == FetchHop.maxRedirects + 1)
                let manual = try await fetch(services, #"{"url": "\#(base)/start", "redirect": "manual"}"#)
                #expect(manual.json["status"] as? Int == 302)
                #expect(manual.header("location") == "/next")
                #expect(try await manual.text() == "old")
                let wrong = await failure {
                    try await fetch(services, #"{"url": "\#(base)/start", "redirect": "error"}"#).value
                }
                #expect(wrong.code == "fetch/failed")
            }
        }
    }

    @Test func credentialsDoNotFollowToOtherOrigins() async throws {
        try await OriginServer.with { request, answer in
            if request.target == "/start" {
                let port = request.headers["x-port"].first ?? ""
                try await answer.whole(307, [("Location", "http://b.test:\(port)/end")])
            } else {
                try await answer.whole(200)
            }
        } _: { server in
            let names = FixedNames(["a.test": [["127.0.0.1"]], "b.test": [["127.0.0.1"]]])
            try await withServices(resolver: names) { services in
                _ = try await fetch(
                    services,
                    """
                    {"url": "http://a.test:\(server.port)/start",
                    "headers": [["authorization", "Bearer x"], ["cookie", "a=b"], ["x-port", "\(server.port)"]]}
                    """)
                #expect(server.requests.map { $0.headers.contains(name: "authorization") } == [true, false])
                #expect(server.requests.map { $0.headers.contains(name: "cookie") } == [true, false])
                #expect(server.requests.last?.headers["host"] == ["b.test:\(server.port)"])
            }
        }
    }

    @Test(arguments: [
        #"{"url": "http://127.0.0.1:PORT/", "headers": [["x", "a\r\nx-evil: 1"]]}"#,
        #"{"url": "http://127.0.0.1:PORT/", "headers": [["x\r\nx-evil", "a"]]}"#,
        #"{"url": "http://127.0.0.1:PORT/", "headers": [["x", "a\u0000"]]}"#,
        #"{"url": "http://127.0.0.1:PORT/", "method": "GET / HTTP/1.1\r\nx-evil: 1\r\n\r\nGET"}"#,
        #"{"url": "http://127.0.0.1:PORT/", "method": "CONNECT"}"#,
        #"{"url": "http://127.0.0.1:PORT/", "method": "TRACE"}"#,
        #"{"url": "http://127.0.0.1:PORT/", "headers": [["x"]]}"#,
        #"{"url": "http://127.0.0.1:PORT\r\nx-evil: 1/"}"#,
        #"{"url": "http://127.0.0.1:PORT/", "hasBody": true}"#,
        #"{"url": "ftp://127.0.0.1:PORT/"}"#, #"{"url": ""}"#,
    ])
    func injectionsNeverReachTheServer(_ argument: String) async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200)
        } _: { server in
            try await withServices { services in
                let argument = argument.replacing("PORT", with: "\(server.port)")
                let wrong = await failure { try await fetch(services, argument).value }
                #expect(wrong.code == "fetch/failed")
                #expect(server.counts["opened"] == 0)
            }
        }
    }

    @Test func linesInPathsAreEscaped() async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200)
        } _: { server in
            try await withServices { services in
                let argument = #"{"url": "http://127.0.0.1:\#(server.port)/a\r\nx-evil: 1\r\n\r\n?b\nc d"}"#
                let answer = try await fetch(services, argument)
                #expect(answer.json["status"] as? Int == 200)
                #expect(server.requests.first?.target == "/a%0D%0Ax-evil:%201%0D%0A%0D%0A?b%0Ac%20d")
                #expect(server.requests.first?.headers.contains(name: "x-evil") == false)
            }
        }
    }

    @Test(arguments: ["{}", "", "nonsense", #"{"url": 1}"#, #"{"url": "http://a/", "redirect": "sideways"}"#, "[]"])
    func badArgumentsAreNamed(_ argument: String) async throws {
        try await withServices { services in
            #expect(await failure { try await fetch(services, argument).value }.code == "host/argument")
        }
    }

    @Test func blockedPortsAreRefused() async throws {
        try await withServices { services in
            for port in [22, 25, 6000, 6667, 10_080] {
                let wrong = await failure { try await fetch(services, #"{"url": "http://127.0.0.1:\#(port)/"}"#).value }
                #expect(wrong.code == "fetch/refused")
            }
        }
    }

    @Test func tracesAreForwarded() async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200)
        } _: { server in
            try await withServices { services in
                let (trace, own) = (
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    "00-11111111111111111111111111111111-b7ad6b7169203331-00"
                )
                let url = "http://127.0.0.1:\(server.port)/"
                _ = try await fetch(services, #"{"url": "\#(url)"}"#, trace: trace)
                _ = try await fetch(
                    services, #"{"url": "\#(url)", "headers": [["traceparent", "\#(own)"]]}"#, trace: trace)
                _ = try await fetch(services, #"{"url": "\#(url)"}"#)
                #expect(server.requests.map { $0.headers["traceparent"] } == [[trace], [own], []])
            }
        }
    }
}
