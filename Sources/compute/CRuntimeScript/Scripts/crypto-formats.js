// Key formats: base64url for JSON Web Keys (RFC 7517, 7518, 8037), and the DER of SubjectPublicKeyInfo (RFC 5280) and
// PKCS #8 (RFC 5208, 5915, 8410).
(function (bridge) {
    'use strict';

    const crypto = bridge.group('crypto');
    const { joinBytes } = bridge;
    const { apply } = Reflect;
    const { toBase64 } = Uint8Array.prototype;
    const { fromBase64 } = Uint8Array;
    const url = { alphabet: 'base64url', omitPadding: true };

    crypto.toBase64URL = (bytes) => apply(toBase64, bytes, [url]);

    /** Bytes of a member of a JSON Web Key. */
    crypto.fromBase64URL = function fromBase64URL(text, name) {
        if (typeof text !== 'string') crypto.fail('data', `the key has no '${name}'`);
        try {
            return apply(fromBase64, Uint8Array, [text, { alphabet: 'base64url' }]);
        } catch {
            return crypto.fail('data', `'${name}' is not base64url`);
        }
    };

    /** Checks what all JSON Web Keys have in common. */
    crypto.checkJWK = function checkJWK(jwk, kty, use, extractable, usages) {
        if (typeof jwk !== 'object' || jwk === null) throw new TypeError('a JSON Web Key is an object');
        if (jwk.kty !== kty) crypto.fail('data', `the key's kty is not '${kty}'`);
        const isForOther = usages.length > 0 && jwk.use !== undefined && jwk.use !== use;
        if (isForOther) crypto.fail('data', `the key's use is not '${use}'`);
        if (jwk.key_ops !== undefined) {
            for (const usage of usages) {
                if (!jwk.key_ops.includes(usage)) crypto.fail('data', `the key's key_ops have no '${usage}'`);
            }
        }
        if (jwk.ext === false && extractable) crypto.fail('data', 'the key may not be extractable');
    };

    // MARK: DER

    const tags = {
        __proto__: null, integer: 0x02, bits: 0x03, octets: 0x04, sequence: 0x30, tagged0: 0xa0, tagged1: 0xa1,
    };

    function der(tag, ...parts) {
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        const head = length < 0x80 ? [tag, length]
            : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
        return joinBytes([new Uint8Array(head), ...parts], head.length + length);
    }

    /** One value: its tag, its content, and where the next begins. */
    function readOne(bytes, at) {
        const bad = () => crypto.fail('data', 'the key is not valid DER');
        if (at + 2 > bytes.length) bad();
        let length = bytes[at + 1];
        let start = at + 2;
        if (length >= 0x80) {
            const count = length & 0x7f;
            if (count === 0 || count > 3 || start + count > bytes.length) bad();
            length = 0;
            for (let index = 0; index < count; index += 1) length = length * 256 + bytes[start + index];
            start += count;
        }
        if (start + length > bytes.length) bad();
        const end = start + length;
        return { tag: bytes[at], content: bytes.subarray(start, end), whole: bytes.subarray(at, end), end };
    }

    function readAll(bytes) {
        const values = [];
        for (let at = 0; at < bytes.length;) {
            const value = readOne(bytes, at);
            values[values.length] = value;
            at = value.end;
        }
        return values;
    }

    function readSequence(bytes) {
        const value = readOne(bytes, 0);
        const isWhole = value.tag === tags.sequence && value.end === bytes.length;
        if (!isWhole) crypto.fail('data', 'the key is not a DER sequence');
        return readAll(value.content);
    }

    crypto.der = der;
    crypto.derTags = tags;
    crypto.readSequence = readSequence;

    const same = (left, right) => left.length === right.length && left.every((byte, index) => byte === right[index]);

    const ec = new Uint8Array([0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
    const curves = {
        'P-256': new Uint8Array([0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
        'P-384': new Uint8Array([0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22]),
        'P-521': new Uint8Array([0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23]),
        Ed25519: new Uint8Array([0x06, 0x03, 0x2b, 0x65, 0x70]),
        X25519: new Uint8Array([0x06, 0x03, 0x2b, 0x65, 0x6e]),
    };
    const zero = new Uint8Array([0x00]);
    const isEC = (curve) => curve.startsWith('P-');

    const identifier = (curve) => (isEC(curve)
        ? der(tags.sequence, ec, curves[curve]) : der(tags.sequence, curves[curve]));

    function checkIdentifier(value, curve) {
        if (value?.tag !== tags.sequence || !same(value.whole, identifier(curve))) {
            crypto.fail('data', `the key is not one of ${curve}`);
        }
    }

    crypto.sameBytes = same;
    const bitString = (bytes) => der(tags.bits, zero, bytes);

    function readBits(value) {
        if (value?.tag !== tags.bits || value.content[0] !== 0) crypto.fail('data', 'the key has no public part');
        return value.content.slice(1);
    }

    /** The public key of SubjectPublicKeyInfo: an uncompressed point, or 32 bytes. */
    crypto.readSPKI = function readSPKI(bytes, curve) {
        const [algorithm, key] = readSequence(bytes);
        checkIdentifier(algorithm, curve);
        return readBits(key);
    };

    crypto.readBits = readBits;
    crypto.bitString = bitString;
    crypto.writeSPKI = (raw, curve) => der(tags.sequence, identifier(curve), bitString(raw));

    /** `{ secret, raw }`: the private number, and the public key if PKCS #8 has it. */
    crypto.readPKCS8 = function readPKCS8(bytes, curve) {
        const [version, algorithm, key] = readSequence(bytes);
        if (version?.tag !== tags.integer || key?.tag !== tags.octets) crypto.fail('data', 'the key is not PKCS #8');
        checkIdentifier(algorithm, curve);
        if (!isEC(curve)) {
            const inner = readOne(key.content, 0);
            const isWhole = inner.tag === tags.octets && inner.content.length === 32;
            if (!isWhole) crypto.fail('data', 'the private key is not 32 bytes');
            return { secret: inner.content.slice(), raw: undefined };
        }
        const [inner, secret, ...rest] = readSequence(key.content);
        const isPrivate = inner?.tag === tags.integer && secret?.tag === tags.octets;
        if (!isPrivate) crypto.fail('data', 'the key is not of RFC 5915');
        const tagged = rest.find((value) => value.tag === tags.tagged1);
        return {
            secret: secret.content.slice(),
            raw: tagged === undefined ? undefined : readBits(readOne(tagged.content, 0)),
        };
    };

    crypto.writePKCS8 = function writePKCS8(secret, raw, curve) {
        const version = new Uint8Array([tags.integer, 1, 0]);
        if (!isEC(curve)) {
            return der(tags.sequence, version, identifier(curve), der(tags.octets, der(tags.octets, secret)));
        }
        const publicPart = raw === undefined ? new Uint8Array(0) : der(tags.tagged1, bitString(raw));
        const inner = der(
            tags.sequence, new Uint8Array([tags.integer, 1, 1]), der(tags.octets, secret), publicPart);
        return der(tags.sequence, version, identifier(curve), der(tags.octets, inner));
    };
})
