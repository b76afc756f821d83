import Functions
import Testing

/// URLPattern.
@Suite struct URLPatternTests {
    static let helpers = #"""
        const err = async (f) => { try { return ['no error', await f()]; } catch (e) {
        return e?.name ?? String(e); } }; const P = (a, b, c) => new URLPattern(a, b, c);
        """#

    static let checks: [Check] = [
        Check(
            "pattern",
            #"""
            () => { const p = P({ pathname: '/books/:id(\\d+)/:rest*' });
                return [p.test('https://e.com/books/12/a/b'), p.exec('https://e.com/books/12/a/b').pathname.groups,
                p.test('https://e.com/books/x'), p.test('https://e.com/books/12'), p.pathname, p.hasRegExpGroups,
                p.protocol]; }
            """#,
            #"""
            [true,{"id":"12","rest":"a/b"},false,true,"/books/:id(\\d+)/:rest*",true,"*"]
            """#),
        Check(
            "pattern string",
            #"""
            () => { const p = P('https://*.example.com/foo/:bar\\?q=*#h'); return [p.protocol, p.hostname,
                p.port, p.pathname, p.search, p.hash, p.test('https://a.b.example.com/foo/x?q=1#h'),
                p.exec('https://a.example.com/foo/x?q=1#h').hostname.groups]; }
            """#,
            #"""
            ["https","*.example.com","","/foo/:bar","q=*","h",true,{"0":"a"}]
            """#),
        Check(
            "pattern base",
            #"""
            () => [P('/x/*', 'https://e.com').test('https://e.com/x/y'), P('../b',
                'https://e.com/a/c').pathname, P({ pathname: 'z', baseURL: 'https://e.com/a/b?q' }).pathname,
                P('?q=1', 'https://e.com/a').search]
            """#,
            #"""
            [true,"/b","/a/z","q=1"]
            """#),
        Check(
            "pattern optional",
            #"""
            () => [P({ pathname: '/a{/b}?' }).test({ pathname: '/a' }), P({ pathname: '/a{/b}?' }).pathname, P({
                pathname: '/:x?' }).exec({ pathname: '/' }) === null, P({ pathname: '/a/:x?' }).exec({
                pathname: '/a' }).pathname.groups.x === undefined, P({ pathname: '/{:a-}?:b' }).exec({
                pathname: '/1-2' }).pathname.groups]
            """#,
            #"""
            [true,"/a{/b}?",true,true,{"a":"1","b":"2"}]
            """#),
        Check(
            "pattern case",
            #"""
            () => [P({ pathname: '/A' }, { ignoreCase: true }).test({ pathname: '/a' }), P('https://e.com/A', {
                ignoreCase: true }).test('https://e.com/a'), P({ pathname: '/A' }).test({ pathname: '/a' })]
            """#,
            #"""
            [true,true,false]
            """#),
        Check(
            "pattern port",
            #"""
            () => [P('https://e.com:443/').port, P('https://e.com:8080/').port, P('http{s}?://e.com:*/').port,
                P({ protocol: 'https', port: '443' }).port]
            """#,
            #"""
            ["","8080","*",""]
            """#),
        Check(
            "pattern opaque",
            #"""
            () => [P('data\\:text/*').pathname, P('data\\:text/*').test('data:text/plain')]
            """#,
            #"""
            ["text/*",true]
            """#),
        Check(
            "pattern ipv6",
            #"""
            () => [P({ hostname: '[\\:\\:1]' }).hostname, P('http://[\\:\\:1]/').test('http://[::1]/')]
            """#,
            #"""
            ["[\\:\\:1]",true]
            """#),
        Check(
            "pattern errors",
            #"""
            async () => [await err(() => P('/x')), await err(() => P({ pathname: '/(' })), await err(() => P({
                pathname: '/:a/:a' })), await err(() => P({ pathname: '(?x)' })), await err(() => P({},
                'https://e.com')), await err(() => P({ port: 'x' }))]
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"]
            """#),
        Check(
            "pattern escape",
            #"""
            () => [P({ pathname: '/a\\:b' }).pathname, P({ pathname: '/é' }).pathname, P({
                search: '?a=b' }).search, P({ hostname: 'BÜCHER.example' }).hostname, P({
                pathname: '/a/../b' }).pathname]
            """#,
            #"""
            ["/a\\:b","/%C3%A9","a=b","xn--bcher-kva.example","/b"]
            """#),
        Check(
            "pattern inputs",
            #"""
            () => { const r = P({ pathname: '/:a' }).exec('/x', 'https://e.com'); return [r.inputs,
                r.protocol.groups, P({ pathname: '/:a' }).test('nope')]; }
            """#,
            #"""
            [["/x","https://e.com"],{"0":"https"},false]
            """#),
        Check(
            "pattern regexp",
            #"""
            () => P('https://e.com/(foo|bar)').exec('https://e.com/bar').pathname.groups
            """#,
            #"""
            {"0":"bar"}
            """#),
        Check(
            "pattern password",
            #"""
            () => { const p = P('https://u\\:p@e.com/'); return [p.username, p.password, p.hostname]; }
            """#,
            #"""
            ["u","p","e.com"]
            """#),
    ]

    @Test func behaves() async throws { try await expectChecks(Self.checks, helpers: Self.helpers) }
}
