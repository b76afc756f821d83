import Gateway
import MachineProxy
import NIOCore
import Streams
import Synchronization
import Testing

@Suite("Requests to machines")
struct MachineProxyTests {
    @Test("A request reaches the machine as it was, and the answer comes back without what concerns the connection")
    func passes() async throws {
        try await RawServer.with({ _ in
            RawServer.answer(
                201, [("Content-Type", "text/plain"), ("Connection", "x-hop"), ("X-Hop", "1"), ("Skerry-Node", "lie")],
                Array("hello".utf8))
        }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let answer = try await proxy.content(
                    server.target,
                    request(
                        "POST", "/a?b=c", headers: [("host", "a.localhost"), ("x-forwarded-for", "1.2.3.4")],
                        bodyBytes: 4, body: .bytes(ByteBuffer(string: "body"))))
                #expect(answer.status == 201 && answer.contentLength == 5 && !answer.isStream)
                #expect(answer["content-type"] == "text/plain" && answer.fields.count == 1)
                #expect(try await answer.text() == "hello")
                let seen = try #require(server.requests.first)
                #expect(seen.method == "POST" && seen.target == "/a?b=c" && seen.body == "body")
                #expect(seen.field("host") == "a.localhost" && seen.field("x-forwarded-for") == "1.2.3.4")
            }
        }
    }

    @Test("Interim answers are passed on to whoever listens, sixteen at most, and never 100")
    func interim() async throws {
        let hints = "HTTP/1.1 103 E\r\nLink: </a.css>\r\nConnection: x-hop\r\nX-Hop: 1\r\nContent-Length: 5\r\n\r\n"
        let ahead = "HTTP/1.1 100 Continue\r\n\r\n" + String(repeating: hints, count: 17)
        try await RawServer.with({ _ in [.text(ahead)] + RawServer.answer(200, [], Array("x".utf8)) }) {
            (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let heard = Mutex<[String]>([])
                let listening = request { status, fields in
                    let lines = fields.map { "\($0.name): \($0.value)" }
                    heard.withLock { $0.append("\(status) \(lines.joined(separator: ", "))") }
                }
                #expect(try await proxy.content(server.target, listening).text() == "x")
                #expect(heard.withLock { $0 } == Array(repeating: "103 link: </a.css>", count: 16))
                #expect(try await proxy.content(server.target, request()).text() == "x")
                #expect(server.connectionCount == 1)
            }
        }
    }

    @Test(
        "A field that says how a body is framed reaches no machine, however another node writes it",
        arguments: ["Content-Length", "Transfer-Encoding", "CONNECTION", "Upgrade"])
    func framing(_ name: String) async throws {
        try await RawServer.with({ _ in RawServer.answer(200, [], Array("x".utf8)) }) {
            (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let forged = request(headers: [("host", "a.localhost"), (name, "chunked")])
                #expect(await proxy.failure(server.target, forged)?.error.code == .badRequest)
                #expect(server.requests.isEmpty)
            }
        }
    }

    @Test("Connections are kept, one for requests one after the other")
    func keeps() async throws {
        try await RawServer.with({ _ in RawServer.answer(200, [], Array("x".utf8)) }) {
            (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                for _ in 0..<20 { #expect(try await proxy.content(server.target, request()).text() == "x") }
                #expect(server.requests.count == 20)
                #expect(server.connectionCount == 1)
            }
        }
    }

    @Test("A kept connection that was closed meanwhile costs no repeatable request")
    func stale() async throws {
        let count = Mutex(0)
        try await RawServer.with({ _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            // Reads the second request of each connection and says nothing.
            return number % 2 == 0 ? [.close] : RawServer.answer(200, [], Array("x".utf8))
        }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                #expect(try await proxy.content(server.target, request()).text() == "x")
                #expect(try await proxy.content(server.target, request()).text() == "x")
                #expect(server.requests.count == 3)
                let failure = await proxy.failure(
                    server.target, request("POST", bodyBytes: 1, body: .bytes(ByteBuffer(string: "y"))))
                #expect(failure?.mayHaveRun == true && failure?.isFault == true)
            }
        }
    }

    @Test("A body is streamed both ways, with a length and without")
    func streams() async throws {
        let part = String(repeating: "z", count: 100_000)
        try await RawServer.with({ seen in
            [.text("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")]
                + [.text("186a0\r\n\(part)\r\n0\r\n\r\n")]
        }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let stream = ByteStream()
                stream.append(ByteBuffer(string: "ab"))
                stream.append(ByteBuffer(string: "cd"))
                stream.finish()
                let answer = try await proxy.content(
                    server.target, request("PUT", bodyBytes: 4, body: .stream(stream)))
                #expect(answer.isStream && answer.contentLength == nil)
                #expect(try await answer.text() == "hello" + part)
                #expect(server.requests.first?.body == "abcd")
            }
        }
    }

    @Test("A body of unknown length goes out in chunks")
    func chunks() async throws {
        try await RawServer.with({ _ in RawServer.answer(200) }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let stream = ByteStream()
                stream.append(ByteBuffer(string: "RAW chunk HTTP/1.1\r\n\r\n"))
                stream.finish()
                _ = try await proxy.content(server.target, request("PUT", bodyBytes: nil, body: .stream(stream)))
                #expect(server.requests.first?.field("transfer-encoding") == "chunked")
                #expect(server.requests.first?.field("content-length") == nil)
            }
        }
    }

    @Test("A reader that takes nothing holds the machine back")
    func backPressure() async throws {
        let parts = 400
        try await RawServer.with({ _ in
            [.text("HTTP/1.1 200 OK\r\ncontent-length: \(parts << 16)\r\n\r\n"), .flood(parts: parts)]
        }) { (server: RawServer) async throws -> Void in
            try await withProxy({
                $0.bodyTimeout = .seconds(1)
                $0.sweepInterval = .milliseconds(10)
            }) { (proxy: MachineProxy) async throws -> Void in
                let answer = try await proxy.content(server.target, request())
                guard case .stream(let stream) = answer.body else { throw Unexpected() }
                // Until the kernel's buffers are full; then nothing moves.
                var before = -1
                while before != server.floodedBytes {
                    before = server.floodedBytes
                    try await Task.sleep(for: .milliseconds(300))
                }
                // It is not the machine that is waited for.
                try await Task.sleep(for: .milliseconds(1_500))
                #expect(server.floodedBytes < parts << 16)
                #expect(stream.bufferedBytes < 4 << 20)
                let whole = try await stream.collect(limit: 64 << 20)
                #expect(whole.readableBytes == parts << 16)
            }
        }
    }

    @Test("HEAD, 204 and 304 have no body")
    func bodiless() async throws {
        try await RawServer.with({ seen in
            seen.method == "HEAD"
                ? [.text("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n")]
                : [.text("HTTP/1.1 \(seen.path.dropFirst()) X\r\netag: \"a\"\r\n\r\n")]
        }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let head = try await proxy.content(server.target, request("HEAD"))
                #expect(head.contentLength == 7)
                #expect(try await head.text() == "")
                #expect(try await proxy.content(server.target, request("GET", "/204")).status == 204)
                #expect(try await proxy.content(server.target, request("GET", "/304"))["etag"] == "\"a\"")
                #expect(server.connectionCount == 1)
            }
        }
    }

    @Test(
        "A machine's fault is said, and its connection is not used again",
        arguments: [
            "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "HTTP/1.1 101 X\r\n\r\n", "",
        ])
    func faults(_ text: String) async throws {
        try await RawServer.with({ _ in [.text(text), .close] }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let failure = await proxy.failure(server.target, request())
                #expect(failure?.error.code == .machineBadResponse)
                #expect(failure?.mayHaveRun == true && failure?.isFault == true)
                _ = await proxy.failure(server.target, request())
                #expect(server.connectionCount == 2)
            }
        }
    }

    @Test("An answer that breaks off after it was passed on fails its stream")
    func breaksOff() async throws {
        try await RawServer.with({ _ in
            [.text("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n"), .close]
        }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let outcome: Result<String, any Error>
                do { outcome = .success(try await proxy.content(server.target, request()).text()) } catch {
                    outcome = .failure(error)
                }
                #expect(throws: (any Error).self) { try outcome.get() }
            }
        }
    }

    @Test("Bytes behind an answer are never taken for the next one")
    func smuggled() async throws {
        try await RawServer.with({ _ in
            [.text("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")]
        }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                for _ in 0..<3 { #expect(try await proxy.content(server.target, request()).text() == "a") }
                #expect(server.connectionCount == 3)
            }
        }
    }

    @Test("Nobody there, no answer in time, and too many connections are different failures")
    func limits() async throws {
        let gone = try await RawServer.with({ _ in [] }) { $0.target }
        try await withProxy { (proxy: MachineProxy) async throws -> Void in
            let failure = await proxy.failure(gone, request())
            #expect(failure?.error.code == .machineUnavailable)
            #expect(failure?.mayHaveRun == false && failure?.isFault == true)
        }
        try await RawServer.with({ _ in [] }) { (server: RawServer) async throws -> Void in
            try await withProxy({
                $0.answerTimeout = .milliseconds(200)
                $0.sweepInterval = .milliseconds(20)
            }) { (proxy: MachineProxy) async throws -> Void in
                let failure = await proxy.failure(server.target, request())
                #expect(failure?.error.code == .machineTimeout && failure?.mayHaveRun == true)
            }
            try await withProxy({ $0.maxConnections = 1 }) { (proxy: MachineProxy) async throws -> Void in
                async let first = proxy.failure(server.target, request())
                #expect(await eventually { server.requests.count == 2 })
                let second = await proxy.failure(server.target, request())
                #expect(second?.error.code == .machineOverloaded && second?.mayHaveRun == false)
                proxy.close()
                #expect(await first?.error.code == .machineBadResponse)
            }
        }
    }

    @Test("A client that goes away ends the machine's work")
    func cancelled() async throws {
        try await RawServer.with({ _ in [] }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let cancellation = Cancellation()
                async let failure = proxy.failure(server.target, request(cancellation: cancellation))
                #expect(await eventually { server.requests.count == 1 })
                cancellation.cancel()
                #expect(await failure?.isOthersToTry == false)
                #expect(await eventually { server.openCount == 0 })
            }
        }
    }

    @Test("An upgraded connection passes bytes both ways, what came with the head too")
    func upgrades() async throws {
        try await RawServer.with({ seen in
            seen.method == "GET"
                ? [
                    .text(
                        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: a\r\n\r\nhi"
                    )
                ]
                : [.text("echo \(seen.body)"), .close]
        }) { (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let tunnel = try await proxy.tunnel(server.target, request(upgrade: "websocket"))
                #expect(tunnel.headers.map(\.name) == ["sec-websocket-accept", "upgrade"])
                #expect(server.requests.first?.field("connection") == "upgrade")
                let sent = ByteStream()
                tunnel.start(sent)
                sent.append(ByteBuffer(string: "RAW x y\r\ncontent-length: 4\r\n\r\nbody"))
                #expect(String(buffer: try await tunnel.toClient.collect(limit: 100)) == "hiecho body")
                sent.finish()
            }
        }
        try await RawServer.with({ _ in RawServer.answer(426, [], Array("no".utf8)) }) {
            (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let answer = try await proxy.content(server.target, request(upgrade: "websocket"))
                #expect(answer.status == 426)
                #expect(try await answer.text() == "no")
            }
        }
    }

    @Test("A raw connection passes bytes and the end of each half")
    func raw() async throws {
        try await RawServer.with({ seen in [.text("got \(seen.body)"), .close] }) {
            (server: RawServer) async throws -> Void in
            try await withProxy { (proxy: MachineProxy) async throws -> Void in
                let tunnel = try await proxy.connect(to: server.target, on: loop).get()
                let sent = ByteStream()
                tunnel.start(sent)
                sent.append(ByteBuffer(string: "X y z\r\ncontent-length: 2\r\n\r\nok"))
                #expect(String(buffer: try await tunnel.toClient.collect(limit: 100)) == "got ok")
                sent.finish()
            }
        }
    }
}
