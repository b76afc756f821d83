import Functions
import Testing

/// Encodings, events, clones, messages, performance and WebAssembly.
@Suite struct WebObjectsTests {
    static let helpers = #"""
        const err = async (f) => { try { return ['no error', await f()]; } catch (e) {
        return e?.name ?? String(e); } }; const enc = (s) => new TextEncoder().encode(s);
        const dec = (b) => new TextDecoder().decode(b); const hex = (b) => new Uint8Array(b).toHex();
        const un = (h) => Uint8Array.fromHex(h.replace(/\s/g, ''));
        const wasm = un('0061736d010000000105016000017f03020100070501016600000a06010400412a0b');
        """#

    static let checks: [Check] = [
        Check(
            "labels",
            #"""
            () => [new TextDecoder('LATIN1').encoding, new TextDecoder(' utf8 ').encoding,
                new TextDecoder('ascii').encoding, new TextDecoder('utf-16').encoding,
                new TextDecoder('sun_eu_greek').encoding]
            """#,
            #"""
            ["windows-1252","utf-8","windows-1252","utf-16le","iso-8859-7"]
            """#),
        Check(
            "1252",
            #"""
            () => new TextDecoder('windows-1252').decode(un('80 e9 9f 81 ff'))
            """#,
            #"""
            "€éŸÿ"
            """#),
        Check(
            "koi8",
            #"""
            () => new TextDecoder('koi8-r').decode(un('f0d2c9d7c5d4'))
            """#,
            #"""
            "Привет"
            """#),
        Check(
            "1251",
            #"""
            () => new TextDecoder('cp1251').decode(un('cff0e8e2e5f2'))
            """#,
            #"""
            "Привет"
            """#),
        Check(
            "8859-7 bad",
            #"""
            async () => [new TextDecoder('greek').decode(un('c1 ff')), await err(() => new TextDecoder('greek',
                { fatal: true }).decode(un('ff')))]
            """#,
            #"""
            ["Α�","TypeError"]
            """#),
        Check(
            "utf16",
            #"""
            () => { const d = new TextDecoder('utf-16le'); return [d.decode(un('ff fe 68 00 3d d8 00 de')),
                d.decode(un('3d d8'), { stream: true }) + d.decode(un('00'), { stream: true }) + d.decode(un('de')),
                new TextDecoder('utf-16be').decode(un('0068d8 00')), d.decode(un('6800 00'))]; }
            """#,
            #"""
            ["h😀","😀","h�","h�"]
            """#),
        Check(
            "bad label",
            #"""
            async () => [await err(() => new TextDecoder('hz-gb-2312')), await err(() => new TextDecoder('x'))]
            """#,
            #"""
            ["RangeError","RangeError"]
            """#),
        Check(
            "atob",
            #"""
            async () => [atob(' aGk= '), btoa('hi'), await err(() => atob('a')), atob('YWI'),
                await err(() => atob('YW=I'))]
            """#,
            #"""
            ["hi","aGk=","InvalidCharacterError","ab","InvalidCharacterError"]
            """#),
        Check(
            "event",
            #"""
            () => { const t = new EventTarget(); const log = []; const e = new CustomEvent('x', { detail: 7,
                cancelable: true }); t.addEventListener('x', { handleEvent(v) { log.push(v.detail, v.target === t,
                v.eventPhase, v.composedPath().length); } }); t.addEventListener('x', (v) => { v.preventDefault();
                v.stopImmediatePropagation(); }); t.addEventListener('x', () => log.push('never'));
                const r = t.dispatchEvent(e); return [r, log, e.defaultPrevented, e.eventPhase, Event.AT_TARGET,
                e.currentTarget]; }
            """#,
            #"""
            [false,[7,true,2,1],true,0,2,null]
            """#),
        Check(
            "signal listener",
            #"""
            () => { const t = new EventTarget(); const a = new AbortController(); let n = 0;
                t.addEventListener('x', () => n++, { signal: a.signal }); t.dispatchEvent(new Event('x'));
                a.abort(); t.dispatchEvent(new Event('x')); return n; }
            """#,
            #"""
            1
            """#),
        Check(
            "timeouts",
            #"""
            async () => {
                const long = AbortSignal.timeout(1e12);
                const short = AbortSignal.timeout(1);
                await new Promise((done) => { short.onabort = done; });
                return [long.aborted, short.reason.name, await err(() => AbortSignal.timeout(-1))];
            }
            """#,
            #"""
            [false,"TimeoutError","TypeError"]
            """#),
        Check(
            "any",
            #"""
            () => { const a = new AbortController(), b = new AbortController();
                const s = AbortSignal.any([a.signal, b.signal]); const t = AbortSignal.any([s]); let n = 0;
                t.onabort = () => n++; b.abort('why'); a.abort('no'); return [s.aborted, t.reason, n,
                AbortSignal.any([]).aborted]; }
            """#,
            #"""
            [true,"why",1,false]
            """#),
        Check(
            "passive",
            #"""
            () => { const t = new EventTarget(); t.addEventListener('x', (e) => e.preventDefault(), {
                passive: true }); return t.dispatchEvent(new Event('x', { cancelable: true })); }
            """#,
            #"""
            true
            """#),
        Check(
            "global error",
            #"""
            async () => { const got = []; globalThis.onerror = (...v) => { got.push(v.length, v[0],
                v[4].message); return true; }; const l = (e) => got.push(e instanceof ErrorEvent, e.error.message);
                addEventListener('error', l); reportError(new Error('boo')); queueMicrotask(() => {
                throw new Error('micro'); }); await 0; await 0; removeEventListener('error', l);
                globalThis.onerror = null; return got; }
            """#,
            #"""
            [5,"Error: boo","boo",true,"boo",5,"Error: micro","micro",true,"micro"]
            """#),
        Check(
            "unhandled",
            #"""
            async () => { const got = []; globalThis.onunhandledrejection = (e) => {
                got.push(e instanceof PromiseRejectionEvent, e.reason, e.promise instanceof Promise);
                e.preventDefault(); }; Promise.reject('r1'); await new Promise((r) => setTimeout(r, 1));
                globalThis.onunhandledrejection = null; return got; }
            """#,
            #"""
            [true,"r1",true]
            """#),
        Check(
            "clone",
            #"""
            () => { const a = { d: new Date(5), r: /x/gi, m: new Map([[1, { z: 1 }]]), s: new Set([1]),
                b: new Uint8Array([1, 2]), e: new RangeError('m', { cause: 'c' }), n: null, u: undefined, arr: [1, ,
                3], big: 5n, o: Object('s') }; a.self = a; const c = structuredClone(a); return [c.self === c,
                c.d.getTime(), c.r.flags, c.m.get(1).z, c.s.has(1), [...c.b], c.e instanceof RangeError,
                c.e.message, c.e.cause, 'u' in c, 1 in c.arr, c.arr.length, c.big === 5n, typeof c.o, c.m !== a.m];
                }
            """#,
            #"""
            [true,5,"gi",1,true,[1,2],true,"m","c",true,false,3,true,"object",true]
            """#),
        Check(
            "clone transfer",
            #"""
            async () => { const b = new ArrayBuffer(8); const v = new Uint8Array(b, 2, 3);
                const c = structuredClone({ b, v }, { transfer: [b] }); const e = new ArrayBuffer(1);
                const fails = await err(() => structuredClone({ e, f() {} }, { transfer: [e] }));
                return [b.detached, c.v.buffer === c.b, c.v.length, fails, e.detached,
                await err(() => structuredClone(1, { transfer: [b] })), await err(() => structuredClone(1, {
                transfer: [e, e] }))]; }
            """#,
            #"""
            [true,true,3,"DataCloneError",false,"DataCloneError","DataCloneError"]
            """#),
        Check(
            "clone platform",
            #"""
            async () => { const f = structuredClone(new File(['x'], 'n', { type: 'a/b' }));
                const d = structuredClone(new DOMException('m', 'AbortError')); return [f.name, await f.text(),
                d.name, d.code, await err(() => structuredClone(new Response('x'))),
                await err(() => structuredClone(Promise.resolve())),
                await err(() => structuredClone(new WeakMap()))]; }
            """#,
            #"""
            ["n","x","AbortError",20,"DataCloneError","DataCloneError","DataCloneError"]
            """#),
        Check(
            "clone what has a state that cannot be had",
            #"""
            () => Promise.all([(function* () {})(), (async function* () {})(), [].values(), new Map().keys(),
                new Set().values(), 'a'[Symbol.iterator](), new WebAssembly.Memory({ initial: 1 }),
                new FinalizationRegistry(() => {})].map((value) => err(() => structuredClone({ value }))))
            """#,
            #"""
            ["DataCloneError","DataCloneError","DataCloneError","DataCloneError","DataCloneError","DataCloneError"
            ,"DataCloneError","DataCloneError"]
            """#),
        Check(
            "clone stream",
            #"""
            async () => { const s = ReadableStream.from([1, 2]); const c = structuredClone(s, {
                transfer: [s] }); const { locked } = s; const out = []; for await (const x of c) out.push(x);
                return [locked, out,
                await err(() => structuredClone(new ReadableStream()))]; }
            """#,
            #"""
            [true,[1,2],"DataCloneError"]
            """#),
        Check(
            "clone resizable",
            #"""
            () => { const b = new ArrayBuffer(2, { maxByteLength: 8 }); const c = structuredClone(b);
                return [c.resizable, c.maxByteLength]; }
            """#,
            #"""
            [true,8]
            """#),
        Check(
            "clone class",
            #"""
            () => { class A { x = 1; get y() { return 2; } } const c = structuredClone(new A());
                return [c.constructor === Object, c]; }
            """#,
            #"""
            [true,{"x":1}]
            """#),
        Check(
            "channel",
            #"""
            async () => { const c = new MessageChannel(); const got = [];
                c.port2.onmessage = (e) => got.push(e.data, e instanceof MessageEvent); c.port1.postMessage({
                a: [1] }); const b = new ArrayBuffer(4); c.port1.postMessage(b, [b]);
                const m = new MessageChannel(); c.port1.postMessage('port', { transfer: [m.port2] });
                for (let i = 0; i < 500 && got.length < 6; i += 1) await new Promise((r) => setTimeout(r, 1));
                return [got.length, got[0], b.detached, got[2].byteLength, await err(() => c.port1.postMessage(1,
                [c.port1]))]; }
            """#,
            #"""
            [6,{"a":[1]},true,4,"DataCloneError"]
            """#),
        Check(
            "port transfer",
            #"""
            async () => { const c = new MessageChannel(), m = new MessageChannel(); let got;
                c.port2.onmessage = (e) => { e.ports[0].onmessage = (f) => { got = f.data; }; };
                m.port1.postMessage('early'); c.port1.postMessage(0, [m.port2]); for (let i = 0;
                i < 500 && got === undefined; i += 1) await new Promise((r) => setTimeout(r, 1)); return got; }
            """#,
            #"""
            "early"
            """#),
        Check(
            "performance",
            #"""
            () => { performance.mark('a'); performance.mark('b', { detail: { x: 1 } });
                const m = performance.measure('m', 'a', 'b'); return [m.entryType, m.duration >= 0,
                performance.getEntriesByType('mark').length, performance.getEntriesByName('b')[0].detail.x,
                performance.timeOrigin > 1e12, performance.now() < 1e6, performance instanceof EventTarget,
                (performance.clearMarks(), performance.getEntriesByType('mark').length)]; }
            """#,
            #"""
            ["measure",true,2,1,true,true,true,0]
            """#),
        Check(
            "wasm streaming",
            #"""
            async () => { const r = () => new Response(wasm, { headers: {
                'content-type': 'application/wasm' } }); const {
                instance } = await WebAssembly.instantiateStreaming(r());
                const m = await WebAssembly.compileStreaming(Promise.resolve(r())); return [instance.exports.f(),
                m instanceof WebAssembly.Module, await err(() => WebAssembly.compileStreaming(new Response(wasm)))];
                }
            """#,
            #"""
            [42,true,"TypeError"]
            """#),
        Check(
            "wasm members",
            #"""
            () => ['Module', 'Instance', 'Memory', 'Table', 'Global', 'Tag', 'JSTag', 'Exception',
                'CompileError', 'LinkError', 'RuntimeError', 'compile', 'instantiate',
                'validate'].filter((n) => WebAssembly[n] === undefined)
            """#,
            #"""
            []
            """#),
    ]

    @Test func behaves() async throws { try await expectChecks(Self.checks, helpers: Self.helpers) }
}
