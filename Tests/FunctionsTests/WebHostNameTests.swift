import Functions
import Testing

/// Host names as UTS #46 and the URL Standard want them, and what setters of URLs leave alone.
@Suite struct WebHostNameTests {
    static let helpers = #"""
        const host = (name) => { try { return new URL(`https://${name}/`).hostname; } catch (e) { return e.name; } };
        const set = (url, name, value) => { const made = new URL(url); made[name] = value; return made.href; };
        """#

    static let checks: [Check] = [
        Check(
            "encoded",
            #"""
            () => ['b\u00fccher.example', 'B\u00dcCHER.example', '\u65e5\u672c\u8a9e.jp', 'fa\u00df.de',
                'a\u200cb', '\u00ad\u00e9.fr']
                .map(host)
            """#,
            #"""
            ["xn--bcher-kva.example","xn--bcher-kva.example","xn--wgv71a119e.jp","xn--fa-hia.de","TypeError"
            ,"xn--9ca.fr"]
            """#),
        Check(
            "newer than old libraries",
            #"""
            () => ['\u1e9e.example', '\u10a0.example', '\u2132.example', 'look\u180eout.example'].map(host)
            """#,
            #"""
            ["xn--zca.example","xn--rkj.example","xn--73g.example","lookout.example"]
            """#),
        Check(
            "refused",
            #"""
            () => ['\ufffd', '\uffffy', '%80', 'a\u202eb', 'xn--', 'xn--a-', 'xn--pokxncvks', 'xn--xn--a--gua',
                '\u05d0a', '\u0300a']
                .map(host)
            """#,
            #"""
            ["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError"
            ,"TypeError","TypeError"]
            """#),
        Check(
            "ASCII is only lowered",
            #"""
            () => ['A_B.C', '!"$&\'()*+,-.;=_`{}~', 'a..b', '-a-', 'ab--cd', `${'a'.repeat(70)}.b`].map(host)
            """#,
            #"""
            ["a_b.c","!\"$&'()*+,-.;=_`{}~","a..b","-a-","ab--cd","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            aaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"]
            """#),
        Check(
            "long names end",
            #"""
            () => [host('\u00e9'.repeat(5000)), host('\u00e9'.repeat(60)).length]
            """#,
            #"""
            ["TypeError",66]
            """#),
        Check(
            "protocol without line breaks",
            #"""
            () => [set('http://h/', 'protocol', 'ht\ntp\ts'), set('http://h/', 'protocol', 'x'), set('x:/p',
                'protocol', '\ty+-.')]
            """#,
            #"""
            ["https://h/","http://h/","y+-.:/p"]
            """#),
        Check(
            "a file has no port",
            #"""
            () => [set('file://y/', 'host', 'x:123'), set('file://y/', 'hostname', 'x:123'), set('file://y/',
                'host', 'z')]
            """#,
            #"""
            ["file://y/","file://y/","file://z/"]
            """#),
        Check(
            "port of line breaks",
            #"""
            () => [set('https://h:3000/', 'port', '\n\t'), set('https://h:3000/', 'port', ''),
                set('https://h:3000/', 'port', '8\n0x')]
            """#,
            #"""
            ["https://h:3000/","https://h/","https://h:80/"]
            """#),
        Check(
            "paths without a host stay",
            #"""
            () => [set('foo:/some/path', 'pathname', ''), set('foo://h/p', 'pathname', ''), set('https://h/p',
                'pathname', '')]
            """#,
            #"""
            ["foo:/","foo://h","https://h/"]
            """#),
        Check(
            "records",
            #"""
            () => [`${new URLSearchParams({ '\ud83dx': '1', xx: '2', '\ud83ex': '3' })}`,
                new URLSearchParams(DOMException).get('ABORT_ERR'),
                (() => { try { return new URLSearchParams(['ab']); } catch (e) { return e.name; } })()]
            """#,
            #"""
            ["%EF%BF%BDx=3&xx=2","20","TypeError"]
            """#),
        Check(
            "forms keep their byte order mark",
            #"""
            async () => { const body = new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0x3d, 0x31]);
                const type = 'application/x-www-form-urlencoded';
                const form = await new Response(body, { headers: { 'content-type': type } }).formData();
                    return [...form.keys()].map((name) => [...name].map((c) => c.charCodeAt(0))); }
            """#,
            #"""
            [[65279,97]]
            """#),
        Check(
            "queries of line breaks",
            #"""
            () => [set('https://h/#f', 'search', '\n'), set('https://h/?q', 'hash', '\t'), set('https://h/?q',
                'search', ''),
                set('https://h/', 'search', '\n?a'), set('https://h/', 'hash', '##')]
            """#,
            #"""
            ["https://h/?#f","https://h/?q#","https://h/","https://h/??a","https://h/##"]
            """#),
        Check(
            "a colon outside of brackets",
            #"""
            () => [set('https://h:81/', 'host', 'x:[::1]'), set('https://h:81/', 'host', '[::1]:82'),
                host('x:[::1]')]
            """#,
            #"""
            ["https://x:81/","https://[::1]:82/","TypeError"]
            """#),
    ]

    @Test("Host names and setters follow the URL Standard") func checks() async throws {
        try await expectChecks(Self.checks, helpers: Self.helpers)
    }
}
