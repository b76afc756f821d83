import Functions
import Testing

/// WHATWG streams, inside a worker.
@Suite struct WebStreamsTests {
    static let helpers = #"""
        const collect = async (s) => { const out = []; for await (const c of s) out.push(c); return out; };
        const err = async (f) => { try { return ['no error', await f()]; } catch (e) {
        return e?.name ?? String(e); } };
        """#

    static let checks: [Check] = [
        Check(
            "from",
            #"""
            () => collect(ReadableStream.from(['a', 'b']))
            """#,
            #"""
            ["a","b"]
            """#),
        Check(
            "from async",
            #"""
            () => collect(ReadableStream.from((async function* () { yield 1; yield 2; })()))
            """#,
            #"""
            [1,2]
            """#),
        Check(
            "start enqueue",
            #"""
            () => collect(new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close(); } }))
            """#,
            #"""
            [1,2]
            """#),
        Check(
            "pull",
            #"""
            () => { let n = 0; return collect(new ReadableStream({ pull(c) { c.enqueue(n += 1);
                if (n === 3) c.close(); } })); }
            """#,
            #"""
            [1,2,3]
            """#),
        Check(
            "error",
            #"""
            () => err(() => collect(new ReadableStream({ start(c) { c.error(new RangeError('x')); } })))
            """#,
            #"""
            "RangeError"
            """#),
        Check(
            "locked",
            #"""
            async () => { const s = new ReadableStream(); const r = s.getReader(); const a = s.locked;
                r.releaseLock(); return [a, s.locked, await err(() => r.read())]; }
            """#,
            #"""
            [true,false,"TypeError"]
            """#),
        Check(
            "cancel",
            #"""
            async () => { let why; const s = new ReadableStream({ cancel(r) { why = r; } });
                await s.cancel('done'); return why; }
            """#,
            #"""
            "done"
            """#),
        Check(
            "tee",
            #"""
            async () => { const [a, b] = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close();
                } }).tee(); return [await collect(a), await collect(b)]; }
            """#,
            #"""
            [[1,2],[1,2]]
            """#),
        Check(
            "bytes",
            #"""
            async () => { const s = new ReadableStream({ type: 'bytes', pull(c) { c.enqueue(new Uint8Array([1,
                2, 3])); c.close(); } }); return (await collect(s)).map((x) => [...x]); }
            """#,
            #"""
            [[1,2,3]]
            """#),
        Check(
            "byob",
            #"""
            async () => { const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1,
                2, 3, 4, 5])); c.close(); } }); const r = s.getReader({ mode: 'byob' });
                const a = await r.read(new Uint8Array(2)); const b = await r.read(new Uint8Array(10));
                const c = await r.read(new Uint8Array(4)); return [[...a.value], a.done, [...b.value],
                b.value.buffer.byteLength, c.done, c.value.byteLength]; }
            """#,
            #"""
            [[1,2],false,[3,4,5],10,true,0]
            """#),
        Check(
            "byob request",
            #"""
            async () => { let n = 0; const s = new ReadableStream({ type: 'bytes', pull(c) {
                const v = c.byobRequest.view; v[0] = n; v[1] = n + 1; n += 2; c.byobRequest.respond(2); } });
                const r = s.getReader({ mode: 'byob' }); const a = await r.read(new Uint8Array(8));
                const b = await r.read(new Uint8Array(8), { min: 4 }); return [[...a.value], [...b.value]]; }
            """#,
            #"""
            [[0,1],[2,3,4,5]]
            """#),
        Check(
            "auto allocate",
            #"""
            async () => { const s = new ReadableStream({ type: 'bytes', autoAllocateChunkSize: 16, pull(c) {
                const v = c.byobRequest.view; v[0] = 7; c.byobRequest.respond(1); c.close(); } });
                return (await collect(s)).map((x) => [...x]); }
            """#,
            #"""
            [[7]]
            """#),
        Check(
            "byte tee",
            #"""
            async () => { const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1,
                2])); c.enqueue(new Uint8Array([3])); c.close(); } }); const [a, b] = s.tee();
                const x = (await collect(a)).flatMap((v) => [...v]); const r = b.getReader({ mode: 'byob' });
                const y = []; for (;;) { const { value, done } = await r.read(new Uint8Array(2)); if (done) break;
                y.push(...value); } return [x, y]; }
            """#,
            #"""
            [[1,2,3],[1,2,3]]
            """#),
        Check(
            "uint16 byob",
            #"""
            async () => { const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1,
                0, 2])); c.enqueue(new Uint8Array([0])); c.close(); } }); const r = s.getReader({ mode: 'byob' });
                const a = await r.read(new Uint16Array(2), { min: 2 }); return [...a.value]; }
            """#,
            #"""
            [1,2]
            """#),
        Check(
            "pipe",
            #"""
            async () => { const out = []; await ReadableStream.from([1, 2, 3]).pipeTo(new WritableStream({
                write(c) { out.push(c); }, close() { out.push('closed'); } })); return out; }
            """#,
            #"""
            [1,2,3,"closed"]
            """#),
        Check(
            "pipe error",
            #"""
            async () => { let aborted; const s = new ReadableStream({ start(c) { c.enqueue(1); }, pull(c) {
                c.error('bad'); } }); const e = await err(() => s.pipeTo(new WritableStream({ abort(r) {
                aborted = r; } }))); return [e, aborted]; }
            """#,
            #"""
            ["bad","bad"]
            """#),
        Check(
            "pipe dest error",
            #"""
            async () => { let why; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(r) {
                why = r; } }); const e = await err(() => s.pipeTo(new WritableStream({ write() { throw 'no'; } })));
                return [e, why]; }
            """#,
            #"""
            ["no","no"]
            """#),
        Check(
            "pipe abort",
            #"""
            async () => { const a = new AbortController(); let c1, a1; const s = new ReadableStream({
                cancel(r) { c1 = r; } }); const p = s.pipeTo(new WritableStream({ abort(r) { a1 = r; } }), {
                signal: a.signal }); a.abort('stop'); return [await err(() => p), c1, a1]; }
            """#,
            #"""
            ["stop","stop","stop"]
            """#),
        Check(
            "pipeThrough",
            #"""
            () => collect(ReadableStream.from(['a', 'b']).pipeThrough(new TransformStream({ transform(x, c) {
                c.enqueue(x + x); }, flush(c) { c.enqueue('end'); } })))
            """#,
            #"""
            ["aa","bb","end"]
            """#),
        Check(
            "transform error",
            #"""
            () => err(() => collect(ReadableStream.from(['a']).pipeThrough(new TransformStream({ transform() {
                throw new RangeError('t'); } }))))
            """#,
            #"""
            "RangeError"
            """#),
        Check(
            "transform terminate",
            #"""
            () => collect(ReadableStream.from([1, 2, 3]).pipeThrough(new TransformStream({ transform(x, c) {
                c.enqueue(x); if (x === 2) c.terminate(); } })))
            """#,
            #"""
            [1,2]
            """#),
        Check(
            "identity",
            #"""
            () => collect(ReadableStream.from([1]).pipeThrough(new TransformStream()))
            """#,
            #"""
            [1]
            """#),
        Check(
            "writer",
            #"""
            async () => { const out = []; const w = new WritableStream({ write(c) { out.push(c); } },
                new CountQueuingStrategy({ highWaterMark: 2 })).getWriter(); const d = [w.desiredSize]; w.write(1);
                d.push(w.desiredSize); w.write(2); d.push(w.desiredSize); await w.ready; await w.close(); return [d,
                out, await w.closed]; }
            """#,
            #"""
            [[2,1,0],[1,2],null]
            """#),
        Check(
            "writer abort",
            #"""
            async () => { let why; const s = new WritableStream({ abort(r) { why = r; } });
                const w = s.getWriter(); await w.abort('x'); return [why, await err(() => w.closed),
                await err(() => w.write(1))]; }
            """#,
            #"""
            ["x","x","x"]
            """#),
        Check(
            "writer signal",
            #"""
            async () => { let seen; const s = new WritableStream({ start(c) { c.signal.addEventListener('abort',
                () => { seen = c.signal.reason; }); } }); await s.abort('r'); return seen; }
            """#,
            #"""
            "r"
            """#),
        Check(
            "strategy",
            #"""
            () => [new ByteLengthQueuingStrategy({ highWaterMark: 5 }).size(new Uint8Array(3)),
                new CountQueuingStrategy({ highWaterMark: 5 }).highWaterMark]
            """#,
            #"""
            [3,5]
            """#),
        Check(
            "back pressure",
            #"""
            async () => { let pulls = 0; const s = new ReadableStream({ pull(c) { pulls++; c.enqueue(pulls);
                } }, { highWaterMark: 3 }); await new Promise((r) => setTimeout(r, 1)); return pulls; }
            """#,
            #"""
            3
            """#),
        Check(
            "iterator return",
            #"""
            async () => { let why = 'none'; const s = new ReadableStream({ pull(c) { c.enqueue(1); }, cancel() {
                why = 'cancelled'; } }); for await (const c of s) break; return [why, s.locked]; }
            """#,
            #"""
            ["cancelled",false]
            """#),
        Check(
            "preventCancel",
            #"""
            async () => { const s = new ReadableStream({ pull(c) { c.enqueue(1); } });
                for await (const c of s.values({ preventCancel: true })) break; return [s.locked,
                (await s.getReader().read()).value]; }
            """#,
            #"""
            [false,1]
            """#),
        Check(
            "text streams",
            #"""
            async () => { const p = ReadableStream.from(['h\u00e9', '\ud83c',
                '\udf0d']).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream());
                return (await collect(p)).join(''); }
            """#,
            #"""
            "hé🌍"
            """#),
        Check(
            "bad format",
            #"""
            () => err(() => new CompressionStream('br'))
            """#,
            #"""
            "TypeError"
            """#),
        Check(
            "release pending read",
            #"""
            async () => { const s = new ReadableStream(); const r = s.getReader(); const p = r.read();
                r.releaseLock(); return err(() => p); }
            """#,
            #"""
            "TypeError"
            """#),
        Check(
            "byte respond after close",
            #"""
            async () => { let ctl; const s = new ReadableStream({ type: 'bytes', start(c) { ctl = c; } });
                const r = s.getReader({ mode: 'byob' }); const p = r.read(new Uint8Array(4)); await 0;
                const req = ctl.byobRequest; ctl.close(); req.respond(0); const x = await p; return [x.done,
                x.value.byteLength]; }
            """#,
            #"""
            [true,0]
            """#),
        Check(
            "names",
            #"""
            () => [ReadableStream.name, new ReadableStream().getReader().constructor.name,
                Object.prototype.toString.call(new TransformStream()),
                ReadableStream.prototype[Symbol.asyncIterator] === ReadableStream.prototype.values]
            """#,
            #"""
            ["ReadableStream","ReadableStreamDefaultReader","[object TransformStream]",true]
            """#),
        Check(
            "illegal",
            #"""
            async () => [await err(() => new ReadableStreamDefaultController()),
                await err(() => new ReadableStream({ type: 'x' })), await err(() => new ReadableStream({
                type: 'bytes' }, { size() {} })), await err(() => new ReadableStream(null)),
                await err(() => new ReadableStream({}, { highWaterMark: -1 }))]
            """#,
            #"""
            ["TypeError","TypeError","RangeError","TypeError","RangeError"]
            """#),
        Check(
            "transform backpressure",
            #"""
            async () => { const t = new TransformStream(); const w = t.writable.getWriter();
                const first = w.write('a'); let done = false; first.then(() => { done = true; });
                await new Promise((r) => setTimeout(r, 1)); const before = done; const r = t.readable.getReader();
                const v = await r.read(); await first; return [before, v.value, done]; }
            """#,
            #"""
            [false,"a",true]
            """#),
        Check(
            "tee cancel both",
            #"""
            async () => { let why; const [a, b] = new ReadableStream({ cancel(r) { why = r; } }).tee();
                const p = a.cancel(1); await b.cancel(2); await p; return why; }
            """#,
            #"""
            [1,2]
            """#),
    ]

    @Test func behaves() async throws { try await expectChecks(Self.checks, helpers: Self.helpers) }
}
