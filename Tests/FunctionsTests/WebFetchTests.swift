import Functions
import Logging
import NIOCore
import Testing

/// `fetch` and the bindings, over a host that answers from memory.
@Suite struct WebFetchTests {
    static let helpers = #"""
        const fails = async (work) => { try { await work(); return 'no error' } catch (error) { return error.name } };
        const read = async (path, init) => (await fetch('https://e.com/' + path, init)).text();
        """#

    static let checks: [Check] = [
        Check(
            "the answer",
            #"""
            async () => {
                const r = await fetch('https://e.com/x', { method: 'POST', body: 'data' });
                return [r.status, r.statusText, r.ok, r.url, r.type, r.redirected, r.headers.get('a'), await r.text(),
                    await fails(() => r.headers.set('a', 'b')), r.bodyUsed];
            }
            """#,
            #"""
            [200,"OK",true,"https://e.com/x","basic",false,"1, 2","data","TypeError",true]
            """#),
        Check(
            "the answer to HEAD, and its URL",
            #"""
            async () => {
                const { body, url } = await fetch('https://e.com/parts?a|b[]#f', { method: 'HEAD' });
                const parts = await fetch('https://e.com/parts', { method: 'HEAD' });
                return [body, url, parts.body, await parts.text()];
            }
            """#,
            #"""
            [null,"https://e.com/parts?a|b[]",null,""]
            """#),
        Check(
            "what is asked for",
            #"""
            async () => JSON.parse(await read('argument', {
                method: 'post', headers: { b: '2' }, body: new URLSearchParams({ q: '1' }), redirect: 'manual',
            }))
            """#,
            #"""
            {"url":"https://e.com/argument","method":"POST",
            "headers":[["b","2"],["content-type","application/x-www-form-urlencoded;charset=UTF-8"]],
            "redirect":"manual","hasBody":true}
            """#),
        Check("a body in parts", "() => read('parts')", #""part 0 part 1 part 2 part 3 part 4 ""#),
        Check(
            "a body into one's own buffers",
            #"""
            async () => {
                const reader = (await fetch('https://e.com/parts')).body.getReader({ mode: 'byob' });
                const first = await reader.read(new Uint8Array(4));
                const rest = await reader.read(new Uint8Array(100), { min: 31 });
                const end = await reader.read(new Uint8Array(1));
                return [new TextDecoder().decode(first.value), rest.value.length, end.done];
            }
            """#,
            #"""
            ["part",31,true]
            """#),
        Check("a body that breaks off", "() => fails(() => read('broken'))", #""TypeError""#),
        Check(
            "a long body, with back-pressure",
            #"""
            async () => {
                let length = 0;
                for await (const chunk of (await fetch('https://e.com/large')).body) length += chunk.length;
                return length;
            }
            """#, "4194304"),
        Check(
            "a request body that is a stream",
            #"""
            async () => {
                let count = 0;
                const body = new ReadableStream({ pull(controller) {
                    controller.enqueue(new Uint8Array(100_000));
                    count += 1;
                    if (count === 20) controller.close();
                } });
                const answer = await fetch('https://e.com/x', { method: 'POST', body, duplex: 'half' });
                return (await answer.bytes()).length;
            }
            """#, "2000000"),
        Check(
            "long bytes as a request body",
            "async () => (await (await fetch('https://e.com/x', { method: 'PUT', body: 'x'.repeat(3e6) })).text()).length",
            "3000000"),
        Check(
            "a stream that fails",
            #"""
            () => fails(() => fetch('https://e.com/x', {
                method: 'POST', duplex: 'half', body: new ReadableStream({ pull(c) { c.error(new RangeError('no')) } }),
            }))
            """#,
            #""RangeError""#),
        Check(
            "a refusal",
            #"""
            async () => {
                try { await fetch('http://127.0.0.1/refused') } catch (e) { return [e.name, e.message, e.cause.code] }
            }
            """#,
            #"""
            ["TypeError","fetch failed: the address is not public","fetch/refused"]
            """#),
        Check(
            "what is too long for a worker",
            #"""
            async () => Promise.all(['verbose', 'too-large', 'x'].map((path) => fetch(`https://e.com/${path}`)
                .then((answer) => answer.status, (e) => [e.cause.code, e.cause.message.length])))
            """#,
            #"""
            [["fetch/failed",32768],["host/too-large",46],200]
            """#),
        Check(
            "giving up",
            #"""
            async () => {
                const controller = new AbortController();
                const waiting = fails(() => fetch('https://e.com/hang', { signal: controller.signal }));
                setTimeout(() => controller.abort(), 5);
                const late = fails(() => fetch('https://e.com/hang', { signal: AbortSignal.timeout(5) }));
                const before = fails(() => fetch('https://e.com/x', { signal: AbortSignal.abort(new RangeError('r')) }));
                return [await waiting, await late, await before];
            }
            """#,
            #"""
            ["AbortError","TimeoutError","RangeError"]
            """#),
        Check(
            "giving a body up",
            #"""
            async () => {
                const controller = new AbortController();
                const answer = await fetch('https://e.com/large', { signal: controller.signal });
                const reader = answer.body.getReader();
                await reader.read();
                controller.abort();
                return fails(async () => { for (;;) if ((await reader.read()).done) return });
            }
            """#,
            #""AbortError""#),
        Check(
            "more at a time than may be open",
            #"""
            async () => {
                const controller = new AbortController();
                const { signal } = controller;
                const hung = Array.from({ length: 128 }, () => fails(() => fetch('https://e.com/hang', { signal })));
                const own = new AbortController();
                const given = fails(() => fetch('https://e.com/x', { signal: own.signal }));
                const waiting = fetch('https://e.com/x', { method: 'POST', body: 'data' });
                own.abort();
                const first = await given;
                controller.abort();
                const names = new Set(await Promise.all(hung));
                return [first, [...names], await (await waiting).text()];
            }
            """#,
            #"""
            ["AbortError",["AbortError"],"data"]
            """#),
        Check(
            "data: URLs",
            #"""
            async () => {
                const first = await fetch('data:text/html;base64,aGk=');
                const second = await fetch('data:,a%20b');
                return [first.headers.get('content-type'), await first.text(), await second.text()];
            }
            """#,
            #"""
            ["text/html","hi","a b"]
            """#),
        Check(
            "blob: URLs and about:blank",
            #"""
            async () => {
                const url = URL.createObjectURL(new Blob(['hey'], { type: 'text/plain' }));
                const answer = await fetch(`${url}#part`);
                const fields = [answer.status, answer.type, answer.url === url, ...answer.headers];
                const text = await answer.text();
                const post = await fails(() => fetch(url, { method: 'POST' }));
                const query = await fails(() => fetch(`${url}?x`));
                const { origin, protocol } = new URL(url);
                URL.revokeObjectURL(url);
                URL.revokeObjectURL('nothing');
                const blank = await fetch('about:blank');
                return [fields, text, post, query, origin, protocol, await fails(() => fetch(url)),
                    await fails(() => URL.createObjectURL('text')), [...blank.headers], await blank.text(),
                    await fails(() => fetch('about:config'))];
            }
            """#,
            #"""
            [[200,"basic",true,["content-length","3"],["content-type","text/plain"]],"hey","TypeError","TypeError",
            "null","blob:","TypeError","TypeError",[["content-type","text/html;charset=utf-8"]],"","TypeError"]
            """#),
        Check(
            "more blob: URLs than a worker keeps",
            #"""
            async () => {
                const urls = Array.from({ length: 1000 }, () => URL.createObjectURL(new Blob()));
                const last = await fails(() => URL.createObjectURL(new Blob()));
                for (const url of urls) URL.revokeObjectURL(url);
                return [last, await fails(() => URL.createObjectURL(new Blob()))];
            }
            """#,
            #"""
            ["QuotaExceededError","no error"]
            """#),
        Check(
            "other URLs",
            "async () => [await fails(() => fetch('ftp://e.com/')), await fails(() => fetch('nothing'))]",
            #"""
            ["TypeError","TypeError"]
            """#),
    ]

    @Test func behaves() async throws {
        try await expectChecks(Self.checks, helpers: Self.helpers, host: TestHost())
    }

    @Test("What a request leaves open makes room for others when it ends", arguments: ["ends", "spins"])
    func roomAfterTheEnd(_ how: String) async throws {
        try await withPool(host: TestHost()) { (fixture: PoolFixture) async throws -> Void in
            let module = """
                export default { async fetch(request) {
                  const { pathname } = new URL(request.url);
                  if (pathname === '/first') return new Response('');
                  if (pathname === '/waits') return fetch('https://e.com/parts');
                  for (let index = 0; index < 128; index += 1) fetch('https://e.com/hang').catch(() => {});
                  await new Promise((done) => setTimeout(done, 300));
                  if (pathname === '/spins') for (;;) {}
                  return new Response('');
                } }
                """
            // So that one worker has both.
            _ = try await fixture.call(module, "https://f.com/first")
            async let error = fixture.failure(module, "https://f.com/\(how)")
            try await Task.sleep(for: .milliseconds(100))
            let answer = try await fixture.call(
                module, "https://f.com/waits", id: "r2", deadline: .now() + .seconds(10))
            #expect(answer.text.hasPrefix("part 0"))
            #expect(await error?.code == (how == "spins" ? .cpuLimit : nil))
            // What stopped it stops nobody else.
            #expect(try await fixture.call(module, "https://f.com/first", id: "r3").status == 200)
        }
    }

    @Test func bindings() async throws {
        let environment = """
            {"vars":{"A":"x"},"node":"n1","bindings":[{"name":"ASSETS","type":"assets"},
            {"name":"API","type":"service","service":"other"},{"name":"KV","type":"kv","namespace":"s"},
            {"name":"LATER","type":"of-later"}]}
            """
        try await withPool(host: TestHost(), environment: environment) { (fixture: PoolFixture) async throws -> Void in
            let answer = try await fixture.call(
                """
                export default { async fetch(request, env) {
                  const asset = await env.ASSETS.fetch('/a.css');
                  const none = await env.ASSETS.fetch('https://any.host/none');
                  const api = await env.API.fetch('https://api/x', { method: 'POST', body: 'q' });
                  await env.KV.put('k', '{"v":1}');
                  return Response.json([
                    env.A, env.NODE.id, Object.isFrozen(env), env.LATER === undefined,
                    asset.headers.get('content-type'), asset.headers.get('etag'), await asset.text(), none.status,
                    await api.text(), await env.KV.get('k', 'json'), await env.KV.get('missing'),
                  ]);
                } }
                """)
            #expect(
                answer.text == """
                    ["x","n1",true,true,"text/css","\\"e\\"","/a.css",404,"q",{"v":1},null]
                    """)
            #expect(fixture.logged.contains { $0.level == .warning && $0.text.contains("LATER") })
        }
    }

    /// Without a host every call fails, and says so.
    @Test func noHost() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let text = try await fixture.evaluate("fetch('https://e.com/').catch((error) => error.name)")
            #expect(text == "\"TypeError\"")
        }
    }
}
