import Functions
import Testing

/// Expressions that the runtime evaluates, with their values as JSON.
@Suite struct WebInterfaceTests {
    static let urls: [(String, String)] = [
        (
            "new URL('HTTP://User:Pa ss@EXAMPLE.com:80/a/./b/../c?q=1#f').href",
            "http://User:Pa%20ss@example.com/a/c?q=1#f"
        ),
        ("new URL('../x?y', 'https://e.com/a/b/c').href", "https://e.com/a/x?y"),
        ("new URL('//h/p', 'https://e.com').href", "https://h/p"),
        ("new URL('?q', 'https://e.com/a?b#c').href", "https://e.com/a?q"),
        ("new URL('#f', 'data:text').href", "data:text#f"),
        ("new URL('http://0x7f.1').host", "127.0.0.1"),
        ("new URL('http://[1:0:0:0::0:2]:8080/').host", "[1::2]:8080"),
        ("new URL('http://[::ffff:1.2.3.4]').hostname", "[::ffff:102:304]"),
        ("new URL('http://b\\u00fccher.example').host", "xn--bcher-kva.example"),
        ("new URL('http:\\\\\\\\a\\\\b').href", "http://a/b"),
        ("new URL('file:///C|/x/../..').href", "file:///C:/"),
        ("new URL('http://e.com/%2e%2E/\\u00e9 \"').pathname", "/%C3%A9%20%22"),
        ("new URL('mailto:a b').href", "mailto:a b"),
        ("new URL('foo://H/p/..').href", "foo://H/"),
        ("new URL('https://e.com:443').origin", "https://e.com"),
        (
            "(() => { const u = new URL('http://e.com'); u.searchParams.append('a b', '\\u00e9&'); return u.href })()",
            "http://e.com/?a+b=%C3%A9%26"
        ),
        (
            "(() => { const u = new URL('http://e.com/?x=1'); const p = u.searchParams; u.search = '?y=2'; "
                + "return p.get('y') })()",
            "2"
        ),
        (
            "(() => { const u = new URL('http://e.com'); u.port = '8080'; u.protocol = 'https'; u.hash = 'a b'; "
                + "u.pathname = 'x?'; u.host = 'f.org:99'; return u.href })()", "https://f.org:99/x%3F#a%20b"
        ),
    ]

    @Test func urls() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            let list = Self.urls.map(\.0).joined(separator: ",\n")
            let values = try await fixture.call(
                "export default { fetch() { return new Response([\(list)].join('\\n')) } }")
            let actual = values.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            for (index, item) in Self.urls.enumerated() where index < actual.count {
                #expect(actual[index] == item.1, "\(item.0)")
            }
            #expect(actual.count == Self.urls.count)
            let bad = try await fixture.evaluate(
                """
                ['x', 'http://', 'http://a b', 'http://e.com:99999', 'http://[::1', 'http://1.2.3.256', 'http://%00',
                 'http://a:b@', '//x', 'http://:80'].filter(URL.canParse)
                """)
            #expect(bad == "[]")
        }
    }

    static let expressions: [(String, String)] = [
        ("[...new TextEncoder().encode('\\u00e9\\ud83c\\udf0d\\ud800')]", "[195,169,240,159,140,141,239,191,189]"),
        (
            "(() => { let n = 0; const v = { toString() { n += 1; return '1' } }; const p = new URLSearchParams('a=1&a=2'); "
                + "const found = p.has('a', v); p.delete('b', v); return [found, n] })()", "[true,2]"
        ),
        ("new TextDecoder().decode(new Uint8Array([0xef,0xbb,0xbf,0x61,0xff,0xe2,0x82]))", "\"a\u{FFFD}\u{FFFD}\""),
        (
            "(() => { const d = new TextDecoder(); const s = { stream: true }; "
                + "return d.decode(new Uint8Array([0xf0,0x9f]), s) "
                + "+ d.decode(new Uint8Array([0x8c,0x8d]), s) + d.decode() })()", "\"🌍\""
        ),
        (
            "(() => { try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])) } "
                + "catch (e) { return e.name } })()", "\"TypeError\""
        ),
        ("atob(btoa('a\\u00ff\\0b')) === 'a\\u00ff\\0b'", "true"),
        (
            "(() => { try { btoa('\\u0100') } catch (e) { return [e.name, e.code, e instanceof DOMException] } })()",
            "[\"InvalidCharacterError\",5,true]"
        ),
        ("[...new Headers([['B', '2'], ['a', ' 1 '], ['b', '3']])]", "[[\"a\",\"1\"],[\"b\",\"2, 3\"]]"),
        ("(() => { try { new Headers({ 'a b': 'c' }) } catch (e) { return e.name } })()", "\"TypeError\""),
        ("(() => { try { new Headers({ a: 'c\\nd' }) } catch (e) { return e.name } })()", "\"TypeError\""),
        ("new Response('x', { status: 404 }).ok", "false"),
        ("Response.redirect('https://e.com/x', 301).headers.get('location')", "\"https://e.com/x\""),
        ("[Response.error().status, Response.error().type]", "[0,\"error\"]"),
        ("Response.json({ a: 1 }).json()", "{\"a\":1}"),
        (
            "new Request('https://e.com', { method: 'post', body: new URLSearchParams({ a: 'b c' }) }).text()",
            "\"a=b+c\""
        ),
        (
            "(async () => { const r = new Response('x'); await r.text(); try { await r.text() } "
                + "catch (e) { return [e.name, r.bodyUsed] } })()", "[\"TypeError\",true]"
        ),
        ("new Response(new Uint8Array([1, 2])).arrayBuffer().then((b) => b.byteLength)", "2"),
        (
            "(() => { const m = new Map([['k', [new Date(0), /a/g]]]); m.set('self', m); const c = structuredClone(m); "
                + "return [c !== m, c.get('self') === c, c.get('k')[0].getTime(), c.get('k')[1].flags] })()",
            "[true,true,0,\"g\"]"
        ),
        ("(() => { try { structuredClone(() => 1) } catch (e) { return e.name } })()", "\"DataCloneError\""),
        ("/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/.test(crypto.randomUUID())", "true"),
        ("crypto.getRandomValues(new Uint8Array(300)).some((byte) => byte > 0)", "true"),
        (
            "new Promise((done) => { const o = []; setTimeout(() => { o.push(3); done(o) }, 2); "
                + "setTimeout(() => o.push(2)); "
                + "queueMicrotask(() => o.push(1)); const t = setTimeout(() => o.push(9), 1); clearTimeout(t) })",
            "[1,2,3]"
        ),
        (
            "new Promise((done) => { let n = 0; const t = setInterval(() => { if (++n === 3) { clearInterval(t); "
                + "done(n) } }) })",
            "3"
        ),
        (
            "(() => { const c = new AbortController(); let n = 0; c.signal.onabort = () => { n += 1 }; "
                + "c.abort(); c.abort(); "
                + "return [n, c.signal.aborted, c.signal.reason.name] })()", "[1,true,\"AbortError\"]"
        ),
        (
            "(() => { const t = new EventTarget(); let n = 0; t.addEventListener('x', () => { n += 1 }, { once: true }); "
                + "t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); return n })()", "1"
        ),
        ("performance.now() >= 0 && navigator.userAgent === 'Skerry' && self === globalThis", "true"),
        ("WebAssembly.compile(new Uint8Array([0,97,115,109,1,0,0,0])).then(() => 'compiled')", "\"compiled\""),
        ("(() => { Map.prototype.get = null; Array.prototype.push = null; return 1 })()", "1"),
    ]

    @Test func expressions() async throws {
        try await withPool { (fixture: PoolFixture) async throws -> Void in
            for (expression, expected) in Self.expressions {
                let actual = try? await fixture.evaluate(expression)
                #expect(actual == expected, "\(expression)")
            }
        }
    }
}
