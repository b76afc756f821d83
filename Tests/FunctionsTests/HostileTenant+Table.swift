import Functions
import Glibc
import NIOCore
import NIOPosix
import Streams
import WorkerProtocol

private let cpuLimit = "function/cpu-limit"
private let wallLimit = "function/wall-limit"
private let memoryLimit = "function/memory-limit"
private let exception = "function/exception"
/// Enough CPU time that another limit is reached first.
private let much = Duration.seconds(20)

extension HostileTenant {
    /// The whole table of issue 5, and some more.
    static let all: [HostileTenant] = time + memory + streams + reach + damage

    static let time: [HostileTenant] = [
        HostileTenant("infinite loop", [cpuLimit], code: "for (;;);"),
        HostileTenant("endless microtasks", [cpuLimit], code: "for (;;) await 0"),
        HostileTenant(
            "endless promise chain", [cpuLimit],
            code: "const f = () => Promise.resolve().then(f); f(); await new Promise(() => {})"),
        HostileTenant(
            "infinite WebAssembly loop", [cpuLimit],
            code: """
                const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,8,1,4,115,112,105,110,0,0,10,9,
                    1,7,0,3,64,12,0,11,11]);
                new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.spin();
                """),
        HostileTenant(
            "Atomics.wait for ever", [wallLimit], deadline: .seconds(1),
            code: """
                const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
                Atomics.wait(new Int32Array(memory.buffer), 0, 0);
                """),
        HostileTenant(
            "regular expression bomb", [cpuLimit, exception],
            code: "for (;;) /^(?:(?:a+)+b?)+$/.test('a'.repeat(64) + '!')"),
        HostileTenant("endless recursion", [exception], cpu: much, code: "const f = (n) => f(n + 1) + 1; f(0)"),
        HostileTenant(
            "promise that never settles", [wallLimit], deadline: .seconds(1),
            code: "await new Promise(() => {})"),
        HostileTenant(
            // There may be so many timers.
            "timers without end", [wallLimit, cpuLimit, exception], deadline: .seconds(1),
            code: "const f = () => { setTimeout(f); setTimeout(f, 1); }; f(); await new Promise(() => {})"),
    ]

    static let memory: [HostileTenant] = [
        HostileTenant(
            "memory bomb", [memoryLimit], cpu: much,
            code: "const kept = []; for (;;) kept.push({ x: new Array(100).fill(Math.random()) });"),
        HostileTenant(
            "ArrayBuffer bomb", [memoryLimit], cpu: much,
            code: "const kept = []; for (;;) kept.push(new Uint8Array(8 << 20).fill(1));"),
        HostileTenant("one huge ArrayBuffer", [exception], cpu: much, code: "new ArrayBuffer(2 ** 45)"),
        HostileTenant(
            "string bomb", [exception, memoryLimit], cpu: much,
            code: """
                let text = 'x'; const kept = [];
                for (;;) { text += text; kept.push(JSON.stringify(text)); }
                """),
        HostileTenant("gigantic log line", ["bounded"], change: { $0.cpuLimit = much }) { fixture in
            let module = handler(
                "for (let i = 0; i < 6; i++) console.log('x'.repeat(1 << 20)); return new Response('ok')")
            let result = try await outcome(of: module, fixture)
            let sizes = fixture.logged.map(\.text.utf8.count)
            let isBounded = (sizes.max() ?? 0) <= WireLimits.maxTextBytes && sizes.reduce(0, +) <= 512 << 10
            return result == "ok" && isBounded ? "bounded" : "\(result), \(sizes.count) lines, \(sizes.reduce(0, +))"
        },
    ]

    static let streams: [HostileTenant] = [
        HostileTenant(
            "endless response, all at once", [memoryLimit, cpuLimit, exception],
            code: """
                return new Response(new ReadableStream({ start(c) { for (;;) c.enqueue(new Uint8Array(65536)); } }))
                """),
        HostileTenant("endless response to a client that leaves", ["held back"], change: { $0.cpuLimit = much }) {
            try await heldBack($0, reading: 16)
        },
        HostileTenant("client that never reads", ["held back"], change: { $0.cpuLimit = much }) {
            try await heldBack($0, reading: 0)
        },
    ]

    static let reach: [HostileTenant] = [
        HostileTenant(
            "2,000 subrequests", ["1000"], cpu: much,
            code: """
                let done = 0;
                for (let i = 0; i < 2_000; i++) {
                    try { await env.ASSETS.fetch('https://x/' + i); done += 1; } catch {}
                }
                return new Response(String(done));
                """),
        HostileTenant(
            "fetch to inner addresses", ["fetch/refused"], cpu: much,
            code: """
                const codes = new Set();
                for (const host of ['127.0.0.1', '169.254.169.254', '[::1]', 'loopback.test', 'metadata.test',
                    'six.test', '0.0.0.0', '10.0.0.1', '[::ffff:127.0.0.1]', '2130706433']) {
                    try { await fetch(`http://${host}:80/`); codes.add(`${host} answered`); }
                    catch (error) { codes.add(error.cause?.code ?? String(error)); }
                }
                return new Response([...codes].join());
                """),
        HostileTenant(
            "files of the host and of others", ["none"], cpu: much,
            code: """
                const found = [];
                for (const url of ['file:///etc/passwd', 'file://localhost/etc/passwd', 'data:,../../etc/passwd#x']) {
                    try { if ((await (await fetch(url)).text()).includes('root:')) found.push(url); } catch {}
                }
                for (const path of ['/secret.txt', '/../../friend/app/secret.txt', '/%2e%2e/secret.txt']) {
                    try { const r = await env.ASSETS.fetch('https://x' + path); if (r.ok) found.push(path); } catch {}
                }
                return new Response(found.join() || 'none');
                """),
        HostileTenant("system calls from native code", ["all stopped"]) { _ in
            // Blocks for as long as some twenty processes take to start.
            try await NIOThreadPool.singleton.runIfActive {
                for name in SandboxProbeTests.attempts.map(\.name) + ["fork"] {
                    let outcome = try SandboxProbe.run(name, isSealed: true)
                    guard outcome.result.isStopped else { return "\(name) \(outcome.result)" }
                }
                return "all stopped"
            }
        },
    ]

    static let damage: [HostileTenant] = [
        HostileTenant(
            "header injection", [exception],
            code: "return new Response('', { headers: { 'x-a': 'b\\r\\nset-cookie: stolen=1' } })"),
        HostileTenant(
            "header injection through a cookie", [exception],
            code: """
                const headers = new Headers(); headers.append('set-cookie', 'a=b\\nlocation: https://evil.test');
                return new Response('', { headers });
                """),
        HostileTenant(
            "prototype pollution of the bridge", ["no bridge"], cpu: much,
            code: """
                const seen = [];
                const spy = function (...all) { seen.push(this, ...all); };
                for (const type of [Object, Array, Map, Set, Promise, Function, String, Uint8Array, WeakMap]) {
                    for (const name of ['get', 'set', 'has', 'host', 'call', 'apply', 'bind', 'then', 'push', 'map']) {
                        const old = type.prototype[name];
                        const value = typeof old === 'function'
                            ? function (...all) { spy.call(this, ...all); return Reflect.apply(old, this, all) } : spy;
                        try { Object.defineProperty(type.prototype, name, { value, configurable: true }) } catch {}
                    }
                }
                await new Promise((resolve) => setTimeout(resolve, 1));
                new URL('https://e.com/?a=b').searchParams.get('a');
                console.log('x'); structuredClone({ a: [1] }); crypto.randomUUID();
                const leak = seen.find((it) => it !== null && typeof it === 'object'
                    && (typeof it.respond === 'function' || typeof it.host?.respond === 'function'));
                return new Response(leak ? 'the bridge' : 'no bridge');
                """),
        HostileTenant("crash of the engine", ["function/crashed, then ok"]) { fixture in
            let module = handler(
                """
                if (request.method === 'POST') { console.log('here'); await new Promise(() => {}); }
                return new Response('ok');
                """)
            let before = Set(fixture.pool.workerProcesses)
            _ = try await outcome(of: module, fixture)
            let own = Set(fixture.pool.workerProcesses).subtracting(before)
            async let failure = fixture.failure(module, method: "POST", tenant: tenant)
            // The line says that the request has begun.
            for _ in 0..<2_000 where fixture.logged.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            for process in own { kill(process, SIGKILL) }
            let code = await failure?.code.rawValue ?? "none"
            return "\(code), then \(try await outcome(of: module, fixture))"
        },
    ]

    /// Streams without end; how much the function could send beyond what was read says whether it was held back.
    private static func heldBack(_ fixture: PoolFixture, reading parts: Int) async throws -> String {
        let module = handler(
            """
            let sent = 0;
            return new Response(new ReadableStream({
                pull(controller) { sent += 1; controller.enqueue(new Uint8Array(65536)); },
                cancel() { console.log(`sent ${sent}`); },
            }));
            """)
        let reply = try await fixture.open(module, tenant: tenant)
        guard case .stream(let body) = reply.body else { return "no stream" }
        for _ in 0..<parts { _ = try await body.next() }
        try await Task.sleep(for: .milliseconds(200))
        body.stop()
        for _ in 0..<2_000 where fixture.logged.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        let sent = fixture.logged.first.flatMap { Int($0.text.dropFirst("sent ".count)) }
        guard let sent else { return "never cancelled" }
        return sent <= parts + 64 ? "held back" : "sent \(sent) parts for \(parts)"
    }
}
