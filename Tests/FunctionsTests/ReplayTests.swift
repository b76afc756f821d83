import Blake3
import Functions
import Identity
import NIOCore
import Recordings
import Replay
import Streams
import Testing
import WorkerProtocol

/// Records with the real worker program, and replays in another process of it.
@Suite("Recording and replay") struct ReplayTests {
    private static func record(
        _ module: String, url: String = "https://example.com/", method: String = "GET", body: [UInt8] = [],
        environment: String = "{}", cpuMilliseconds: UInt32 = 2_000, host: any FunctionHost = TestHost()
    ) async throws -> Recording {
        let script = try ModuleScript(module: module, fileName: "worker.js").script
        let recorder = InvocationRecorder(workerPath: PoolFixture.workerPath, host: host)
        return try await recorder.record(
            .init(
                version: FunctionVersion(tenant: "a/b", release: "1"), app: "b",
                code: .init(
                    script: Array(script.utf8), fileName: "worker.js", environment: environment,
                    cpuMilliseconds: cpuMilliseconds, memoryBytes: 256 << 20),
                input: .init(method: method, url: url, body: body), requestID: "r1"))
    }

    private static func replay(_ recording: Recording) async throws -> ReplayReport {
        try await Replayer(workerPath: PoolFixture.workerPath).replay(recording)
    }

    private static func text(_ recording: Recording) -> String {
        guard case .response(_, _, let body) = recording.output else { return "\(recording.output)" }
        return String(decoding: body, as: UTF8.self)
    }

    @Test("Clock, chance, timers and calls come out the same in another process")
    func everything() async throws {
        let recording = try await Self.record(
            """
            const born = Date.now();
            export default { async fetch(request, env) {
              const before = performance.now();
              const start = new Date();
              let spins = 0;
              for (let i = 0; i < 100000; i += 1) spins += Math.random();
              const stood = Date.now() === start.getTime() && performance.now() === before;
              await new Promise((done) => setTimeout(done, 15));
              const first = await fetch("https://a.example/one", { method: "POST", body: "up" });
              const [echo, parts] = await Promise.all([
                first.text(), fetch("https://a.example/parts").then((answer) => answer.text())]);
              const order = [];
              await Promise.all([5, 1, 3].map((ms) => new Promise((done) => setTimeout(() => {
                order.push(ms); done(); }, ms))));
              const waited = Date.now() - start.getTime();
              return Response.json({
                born, now: Date(), iso: new Date().toISOString(), spins, stood, waited, echo, parts, order,
                uuid: crypto.randomUUID(), bytes: [...crypto.getRandomValues(new Uint8Array(8))],
                format: new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long" }).format(),
                at: performance.now(), origin: performance.timeOrigin, same: new Date().constructor === Date,
                value: env.GREETING, read: await request.text(),
              });
            } }
            """, method: "POST", body: Array("hello".utf8), environment: #"{"vars":{"GREETING":"hi"}}"#)
        let text = Self.text(recording)
        #expect(text.contains(#""stood":true"#) && text.contains(#""same":true"#) && text.contains(#""order":[1,3,5]"#))
        #expect(
            text.contains(#""echo":"up""#) && text.contains("part 4") && text.contains(#""value":"hi","read":"hello""#))
        #expect(recording.calls.map(\.name) == ["fetch", "fetch"])
        #expect(recording.events.contains { if case .data = $0.kind { true } else { false } })
        for _ in 0..<2 {
            let report = try await Self.replay(recording)
            #expect(report.isEqual, "\(report.difference?.description ?? "")")
            #expect(report.outputHash == recording.outputHash)
        }
    }

    @Test("Two runs differ, so nothing but the recording makes them equal")
    func runsDiffer() async throws {
        let module = "export default { fetch() { return new Response(`${Math.random()} ${crypto.randomUUID()}`) } }"
        let first = try await Self.record(module)
        let second = try await Self.record(module)
        #expect(first.inputHash == second.inputHash)
        #expect(first.outputHash != second.outputHash && first.transcriptHash != second.transcriptHash)
    }

    @Test("Large bodies both ways, and work after the answer")
    func bodies() async throws {
        let recording = try await Self.record(
            """
            export default { async fetch(request, env, ctx) {
              const large = await fetch("https://a.example/large");
              ctx.waitUntil((async () => {
                await new Promise((done) => setTimeout(done, 5));
                await fetch("https://a.example/after", { method: "POST", body: "x".repeat(300000) });
              })());
              return new Response(large.body, { headers: { "x-time": `${Date.now()}` } });
            } }
            """)
        guard case .response(200, _, let body) = recording.output else {
            Issue.record("\(recording.output)")
            return
        }
        #expect(body.count == 4 << 20)
        #expect(recording.calls.count == 2 && recording.calls.allSatisfy { $0.bodyHash != nil })
        #expect(try await Self.replay(recording).isEqual)
    }

    @Test("Failures are recorded and fail again")
    func failures() async throws {
        let thrown = try await Self.record(
            "export default { fetch() { throw new Error(`at ${Date.now()} ${Math.random()}`) } }")
        guard case .failure("function/exception", _) = thrown.output else {
            Issue.record("\(thrown.output)")
            return
        }
        #expect(try await Self.replay(thrown).isEqual)
        let refused = try await Self.record(
            """
            export default { async fetch() {
              try { await fetch("https://a.example/refused") } catch (error) { return new Response(error.message) }
            } }
            """)
        #expect(Self.text(refused).contains("not public"))
        #expect(try await Self.replay(refused).isEqual)
    }

    @Test("A function that waits for nothing, and one that never ends, cannot be recorded")
    func noAnswer() async throws {
        await #expect(
            performing: {
                _ = try await Self.record("export default { fetch() { return new Promise(() => {}) } }")
            }, throws: { ($0 as? RecordingError)?.code == .noAnswer })
        await #expect(
            performing: {
                _ = try await Self.record("export default { fetch() { for (;;) {} } }", cpuMilliseconds: 100)
            }, throws: { ($0 as? RecordingError)?.code == .limit })
        await #expect(
            performing: {
                _ = try await Self.record("export default { fetch() { return nothing } }; throw new Error('top')")
            }, throws: { ($0 as? RecordingError)?.code == .loadFailed })
    }

    @Test("Whatever was changed in a recording shows when it is replayed, with the call's number")
    func tampering() async throws {
        let recording = try await Self.record(
            """
            export default { async fetch() {
              const one = await (await fetch("https://a.example/one", { method: "POST", body: "1" })).text();
              const two = await fetch(`https://a.example/${one}`, { method: "POST", body: one });
              return new Response(`${await two.text()} ${Math.random()}`);
            } }
            """)
        #expect(try await Self.replay(recording).isEqual)

        var otherAnswer = recording
        otherAnswer.events = recording.events.map { event in
            var event = event
            if case .result(0, let value, _, let continues) = event.kind {
                event.kind = .result(call: 0, value: value, body: [0x32], continues: continues)
            }
            return event
        }
        let differs = try await Self.replay(otherAnswer)
        #expect(!differs.isEqual && differs.difference?.call == 1)
        #expect(differs.difference?.message.contains("other arguments") == true)

        var otherCode = recording
        otherCode.code.script = Array(
            String(decoding: recording.code.script, as: UTF8.self).replacing("Math.random()", with: "4").utf8)
        let changed = try await Self.replay(otherCode)
        #expect(!changed.isEqual && changed.difference?.message.contains("another body") == true)

        var otherSeed = recording
        otherSeed.seed[0] ^= 1
        #expect(try await !Self.replay(otherSeed).isEqual)

        var lessCalls = recording
        lessCalls.calls.removeLast()
        #expect(try await Self.replay(lessCalls).difference?.call == 1)

        // Whoever changes the file itself is found out before anything runs.
        var file = try SignedRecording(recording, key: SigningKey()).bytes
        file[file.count / 2] ^= 1
        #expect(throws: RecordingError.self) { _ = try SignedRecording(decoding: file) }
    }

    @Test("WebAssembly, weak references and the engine's other threads tell nothing")
    func engine() async throws {
        let recording = try await Self.record(
            """
            const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
            export default { async fetch() {
              const order = [];
              const compiled = WebAssembly.compile(empty).then(() => order.push("wasm"));
              await Promise.resolve().then(() => order.push("tick"));
              await compiled;
              const made = await WebAssembly.instantiate(empty);
              const weak = new WeakRef({ held: 1 });
              for (let i = 0; i < 200; i += 1) new ArrayBuffer(1 << 18);
              await new Promise((done) => setTimeout(done, 2));
              class Later extends Date {}
              return Response.json({
                order, made: made.instance instanceof WebAssembly.Instance, held: weak.deref()?.held,
                later: new Later(5).getTime(), sub: new Later() instanceof Later, wait: typeof Atomics.waitAsync,
                names: [Date.name, Date.length, Math.random.name, WeakRef.name],
              });
            } }
            """)
        let text = Self.text(recording)
        #expect(text.contains(#""held":1,"later":5,"sub":true,"wait":"undefined""#) && text.contains(#""made":true"#))
        #expect(text.contains(#"["Date",7,"random","WeakRef"]"#))
        #expect(try await Self.replay(recording).isEqual)
    }
}
