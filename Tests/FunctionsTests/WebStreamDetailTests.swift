import Functions
import Testing

/// Details of the Streams Standard: turns, conversions and shapes.
@Suite struct WebStreamDetailTests {
    static let helpers = #"""
        const err = (f) => { try { return ['no error', f()]; } catch (e) { return e.name ?? e; } };
        """#

    static let checks: [Check] = [
        Check(
            "lengths of methods",
            #"""
            () => [ReadableStream.prototype.cancel.length, ReadableStream.prototype.pipeTo.length,
                ReadableStreamDefaultController.length,
                ReadableStreamBYOBReader.prototype.read.length, WritableStreamDefaultWriter.prototype.write.length,
                TransformStreamDefaultController.prototype.enqueue.length, Object.keys(ReadableStream)]
            """#,
            #"""
            [0,1,0,1,0,0,["from"]]
            """#),
        Check(
            "strategies are read before sources",
            #"""
            () => { const log = []; const note = (name) => ({ get [name]() { log.push(name); return undefined; } });
                new ReadableStream(note('pull'), note('size')); new WritableStream(note('write'),
                    note('highWaterMark'));
                return [log, err(() => new WritableStream({ get write() { throw 'sink'; } }, { get size() {
                    throw 'strategy'; } }))]; }
            """#,
            #"""
            [["size","pull","highWaterMark","write"],"strategy"]
            """#),
        Check(
            "enqueuing calls no sink",
            #"""
            async () => { let source; const log = []; const s = new ReadableStream({ start(c) { source = c; } });
                s.pipeTo(new WritableStream({ write() { log.push('write'); } })); await new Promise((r) =>
                    setTimeout(r, 0));
                source.enqueue(1); log.push('after'); await new Promise((r) => setTimeout(r, 0)); return log; }
            """#,
            #"""
            ["after","write"]
            """#),
        Check(
            "pipeThrough looks at one end after the other",
            #"""
            () => { let seen = false; return [err(() => new ReadableStream().pipeThrough({ readable: {},
                get writable() { seen = true; } })),
                seen]; }
            """#,
            #"""
            ["TypeError",false]
            """#),
        Check(
            "iterators",
            #"""
            async () => { const i = new ReadableStream().values(); const p = Object.getPrototypeOf(i);
                return [Object.prototype.toString.call(i), Object.getOwnPropertyNames(p).sort(),
                    Object.getPrototypeOf(p) ===
                Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)),
                await p.next.call({}).catch((e) => e.name)]; }
            """#,
            #"""
            ["[object ReadableStream AsyncIterator]",["next","return"],true,"TypeError"]
            """#),
        Check(
            "returning waits for the step before",
            #"""
            async () => { let pulls = 0; const s = new ReadableStream({ pull(c) { c.enqueue(pulls); pulls += 1;
                } });
                const i = s.values(); const a = i.next(); const b = i.return('end'); return [await a, await b,
                    pulls]; }
            """#,
            #"""
            [{"value":0,"done":false},{"value":"end","done":true},2]
            """#),
        Check(
            "accessors of Object.prototype are not asked",
            #"""
            async () => { const asked = []; for (const name of ['start', 'pull', 'cancel', 'highWaterMark']) {
                Object.defineProperty(Object.prototype, name, { configurable: true, get() { asked.push(name);
                    return undefined; } }); }
                try { const [a, b] = new Response('x').body.tee(); new ReadableStream({ __proto__: null }, {
                    __proto__: null }).tee();
                new TransformStream({ __proto__: null }, { __proto__: null }, { __proto__: null });
                    await Promise.all([a.cancel(), b.cancel()]);
                } finally { for (const name of ['start', 'pull', 'cancel',
                    'highWaterMark']) delete Object.prototype[name]; }
                return asked; }
            """#,
            #"""
            []
            """#),
        Check(
            "cancelling and failing at once",
            #"""
            async () => { let own; const t = new TransformStream({ start(c) { own = c; } }); const done =
                t.readable.cancel('why');
                own.error('bad'); return [await done.then(() => 'fine', (e) => e),
                    await t.writable.getWriter().closed.catch((e) => e)]; }
            """#,
            #"""
            ["fine","bad"]
            """#),
        Check(
            "what is locked meanwhile does not move",
            #"""
            () => { const t = new TransformStream(); return err(() => structuredClone([t, t.readable], {
                transfer: [t, t.readable] })); }
            """#,
            #"""
            "DataCloneError"
            """#),
    ]

    @Test("Streams take the standard's turns and conversions") func checks() async throws {
        try await expectChecks(Self.checks, helpers: Self.helpers)
    }
}
