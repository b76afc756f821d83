import FunctionServices
import Functions
import Logging
import Testing

/// crypto.subtle against the vectors of the RFCs and of NIST.
@Suite struct WebCryptoTests {
    static let helpers = #"""
        const err = async (f) => { try { return ['no error', await f()]; } catch (e) {
        return e?.name ?? String(e); } }; const enc = (s) => new TextEncoder().encode(s);
        const dec = (b) => new TextDecoder().decode(b); const hex = (b) => new Uint8Array(b).toHex();
        const un = (h) => Uint8Array.fromHex(h.replace(/\s/g, '')); const s = crypto.subtle;
        """#

    static let checks: [Check] = [
        Check(
            "digest",
            #"""
            async () => [hex(await s.digest('SHA-256', enc('abc'))), hex(await s.digest({ name: 'sha-1' },
                enc('abc'))), await err(() => s.digest('MD5', enc('')))]
            """#,
            #"""
            ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "a9993e364706816aba3e25717850c26c9cd0d89d","NotSupportedError"]
            """#),
        Check(
            "hmac",
            #"""
            async () => { const k = await s.importKey('raw', un('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b'), {
                name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify']); const m = await s.sign('HMAC', k,
                enc('Hi There')); const j = await s.exportKey('jwk', k); return [hex(m), await s.verify('HMAC', k,
                m, enc('Hi There')), await s.verify('HMAC', k, m, enc('Hi there')), j.alg, j.k, k.algorithm, k.type,
                k.usages]; }
            """#,
            #"""
            ["b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",true,false,"HS256",
            "CwsLCwsLCwsLCwsLCwsLCwsLCws",{"name":"HMAC","hash":{"name":"SHA-256"},"length":160},"secret",
            ["sign","verify"]]
            """#),
        Check(
            "gcm",
            #"""
            async () => { const k = await s.importKey('raw', un('feffe9928665731c6d6a8f9467308308'), 'AES-GCM',
                false, ['encrypt', 'decrypt']); const p = { name: 'AES-GCM', iv: un('cafebabefacedbaddecaf888'),
                additionalData: un('feedfacedeadbeeffeedfacedeadbeefabaddad2') };
                const d = un('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2' +
                '449a6b525b16aedf5aa0de657ba637b39'); const c = await s.encrypt(p, k, d);
                const back = await s.decrypt(p, k, c); const bad = new Uint8Array(c); bad[0] ^= 1;
                return [hex(c).slice(-32), hex(back) === hex(d), await err(() => s.decrypt(p, k, bad)),
                await err(() => s.exportKey('raw', k)), await err(() => s.sign('HMAC', k, d))]; }
            """#,
            #"""
            ["5bc94fbc3221a5db94fae95ae7121a47",true,"OperationError","InvalidAccessError","InvalidAccessError"]
            """#),
        Check(
            "cbc",
            #"""
            async () => { const k = await s.importKey('raw', un('06a9214036b8a15b512e03d534120006'), 'aes-cbc',
                true, ['encrypt', 'decrypt']); const p = { name: 'AES-CBC',
                iv: un('3dafba429d9eb430b422da802c9fac41') }; const c = await s.encrypt(p, k,
                enc('Single block msg')); return [hex(c).slice(0, 32), new TextDecoder().decode(await s.decrypt(p,
                k, c))]; }
            """#,
            #"""
            ["e353779c1079aeb82708942dbe77181a","Single block msg"]
            """#),
        Check(
            "ctr",
            #"""
            async () => { const k = await s.importKey('raw', un('ae6852f8121067cc4bf7a5765577f39e'), 'AES-CTR',
                true, ['encrypt']); return hex(await s.encrypt({ name: 'AES-CTR',
                counter: un('00000030000000000000000000000001'), length: 32 }, k, enc('Single block msg'))); }
            """#,
            #"""
            "e4095d4fb7a7b3792d6175a3261311b8"
            """#),
        Check(
            "hkdf",
            #"""
            async () => { const k = await s.importKey('raw', un('0b'.repeat(22)), 'HKDF', false, ['deriveBits',
                'deriveKey']); const p = { name: 'HKDF', hash: 'SHA-256', salt: un('000102030405060708090a0b0c'),
                info: un('f0f1f2f3f4f5f6f7f8f9') }; const a = await s.deriveKey(p, k, { name: 'AES-GCM',
                length: 128 }, true, ['encrypt']); return [hex(await s.deriveBits(p, k, 336)),
                hex(await s.exportKey('raw', a))]; }
            """#,
            #"""
            ["3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            "3cb25f25faacd57a90434f64d0362f2a"]
            """#),
        Check(
            "pbkdf2",
            #"""
            async () => { const k = await s.importKey('raw', enc('password'), 'PBKDF2', false, ['deriveBits']);
                return hex(await s.deriveBits({ name: 'PBKDF2', hash: 'SHA-1', salt: enc('salt'),
                iterations: 4096 }, k, 160)); }
            """#,
            #"""
            "4b007901b765489abead49d926f721d065a429c1"
            """#),
        Check(
            "ecdsa P-256",
            #"""
            async () => { const { privateKey, publicKey } = await s.generateKey({ name: 'ECDSA',
                namedCurve: 'P-256' }, true, ['sign', 'verify']); const g = await s.sign({ name: 'ECDSA',
                hash: 'SHA-256' }, privateKey, enc('m')); const out = [await s.verify({ name: 'ECDSA',
                hash: 'SHA-256' }, publicKey, g, enc('m')), await s.verify({ name: 'ECDSA', hash: 'SHA-256' },
                publicKey, g, enc('n'))]; for (const f of ['jwk', 'spki', 'raw']) { const k = await s.importKey(f,
                await s.exportKey(f, publicKey), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify']);
                out.push(await s.verify({ name: 'ECDSA', hash: 'SHA-256' }, k, g, enc('m')));
                } for (const f of ['jwk', 'pkcs8']) { const k = await s.importKey(f, await s.exportKey(f,
                privateKey), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']); out.push(await s.verify({
                name: 'ECDSA', hash: 'SHA-256' }, publicKey, await s.sign({ name: 'ECDSA', hash: 'SHA-256' }, k,
                enc('m')), enc('m'))); } return out; }
            """#,
            #"""
            [true,false,true,true,true,true,true]
            """#),
        Check(
            "ecdsa P-384",
            #"""
            async () => { const { privateKey, publicKey } = await s.generateKey({ name: 'ECDSA',
                namedCurve: 'P-384' }, true, ['sign', 'verify']); const g = await s.sign({ name: 'ECDSA',
                hash: 'SHA-256' }, privateKey, enc('m')); const out = [await s.verify({ name: 'ECDSA',
                hash: 'SHA-256' }, publicKey, g, enc('m')), await s.verify({ name: 'ECDSA', hash: 'SHA-256' },
                publicKey, g, enc('n'))]; for (const f of ['jwk', 'spki', 'raw']) { const k = await s.importKey(f,
                await s.exportKey(f, publicKey), { name: 'ECDSA', namedCurve: 'P-384' }, true, ['verify']);
                out.push(await s.verify({ name: 'ECDSA', hash: 'SHA-256' }, k, g, enc('m')));
                } for (const f of ['jwk', 'pkcs8']) { const k = await s.importKey(f, await s.exportKey(f,
                privateKey), { name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign']); out.push(await s.verify({
                name: 'ECDSA', hash: 'SHA-256' }, publicKey, await s.sign({ name: 'ECDSA', hash: 'SHA-256' }, k,
                enc('m')), enc('m'))); } return out; }
            """#,
            #"""
            [true,false,true,true,true,true,true]
            """#),
        Check(
            "ecdsa P-521",
            #"""
            async () => { const { privateKey, publicKey } = await s.generateKey({ name: 'ECDSA',
                namedCurve: 'P-521' }, true, ['sign', 'verify']); const g = await s.sign({ name: 'ECDSA',
                hash: 'SHA-256' }, privateKey, enc('m')); const out = [await s.verify({ name: 'ECDSA',
                hash: 'SHA-256' }, publicKey, g, enc('m')), await s.verify({ name: 'ECDSA', hash: 'SHA-256' },
                publicKey, g, enc('n'))]; for (const f of ['jwk', 'spki', 'raw']) { const k = await s.importKey(f,
                await s.exportKey(f, publicKey), { name: 'ECDSA', namedCurve: 'P-521' }, true, ['verify']);
                out.push(await s.verify({ name: 'ECDSA', hash: 'SHA-256' }, k, g, enc('m')));
                } for (const f of ['jwk', 'pkcs8']) { const k = await s.importKey(f, await s.exportKey(f,
                privateKey), { name: 'ECDSA', namedCurve: 'P-521' }, true, ['sign']); out.push(await s.verify({
                name: 'ECDSA', hash: 'SHA-256' }, publicKey, await s.sign({ name: 'ECDSA', hash: 'SHA-256' }, k,
                enc('m')), enc('m'))); } return out; }
            """#,
            #"""
            [true,false,true,true,true,true,true]
            """#),
        Check(
            "ed25519 rfc8032",
            #"""
            async () => { const k = await s.importKey('jwk', { kty: 'OKP', crv: 'Ed25519',
                d: un('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb').toBase64({
                alphabet: 'base64url', omitPadding: true }),
                x: un('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c').toBase64({
                alphabet: 'base64url' }) }, 'Ed25519', true, ['sign']); const p = await s.importKey('raw',
                un('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'), 'Ed25519', true,
                ['verify']); const g = await s.sign('Ed25519', k, un('72')); return [hex(g),
                await s.verify('Ed25519', p, g, un('72')), await s.verify('Ed25519', p, g, un('73')),
                hex(await s.exportKey('spki', p)).length]; }
            """#,
            #"""
            ["92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c38
            7b2eaeb4302aeeb00d291612bb0c00",true,false,88]
            """#),
        Check(
            "x25519 rfc7748",
            #"""
            async () => { const a = await s.importKey('pkcs8',
                un('302e020100300506032b656e04220420 5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
                'X25519', true, ['deriveBits']); const b = await s.importKey('raw',
                un('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'), 'X25519', true, []);
                return [hex(await s.deriveBits({ name: 'X25519', public: b }, a, 256)),
                hex(await s.exportKey('spki', await s.importKey('jwk', await s.exportKey('jwk', b), 'X25519', true,
                [])))]; }
            """#,
            #"""
            ["4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
            "302a300506032b656e0321008520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"]
            """#),
        Check(
            "ecdh",
            #"""
            async () => { const a = await s.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false,
                ['deriveKey', 'deriveBits']); const b = await s.generateKey({ name: 'ECDH', namedCurve: 'P-256' },
                false, ['deriveBits']); const x = await s.deriveBits({ name: 'ECDH', public: b.publicKey },
                a.privateKey, 256); const y = await s.deriveBits({ name: 'ECDH', public: a.publicKey },
                b.privateKey); const z = await s.deriveBits({ name: 'ECDH', public: b.publicKey }, a.privateKey,
                12); return [hex(x) === hex(y), z.byteLength, new Uint8Array(z)[1] & 15,
                await err(() => s.exportKey('pkcs8', a.privateKey)), a.publicKey.usages]; }
            """#,
            #"""
            [true,2,0,"InvalidAccessError",[]]
            """#),
        Check(
            "wrap",
            #"""
            async () => { const w = await s.generateKey({ name: 'AES-GCM', length: 256 }, false, ['wrapKey',
                'unwrapKey']); const k = await s.generateKey({ name: 'HMAC', hash: 'SHA-512' }, true, ['sign']);
                const iv = new Uint8Array(12); const out = []; for (const f of ['raw', 'jwk']) {
                const x = await s.wrapKey(f, k, w, { name: 'AES-GCM', iv }); const y = await s.unwrapKey(f, x, w, {
                name: 'AES-GCM', iv }, { name: 'HMAC', hash: 'SHA-512' }, true, ['sign']);
                out.push(hex(await s.exportKey('raw', y)) === hex(await s.exportKey('raw', k))); } return out; }
            """#,
            #"""
            [true,true]
            """#),
        Check(
            "errors",
            #"""
            async () => [await err(() => s.generateKey({ name: 'AES-GCM', length: 100 }, true, ['encrypt'])),
                await err(() => s.generateKey({ name: 'AES-GCM', length: 128 }, true, [])),
                await err(() => s.generateKey({ name: 'AES-GCM', length: 128 }, true, ['sign'])),
                await err(() => s.generateKey('RSA-OAEP', true, ['encrypt'])), await err(() => s.importKey('raw',
                new Uint8Array(5), 'AES-GCM', true, ['encrypt'])), await err(() => s.importKey('raw',
                new Uint8Array(65).fill(4), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['verify'])),
                await err(() => s.importKey('spki', enc('no'), { name: 'ECDSA', namedCurve: 'P-256' }, true,
                ['verify'])), await err(() => new CryptoKey()), await err(() => s.importKey('jwk', { kty: 'oct' },
                'AES-GCM', true, ['encrypt'])), await err(() => s.importKey('raw', 'text', 'AES-GCM', true,
                ['encrypt'])), await err(() => s.importKey('raw', new Uint8Array(16), 'HKDF', true,
                ['deriveBits']))]
            """#,
            #"""
            ["OperationError","SyntaxError","SyntaxError","TypeError","DataError","DataError",
            "DataError","TypeError","DataError","TypeError","SyntaxError"]
            """#),
        Check(
            "more at a time than may be open",
            #"""
            async () => { const all = await Promise.all(Array.from({ length: 300 }, (_, i) => s.digest('SHA-256',
                new Uint16Array([i])))); return new Set(all.map(hex)).size; }
            """#,
            #"""
            300
            """#),
        Check(
            "clone key",
            #"""
            async () => { const k = await s.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, ['sign']);
                const c = structuredClone(k); return [c instanceof CryptoKey, c !== k, hex(await s.exportKey('raw',
                c)) === hex(await s.exportKey('raw', k))]; }
            """#,
            #"""
            [true,true,true]
            """#),
        Check(
            "random",
            #"""
            () => [crypto instanceof Crypto, s instanceof SubtleCrypto, crypto.subtle === s]
            """#,
            #"""
            [true,true,true]
            """#),
    ]

    @Test func behaves() async throws {
        let host = try HostServices(logger: Logger(label: "functions-tests"))
        try await expectChecks(Self.checks, helpers: Self.helpers, host: host)
        await host.close()
    }
}
