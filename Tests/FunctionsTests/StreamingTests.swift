import Functions
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
