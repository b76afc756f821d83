import Functions
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import WorkerProtocol

@Suite(.serialized) struct FunctionPoolTests {
    @Test func fetchContractAnswers() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default {
                    async fetch(request, env, ctx) {
                        const body = await request.text();
                        return new Response(`${request.method} ${request.url} ${request.headers.get('x-a')} ${body}`, {
                            status: 201, headers: { 'x-b': 'c' },
                        });
                    },
                };
                """
            let reply = try await fixture.call(
                module, "https://example.com/p?q=1", method: "POST", headers: [("X-A", "1"), ("x-a", "2")],
                body: Array("grüße 🌍".utf8))
            #expect(reply.status == 201)
            #expect(reply.text == "POST https://example.com/p?q=1 1, 2 grüße 🌍")
            #expect(reply.header("x-b") == "c")
            #expect(reply.header("content-type") == "text/plain;charset=UTF-8")
        }
    }

    /// How the call of a function ends whose worker says hello and then runs `lines` of a shell, with the node's socket at
    /// 3: one whose code was taken over can say anything.
    private func end(
        ofWorker lines: [String], _ change: (inout FunctionPool.Settings) -> Void = { _ in }
    ) async throws -> (failure: FunctionError?, outcome: FunctionOutcome?) {
        let path = "/tmp/skerry-false-worker-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(path) }
        let hello = Self.saying(.hello(version: WireLimits.protocolVersion, layers: 0))
        let loaded = Self.saying(.loaded(takesSchedules: false))
        let script = ["#!/bin/sh", hello, loaded, "sleep 0.3"] + lines + ["exec sleep 60", ""]
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o755)
        _ = Array(script.joined(separator: "\n").utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        close(file)
        var settings = PoolFixture.settings
        settings.workerPath = path
        change(&settings)
        let outcome = Mutex<FunctionOutcome?>(nil)
        var failure: FunctionError?
        try await withPool(settings) { (fixture: PoolFixture) async throws -> Void in
            fixture.pool.onOutcome = { _, ended in outcome.withLock { $0 = ended } }
            failure = await fixture.failure("export default { fetch() {} }", deadline: .now() + .seconds(10))
        }
        return (failure, outcome.withLock { $0 })
    }

    private func failure(ofWorker lines: [String]) async throws -> FunctionError? {
        try await end(ofWorker: lines).failure
    }

    /// The command that writes a frame, or its first bytes.
    private static func saying(_ frame: Frame, prefix: Int = .max) -> String {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        let digits = bytes.prefix(prefix).map { String($0, radix: 8) }
        return "printf '\(digits.map { "\\" + String(repeating: "0", count: 3 - $0.count) + $0 }.joined())' >&3"
    }

    @Test(
        "A body that ends without having begun ends the request",
        arguments: [Frame.end(id: 2), .broken(id: 2, message: "")])
    func endBeforeTheBeginning(_ end: Frame) async throws {
        #expect(try await failure(ofWorker: [Self.saying(end)])?.code == .badResponse)
    }

    @Test("A worker that sends more with a call than it may is ended", arguments: [0, 1])
    func largeCall(_ surplus: Int) async throws {
        let byteCount = WireLimits.maxCallBodyBytes + surplus
        let call = Frame.call(
            id: 3, HostCallOrder(owner: 2, name: "n", argument: ""), body: [UInt8](repeating: 0, count: byteCount),
            continues: false)
        // Its body and the last byte, which says that nothing follows, are zero.
        let lines = [
            Self.saying(call, prefix: 34), "head -c \(byteCount + 1) /dev/zero >&3", "sleep 0.2",
            Self.saying(.failure(id: 2, code: .exception, message: "went on")),
        ]
        #expect(try await failure(ofWorker: lines)?.code == (surplus == 0 ? .exception : .crashed))
    }

    @Test("A worker that answers with a larger body than it may is ended", arguments: [0, 1], [false, true])
    func largeResponse(_ surplus: Int, _ continues: Bool) async throws {
        let response = Frame.response(
            id: 2, status: 200, headers: [], body: [UInt8](repeating: 1, count: 100 + surplus), continues: continues,
            cpuMicroseconds: 1)
        let lines = [Self.saying(response)] + (continues ? [Self.saying(.end(id: 2))] : [])
        let failure = try await end(ofWorker: lines) { $0.maxResponseBodyBytes = 100 }.failure
        let expected: FunctionError.Code? = surplus == 0 ? nil : .crashed
        #expect(failure?.code == expected)
    }

    @Test("A worker that names a call as a request is ended")
    func callOfARequestsName() async throws {
        let call = Frame.call(
            id: 2, HostCallOrder(owner: 2, name: "n", argument: ""), body: [], continues: true)
        let lines = [
            Self.saying(call), "sleep 0.2", Self.saying(.failure(id: 2, code: .exception, message: "went on")),
        ]
        #expect(try await failure(ofWorker: lines)?.code == .crashed)
    }

    @Test("A worker that writes lines without end is ended")
    func endlessLines() async throws {
        let line = Self.saying(.log(id: 2, level: .info, line: "x"))
        #expect(try await failure(ofWorker: ["while :; do \(line); done"])?.code == .crashed)
    }

    @Test("A worker cannot have computed for longer than its call took")
    func claimedTime() async throws {
        let response = Frame.response(
            id: 2, status: 200, headers: [], body: [], continues: false, cpuMicroseconds: .max)
        let outcome = try await end(ofWorker: [Self.saying(response)]).outcome
        #expect(outcome?.status == 200)
        #expect((outcome?.cpuMicroseconds ?? .max) < 20_000_000)
    }

    @Test func mainContractAnswers() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export const main = async (params) => ({
                    status: 202, headers: { 'set-cookie': ['a=1', 'b=2'] }, body: params,
                });
                """
            let reply = try await fixture.call(
                module, "https://example.com/a/b?x=1&x=2&y=z", method: "PUT", headers: [("Accept", "*/*")],
                body: Array("hi".utf8))
            #expect(reply.status == 202)
            #expect(reply.headers.filter { $0.name == "set-cookie" }.map(\.value) == ["a=1", "b=2"])
            #expect(
                reply.text == """
                    {"method":"PUT","headers":{"accept":"*/*"},"path":"/a/b",\
                    "query":{"x":["1","2"],"y":"z"},"body":"hi"}
                    """)
        }
    }

    @Test func binaryBodiesAreExact() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) { return new Response((await request.bytes()).reverse()) } }
                """
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let reply = try await fixture.call(module, method: "POST", body: bytes)
            #expect(Array(buffer: reply.body) == bytes.reversed())
        }
    }

    @Test func consoleLinesCarryTheirRequest() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) {
                    const name = new URL(request.url).pathname;
                    console.log('start', name);
                    await new Promise((resolve) => setTimeout(resolve, 5));
                    console.warn('end %s', name);
                    return new Response(name);
                } };
                """
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<8 {
                    group.addTask { _ = try await fixture.call(module, "https://e.com/\(index)", id: "id-/\(index)") }
                }
                try await group.waitForAll()
            }
            #expect(fixture.logged.count == 16)
            for line in fixture.logged {
                let name = String(line.text.split(separator: " ").last ?? "")
                #expect(line.requestID == "id-\(name)")
                #expect(line.level == (line.text.hasPrefix("end") ? .warning : .info))
            }
        }
    }

    @Test func exceptionsFailTheirRequestOnly() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) {
                    const { pathname } = new URL(request.url);
                    if (pathname === '/throw') throw new TypeError('broken');
                    if (pathname === '/reject') { Promise.reject(new Error('lost')); await new Promise(() => {}); }
                    if (pathname === '/timer') {
                        setTimeout(() => { throw new RangeError('late') }, 1);
                        await new Promise(() => {});
                    }
                    if (pathname === '/number') return 5;
                    return new Response('fine');
                } };
                """
            let thrown = await fixture.failure(module, "https://e.com/throw")
            #expect(thrown?.code == .exception)
            #expect(thrown?.message == "TypeError: broken")
            let process = fixture.pool.workerProcesses
            #expect(await fixture.failure(module, "https://e.com/reject")?.message == "Error: lost")
            #expect(await fixture.failure(module, "https://e.com/timer")?.message == "RangeError: late")
            #expect(await fixture.failure(module, "https://e.com/number")?.code == .badResponse)
            #expect(try await fixture.call(module).text == "fine")
            #expect(fixture.pool.workerProcesses == process)
            #expect(fixture.logged.contains { $0.level == .error && $0.text.contains("worker.js:3") })
        }
    }

    static let loops = [
        "while (true) {}",
        "const f = () => Promise.resolve().then(f); f(); await new Promise(() => {})",
        "for (;;) await 0",
        """
        const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,8,1,4,115,112,105,110,0,0,10,9,1,7,0,
            3,64,12,0,11,11]);
        new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.spin();
        """,
    ]

    @Test(arguments: loops) func endlessCodeIsStoppedAndHurtsNobody(_ loop: String) async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let looping = "export default { async fetch() { \(loop) } }"
            let healthy = "export default { async fetch() { return new Response('ok') } }"
            _ = try await fixture.call(healthy, tenant: "other")
            let start = NIODeadline.now()
            async let failure = fixture.failure(looping)
            var answers = 0
            while NIODeadline.now() - start < .milliseconds(300) {
                #expect(try await fixture.call(healthy, tenant: "other").text == "ok")
                answers += 1
            }
            #expect(answers > 0)
            #expect(await failure?.code == .cpuLimit)
            #expect(NIODeadline.now() - start < .seconds(5))
        }
    }

    @Test func memoryIsLimited() async throws {
        var settings = PoolFixture.settings
        settings.cpuLimit = .seconds(20)
        try await withPool(settings) { (fixture: PoolFixture) async throws -> Void in
            let module = """
                const kept = [];
                export default { async fetch(request) {
                    if (request.method === 'GET') return new Response('ok');
                    for (;;) { kept.push(new Uint8Array(1 << 20).fill(1)); await null; }
                } };
                """
            #expect(await fixture.failure(module, method: "POST")?.code == .memoryLimit)
            #expect(try await fixture.call(module).text == "ok")
        }
    }

    @Test func aKilledWorkerIsReplaced() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) {
                    if (request.method === 'POST') await new Promise(() => {});
                    return new Response('ok');
                } };
                """
            _ = try await fixture.call(module)
            async let failure = fixture.failure(module, method: "POST")
            try await Task.sleep(for: .milliseconds(50))
            for process in fixture.pool.workerProcesses { kill(process, SIGKILL) }
            #expect(await failure?.code == .crashed)
            #expect(try await fixture.call(module).text == "ok")
        }
    }

    @Test func sizesAreLimited() async throws {
        var settings = PoolFixture.settings
        settings.maxRequestBodyBytes = 1000
        settings.maxResponseBodyBytes = 1000
        settings.maxCodeBytes = 1000
        try await withPool(settings) { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) {
                    const body = await request.bytes();
                    return new Response(new Uint8Array(body.length + (request.method === 'PUT' ? 1 : 0)));
                } };
                """
            let full = [UInt8](repeating: 1, count: 1000)
            #expect(try await fixture.call(module, method: "POST", body: full).body.readableBytes == 1000)
            #expect(await fixture.failure(module, method: "PUT", body: full)?.code == .bodyTooLarge)
            #expect(await fixture.failure(module, method: "POST", body: full + [1])?.code == .bodyTooLarge)
            let long = module + "//" + String(repeating: "x", count: 1000)
            #expect(await fixture.failure(long)?.code == .bodyTooLarge)
        }
    }

    @Test func wallLimitCancelsAndKeepsTheWorker() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                let aborted = 0;
                export default { async fetch(request) {
                    if (request.method === 'GET') return new Response(`aborted ${aborted}`);
                    request.signal.addEventListener('abort', () => { aborted += 1; });
                    await new Promise(() => {});
                } };
                """
            _ = try await fixture.call(module)
            let process = fixture.pool.workerProcesses
            let failure = await fixture.failure(
                module, method: "POST", deadline: .now() + .milliseconds(60))
            #expect(failure?.code == .wallLimit)
            #expect(try await fixture.call(module).text == "aborted 1")
            #expect(fixture.pool.workerProcesses == process)
        }
    }

    @Test("A request that comes before its code is ready waits in the worker, with its body")
    func requestsBehindSlowCode() async throws {
        let module = """
            const ready = new Promise(done => setTimeout(done, 200));
            await ready;
            export default { async fetch(request) { return new Response(await request.text()) } }
            """
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let reply = try await fixture.open(module, method: "POST", body: .stream(TestHost.parts(3)))
            #expect(try await String(buffer: reply.body.collect(limit: 1_000)) == "part 0 part 1 part 2 ")
            let other = "c/d"
            let gone = await fixture.failure(module, tenant: other, deadline: .now() + .milliseconds(150))
            // On a busy machine the code is not even on its way by then.
            #expect(gone?.code == .wallLimit || gone?.code == .overloaded)
            let processes = fixture.pool.workerProcesses
            #expect(try await fixture.call(module, method: "POST", body: [104, 105], tenant: other).text == "hi")
            #expect(fixture.pool.workerProcesses == processes)
        }
    }

    @Test func codeThatDoesNotLoadSaysSo() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            #expect(await fixture.failure("export const x = 1")?.code == .loadFailed)
            let thrown = await fixture.failure("throw new Error('at start'); export {}")
            #expect(thrown?.message.contains("at start") == true)
            #expect(await fixture.failure("export default {fetch( {} }", tenant: "c/d")?.code == .badModule)
            #expect(await fixture.failure("export const main = 1 +* 2", tenant: "e/f")?.code == .loadFailed)
            #expect(await fixture.failure("for (;;); export {}", tenant: "g/h")?.code == .loadFailed)
        }
    }

    @Test func repeatedFailuresHoldAFunctionBack() async throws {
        var settings = PoolFixture.settings
        settings.freeFailures = 1
        settings.cpuLimit = .milliseconds(50)
        settings.firstPenalty = .seconds(5)
        try await withPool(settings) { (fixture: PoolFixture) async throws -> Void in
            let module = "export default { async fetch() { for (;;); } }"
            #expect(await fixture.failure(module)?.code == .cpuLimit)
            #expect(await fixture.failure(module)?.code == .cpuLimit)
            let refused = await fixture.failure(module)
            #expect(refused?.code == .overloaded)
            #expect((refused?.retryAfter ?? .zero) > .seconds(3))
        }
    }

    @Test func manyRequestsShareOneContext() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                let most = 0, now = 0;
                export default { async fetch() {
                    now += 1; most = Math.max(most, now);
                    await new Promise((resolve) => setTimeout(resolve, 20));
                    now -= 1;
                    return new Response(`${most}`);
                } };
                """
            let most = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<30 { group.addTask { Int(try await fixture.call(module).text) ?? 0 } }
                return try await group.reduce(0, max)
            }
            #expect(most > 5)
        }
    }

    @Test func requestsThatAreAtWorkBringAnotherWorker() async throws {
        var settings = PoolFixture.settings
        settings.targetInFlightPerWorker = 2
        settings.maxWorkersPerFunction = 2
        let module = """
            const name = Math.random().toString();
            export default { fetch: () => new Promise((done) => setTimeout(() => done(new Response(name)), 20)) };
            """
        try await withPool(settings) { (fixture) async throws -> Void in
            let first = try await fixture.call(module).text
            var names: Set<String> = [first]
            // Far more rounds than a worker takes to start.
            for _ in 0..<1_000 where names.count < 2 {
                try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<4 { group.addTask { try await fixture.call(module).text } }
                    for try await name in group { names.insert(name) }
                }
            }
            #expect(names.count == 2)
        }
    }

    @Test func theSandboxIsClosed() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            _ = try await fixture.evaluate("1")
            let process = try #require(fixture.pool.workerProcesses.first)
            var status = [UInt8](repeating: 0, count: 8192)
            let file = open("/proc/\(process)/status", O_RDONLY)
            let length = read(file, &status, status.count)
            close(file)
            let text = String(decoding: status[..<max(0, length)], as: UTF8.self)
            #expect(text.contains("Seccomp:\t2"))
            #expect(text.contains("NoNewPrivs:\t1"))
            #expect(text.contains("CapEff:\t0000000000000000"))
            if getuid() == 0 { #expect(!text.contains("Uid:\t0\t")) }
            let leaks = try await fixture.evaluate(
                """
                Object.getOwnPropertyNames(globalThis).filter((name) =>
                    /host|bridge|skerry|native|require|process|Deno|Bun/i.test(name))
                """)
            #expect(leaks == "[]")
        }
    }

    @Test(arguments: ["\\377\\377\\377\\377rest", "\\001\\000\\000\\000\\143", "\\002\\000\\000\\000\\006\\001", ""])
    func aWorkerThatTalksNonsenseIsEnded(_ bytes: String) async throws {
        let path = "/tmp/skerry-fake-worker-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o700)
        let script = Array("#!/bin/sh\nprintf '\(bytes)' >&3\n".utf8)
        _ = write(file, script, script.count)
        close(file)
        defer { unlink(path) }
        try await withPool(FunctionPool.Settings(workerPath: path)) { (fixture: PoolFixture) async throws -> Void in
            #expect(await fixture.failure("export default { fetch() {} }") != nil)
        }
    }

    @Test func aMissingProgramIsReported() async throws {
        let settings = FunctionPool.Settings(workerPath: "/nonexistent/skerry-worker")
        try await withPool(settings) { (fixture: PoolFixture) async throws -> Void in
            #expect(await fixture.failure("export default { fetch() {} }")?.code == .workerMissing)
        }
    }
}
