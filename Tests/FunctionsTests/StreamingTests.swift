import Functions
import Glibc
import NIOCore
import Streams
import Synchronization
import Testing

/// Bodies that come and go in parts between a caller and a function.
@Suite struct StreamingTests {
    @Test func aResponseThatIsAStream() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let answer = try await fixture.call(
                """
                export default { fetch() {
                  let count = 0;
                  return new Response(new ReadableStream({ async pull(controller) {
                    await new Promise((done) => setTimeout(done, 1));
                    controller.enqueue(new TextEncoder().encode(`line ${count}\\n`));
                    count += 1;
                    if (count === 5) controller.close();
                  } }), { headers: { 'content-type': 'text/plain' } });
                } }
                """)
            #expect(answer.text == "line 0\nline 1\nline 2\nline 3\nline 4\n")
            #expect(answer.header("content-type") == "text/plain")
        }
    }

    /// A function writes no faster than its reader reads, and hears that nobody reads any more.
    @Test func aReaderThatStops() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let reply = try await fixture.open(
                """
                let sent = 0;
                export default { fetch() {
                  return new Response(new ReadableStream({
                    pull(controller) {
                      sent += 1;
                      controller.enqueue(new Uint8Array(65536));
                    },
                    cancel() { console.log(`cancelled after ${sent < 100 ? 'few' : 'many'}`) },
                  }));
                } }
                """)
            guard case .stream(let body) = reply.body else {
                Issue.record("the body is no stream")
                return
            }
            for _ in 0..<3 { _ = try await body.next() }
            try await Task.sleep(for: .milliseconds(200))
            body.stop()
            try await expectLog(fixture, "cancelled after few")
        }
    }

    @Test("Callers that leave streamed answers cost the function nothing, and it hears of each")
    func readersThatLeave() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                const boot = crypto.randomUUID();
                export default { fetch(request) {
                  if (request.url.endsWith('/boot')) return new Response(boot);
                  request.signal.addEventListener('abort', () => console.log('aborted'));
                  const lines = new ReadableStream({ async pull(controller) {
                    await new Promise((done) => setTimeout(done, 5));
                    controller.enqueue(new TextEncoder().encode('line'));
                  } });
                  return new Response(request.url.endsWith('/pipe') ? lines.pipeThrough(new TransformStream()) : lines);
                } }
                """
            let first = try await fixture.call(module, "https://e.com/boot").text
            for path in ["lines", "pipe", "lines", "pipe"] {
                let reply = try await fixture.open(module, "https://e.com/\(path)")
                guard case .stream(let body) = reply.body else {
                    Issue.record("the body is no stream")
                    return
                }
                _ = try await body.next()
                body.stop()
            }
            // Longer than a cancelled request may take.
            try await Task.sleep(for: .seconds(2))
            #expect(fixture.logged.count { $0.text == "aborted" } == 4)
            #expect(try await fixture.call(module, "https://e.com/boot").text == first)
        }
    }

    @Test("What a request wants to finish after its answer is finished, though the caller left before it")
    func workAfterTheCallerLeft() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request, env, ctx) {
                  console.log('begun');
                  ctx.waitUntil((async () => {
                    await new Promise((done) => setTimeout(done, 300));
                    console.log('finished');
                  })());
                  await new Promise((done) => setTimeout(done, 20_000));
                  return new Response('late');
                } }
                """
            let caller = Cancellation()
            let answer = Task { try await fixture.open(module, cancellation: caller).status }
            try await expectLog(fixture, "begun")
            caller.cancel()
            await #expect(throws: (any Error).self) { try await answer.value }
            try await expectLog(fixture, "finished")
        }
    }

    @Test("A worker that is ended because a request goes on after it was cancelled says so in the app's log")
    func overdue() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) {
                  console.log('begun');
                  await new Promise((done) => setTimeout(done, 20_000));
                  return new Response('late');
                } }
                """
            let caller = Cancellation()
            let answer = Task { try await fixture.open(module, cancellation: caller).status }
            try await expectLog(fixture, "begun")
            // It hears of nothing any more.
            let worker = try #require(fixture.pool.workerProcesses.first)
            #expect(kill(worker, SIGSTOP) == 0)
            caller.cancel()
            await #expect(throws: (any Error).self) { try await answer.value }
            try await expectLog(fixture, "was cancelled and could not be stopped")
            #expect(fixture.logged.last?.requestID == "r1")
            #expect(!fixture.pool.workerProcesses.contains(worker))
        }
    }

    @Test func aResponseThatFailsMidway() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let reply = try await fixture.open(
                """
                export default { fetch() {
                  let count = 0;
                  return new Response(new ReadableStream({ pull(controller) {
                    count += 1;
                    if (count < 3) controller.enqueue(new Uint8Array(10));
                    else controller.error(new Error('out of lines'));
                  } }));
                } }
                """)
            await #expect(throws: (any Error).self) { try await reply.body.collect(limit: 1000) }
            try await expectLog(fixture, "out of lines")
        }
    }

    @Test func aRequestThatArrivesInParts() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) {
                  if (request.url.endsWith('/echo')) return new Response(request.body);
                  return new Response(`${(await request.bytes()).length}`);
                } }
                """
            let whole = try await fixture.open(
                module, "https://e.com/count", method: "POST", body: .stream(TestHost.large(1 << 20)))
            #expect(String(buffer: try await whole.body.collect(limit: 100)) == "1048576")
            let echo = try await fixture.open(
                module, "https://e.com/echo", method: "POST", body: .stream(TestHost.large(2 << 20)))
            #expect(try await echo.body.collect(limit: 4 << 20).readableBytes == 2 << 20)
            let parts = try await fixture.open(
                module, "https://e.com/echo", method: "POST", body: .stream(TestHost.parts(3)))
            #expect(String(buffer: try await parts.body.collect(limit: 100)) == "part 0 part 1 part 2 ")
        }
    }

    /// A body that the function does not read is refused once the answer is there.
    @Test func aRequestThatIsNotRead() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let stops = Mutex(0)
            let body = ByteStream(onStop: { stops.withLock { $0 += 1 } })
            body.append(ByteBuffer(string: "more follows"))
            let reply = try await fixture.open(
                "export default { fetch() { return new Response('no, thanks') } }", method: "POST", body: .stream(body))
            #expect(String(buffer: try await reply.body.collect(limit: 100)) == "no, thanks")
            for _ in 0..<200 where stops.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(stops.withLock { $0 } == 1)
        }
    }

    @Test(
        "A request's URL is written as any URL is",
        arguments: [
            ("https://e.com/a/../b?q='x'", "https://e.com/b?q=%27x%27"),
            ("https://e.com/a/%2E%2e/b", "https://e.com/b"),
            ("https://e.com/a b/%zz", "https://e.com/a%20b/%zz"), ("https://e.com/a%20b/.c?d=../e", nil),
        ] as [(String, String?)])
    func urlsAreWritten(_ sent: String, _ written: String?) async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = "export default { fetch(request) { return new Response(request.url) } }"
            #expect(try await fixture.call(module, sent).text == written ?? sent)
        }
    }

    @Test func cronEvents() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async scheduled(event, env, ctx) {
                  console.log(event.type, event.cron, event.scheduledTime, env.NODE.id);
                  ctx.waitUntil(Promise.resolve());
                  if (event.cron === '1 * * * *') throw new Error('not now');
                } }
                """
            let answer = try await fixture.call(module, "cron:*/5 * * * *?time=1764000000000", method: "SCHEDULED")
            #expect(answer.status == 204)
            #expect(fixture.logged.first?.text == "scheduled */5 * * * * 1764000000000 ")
            let failure = await fixture.failure(module, "cron:1 * * * *?time=1", method: "SCHEDULED")
            #expect(failure?.message.contains("not now") == true)
            // A caller that chooses the method itself reaches the other handler.
            let other = "export default { scheduled() {}, fetch(r) { return new Response(r.method) } }"
            #expect(try await fixture.call(other, method: "SCHEDULED").text == "SCHEDULED")
        }
    }

    private func expectLog(_ fixture: PoolFixture, _ text: String) async throws {
        for _ in 0..<400 {
            if fixture.logged.contains(where: { $0.text.contains(text) }) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("nothing logged '\(text)'; there is \(fixture.logged.map(\.text))")
    }
}
