import Functions
import NIOCore
import NIOHTTP1
import Streams
import Testing

@testable import FunctionServices

@Suite(.serialized) struct FetchStreamTests {
    private func fetch(_ services: HostServices, _ argument: String, body: FunctionBody = .bytes(ByteBuffer()))
        async throws -> HostAnswer
    {
        try await services.answer(makeCall("fetch", argument, body: body))
    }

    private static let mebibyte = [UInt8](repeating: 7, count: 1 << 20)

    @Test func streamedBodiesGoOutAndComeBack() async throws {
        try await OriginServer.with { request, answer in
            try await answer.head(200)
            for start in stride(from: 0, to: request.body.count, by: 50_000) {
                try await answer.part(Array(request.body[start..<min(start + 50_000, request.body.count)]))
            }
            try await answer.end()
        } _: { server in
            try await withServices { services in
                let part = (0..<30_001).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
                let bytes = (0..<100).reduce(into: [UInt8]()) { all, _ in all += part }
                let stream = ByteStream()
                let sender = Task {
                    for start in stride(from: 0, to: bytes.count, by: 70_000) {
                        try await stream.write(ByteBuffer(bytes: bytes[start..<min(start + 70_000, bytes.count)]))
                    }
                    stream.finish()
                }
                let argument = #"{"url": "http://127.0.0.1:\#(server.port)/", "method": "PUT", "hasBody": true}"#
                let answer = try await fetch(services, argument, body: .stream(stream))
                #expect(try await answer.bytes() == bytes)
                try await sender.value
                #expect(server.requests.first?.headers["transfer-encoding"] == ["chunked"])
            }
        }
    }

    @Test func declaredLengthsAreKeptAndChecked() async throws {
        try await OriginServer.with { request, answer in
            try await answer.whole(200, [], "\(request.body.count)")
        } _: { server in
            try await withServices { services in
                func send(_ length: Int) async throws -> HostAnswer {
                    let stream = ByteStream()
                    stream.append(ByteBuffer(string: "12345"))
                    stream.finish()
                    return try await fetch(
                        services,
                        """
                        {"url": "http://127.0.0.1:\(server.port)/", "method": "PUT",
                        "headers": [["content-length", "\(length)"]]}
                        """, body: .stream(stream))
                }
                let answer = try await send(5)
                #expect(try await answer.text() == "5")
                #expect(server.requests.first?.headers["content-length"] == ["5"])
                #expect(await failure { try await send(4).value }.code == "fetch/failed")
                #expect(await failure { try await send(6).value }.code == "fetch/failed")
            }
        }
    }

    @Test func endlessAnswersWaitForTheirReader() async throws {
        let sent = Counts()
        try await OriginServer.with { _, answer in
            try await answer.head(200)
            while true {
                try await answer.part(Self.mebibyte)
                sent.increment("bytes", by: Self.mebibyte.count)
            }
        } _: { server in
            try await withServices { services in
                let answer = try await fetch(services, #"{"url": "http://127.0.0.1:\#(server.port)/"}"#)
                guard case .stream(let stream) = answer.body else {
                    Issue.record("the body should be a stream")
                    return
                }
                var taken = 0
                for _ in 0..<20 { taken += try await stream.next()?.readableBytes ?? 0 }
                // Nobody reads now: what is on its way is bounded by the socket's buffers and the window.
                var last = -1
                try await eventually("the server must stop") {
                    try await Task.sleep(for: .milliseconds(200))
                    defer { last = sent["bytes"] }
                    return sent["bytes"] == last
                }
                #expect(sent["bytes"] - taken < 64 << 20, "loopback's sockets hold some 20 MiB")
                stream.stop()
                try await eventually("the connection must end") { server.counts["closed"] == server.counts["opened"] }
            }
        }
    }

    @Test func answersThatStopFail() async throws {
        try await OriginServer.with { _, answer in
            try await answer.head(200, [("content-length", "10")])
            try await answer.part(Array("12345".utf8))
            try await Task.sleep(for: .seconds(30))
        } _: { server in
            try await withServices({ $0.fetch.idleTimeout = .milliseconds(300) }) { services in
                let answer = try await fetch(services, #"{"url": "http://127.0.0.1:\#(server.port)/"}"#)
                let wrong = await failure { try await answer.bytes() }
                #expect(wrong.code == "fetch/timeout")
                try await eventually("the connection must end") { server.counts["closed"] == 1 }
            }
        }
    }

    @Test func slowReadersAreNoTimeout() async throws {
        try await OriginServer.with { _, answer in
            try await answer.head(200)
            for _ in 0..<8 { try await answer.part(Self.mebibyte) }
            try await answer.end()
        } _: { server in
            try await withServices({ $0.fetch.idleTimeout = .milliseconds(300) }) { services in
                let answer = try await fetch(services, #"{"url": "http://127.0.0.1:\#(server.port)/"}"#)
                try await Task.sleep(for: .seconds(1))
                #expect(try await answer.bytes().count == 8 << 20)
            }
        }
    }

    @Test func answersThatBreakFail() async throws {
        try await OriginServer.with { _, answer in
            try await answer.head(200, [("content-length", "10")])
            try await answer.part(Array("12345".utf8))
            throw CancellationError()
        } _: { server in
            try await withServices { services in
                let answer = try await fetch(services, #"{"url": "http://127.0.0.1:\#(server.port)/"}"#)
                let wrong = await failure { try await answer.bytes() }
                #expect(wrong.code == "fetch/failed")
            }
        }
    }

    @Test func serversThatDoNotAnswerTimeOut() async throws {
        try await OriginServer.with { _, _ in
            try await Task.sleep(for: .seconds(30))
        } _: { server in
            try await withServices({ $0.fetch.headTimeout = .milliseconds(300) }) { services in
                let wrong = await failure {
                    try await fetch(services, #"{"url": "http://127.0.0.1:\#(server.port)/"}"#).value
                }
                #expect(wrong.code == "fetch/timeout")
                try await eventually("the connection must end") { server.counts["closed"] == 1 }
            }
        }
    }

    @Test func cancelledCallsEndTheirConnection() async throws {
        try await OriginServer.with { _, _ in
            try await Task.sleep(for: .seconds(30))
        } _: { server in
            try await withServices { services in
                let argument = #"{"url": "http://127.0.0.1:\#(server.port)/"}"#
                let task = Task { try await services.answer(makeCall("fetch", argument)) }
                try await eventually("the request must arrive") { server.counts["heads"] == 1 }
                task.cancel()
                let result = await task.result
                #expect(throws: HostCallError.self) { try result.get() }
                try await eventually("the connection must end") { server.counts["closed"] == 1 }
            }
        }
    }

    @Test func appsHaveTheirOwnBudget() async throws {
        try await OriginServer.with { _, answer in
            try await answer.head(200)
            try await answer.part([1])
            try await Task.sleep(for: .seconds(30))
        } _: { server in
            try await withServices({ $0.fetch.maxConcurrentPerApp = 2 }) { services in
                let argument = #"{"url": "http://127.0.0.1:\#(server.port)/"}"#
                let first = try await fetch(services, argument)
                _ = try await fetch(services, argument)
                #expect(await failure { try await fetch(services, argument).value }.code == "fetch/limit")
                let other = FunctionVersion(tenant: "owner/other", release: "r1")
                _ = try await services.answer(makeCall("fetch", argument, version: other))
                if case .stream(let stream) = first.body { stream.stop() }
                try await eventually("a place must become free") {
                    (try? await fetch(services, argument)) != nil
                }
            }
            try await withServices({
                $0.fetch.callBurst = 2
                $0.fetch.callsPerSecond = 0.001
            }) { services in
                let argument = #"{"url": "http://10.0.0.1/"}"#
                for _ in 0..<2 {
                    #expect(await failure { try await fetch(services, argument).value }.code == "fetch/refused")
                }
                #expect(await failure { try await fetch(services, argument).value }.code == "fetch/limit")
            }
        }
    }

    @Test func hugeHeadersOfAnswersAreALimit() async throws {
        try await OriginServer.with { request, answer in
            let count = request.target == "/many" ? FetchHeaders.maxResponseLines + 1 : 1
            let value = request.target == "/many" ? "y" : String(repeating: "y", count: 70_000)
            try await answer.whole(200, Array(repeating: ("x", value), count: count))
        } _: { server in
            try await withServices { services in
                for path in ["/many", "/long"] {
                    let wrong = await failure {
                        try await fetch(services, #"{"url": "http://127.0.0.1:\#(server.port)\#(path)"}"#).value
                    }
                    #expect(wrong.code == "fetch/limit", "\(path)")
                }
                #expect(services.openBodies == 0)
            }
        }
    }

    @Test func connectionsAreUsedAgain() async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200, [], "x")
        } _: { server in
            try await withServices { services in
                for _ in 0..<10 {
                    let answer = try await fetch(services, #"{"url": "http://127.0.0.1:\#(server.port)/"}"#)
                    #expect(try await answer.text() == "x")
                }
                #expect(server.counts["opened"] == 1)
                #expect(server.requests.count == 10)
            }
        }
    }

    @Test func closedConnectionsAreTriedOnceMore() async throws {
        try await OriginServer.with { request, answer in
            if request.target == "/once" { try await answer.whole(200, [], "x") }
            throw CancellationError()
        } _: { server in
            try await withServices { services in
                let url = "http://127.0.0.1:\(server.port)"
                // The server closes after each answer, without a word.
                for _ in 0..<3 {
                    let answer = try await fetch(services, #"{"url": "\#(url)/once"}"#)
                    #expect(try await answer.text() == "x")
                    try await connectionsEnd(server)
                }
                let never = #"{"url": "\#(url)/never"}"#
                #expect(await failure { try await fetch(services, never).value }.code == "fetch/failed")
                #expect(server.requests.filter { $0.target == "/never" }.count == 2)
                try await connectionsEnd(server)
                let post = #"{"url": "\#(url)/post", "method": "POST"}"#
                #expect(await failure { try await fetch(services, post).value }.code == "fetch/failed")
                #expect(server.requests.filter { $0.target == "/post" }.count == 1)
            }
        }
    }

    /// Waits until the server has closed its connections, and some time for the client to see that.
    private func connectionsEnd(_ server: OriginServer) async throws {
        try await eventually("the connections must end") { server.counts["closed"] == server.counts["opened"] }
        try await Task.sleep(for: .milliseconds(100))
    }

    @Test func clientsAreFewAndEndedWhenUnused() async throws {
        try await OriginServer.with { _, answer in
            try await answer.whole(200, [], "x")
        } _: { server in
            let names = FixedNames(
                Dictionary(uniqueKeysWithValues: (0..<20).map { ("n\($0).test", [["127.0.0.1"]]) }))
            try await withServices({ $0.fetch.maxClients = 4 }, resolver: names) { services in
                for number in 0..<20 {
                    let answer = try await fetch(services, #"{"url": "http://n\#(number).test:\#(server.port)/"}"#)
                    #expect(try await answer.text() == "x")
                    try await eventually("the call must end") { services.openBodies == 0 }
                }
                try await eventually("old connections must end") {
                    server.counts["opened"] - server.counts["closed"] <= 4
                }
                #expect(server.counts["opened"] == 20)
            }
        }
    }
}
