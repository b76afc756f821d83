import Functions
import NIOCore
import NIOPosix
import Streams
import Testing

@Suite("A context for each request", .serialized)
struct FreshContextTests {
    private func call(
        _ fixture: PoolFixture, _ module: String, fresh: Bool = true, url: String = "https://example.com/"
    ) async throws -> String {
        let script = try ModuleScript(module: module, fileName: "worker.js").script
        var code = FunctionCode(script: ByteBuffer(string: script), environment: #"{"vars":{"NAME":"v"}}"#)
        code.freshContexts = fresh
        let version = FunctionVersion(tenant: "a/b", release: "\(module.hashValue)-\(fresh)")
        let loaded = code
        let reply = try await fixture.pool.invoke(
            version, FunctionCall(id: "r", method: "GET", url: url), code: { loaded },
            on: MultiThreadedEventLoopGroup.singleton.next()
        ).get()
        return String(buffer: try await reply.body.collect(limit: 1 << 20))
    }

    private static let counter = """
        let count = 0;
        export default { async fetch(request, env) {
            globalThis.seen = (globalThis.seen ?? 0) + 1;
            Object.prototype.left = 'x';
            count += 1;
            return new Response(`${count} ${seen} ${env.NAME}`);
        } }
        """

    @Test("Keeps nothing of the request before")
    func nothingStays() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            for _ in 0..<3 { #expect(try await call(fixture, Self.counter) == "1 1 v") }
            #expect(try await call(fixture, Self.counter, fresh: false) == "1 1 v")
            #expect(try await call(fixture, Self.counter, fresh: false) == "2 2 v")
        }
    }

    @Test("Timers and streamed bodies of several requests stay apart")
    func requestsStayApart() async throws {
        let module = """
            let id;
            export default { async fetch(request) {
                id = new URL(request.url).pathname;
                const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
                await wait(5);
                return new Response(new ReadableStream({
                    async start(controller) {
                        for (let index = 0; index < 3; index += 1) {
                            await wait(2);
                            controller.enqueue(new TextEncoder().encode(`${id} `));
                        }
                        controller.close();
                    },
                }));
            } }
            """
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for number in 0..<20 {
                    group.addTask {
                        (number, try await call(fixture, module, url: "https://example.com/\(number)"))
                    }
                }
                for try await (number, text) in group { #expect(text == "/\(number) /\(number) /\(number) ") }
            }
        }
    }

    @Test("A context that cannot be made ready fails its request, not the worker")
    func topLevelFails() async throws {
        let module = """
            if (Math.random() >= 0 && globalThis.process === undefined) globalThis.process = 1;
            export default { fetch() { return new Response(String(process)) } }
            """
        let endless = "for (;;) {} export default { fetch() { return new Response('') } }"
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            #expect(try await call(fixture, module) == "1")
            await #expect(throws: FunctionError.self) { try await call(fixture, endless) }
            #expect(try await call(fixture, module) == "1")
        }
    }

    @Test("Contexts go with their requests")
    func contextsGo() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            for _ in 0..<1_000 { _ = try await call(fixture, Self.counter) }
            #expect(fixture.pool.workerProcesses.count == 1)
        }
    }
}
