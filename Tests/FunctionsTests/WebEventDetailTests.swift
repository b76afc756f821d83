import Functions
import Testing

/// Details of events, signals, marks and the console.
@Suite struct WebEventDetailTests {
    static let helpers = #"""
        const err = (f) => { try { return ['no error', f()]; } catch (e) { return e.name; } };
        """#

    static let checks: [Check] = [
        Check(
            "own isTrusted",
            #"""
            () => { const e = new Event('x'); const d = Object.getOwnPropertyDescriptor(e, 'isTrusted');
                class Own extends Event {
                get isTrusted() { return true; } } return [e.isTrusted, d.configurable, d.enumerable, typeof d.get,
                    d.set === undefined,
                d.get === Object.getOwnPropertyDescriptor(new Event('y'), 'isTrusted').get, new Own('x').isTrusted,
                'isTrusted' in Event.prototype]; }
            """#,
            #"""
            [false,false,true,"function",true,true,false,false]
            """#),
        Check(
            "whom events come from",
            #"""
            () => { const c = new AbortController(); const seen = []; c.signal.onabort = (e) =>
                seen.push(e.isTrusted, e); c.abort();
                const t = new EventTarget(); t.addEventListener('abort', (e) => seen.push(e.isTrusted));
                    t.dispatchEvent(seen[1]);
                return [seen[0], seen[2]]; }
            """#,
            #"""
            [true,false]
            """#),
        Check(
            "options are read whatever the listener",
            #"""
            () => { const seen = []; const options = {}; for (const name of ['signal', 'passive', 'once',
                'capture']) {
                Object.defineProperty(options, name, { get() { seen.push(name); return undefined; } }); }
                new EventTarget().addEventListener('x', null, options); return seen; }
            """#,
            #"""
            ["capture","once","passive","signal"]
            """#),
        Check(
            "functions are dictionaries",
            #"""
            () => { const f = () => 1; f.bubbles = true; return [new Event('x', f).bubbles, err(() =>
                new Event('x', 1)),
                err(() => new Event('x', null)), err(() => new EventTarget().removeEventListener('x'))]; }
            """#,
            #"""
            [true,"TypeError",["no error",{"isTrusted":false}],"TypeError"]
            """#),
        Check(
            "signals of signals",
            #"""
            () => { const c = new AbortController(); const log = []; const note = (s, n) => { s.onabort = () =>
                log.push(n); return s; };
                note(c.signal, 0); const a = note(AbortSignal.any([c.signal]), 1);
                    note(AbortSignal.any([c.signal]), 2);
                note(AbortSignal.any([a]), 3); note(AbortSignal.any([c.signal, a]), 4); c.abort('r'); return [log,
                    a.reason]; }
            """#,
            #"""
            [[0,1,2,3,4],"r"]
            """#),
        Check(
            "any takes a list",
            #"""
            () => [err(() => AbortSignal.any()), err(() => AbortSignal.any(1)), err(() => AbortSignal.any([1])),
                err(() => AbortSignal.timeout()),
                AbortSignal.any(new Set()).aborted, Object.keys(AbortSignal)]
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError",false,["abort","timeout","any"]]
            """#),
        Check(
            "marks and measures",
            #"""
            () => [err(() => performance.mark('m', 1)), err(() => performance.mark('m', { startTime: -1 })),
                err(() => performance.measure('m', { duration: 1 })), err(() => performance.measure('m', {
                    start: 1 }, 'n')),
                err(() => performance.measure('m', { start: 1, end: 2, duration: 1 })), err(() =>
                    performance.measure('m', 'none')),
                performance.measure('m', { start: 1, duration: 2 }).duration, performance.measure('m', { end: 5,
                    duration: 2 }).startTime,
                performance.measure('m', { start: 1, end: 4, detail: { a: 1 } }).detail]
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","SyntaxError",2,3,{"a":1}]
            """#),
        Check(
            "the console is a namespace",
            #"""
            () => [Object.keys(Object.getPrototypeOf(console)),
                Object.getPrototypeOf(Object.getPrototypeOf(console)) === Object.prototype,
                console.table.length, console.dir.length, Object.prototype.toString.call(console)]
            """#,
            #"""
            [[],true,0,0,"[object console]"]
            """#),
        Check(
            "what has too few arguments or another object",
            #"""
            () => [() => new Event('a').initEvent(), () => new CustomEvent('a').initCustomEvent(),
                () => new MessageEvent('a').initMessageEvent(), () => CustomEvent.prototype.initCustomEvent.call({}, 'a'),
                () => EventTarget.prototype.addEventListener.call({}, 'a', null), () => { Event.prototype.cancelBubble = false; }]
                .map(err)
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"]
            """#),
        Check(
            "an event begins anew",
            #"""
            () => { const e = new MessageEvent('a'); const c = new CustomEvent('a', { detail: 1 }); const target = new EventTarget();
                e.initMessageEvent('b', true, true, 1, 'o', 'i', null, []); target.addEventListener('a', () =>
                c.initCustomEvent('b', false, false, 2)); target.dispatchEvent(c);
                return [e.type, e.bubbles, e.data, e.origin, e.lastEventId, e.source, e.ports.length, c.type, c.detail]; }
            """#,
            #"""
            ["b",true,1,"o","i",null,0,"a",1]
            """#),
        Check(
            "names and lengths",
            #"""
            () => [['onabort', AbortSignal], ['onmessage', MessagePort], ['onclose', MessagePort]].map(([name, { length, prototype }]) => {
                const { get, set } = Object.getOwnPropertyDescriptor(prototype, name); return [length, get.name, set.name]; })
            """#,
            #"""
            [[0,"get onabort","set onabort"],[0,"get onmessage","set onmessage"],[0,"get onclose","set onclose"]]
            """#),
        Check(
            "times that are none",
            #"""
            () => [() => AbortSignal.timeout(2 ** 53), () => AbortSignal.timeout(-0.5).aborted,
                () => performance.measure('m', 'navigationStart'), () => performance.measure('m', 'nowhere')].map(err)
            """#,
            #"""
            ["TypeError",["no error",false],"TypeError","SyntaxError"]
            """#),
        Check(
            "a group of interfaces is there when one of it is",
            #"""
            () => [CountQueuingStrategy, 'WritableStream', 'ByteLengthQueuingStrategy'].slice(1).map((name) => {
                const { value, writable, enumerable } = Object.getOwnPropertyDescriptor(globalThis, name);
                return [typeof value, writable, enumerable]; })
            """#,
            #"""
            [["function",true,false],["function",true,false]]
            """#),
    ]

    @Test("Events, signals and marks follow their standards") func checks() async throws {
        try await expectChecks(Self.checks, helpers: Self.helpers)
    }
}
