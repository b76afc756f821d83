import Functions
import Testing

/// Legacy encodings, and what decoders and encoders do at the edges (Encoding Standard).
@Suite struct WebEncodingTests {
    static let helpers = #"""
        const un = (hex) => Uint8Array.fromHex(hex.replace(/\s/g, ''));
        const decode = (label, hex, options) => { try { return new TextDecoder(label, options).decode(un(hex)); }
            catch (e) {
            return e.name; } };
        const points = (text) => [...text].map((c) => c.codePointAt(0).toString(16)).join(' ');
        """#

    static let checks: [Check] = [
        Check(
            "words",
            #"""
            () => [decode('gbk', 'c4e3bac3'), decode('gb2312', 'a1a1 d6d0'), decode('big5', 'a7da 8862'),
                decode('sjis', '93fa967b 8140 b1'),
                decode('euc-jp', 'c6fccbdc 8eb1 8fb0a1'), decode('iso-2022-jp', '1b2442 467c 4b5c 1b2842 41'),
                    decode('euc-kr', 'c7d1b1db')]
            """#,
            #"""
            ["你好","　中","我Ê̄","日本　ｱ","日本ｱ丂","日本A","한글"]
            """#),
        Check(
            "labels of Asia",
            #"""
            () => ['chinese', 'gb18030', 'x-x-big5', 'windows-31j', 'x-euc-jp', 'csiso2022jp', 'korean',
                'windows-949', 'iso-ir-127']
                .map((label) => new TextDecoder(label).encoding)
            """#,
            #"""
            ["gbk","gb18030","big5","shift_jis","euc-jp","iso-2022-jp","euc-kr","euc-kr","iso-8859-6"]
            """#),
        Check(
            "labels of nothing",
            #"""
            () => ['iso-2022-kr', 'hz-gb-2312', 'replacement', 'utf-7', ''].map((label) => decode(label, ''))
            """#,
            #"""
            ["RangeError","RangeError","RangeError","RangeError","RangeError"]
            """#),
        Check(
            "gb18030 beyond two bytes",
            #"""
            () => points(decode('gb18030', '81308130 84318236 a6d9 8135f437 a8bc a3a0 90308130 e3329a35 80'))
            """#,
            #"""
            "80 fe10 fe10 e7c7 1e3f 3000 10000 10ffff 20ac"
            """#),
        Check(
            "what is wrong is replaced, and ASCII goes on",
            #"""
            () => [decode('gbk', 'ff 81 3041'), decode('gb18030', '8130 8141'), decode('big5', '81 41 8740 ff'),
                decode('sjis', 'a0 8130 fd'),
                decode('euc-jp', '8e41 8fa141 a0'), decode('euc-kr', '8130 c9a1 fe'), decode('iso-2022-jp',
                    '1b2442 2141 1b41 0e')]
                .map(points)
            """#,
            #"""
            ["fffd fffd 30 41","fffd 30 4e04","fffd 41 43f0 fffd","fffd fffd 30 fffd","fffd 41 fffd 41 fffd"
            ,"fffd 30 fffd fffd","ff5e fffd fffd"]
            """#),
        Check(
            "the end cuts off",
            #"""
            () => ['81', '8130', '813081'].map((hex) => points(decode('gb18030',
                hex))).concat(points(decode('big5', 'a7')),
                decode('sjis', '93', { fatal: true }), points(decode('iso-2022-jp', '1b24')))
            """#,
            #"""
            ["fffd","fffd","fffd","fffd","TypeError","fffd 24"]
            """#),
        Check(
            "bytes in parts",
            #"""
            () => { const all = un('1b2442 467c 4b5c 1b2842 41'); const d = new TextDecoder('iso-2022-jp');
                let text = '';
                for (const byte of all) text += d.decode(new Uint8Array([byte]), { stream: true }); text +=
                    d.decode();
                const g = new TextDecoder('gb18030'); for (const byte of un('81308130 84318236 c4')) text +=
                    g.decode(
                    new Uint8Array([byte]), { stream: true }); return points(text + g.decode()); }
            """#,
            #"""
            "65e5 672c 41 80 fe10 fffd"
            """#),
        Check(
            "streams of bytes",
            #"""
            async () => { const parts = ['93', 'fa96', '7b'].map(un); const out = [];
                for await (const part of ReadableStream.from(parts)
                .pipeThrough(new TextDecoderStream('shift_jis'))) out.push(part); return out; }
            """#,
            #"""
            ["日","本"]
            """#),
        Check(
            "UTF-8 that cannot go on is told at once",
            #"""
            () => { const d = new TextDecoder(); return ['e080', 'f0', '41', 'eda0', 'f490', 'c3'].map((hex) =>
                points(
                d.decode(un(hex), { stream: true }))).concat(points(d.decode())); }
            """#,
            #"""
            ["fffd fffd","","fffd 41","fffd fffd","fffd fffd","","fffd"]
            """#),
        Check(
            "transferred and shared bytes",
            #"""
            () => { const gone = new Uint8Array([65]); gone.buffer.transfer(); const memory =
                new WebAssembly.Memory({ initial: 1,
                maximum: 1, shared: true }); const shared = new Uint8Array(memory.buffer, 0, 2); shared[0] = 66;
                    shared[1] = 67;
                let refused; try { new Response(shared); } catch (e) { refused = e.name; }
                return [new TextDecoder().decode(gone), new TextDecoder().decode(shared), refused]; }
            """#,
            #"""
            ["","BC","TypeError"]
            """#),
        Check(
            "encodeInto",
            #"""
            () => { const into = (text, size) => { const bytes = new Uint8Array(size); const { read, written } =
                new TextEncoder()
                .encodeInto(text, bytes); return [read, written, bytes.toHex()]; };
                    return [into('a\u00e9\u20ac\ud83d\ude00', 12),
                into('\u20ac\u20ac', 5), into('\ud83d', 4), into('\ud83d\ude00', 3), into('abc', 2)]; }
            """#,
            #"""
            [[5,10,"61c3a9e282acf09f98800000"],[1,3,"e282ac0000"],[1,3,"efbfbd00"],[0,0,"000000"],[2,2,"6162
            "]]
            """#),
    ]

    @Test("Encodings are decoded as the Encoding Standard says") func checks() async throws {
        try await expectChecks(Self.checks, helpers: Self.helpers)
    }
}
