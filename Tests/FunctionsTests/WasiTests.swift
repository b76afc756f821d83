import Logging
import NIOCore
import NIOPosix
import Streams
import Testing

@testable import Functions

/// WASI programs in the real worker. `WasiProbe` tries one thing a path.
@Suite(.serialized) struct WasiTests {
    /// What a program answers to a path, in numbers where a path prints errors of WASI.
    private struct Case {
        let path: String
        let status: Int
        let text: String

        init(_ path: String, _ text: String, status: Int = 200) {
            self.path = path
            self.status = status
            self.text = text
        }
    }

    private static let cases = [
        Case("/hello", "hello\n"),
        Case("/args", "app.wasm\n/args\n"),
        // Two reads of up to four bytes, one at an offset, where that ends, size, type, errors of seek and close.
        Case("/file?words.txt", "abcd|cdef|bcde|6 8 4 28 0 8 "),
        Case("/file?./sub/.././words.txt", "abcd|cdef|bcde|6 8 4 28 0 8 "),
        Case("/file?sub/empty", "|||0 0 4 28 0 8 "),
        Case("/file?none", "44 "), Case("/file?words.txt/x", "54 "), Case("/file?..", "76 "),
        Case("/file?/etc/passwd", "76 "), Case("/file?sub/../../etc/passwd", "76 "),
        Case("/names", "0 ./ ../ sub/ words.txt 30 "),
        Case("/changes", "69 69 69 20 54 76 76 76 54 69 69 69 0 76 69 8 52 "),
        Case("/pointers", "21 21 21 21 21 21 21 21 21 28 21 21 21 21 21 21 21 21 21 "),
        Case("/clocks", "0 1 7 1 1 1 58 58 "), Case("/randoms", "1 0 "), Case("/grow", "g"),
        Case("/fresh", "1 "), Case("/fresh", "1 "), Case("/zero", "zero"), Case("/late", "done"),
        Case("/status", "nothing", status: 404), Case("/redirect", "", status: 302),
        Case("/%00", "the path holds a zero byte\n", status: 400),
    ]

    @Test func whatProgramsCanDo() async throws {
        try await withProgram { (fixture: PoolFixture) async throws -> Void in
            for test in WasiTests.cases {
                let answer = try await fixture.run(test.path)
                #expect(answer.status == test.status, "\(test.path)")
                #expect(answer.text == test.text, "\(test.path)")
            }
            let status = try await fixture.run("/status")
            #expect(status.headers.filter { $0.name == "x-a" }.map(\.value) == ["b", "c"])
            #expect(try await fixture.run("/redirect").header("location") == "/hello")
            #expect(fixture.logged.contains { $0.level == .warning && $0.text.contains("exit code 4") })
        }
    }

    @Test func requestsAreInputAndEnvironment() async throws {
        let environment = #"{"vars":{"GREETING":"grüß dich","HTTP_ACCEPT":"mine"},"node":"n"}"#
        try await withProgram(environment: environment) { (fixture: PoolFixture) async throws -> Void in
            let bytes = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let echo = try await fixture.run(
                "/echo", method: "POST", headers: [("Content-Type", "image/x")], body: .bytes(ByteBuffer(bytes: bytes)))
            #expect(Array(buffer: echo.body) == bytes)
            #expect(echo.header("content-type") == "image/x" && echo.header("x-length") == "150000")
            let parts = try await fixture.run("/echo", method: "POST", body: .stream(TestHost.parts(3)))
            #expect(parts.text == "part 0 part 1 part 2 " && parts.header("x-length") == "21")

            let answer = try await fixture.run(
                "/env?a=%20b", method: "PUT",
                headers: [
                    ("Accept", "theirs"), ("X-One", "1"), ("x-one", "2"), ("Proxy", "http://evil"), ("a_b", "no"),
                    ("x-forwarded-for", "192.0.2.7"), ("content-type", "text/x"),
                ], body: .bytes(ByteBuffer(string: "abc")))
            let lines = Set(answer.text.split(separator: "\n").map(String.init))
            #expect(
                lines == [
                    "REQUEST_METHOD=PUT", "PATH_INFO=/env", "QUERY_STRING=a=%20b", "REQUEST_URI=/env?a=%20b",
                    "SCRIPT_NAME=", "SERVER_NAME=example.com", "SERVER_PORT=8443", "SERVER_PROTOCOL=HTTP/1.1",
                    "SERVER_SOFTWARE=Skerry", "GATEWAY_INTERFACE=CGI/1.1", "HTTPS=on", "REMOTE_ADDR=192.0.2.7",
                    "CONTENT_TYPE=text/x", "CONTENT_LENGTH=3", "HTTP_X_ONE=1, 2", "HTTP_X_FORWARDED_FOR=192.0.2.7",
                    "HTTP_ACCEPT=mine", "GREETING=grüß dich",
                ])
        }
    }

    @Test func failuresConcernTheirRequestOnly() async throws {
        try await withProgram { (fixture: PoolFixture) async throws -> Void in
            _ = try await fixture.run("/hello")
            let process = fixture.pool.workerProcesses
            let exit = await fixture.failed("/exit")
            #expect(exit?.code == .exception && exit?.message.contains("the exit code 3 before it answered") == true)
            #expect(fixture.logged.filter { $0.level == .info }.map(\.text) == ["going", "down"])
            #expect(fixture.logged.contains { $0.level == .error && $0.text.contains("exit code 3") })
            #expect(await fixture.failed("/trap")?.code == .exception)
            #expect(await fixture.failed("/deep")?.code == .exception)
            let messages = [
                "/bare": "has the line \"no header line\"", "/untyped": "says neither Content-Type nor Status",
                "/headless": "has no empty line", "/none": "is empty",
            ]
            for (path, message) in messages {
                let failure = await fixture.failed(path)
                #expect(failure?.code == .badResponse, "\(path)")
                #expect(failure?.message.contains(message) == true, "\(path): \(failure?.message ?? "no failure")")
            }
            let before = fixture.logged.count
            #expect(try await fixture.run("/noise").status == 200)
            #expect(fixture.logged.count - before == 1_001)
            #expect(fixture.pool.workerProcesses == process)
        }
    }

    /// The engine does not stop such a loop; the node ends the worker, and the next request gets another.
    @Test func aProgramThatNeverEnds() async throws {
        let code = try WasiTests.program()
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            #expect(await fixture.failed("/spin", code: code)?.code == .cpuLimit)
            #expect(try await fixture.run("/hello", code: code).text == "hello\n")
        }
    }

    /// What is long, or comes late, leaves while the program runs.
    @Test func outputThatDoesNotWaitForTheEnd() async throws {
        try await withProgram { (fixture: PoolFixture) async throws -> Void in
            let long = try await fixture.run("/long")
            #expect(long.body.readableBytes == 32 << 16 && long.header("content-type") == "text/plain")
            let process = fixture.pool.workerProcesses
            // The answers have begun when their programs fail.
            for (path, message) in [("/broken", "nreachable"), ("/large", "bytes ahead of the reader of its output")] {
                let reply = try await fixture.begin(path)
                #expect(reply.status == 200)
                await #expect(throws: (any Error).self) { try await reply.body.collect(limit: 16 << 20) }
                for _ in 0..<2_000 where !fixture.logged.contains(where: { $0.text.contains(message) }) {
                    try await Task.sleep(for: .milliseconds(2))
                }
                #expect(fixture.logged.contains { $0.text.contains(message) }, "\(path): \(fixture.logged.map(\.text))")
            }
            #expect(fixture.pool.workerProcesses == process)
        }
        let code = try WasiTests.program()
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            // It runs until the node ends it.
            let reply = try await fixture.begin("/endless", code: code)
            guard case .stream(let body) = reply.body else {
                Issue.record("the body is no stream")
                return
            }
            var text = ""
            while text.count < 12, let part = try await body.next() { text += String(buffer: part) }
            #expect(text == "first second")
            await #expect(throws: (any Error).self) { while try await body.next() != nil {} }
        }
    }

    /// Each request has a memory of its own, and those of requests that are over do not gather.
    @Test func memoryIsGivenBack() async throws {
        try await withProgram { (fixture: PoolFixture) async throws -> Void in
            _ = try await fixture.run("/hello")
            let process = fixture.pool.workerProcesses
            for _ in 0..<300 { #expect(try await fixture.run("/grow").text == "g") }
            #expect(fixture.pool.workerProcesses == process)
        }
    }

    @Test func clocksCallPrograms() async throws {
        try await withProgram { (fixture: PoolFixture) async throws -> Void in
            let answer = try await fixture.run("", base: "cron:*/5 * * * *?time=1764000000000", method: "SCHEDULED")
            #expect(answer.status == 204)
        }
    }

    /// What the deployment's check and the worker know is the same, and the worker takes nobody's word for it.
    @Test func importsAreChecked() async throws {
        try await withProgram { (fixture: PoolFixture) async throws -> Void in
            let all = WasiProgram.functions.sorted().map { ("wasi_snapshot_preview1", $0) }
            let everything = try WasiProgram(module: FunctionsFuzzTargets.program(importing: all)).code
            #expect(await fixture.failed("/", code: everything)?.message.contains("is empty") == true)
            let foreign = await fixture.failed("/", code: FunctionsFuzzTargets.program(importing: [("env", "magic")]))
            #expect(foreign?.code == .loadFailed)
            #expect(foreign?.message.contains("imports the function env.magic") == true)
            let library = FunctionsFuzzTargets.program(importing: [], exports: ("main", "memory"))
            #expect(await fixture.failed("/", code: library)?.message.contains("no function _start") == true)
            let broken = FunctionsFuzzTargets.program(importing: [], body: [0xFF])
            #expect(await fixture.failed("/", code: broken)?.code == .loadFailed)
            let twice = FunctionsFuzzTargets.joined([
                FunctionsFuzzTargets.program(importing: []), WasiTests.file("../a"),
            ])
            #expect(await fixture.failed("/", code: twice)?.message.contains("is called ../a") == true)
        }
    }

    private static func file(_ path: String) -> [UInt8] {
        FunctionsFuzzTargets.section(
            0, FunctionsFuzzTargets.joined([FunctionsFuzzTargets.name("skerry.file"), Array(path.utf8), [0]]))
    }

    static func program() throws -> [UInt8] {
        let files: [String: [UInt8]] = ["words.txt": Array("abcdefgh".utf8), "sub/empty": []]
        return try WasiProgram(module: WasiProbe.module, files: files).code
    }

    private func withProgram(
        environment: String = "{}", _ body: (PoolFixture) async throws -> Void
    ) async throws {
        var settings = PoolFixture.settings
        settings.cpuLimit = .seconds(5)
        try await withPool(settings, environment: environment, body)
    }
}

extension PoolFixture {
    /// Sends a request to a program; `WasiProbe` with its files unless there is another.
    fileprivate func run(
        _ path: String, base: String = "https://example.com:8443", method: String = "GET", code: [UInt8]? = nil,
        headers: [(name: String, value: String)] = [], body: FunctionBody = .empty
    ) async throws -> Answer {
        let reply = try await begin(path, base: base, method: method, code: code, headers: headers, body: body)
        return Answer(
            status: reply.status, headers: reply.headers, body: try await reply.body.collect(limit: 16 << 20))
    }

    /// The same, whose answer may still be on its way.
    fileprivate func begin(
        _ path: String, base: String = "https://example.com:8443", method: String = "GET", code: [UInt8]? = nil,
        headers: [(name: String, value: String)] = [], body: FunctionBody = .empty
    ) async throws -> FunctionReply {
        let code = try code ?? WasiTests.program()
        let version = FunctionVersion(tenant: "a/wasi", release: "\(code.hashValue)")
        let call = FunctionCall(id: "r1", method: method, url: base + path, headers: headers, body: body)
        return try await pool.invoke(
            version, call,
            code: { [environment] in
                FunctionCode(script: ByteBuffer(bytes: code), fileName: "app.wasm", environment: environment)
            }, on: MultiThreadedEventLoopGroup.singleton.next()
        ).get()
    }

    /// The error that a request to a program ends with.
    fileprivate func failed(_ path: String, code: [UInt8]? = nil) async -> FunctionError? {
        do {
            _ = try await run(path, code: code)
            return nil
        } catch {
            return error as? FunctionError
        }
    }
}
