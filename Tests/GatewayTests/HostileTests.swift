import Dispatch
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

#if canImport(Glibc)
    import Glibc
#endif

/// What hostile clients send and leave unsent, over real sockets.
@Suite("Hostile clients")
struct HostileTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        let name: String
        let text: String
        var status = 400

        var testDescription: String { name }
    }

    private static let hidden = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: echo.localhost\r\n"

    static let shapes: [Shape] = [
        Shape(name: "CL.TE", text: post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden),
        Shape(name: "TE.CL", text: post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hidden),
        Shape(
            name: "TE.TE",
            text: post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden),
        Shape(
            name: "TE with another coding last",
            text: post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + hidden),
        Shape(
            name: "TE with a coding that is unknown",
            text: post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden),
        Shape(
            name: "TE with a vertical tab", text: post + "Transfer-Encoding: \u{0b}chunked\r\n\r\n0\r\n\r\n" + hidden),
        Shape(name: "TE behind a blank", text: post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden),
        Shape(name: "TE in HTTP/1.0", text: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden),
        Shape(name: "CL twice, different", text: post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + hidden),
        Shape(name: "CL twice, equal", text: post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + hidden),
        Shape(name: "CL as a list", text: post + "Content-Length: 5, 5\r\n\r\nhello" + hidden),
        Shape(name: "CL with a sign", text: post + "Content-Length: +5\r\n\r\nhello" + hidden),
        Shape(name: "CL negative", text: post + "Content-Length: -1\r\n\r\n" + hidden),
        Shape(name: "CL beyond 64 bits", text: post + "Content-Length: 18446744073709551621\r\n\r\nhello" + hidden),
        Shape(name: "CL hexadecimal", text: post + "Content-Length: 0x5\r\n\r\nhello" + hidden),
        Shape(name: "a folded line", text: post + "X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden),
        Shape(name: "bare LF in the head", text: "GET / HTTP/1.1\nHost: localhost\n\n" + hidden),
        Shape(name: "bare LF in one line", text: "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n" + hidden),
        Shape(name: "bare CR in a value", text: "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rY: b\r\n\r\n" + hidden),
        Shape(name: "NUL in a value", text: "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n" + hidden),
        Shape(name: "no name", text: "GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n" + hidden),
        Shape(name: "Host twice", text: "GET / HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n\r\n" + hidden),
        Shape(name: "Host with a user", text: "GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n" + hidden),
        Shape(name: "chunk size with a sign", text: post + "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + hidden),
        Shape(name: "chunk size hexadecimal", text: post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + hidden),
        Shape(
            name: "chunk size beyond 60 bits",
            text: post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n" + hidden),
        Shape(name: "chunk line with bare LF", text: post + "Transfer-Encoding: chunked\r\n\r\n0\n\n" + hidden),
        Shape(
            name: "chunk data longer than its size",
            text: post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + hidden),
        Shape(
            name: "a chunk extension without end",
            text: post + "Transfer-Encoding: chunked\r\n\r\n1;a=" + String(repeating: "b", count: 300) + "\r\n" + hidden
        ),
        Shape(
            name: "a flood of chunk extensions",
            text: post + "Transfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "1;a=" + String(repeating: "b", count: 200) + "\r\nx\r\n", count: 200) + hidden),
        Shape(
            name: "a flood of one-byte chunks",
            text: "POST / HTTP/1.1\r\nHost: localhost\r\n" + "Transfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "1;aaaaaaaaaaaaaaa\r\nx\r\n", count: 5_000)),
        Shape(
            name: "framing in a trailer",
            text: post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n" + hidden),
        Shape(
            name: "a flood of fields",
            text: "GET / HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n",
            status: 431),
        Shape(
            name: "a flood of trailers",
            text: post + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n",
            status: 431),
        Shape(name: "CONNECT", text: "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden, status: 501),
        Shape(name: "h2c upgrade with a body behind", text: "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + hidden, status: 505),
    ]

    @Test("A request that two readers could take for two is refused, and nothing behind it is read", arguments: shapes)
    func smuggling(_ shape: Shape) async throws {
        try await TestGateway.run { test in
            test.function("echo") { request, loop in
                loop.makeSucceededFuture(FunctionResponse(status: 200, headers: [], body: request.body.whole))
            }
            let client = try await test.connect()
            client.send(shape.text)
            let answer = try await client.response()
            let isUnknownCoding = answer.status == 501 && shape.name.hasPrefix("TE with")
            #expect(answer.status == shape.status || isUnknownCoding, "\(answer.status)")
            #expect(answer["connection"] == "close")
            try await client.closed()
            #expect(client.byteCount == 0, "something behind it was answered")
            #expect(test.functions.last.withLock { $0?.url.contains("smuggled") } != true)
        }
    }

    @Test("Heads and bodies that trickle in are given up, whatever the protocol")
    func slow() async throws {
        try await TestGateway.run({
            $0.headTimeout = .milliseconds(200)
            $0.bodyTimeout = .milliseconds(200)
        }) { test in
            for start in [
                "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "PRI * HTT", Self.post + "Content-Length: 9999\r\n\r\n",
            ] {
                let client = try await test.connect()
                client.send(start)
                let trickle = Task {
                    while !Task.isCancelled {
                        try await Task.sleep(for: .milliseconds(20))
                        client.send("a")
                    }
                }
                defer { trickle.cancel() }
                try await client.closed()
            }
        }
    }

    /// Opens connections, says so, and keeps them until its input ends.
    private static let holder = """
        import resource, socket, sys
        count, port = int(sys.argv[1]), int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        held = []
        for index in range(count):
            held.append(socket.create_connection(("127.0.0.1", port)))
            if index % 200 == 199:
                held[-1].sendall(b"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
                held[-1].recv(4096)
        print("open", flush=True)
        sys.stdin.read()
        """

    @Test("Ten thousand idle connections cost little and keep nobody out")
    func idle() async throws {
        let count = 10_000
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur >= UInt(count) + 1_000, let python = Tool.path("python3") else {
            print(
                "At most \(limit.rlim_cur) files may be open, or there is no python3: idle connections are not counted")
            return
        }
        try await TestGateway.run({ $0.maxConnections = count + 100 }) { test in
            let before = Self.residentBytes()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: python)
            process.arguments = ["-c", Self.holder, String(count), String(test.address.port ?? 0)]
            let (input, output) = (Pipe(), Pipe())
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            defer {
                try? input.fileHandleForWriting.close()
                process.waitUntilExit()
            }
            let line = await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(
                        returning: String(decoding: output.fileHandleForReading.availableData, as: UTF8.self))
                }
            }
            #expect(line.hasPrefix("open"))
            #expect(try await test.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
            let bytes = max(0, Self.residentBytes() - before) / count
            print("\(count) idle connections: \(bytes) bytes of resident memory each")
            #expect(bytes < 24 << 10)
        }
    }

    private static func residentBytes() -> Int {
        let pages =
            FileManager.default.contents(atPath: "/proc/self/statm")
            .map { String(decoding: $0, as: UTF8.self).split(separator: " ") } ?? []
        return pages.count > 1 ? (Int(pages[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}

extension AccessLogTests {
    @Test("A stuck writer does not hold a flush for ever, and two flushes never write at once")
    func flushIsBounded() async {
        let held = DispatchSemaphore(value: 0)
        let writers = Atomic(0)
        let most = Atomic(0)
        let log = AccessLog(.text) { _ in
            let now = writers.add(1, ordering: .relaxed).newValue
            if now > most.load(ordering: .relaxed) { most.store(now, ordering: .relaxed) }
            held.wait()
            writers.subtract(1, ordering: .relaxed)
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        log.add(Self.entry, on: loop)
        async let first = log.flush()
        log.add(Self.entry, on: loop)
        async let second = log.flush()
        let (isFirst, isSecond) = await (first, second)
        #expect(!isFirst && !isSecond)
        for _ in 0..<10 { held.signal() }
        let isDone = await log.flush()
        #expect(isDone)
        #expect(most.load(ordering: .relaxed) == 1)
    }
}
