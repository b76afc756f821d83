import Functions
import Testing

/// Blobs, forms, and the bodies of Request and Response.
@Suite struct WebBodiesTests {
    static let helpers = #"""
        const err = async (f) => { try { return ['no error', await f()]; } catch (e) {
        return e?.name ?? String(e); } }; const enc = (s) => new TextEncoder().encode(s);
        const dec = (b) => new TextDecoder().decode(b); const hex = (b) => new Uint8Array(b).toHex();
        const un = (h) => Uint8Array.fromHex(h.replace(/\s/g, ''));
        """#

    static let checks: [Check] = [
        Check(
            "blob",
            #"""
            async () => { const b = new Blob(['ab', new Uint8Array([99, 100]), new Blob(['ef'])], {
                type: 'Text/Plain' }); return [b.size, b.type, await b.text(), await b.slice(1, -1).text(),
                await b.slice(-2).text(), b.slice(0, 1, 'X/y').type, [...await b.bytes()].length]; }
            """#,
            #"""
            [6,"text/plain","abcdef","bcde","ef","x/y",6]
            """#),
        Check(
            "blob stream",
            #"""
            async () => { let n = 0;
                for await (const c of new Blob(['x'.repeat(200000)]).stream()) n += c.length; return n; }
            """#,
            #"""
            200000
            """#),
        Check(
            "file",
            #"""
            () => { const f = new File(['x'], 'a.txt', { type: 'text/plain', lastModified: 5 }); return [f.name,
                f.lastModified, f.size, f instanceof Blob]; }
            """#,
            #"""
            ["a.txt",5,1,true]
            """#),
        Check(
            "formdata",
            #"""
            () => { const f = new FormData(); f.append('a', '1'); f.append('a', '2'); f.append('b',
                new Blob(['x'])); f.set('a', '3'); return [[...f].map(([k, v]) => [k,
                typeof v === 'string' ? v : v.name]), f.has('b'), f.getAll('a'), f.get('none')]; }
            """#,
            #"""
            [[["a","3"],["b","blob"]],true,["3"],null]
            """#),
        Check(
            "multipart round trip",
            #"""
            async () => { const f = new FormData(); f.append('na"me\n', 'li\nne'); f.append('file',
                new File([new Uint8Array([0, 13, 10, 45, 45, 255])], 'n"m.bin', { type: 'x/y' }));
                const r = new Response(f); const type = r.headers.get('content-type');
                const g = await new Response(await r.arrayBuffer(), { headers: {
                'content-type': type } }).formData(); const file = g.get('file'); return [[...g.keys()],
                g.get('na"me\r\n') ?? [...g.values()][0], file.name, file.type, [...await file.bytes()]]; }
            """#,
            #"""
            [["na\"me\r\n","file"],"li\r\nne","n\"m.bin","x/y",[0,13,10,45,45,255]]
            """#),
        Check(
            "urlencoded form",
            #"""
            async () => { const f = await new Request('https://e.com', { method: 'POST',
                body: new URLSearchParams({ a: 'b c', d: '' }) }).formData(); return [...f]; }
            """#,
            #"""
            [["a","b c"],["d",""]]
            """#),
        Check(
            "multipart bad",
            #"""
            async () => { const bad = (t) => err(() => new Response(t, { headers: {
                'content-type': 'multipart/form-data; boundary=x' } }).formData()); return [await bad('nothing'),
                await bad('--x\r\n'), await bad('--x\r\ncontent-disposition: form-data; name=a\r\n\r\nv'),
                await bad(''), await err(() => new Response('x').formData())]; }
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError"]
            """#),
        Check(
            "multipart simple",
            #"""
            async () => {
                const t = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--x\r\ncontent-dis' +
                'position: form-data; name=f; filename="q.txt"\r\ncontent-type: text/html\r\n\r\nbody\r\n--x--\r\nepi' +
                'logue'; const f = await new Response(t, { headers: {
                'content-type': 'multipart/form-data; boundary="x"' } }).formData(); return [f.get('a'),
                f.get('f').name, f.get('f').type, await f.get('f').text()]; }
            """#,
            #"""
            ["v","q.txt","text/html","body"]
            """#),
        Check(
            "body stream",
            #"""
            async () => { const r = new Response('hello'); const s = r.body; const used = r.bodyUsed;
                const rd = s.getReader(); const c = await rd.read(); return [used, dec(c.value), r.bodyUsed,
                (await rd.read()).done]; }
            """#,
            #"""
            [false,"hello",true,true]
            """#),
        Check(
            "body null",
            #"""
            () => [new Response().body, new Request('https://e.com').body, new Response(null).bodyUsed]
            """#,
            #"""
            [null,null,false]
            """#),
        Check(
            "response of stream",
            #"""
            async () => new Response(ReadableStream.from([enc('a'), enc('b')])).text()
            """#,
            #"""
            "ab"
            """#),
        Check(
            "response of string stream",
            #"""
            () => err(() => new Response(ReadableStream.from(['a'])).text())
            """#,
            #"""
            "TypeError"
            """#),
        Check(
            "response of async iterable",
            #"""
            async () => new Response((async function* () { yield enc('x'); })()).text()
            """#,
            #"""
            "x"
            """#),
        Check(
            "clone stream",
            #"""
            async () => { const r = new Response(ReadableStream.from([enc('a'), enc('b')]));
                const c = r.clone(); return [await r.text(), await c.text()]; }
            """#,
            #"""
            ["ab","ab"]
            """#),
        Check(
            "clone text",
            #"""
            async () => { const r = new Response('t'); const c = r.clone(); await r.text();
                return [await c.text(), await err(() => r.clone())]; }
            """#,
            #"""
            ["t","TypeError"]
            """#),
        Check(
            "locked body",
            #"""
            async () => { const s = new ReadableStream(); s.getReader(); return err(() => new Response(s)); }
            """#,
            #"""
            "TypeError"
            """#),
        Check(
            "used body",
            #"""
            async () => { const r = new Response('x'); await r.text(); return [r.bodyUsed,
                await err(() => r.json()), r.body.locked]; }
            """#,
            #"""
            [true,"TypeError",true]
            """#),
        Check(
            "request from request",
            #"""
            async () => { const a = new Request('https://e.com/x', { method: 'POST', body: 'b', headers: {
                h: '1' } }); const b = new Request(a, { headers: { g: '2' } }); return [a.bodyUsed, await b.text(),
                b.method, b.headers.get('g'), b.headers.get('h'), b.url]; }
            """#,
            #"""
            [true,"b","POST","2",null,"https://e.com/x"]
            """#),
        Check(
            "request fields",
            #"""
            () => { const r = new Request('https://e.com'); return [r.redirect, r.mode, r.credentials, r.cache,
                r.destination, r.referrer, r.duplex, r.keepalive, r.integrity]; }
            """#,
            #"""
            ["follow","cors","same-origin","default","","about:client","half",false,""]
            """#),
        Check(
            "request errors",
            #"""
            async () => [await err(() => new Request('x')), await err(() => new Request('https://a:b@e.com')),
                await err(() => new Request('https://e.com', { method: 'GET', body: 'x' })),
                await err(() => new Request('https://e.com', { redirect: 'x' })),
                await err(() => new Request('https://e.com', { method: 'POST', body: new ReadableStream() })),
                await err(() => new Request('https://e.com', { method: 'CONNECT' }))]
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"]
            """#),
        Check(
            "request blob type",
            #"""
            () => new Request('https://e.com', { method: 'POST', body: new Blob(['x'], {
                type: 'a/b' }) }).headers.get('content-type')
            """#,
            #"""
            "a/b"
            """#),
        Check(
            "response blob",
            #"""
            async () => { const b = await new Response('x', { headers: { 'content-type': 'A/B' } }).blob();
                return [b.type, b.size]; }
            """#,
            #"""
            ["a/b",1]
            """#),
        Check(
            "immutable redirect",
            #"""
            () => err(() => Response.redirect('https://e.com').headers.set('a', 'b'))
            """#,
            #"""
            "TypeError"
            """#),
        Check(
            "json bytes",
            #"""
            async () => [await new Response(enc('{"a":1}')).json(), await err(() => new Response('{').json()),
                (await new Response('ab').bytes()).length]
            """#,
            #"""
            [{"a":1},"SyntaxError",2]
            """#),
        Check(
            "enumerable",
            #"""
            () => { const names = []; for (const k in new Response('x')) names.push(k);
                return names.includes('body') && names.includes('status') && names.includes('text'); }
            """#,
            #"""
            true
            """#),
    ]

    @Test func behaves() async throws { try await expectChecks(Self.checks, helpers: Self.helpers) }
}
