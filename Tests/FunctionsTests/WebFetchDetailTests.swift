import Functions
import Testing

/// Details of the Fetch Standard: what is refused, in which order, and how bodies are read and written.
@Suite struct WebFetchDetailTests {
    static let helpers = #"""
        const U = 'https://e.com/a';
        const err = (f) => { try { return ['no error', f()]; } catch (e) { return e.name; } };
        const later = (promise) => promise.then(() => 'no error', (e) => e.name);
        const part = (head, body = 'v') => new Response(`--B\r\n${head}\r\n\r\n${body}\r\n--B--\r\n`, { headers: {
            'content-type': 'multipart/form-data; boundary=B' } }).formData();
        const file = 'Content-Disposition: form-data; name="a"; filename="f"';
        """#

    static let checks: [Check] = [
        Check(
            "settings that do not go together",
            #"""
            () => [{ mode: 'navigate' }, { mode: 'no-cors', method: 'PUT' }, { cache: 'only-if-cached' }, {
                referrer: 'http://:x' },
                { headers: null }, { window: {} }, { duplex: 'full' }].map((init) => err(() => new Request(U,
                    init)))
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"]
            """#),
        Check(
            "referrers",
            #"""
            () => [new Request(U).referrer, new Request(new Request(U, { referrer: '' })).referrer, new Request(U,
                { referrer: U }).referrer]
            """#,
            #"""
            ["about:client","","about:client"]
            """#),
        Check(
            "whose body a request takes",
            #"""
            async () => { const make = () => new Request(U, { method: 'POST', body: 'x' }); const a = make();
                const b = new Request(a, {
                body: null }); const c = make(); const d = new Request(c, { body: 'y' }); const e = make();
                const failed = err(() => new Request(e, { method: 'GET' }));
                return [a.bodyUsed, await b.text(), c.bodyUsed, await d.text(), failed, e.bodyUsed]; }
            """#,
            #"""
            [true,"x",false,"y","TypeError",false]
            """#),
        Check(
            "what is known at once is told at once",
            #"""
            async () => { const log = []; const aborted = AbortSignal.abort('why'); const next = () =>
                Promise.resolve().then(
                () => log.push('next')); await Promise.all([fetch(U, { signal: aborted }).catch((e) =>
                    log.push(e)), next()]);
                const broken = new Response(new ReadableStream({ start(c) { c.error('bad'); } }));
                await Promise.all([broken.text().catch((e) => log.push(e)), next()]); return log; }
            """#,
            #"""
            ["why","next","bad","next"]
            """#),
        Check(
            "an aborted fetch takes its body",
            #"""
            async () => { let why; const body = new ReadableStream({ cancel(r) { why = r; } }); const signal =
                AbortSignal.abort();
                const done = fetch(U, { method: 'POST', body, duplex: 'half', signal }); const early = why ===
                    signal.reason;
                const request = new Request(U, { method: 'POST', body: 'x', signal }); await later(fetch(request));
                return [early, await later(done), request.bodyUsed]; }
            """#,
            #"""
            [true,"AbortError",true]
            """#),
        Check(
            "types of blobs",
            #"""
            async () => Promise.all(['text/PLAIN', 'text/html;;x="y"', 'nothing', 'text/html, text/plain',
                'a/b;c=1;c=2',
                'text/html;charset=gbk, text/html', 'text/x;y="a\\"b"'].map(async (type) => (await new Response('',
                    { headers: {
                'content-type': type } }).blob()).type))
            """#,
            #"""
            ["text/plain","text/html;x=y","","text/plain","a/b;c=1","text/html;charset=gbk","text/x;y=\"a\\\
            "b\""]
            """#),
        Check(
            "statuses",
            #"""
            () => [199, 600, 0, NaN].map((status) => err(() => new Response('', {
                status }))).concat(new Response('', {
                status: 65736 }).status, Response.redirect(U, '301').status, err(() => Response.redirect(U, 200)),
                    err(() => Response.json()))
            """#,
            #"""
            ["RangeError","RangeError","RangeError","RangeError",200,301,"RangeError","TypeError"]
            """#),
        Check(
            "records are converted in order",
            #"""
            () => { const log = []; const traps = {}; for (const trap of ['get', 'ownKeys',
                'getOwnPropertyDescriptor']) {
                traps[trap] = (...values) => { log.push(trap); return Reflect[trap](...values); }; }
                return [err(() => new Headers(new Proxy({ a: 'b', '\uffff': 'd' }, traps))), log]; }
            """#,
            #"""
            ["TypeError",["get","ownKeys","getOwnPropertyDescriptor","get","getOwnPropertyDescriptor"]]
            """#),
        Check(
            "iterators of headers",
            #"""
            () => { const h = new Headers([['fizz', 'buzz'], ['X-Header', 'test']]); const i =
                h[Symbol.iterator](); const out = [
                i.next().value]; h.append('Set-Cookie', 'a=b'); out.push(i.next().value); h.append('Accept', 'x');
                    out.push(
                i.next().value, i.next().value, i.next().done); return [out, `${i}`, 'return' in i]; }
            """#,
            #"""
            [[["fizz","buzz"],["set-cookie","a=b"],["set-cookie","a=b"],["x-header","test"],true],"[object H
            eaders Iterator]",false]
            """#),
        Check(
            "arguments that are missing",
            #"""
            () => [() => new Headers().append('a'), () => new Headers().get(), () =>
                new URLSearchParams().append('a'),
                () => new URLSearchParams().has(), () => new FormData().get(), () => URL.canParse(), () =>
                    crypto.getRandomValues(),
                () => performance.mark(), () => performance.now.call({}), () => crypto.randomUUID.call({})].map(err)
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"
            ,"TypeError","TypeError"]
            """#),
        Check(
            "parts of forms",
            #"""
            async () => { const form = await part('Content-Disposition: form-data; name="a%0Ab%22"'); const types =
                [];
                for (const type of ['text', 'TEXT/HTML', 'text/html, text/plain', '']) { const made = (await part(
                `${file}\r\nContent-Type: ${type}`)).get('a'); types.push(made.type, made.lastModified); }
                return [[...form.keys()], types, (await part(file)).get('a').type]; }
            """#,
            #"""
            [["a\nb\""],["",0,"text/html",0,"text/plain",0,"",0],"text/plain"]
            """#),
        Check(
            "parts that are none",
            #"""
            async () => Promise.all(['Content-Type: a/b', 'Content-Disposition form-data; name="a"',
                `${file}\r\nA b: c`,
                'Content-Disposition: form-data;\r\n name="a"', 'Content-Disposition: form-data; name="a\0"',
                'Content-Disposition: form-data; name="a\nb"'].map((head) => later(part(head))))
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"]
            """#),
        Check(
            "what is around the parts",
            #"""
            async () => Promise.all(['x\r\n--B\r\n', '--B \t\r\n'].flatMap((start) => ['--B--x\r\n', '--B-- \t',
                '--B--\r\nrest'].map(
                (end) => later(new Response(`${start}Content-Disposition: form-data; name=a\r\n\r\nv\r\n${end}`, {
                    headers: {
                'content-type': 'multipart/form-data; boundary="B"' } }).formData()))))
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","no error","no error"]
            """#),
        Check(
            "how forms are written",
            #"""
            async () => { const f = new FormData(); f.append('a', 'b'); f.append('c', new File(['d'], 'e"', {
                type: 'x/y' }));
                const r = new Response(f); const text = await r.text(); return text.replaceAll(text.slice(2,
                    text.indexOf('\r')), 'B'); }
            """#,
            #"""
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--B\r\nContent-Disposition: form-
            data; name=\"c\"; filename=\"e%22\"\r\nContent-Type: x/y\r\n\r\nd\r\n--B--\r\n"
            """#),
        Check(
            "data: URLs",
            #"""
            async () => { const out = []; for (const url of ['data:,a%20b#c', 'data:text/html;charset=utf-8,x',
                'data:;base64, YQ==',
                'data:;x=y;base64,YQ', 'data:nothing,1', 'data:text/plain',
                    'data:;base64,%']) out.push(await fetch(url).then(
                async (r) => [r.headers.get('content-type'), await r.text()], (e) => e.name)); return out; }
            """#,
            #"""
            [["text/plain;charset=US-ASCII","a b"],["text/html;charset=utf-8","x"],["text/plain;charset=US-A
            SCII","a"],["text/plain;x=y","a"],["text/plain;charset=US-ASCII","1"],"TypeError","TypeError"]
            """#),
        Check(
            "a blob reads its parts before its options",
            #"""
            () => { const log = []; const parts = { *[Symbol.iterator]() { log.push('parts'); } }; new Blob(parts, {
                get endings() { log.push('endings'); return undefined; }, get type() { log.push('type');
                    return undefined; } });
                return [log, new Blob([], () => 1).type, new File([], 'f', () => 1).name]; }
            """#,
            #"""
            [["parts","endings","type"],"","f"]
            """#),
        Check(
            "members of a body are the interfaces' own",
            #"""
            () => [Request, Response].map((type) => [Object.hasOwn(type.prototype, 'text'),
                Object.getPrototypeOf(type.prototype) === Object.prototype,
                Object.getPrototypeOf(type) === Function.prototype,
                Object.getOwnPropertyDescriptor(type.prototype, 'body').get.name])
            """#,
            #"""
            [[true,true,true,"get body"],[true,true,true,"get body"]]
            """#),
        Check(
            "constants are of requests only",
            #"""
            () => ['destination', 'duplex', 'isHistoryNavigation', 'isReloadNavigation'].map((name) =>
                [err(() => Request.prototype[name]), new Request(U)[name]])
            """#,
            #"""
            [["TypeError",""],["TypeError","half"],["TypeError",false],["TypeError",false]]
            """#),
        Check(
            "an object URL is what it was when the request was made",
            #"""
            async () => { const url = URL.createObjectURL(new Blob(['x'])); const request = new Request(url + '#f');
                const copy = new Request(request.clone()); URL.revokeObjectURL(url);
                return [await (await fetch(request)).text(), await (await fetch(copy)).text(), await later(fetch(url))]; }
            """#,
            #"""
            ["x","x","TypeError"]
            """#),
        Check(
            "a HEAD request has an answer without a body",
            #"""
            async () => { const { body, status } = await fetch('data:,abc', { method: 'HEAD' }); return [body, status]; }
            """#,
            #"""
            [null,200]
            """#),
        Check(
            "settings that a stream and an enumeration refuse",
            #"""
            () => [{ priority: 'urgent' }, { priority: 'low' }, { method: 'POST', body: new ReadableStream(), duplex: 'half',
                keepalive: true }].map((init) => err(() => new Request(U, init).method))
            """#,
            #"""
            ["TypeError",["no error","GET"],"TypeError"]
            """#),
        Check(
            "a Blob as text has no byte order mark",
            #"""
            async () => { const blob = new Blob(['\ufeffx']); return [await blob.text(), (await blob.bytes()).length]; }
            """#,
            #"""
            ["x",4]
            """#),
        Check(
            "a form may begin with line breaks",
            #"""
            async () => { const form = await new Response('\r\n\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--B--',
                { headers: { 'content-type': 'multipart/form-data; boundary=B' } }).formData(); return [...form]; }
            """#,
            #"""
            [["a","v"]]
            """#),
    ]

    @Test("Requests, responses, headers and forms follow the Fetch Standard") func checks() async throws {
        try await expectChecks(Self.checks, helpers: Self.helpers)
    }
}
