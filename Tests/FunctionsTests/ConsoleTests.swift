import Functions
import Testing

/// How the console writes values.
@Suite struct ConsoleTests {
    static let lines: [(String, [String])] = [
        (
            "console.log('a', 1, null, undefined, true, 5n, Symbol('s'), -0)",
            ["a 1 null undefined true 5n Symbol(s) -0"]
        ),
        (
            "console.log({ a: 1, b: 'x', c: [1, 'y'], d: { e: { f: { g: 1 } } } })",
            ["{ a: 1, b: 'x', c: [ 1, 'y' ], d: { e: { f: [Object] } } }"]
        ),
        (
            "console.log([1, , 3], new Map([['k', { v: 1 }]]), new Set([1, 'a']))",
            ["[ 1, <1 empty item>, 3 ] Map(1) { 'k' => { v: 1 } } Set(2) { 1, 'a' }"]
        ),
        (
            "console.log('%s is %d and %i %f %j %o %O %%', 'x', 42.5, 42.5, '1.5', { a: 1 }, [1], { b: 2 }, 'rest')",
            ["x is 42.5 and 42 1.5 {\"a\":1} [ 1 ] { b: 2 } % rest"]
        ),
        (
            "class Foo { x = 1 } console.log(new Foo(), Foo, function bar() {}, () => {}, Object.create(null))",
            ["Foo { x: 1 } [class Foo] [Function: bar] [Function (anonymous)] [Object: null prototype] {}"]
        ),
        ("const c = { n: 1 }; c.self = c; console.log(c)", ["<ref *1> { n: 1, self: [Circular *1] }"]),
        (
            "console.log([], {}, new Uint8Array([1, 2]), new Date(0), /r/g)",
            ["[] {} Uint8Array(2) [ 1, 2 ] 1970-01-01T00:00:00.000Z /r/g"]
        ),
        (
            "console.log({ get a() { return 1 }, set b(v) {}, [Symbol('k')]: 1, 'x-y': \"it's\" })",
            ["{ a: [Getter], b: [Setter], 'x-y': \"it's\", [Symbol(k)]: 1 }"]
        ),
        (
            "console.log(new Headers({ a: '1' }), new URLSearchParams('a=b'))",
            ["Headers { a: '1' } URLSearchParams { a: 'b' }"]
        ),
        (
            "console.log(AbortSignal.abort('no'), new AbortController().signal, new ReadableStream())",
            [
                "AbortSignal { aborted: true, reason: 'no' } AbortSignal { aborted: false } "
                    + "ReadableStream { locked: false }"
            ]
        ),
        ("console.log(Object(5), new WeakMap())", ["[Number: 5] WeakMap { <items unknown> }"]),
        (
            "console.table([{ a: 1, b: 'x' }, { a: 2 }])",
            [
                """
                ┌─────────┬───┬─────┐
                │ (index) │ a │ b   │
                ├─────────┼───┼─────┤
                │ 0       │ 1 │ 'x' │
                │ 1       │ 2 │     │
                └─────────┴───┴─────┘
                """
            ]
        ),
        (
            "console.count(); console.count('x'); console.count(); console.countReset(); console.count(); "
                + "console.countReset('y')",
            ["default: 1", "x: 1", "default: 2", "default: 1", "there is no count 'y'"]
        ),
        (
            "console.assert(true, 'no'); console.assert(false, 'yes %d', 1); console.assert(false)",
            ["Assertion failed: yes 1", "Assertion failed"]
        ),
        (
            "console.group('g'); console.log('in\\nner'); console.groupEnd(); console.log('out')",
            ["g", "  in\n  ner", "out"]
        ),
        (
            "console.table(new Map([['k', { v: 1 }]])); console.table(new Set(['x']))",
            [
                """
                ┌───────────────────┬─────┬──────────┐
                │ (iteration index) │ Key │ Values   │
                ├───────────────────┼─────┼──────────┤
                │ 0                 │ 'k' │ { v: 1 } │
                └───────────────────┴─────┴──────────┘
                """,
                """
                ┌───────────────────┬────────┐
                │ (iteration index) │ Values │
                ├───────────────────┼────────┤
                │ 0                 │ 'x'    │
                └───────────────────┴────────┘
                """,
            ]
        ),
        (
            "console.log(Array.from({ length: 27 }, (_, i) => 'x'.repeat(i % 7))); "
                + "console.log(new Uint8Array(101).fill(255)); console.log(new DataView(new ArrayBuffer(1)))",
            [
                """
                [
                  '',       'x',      'xx',     'xxx',
                  'xxxx',   'xxxxx',  'xxxxxx', '',
                  'x',      'xx',     'xxx',    'xxxx',
                  'xxxxx',  'xxxxxx', '',       'x',
                  'xx',     'xxx',    'xxxx',   'xxxxx',
                  'xxxxxx', '',       'x',      'xx',
                  'xxx',    'xxxx',   'xxxxx'
                ]
                """,
                "Uint8Array(101) [\n"
                    + String(repeating: "  \(Array(repeating: "255", count: 12).joined(separator: ", ")),\n", count: 8)
                    + "  255, 255, 255, 255,\n  ... 1 more item\n]",
                "DataView {\n  byteLength: 1,\n  byteOffset: 0,\n"
                    + "  buffer: ArrayBuffer { [Uint8Contents]: <00>, byteLength: 1 }\n}",
            ]
        ),
        (
            "console.dir({ a: { b: 1 } }, { depth: 0 }); console.timeEnd('none')",
            ["{ a: [Object] }", "there is no timer 'none'"]
        ),
        (
            "console.log({ get [Symbol.toStringTag]() { throw new Error('x') } }); "
                + "console.log(new Proxy({}, { getPrototypeOf() { throw 1 } }))",
            ["a value that cannot be printed", "a value that cannot be printed"]
        ),
        (
            "console.log({ aaaaaaaaaaaaaaaaaaaa: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', "
                + "cccccccccccccccccccc: 'dddddddddddddd' })",
            [
                """
                {
                  aaaaaaaaaaaaaaaaaaaa: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
                  cccccccccccccccccccc: 'dddddddddddddd'
                }
                """
            ]
        ),
    ]

    @Test func values() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let statements = Self.lines.map { "{ \($0.0); console.log('---') }" }.joined(separator: "\n")
            _ = try await fixture.call(
                "export default { fetch() {\n\(statements)\nreturn new Response('') } }")
            let groups = fixture.logged.map(\.text).split(separator: "---", omittingEmptySubsequences: false)
            #expect(groups.count == Self.lines.count + 1)
            for (group, line) in zip(groups, Self.lines) {
                #expect(Array(group) == line.1, "\(line.0)")
            }
        }
    }

    /// An error is written with its message and the script's own frames; the runtime's are left out.
    @Test func errors() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            _ = try await fixture.call(
                """
                function inner() { throw new TypeError('bad', { cause: 'why' }) }
                export default { async fetch() {
                  try { await Promise.resolve().then(inner) } catch (error) { console.error(error) }
                  console.time('t'); console.timeEnd('t');
                  return new Response('')
                } }
                """)
            let text = fixture.logged.first?.text ?? ""
            #expect(text.hasPrefix("TypeError: bad\ninner@worker.js:1"))
            #expect(text.hasSuffix("caused by: 'why'"))
            #expect(!text.contains("skerry:"))
            #expect(fixture.logged.last?.text.hasPrefix("t: ") == true)
        }
    }
}
