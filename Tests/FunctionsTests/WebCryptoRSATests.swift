import FunctionServices
import Functions
import Logging
import Testing

/// crypto.subtle with RSA, AES-KW, short tags and compressed points.
@Suite struct WebCryptoRSATests {
    static let helpers = #"""
        const err = async (f) => { try { return ['no error', await f()]; } catch (e) { return e?.name ?? String(e); } };
        const enc = (text) => new TextEncoder().encode(text);
        const dec = (bytes) => new TextDecoder().decode(bytes);
        const s = crypto.subtle;
        const exponent = new Uint8Array([1, 0, 1]);
        const make = (name, usages, hash = 'SHA-256') => s.generateKey(
            { name, hash, modulusLength: 1024, publicExponent: exponent }, true, usages);
        """#

    static let checks: [Check] = [
        Check(
            "signatures of RSA",
            #"""
            async () => { const out = []; for (const [name, params] of [['RSASSA-PKCS1-v1_5', {}], ['RSA-PSS', {
                saltLength: 32 }],
                ['RSA-PSS', { saltLength: 0 }]]) { const { publicKey, privateKey } = await make(name, ['sign',
                    'verify']);
                const mark = await s.sign({ name, ...params }, privateKey, enc('m'));
                out.push(mark.byteLength, await s.verify({ name, ...params }, publicKey, mark, enc('m')),
                    await s.verify({ name, ...params }, publicKey, mark, enc('n'))); } return out; }
            """#,
            #"""
            [128,true,false,128,true,false,128,true,false]
            """#),
        Check(
            "keys of RSA",
            #"""
            async () => { const { publicKey: k, privateKey: p } = await make('RSA-PSS', ['sign', 'verify'],
                'SHA-384');
                return [k.algorithm.name, k.algorithm.hash, k.algorithm.modulusLength,
                    [...k.algorithm.publicExponent], k.usages,
                p.usages, k.extractable]; }
            """#,
            #"""
            ["RSA-PSS",{"name":"SHA-384"},1024,[1,0,1],["verify"],["sign"],true]
            """#),
        Check(
            "formats of RSA",
            #"""
            async () => { const pair = await make('RSASSA-PKCS1-v1_5', ['sign', 'verify']); const algorithm = {
                name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }; const out = []; for (const [key, formats, use] of [
                [pair.privateKey, ['pkcs8', 'jwk'], 'sign'], [pair.publicKey, ['spki', 'jwk'], 'verify']]) {
                for (const format of formats) { const data = await s.exportKey(format, key);
                const again = await s.importKey(format, data, algorithm, true, [use]);
                out.push(again.type, JSON.stringify(await s.exportKey('jwk', again)) === JSON.stringify(
                    await s.exportKey('jwk', key))); } }
                const jwk = await s.exportKey('jwk', pair.privateKey); return [out, Object.keys(jwk).sort(),
                    jwk.alg, jwk.e]; }
            """#,
            #"""
            [["private",true,"private",true,"public",true,"public",true],["alg","d","dp","dq","e","ext","key
            _ops","kty","n","p","q","qi"],"RS256","AQAB"]
            """#),
        Check(
            "OAEP",
            #"""
            async () => { const { publicKey, privateKey } = await make('RSA-OAEP', ['encrypt', 'decrypt'], 'SHA-1');
                const label = enc('l'); const c = await s.encrypt({ name: 'RSA-OAEP', label }, publicKey,
                    enc('secret'));
                return [c.byteLength, dec(await s.decrypt({ name: 'RSA-OAEP', label }, privateKey, c)),
                await err(() => s.decrypt({ name: 'RSA-OAEP' }, privateKey, c)),
                await err(() => s.encrypt({ name: 'RSA-OAEP' }, privateKey, enc('x'))),
                await err(() => s.encrypt({ name: 'RSA-OAEP' }, publicKey, new Uint8Array(87)))]; }
            """#,
            #"""
            [128,"secret","OperationError","InvalidAccessError","OperationError"]
            """#),
        Check(
            "refusals of RSA",
            #"""
            async () => [await err(() => s.generateKey({ name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 1024,
                publicExponent: new Uint8Array([3]) }, true, ['sign'])), await err(() => s.generateKey('RSA-PSS',
                    true, ['sign'])),
                await err(() => make('RSA-PSS', ['verify'])), await err(() => make('RSA-PSS', ['encrypt'])),
                await err(() => make('RSA-PSS', ['sign'], 'MD5')), await err(() => s.importKey('raw', enc('x'), {
                name: 'RSA-OAEP', hash: 'SHA-1' }, true, ['encrypt'])), await err(() => s.importKey('spki',
                    enc('x'), {
                name: 'RSA-OAEP', hash: 'SHA-1' }, true, ['encrypt'])), await err(() => s.importKey('jwk', {
                    kty: 'RSA', n: 'AQAB',
                e: 'AQAB', alg: 'RS1' }, { name: 'RSA-PSS', hash: 'SHA-1' }, true, ['verify']))]
            """#,
            #"""
            ["OperationError","TypeError","SyntaxError","SyntaxError","NotSupportedError","NotSupportedError
            ","DataError","DataError"]
            """#),
        Check(
            "AES-KW",
            #"""
            async () => { const kek = await s.importKey('raw', new Uint8Array(16).map((_, i) => i), 'AES-KW', true,
                ['wrapKey', 'unwrapKey']); const key = await s.importKey('raw', Uint8Array.fromHex(
                '00112233445566778899aabbccddeeff'), 'AES-GCM', true, ['encrypt']); const w =
                    await s.wrapKey('raw', key, kek,
                'AES-KW'); const again = await s.unwrapKey('raw', w, kek, 'AES-KW', 'AES-GCM', true, ['encrypt']);
                return [new Uint8Array(w).toHex(), new Uint8Array(await s.exportKey('raw', again)).toHex(),
                (await s.exportKey('jwk', kek)).alg, await err(() => s.encrypt('AES-KW', kek, new Uint8Array(16))),
                await err(() => s.unwrapKey('raw', new Uint8Array(24), kek, 'AES-KW', 'AES-GCM', true,
                    ['encrypt']))]; }
            """#,
            #"""
            ["1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5","00112233445566778899aabbccddeeff","A128KW",
            "NotSupportedError","OperationError"]
            """#),
        Check(
            "short tags",
            #"""
            async () => { const key = await s.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt',
                'decrypt']);
                const iv = new Uint8Array(12); const out = []; for (const tagLength of [32, 96, 120]) {
                const box = await s.encrypt({ name: 'AES-GCM', iv, tagLength }, key, enc('text')); const bad =
                    new Uint8Array(box);
                out.push(box.byteLength, dec(await s.decrypt({ name: 'AES-GCM', iv, tagLength }, key, box)));
                    bad[4] ^= 1;
                out.push(await err(() => s.decrypt({ name: 'AES-GCM', iv, tagLength }, key, bad))); }
                return [...out, await err(() => s.encrypt({ name: 'AES-GCM', iv, tagLength: 100 }, key, enc('')))];
                    }
            """#,
            #"""
            [8,"text","OperationError",16,"text","OperationError",19,"text","OperationError","OperationError
            "]
            """#),
        Check(
            "compressed points",
            #"""
            async () => { const { publicKey } = await s.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true,
                ['sign', 'verify']);
                const raw = new Uint8Array(await s.exportKey('raw', publicKey)); const small = raw.slice(0, 49);
                small[0] = 2 + (raw[96] & 1); const again = await s.importKey('raw', small, { name: 'ECDSA',
                    namedCurve: 'P-384' },
                true, ['verify']); const whole = new Uint8Array(await s.exportKey('raw', again));
                    return whole.toHex() === raw.toHex(); }
            """#,
            #"""
            true
            """#),
        Check(
            "points of small order sign nothing",
            #"""
            async () => { const weak = new Uint8Array(32); weak[0] = 1; const key = await s.importKey('raw', weak,
                'Ed25519', true,
                ['verify']); const mark = new Uint8Array(64); mark[0] = 1; return s.verify('Ed25519', key, mark,
                    enc('any')); }
            """#,
            #"""
            false
            """#),
        Check(
            "hashes before usages",
            #"""
            async () => [await err(() => s.generateKey({ name: 'HMAC', hash: 'MD5' }, true, ['decrypt'])),
                await err(() => s.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43),
                    alg: 'ED25519' }, 'Ed25519', true,
                ['verify']))]
            """#,
            #"""
            ["NotSupportedError","DataError"]
            """#),
    ]

    @Test("crypto.subtle has RSA, AES-KW, short tags and compressed points") func checks() async throws {
        let host = try HostServices(logger: Logger(label: "functions-tests"))
        try await expectChecks(Self.checks, helpers: Self.helpers, host: host)
        await host.close()
    }
}
