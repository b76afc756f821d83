// Algorithms of key pairs: ECDSA, ECDH, Ed25519 and X25519 (Web Cryptography API, sections 23, 24 and the Curve25519
// ones). A private key of an elliptic curve goes to the node as PKCS #8, one of Curve25519 as its 32 bytes.
(function (bridge) {
    'use strict';

    const crypto = bridge.group('crypto');
    const { ask, fail, hashName, limitUsages, makeKey } = crypto;
    const { apply } = Reflect;
    const { toHex } = Uint8Array.prototype;
    const coordinateBytes = { __proto__: null, 'P-256': 32, 'P-384': 48, 'P-521': 66 };

    const isEC = (name) => name === 'ECDSA' || name === 'ECDH';
    const curveOf = ({ name, namedCurve }) => namedCurve ?? name;
    const argumentOf = ({ name, namedCurve }) => (namedCurve === undefined ? { name } : { name, curve: namedCurve });

    function describe(name, parameters) {
        if (!isEC(name)) return { name };
        const { namedCurve } = parameters;
        if (namedCurve === undefined) throw new TypeError('the algorithm needs { namedCurve }');
        if (coordinateBytes[namedCurve] === undefined) {
            fail('unsupported', `'${namedCurve}' is not a curve: there are P-256, P-384 and P-521`);
        }
        return { name, namedCurve: `${namedCurve}` };
    }

    /** Checks a public key by having the node convert it; a compressed point becomes a whole one. */
    async function checkPublic(algorithm, raw) {
        const size = coordinateBytes[algorithm.namedCurve];
        const isCompressed = size !== undefined && (raw[0] === 2 || raw[0] === 3);
        const length = size === undefined ? 32 : isCompressed ? 1 + size : 1 + 2 * size;
        if (raw.length !== length || (size !== undefined && !isCompressed && raw[0] !== 4)) {
            fail('data', 'the public key is not of the length of its curve');
        }
        return (await ask('convertKey', { ...argumentOf(algorithm), from: 'raw', to: 'raw' }, [raw], 'data')).bytes;
    }

    /** The public key of a private one. */
    async function publicOf(algorithm, secret) {
        const whole = crypto.writePKCS8(secret, undefined, curveOf(algorithm));
        return (await ask('convertKey', { ...argumentOf(algorithm), from: 'pkcs8', to: 'raw' }, [whole], 'data')).bytes;
    }

    async function makePrivate(algorithm, extractable, usages, secret, given) {
        const raw = await publicOf(algorithm, secret);
        if (given !== undefined) {
            if (given.length !== raw.length || !given.every((byte, index) => byte === raw[index])) {
                fail('data', 'the public part does not belong to the private part');
            }
        }
        const material = isEC(algorithm.name) ? crypto.writePKCS8(secret, raw, algorithm.namedCurve) : secret;
        return makeKey('private', algorithm, extractable, usages, material, raw);
    }

    const secretOf = (key) => (isEC(key.algorithm.name)
        ? crypto.readPKCS8(key.material, key.algorithm.namedCurve).secret : key.material);

    // MARK: JSON Web Keys

    function readJWK(jwk, algorithm, use, extractable, usages) {
        const isCurve = isEC(algorithm.name);
        crypto.checkJWK(jwk, isCurve ? 'EC' : 'OKP', use, extractable, usages);
        const isNamed = algorithm.name !== 'Ed25519' || [undefined, 'Ed25519', 'EdDSA'].includes(jwk.alg);
        if (!isNamed) fail('data', 'the key\'s alg is not \'Ed25519\'');
        const curve = curveOf(algorithm);
        if (jwk.crv !== curve) fail('data', `the key's crv is not '${curve}'`);
        const x = crypto.fromBase64URL(jwk.x, 'x');
        const secret = jwk.d === undefined ? undefined : crypto.fromBase64URL(jwk.d, 'd');
        if (!isCurve) {
            if (x.length !== 32 || (secret !== undefined && secret.length !== 32)) {
                fail('data', 'the key is not 32 bytes');
            }
            return { raw: x, secret };
        }
        const y = crypto.fromBase64URL(jwk.y, 'y');
        const size = coordinateBytes[algorithm.namedCurve];
        if (x.length !== size || y.length !== size || (secret !== undefined && secret.length !== size)) {
            fail('data', 'a part of the key is not of the length of its curve');
        }
        return { raw: bridge.joinBytes([new Uint8Array([4]), x, y], 1 + 2 * size), secret };
    }

    function writeJWK(key) {
        const { algorithm } = key;
        const isPrivate = key.type === 'private';
        const raw = isPrivate ? key.publicMaterial : key.material;
        const jwk = { key_ops: [...key.usages], ext: key.extractable, crv: curveOf(algorithm) };
        if (isEC(algorithm.name)) {
            const size = coordinateBytes[algorithm.namedCurve];
            jwk.kty = 'EC';
            jwk.x = crypto.toBase64URL(raw.subarray(1, 1 + size));
            jwk.y = crypto.toBase64URL(raw.subarray(1 + size));
        } else {
            jwk.kty = 'OKP';
            jwk.x = crypto.toBase64URL(raw);
            if (algorithm.name === 'Ed25519') jwk.alg = 'Ed25519';
        }
        if (isPrivate) jwk.d = crypto.toBase64URL(secretOf(key));
        return jwk;
    }

    // MARK: The four algorithms

    function importer(name, use, privateUsages, publicUsages) {
        return async (format, data, parameters, extractable, usages) => {
            const algorithm = describe(name, parameters);
            const curve = curveOf(algorithm);
            const publicKey = async (raw) => {
                limitUsages(usages, publicUsages);
                return makeKey('public', algorithm, extractable, usages, await checkPublic(algorithm, raw));
            };
            const privateKey = (secret, raw) => {
                limitUsages(usages, privateUsages);
                if (usages.length === 0) fail('syntax', 'a private key needs a usage');
                return makePrivate(algorithm, extractable, usages, secret, raw);
            };
            switch (format) {
            case 'raw':
            case 'raw-public': return publicKey(data);
            case 'spki': return publicKey(crypto.readSPKI(data, curve));
            case 'pkcs8': {
                const { secret, raw } = crypto.readPKCS8(data, curve);
                return privateKey(secret, raw);
            }
            case 'jwk': {
                const { raw, secret } = readJWK(data, algorithm, use, extractable, usages);
                return secret === undefined ? publicKey(raw) : privateKey(secret, raw);
            }
            default: return fail('unsupported', `keys of ${name} have no format '${format}'`);
            }
        };
    }

    function exportKey(format, key) {
        const curve = curveOf(key.algorithm);
        const isPrivate = key.type === 'private';
        const mismatch = () => fail('access', `a ${key.type} key has no format '${format}'`);
        switch (format) {
        case 'raw':
        case 'raw-public': return isPrivate ? mismatch() : key.material.slice();
        case 'spki': return isPrivate ? mismatch() : crypto.writeSPKI(key.material, curve);
        case 'pkcs8':
            if (!isPrivate) return mismatch();
            return crypto.writePKCS8(secretOf(key), isEC(key.algorithm.name) ? key.publicMaterial : undefined, curve);
        case 'jwk': return writeJWK(key);
        default: return fail('unsupported', `such keys have no format '${format}'`);
        }
    }

    function generator(name, privateUsages, publicUsages) {
        return async (parameters, extractable, usages) => {
            const algorithm = describe(name, parameters);
            limitUsages(usages, [...privateUsages, ...publicUsages]);
            const forPrivate = usages.filter((usage) => privateUsages.includes(usage));
            if (forPrivate.length === 0) fail('syntax', 'the private key needs a usage');
            const { bytes } = await ask('generateKeyPair', argumentOf(algorithm), [new Uint8Array(0)]);
            const [material, raw] = crypto.splitParts(bytes);
            return {
                publicKey: makeKey(
                    'public', algorithm, true, usages.filter((usage) => publicUsages.includes(usage)), raw),
                privateKey: makeKey('private', algorithm, extractable, forPrivate, material, raw),
            };
        };
    }

    function needType(key, type) {
        if (key.type !== type) fail('access', `a ${type} key is needed`);
    }

    // The y coordinates of the points of small order on Ed25519, in all their encodings: whoever has such a key signs
    // everything (Web Cryptography API, section on Ed25519).
    const ends = (first) => `${first}${'ff'.repeat(30)}7f`;
    const smallOrders = [
        '00'.repeat(32), `01${'00'.repeat(31)}`, ends('ec'), ends('ed'), ends('ee'),
        '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
        'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ];

    function hasSmallOrder(point) {
        const bytes = point.slice(0, 32);
        bytes[31] &= 0x7f;
        return smallOrders.includes(apply(toHex, bytes, []));
    }

    function registerSigning(name) {
        const argument = (parameters, key) => (isEC(name)
            ? { ...argumentOf(key.algorithm), hash: hashName(parameters.hash) } : argumentOf(key.algorithm));
        crypto.register(name, {
            async sign(parameters, key, data) {
                needType(key, 'private');
                return (await ask('sign', argument(parameters, key), [key.material, data])).bytes;
            },
            async verify(parameters, key, signature, data) {
                needType(key, 'public');
                if (name === 'Ed25519') {
                    const isWeak = signature.length !== 64 || hasSmallOrder(key.material) || hasSmallOrder(signature);
                    if (isWeak) return false;
                }
                const { value } = await ask('verify', argument(parameters, key), [key.material, signature, data]);
                return value.valid === true;
            },
            generateKey: generator(name, ['sign'], ['verify']),
            importKey: importer(name, 'sig', ['sign'], ['verify']),
            exportKey,
        });
    }

    function registerAgreement(name) {
        const usages = ['deriveKey', 'deriveBits'];
        crypto.register(name, {
            async deriveBits(parameters, key, length) {
                needType(key, 'private');
                const other = crypto.keyRecord(parameters.public);
                needType(other, 'public');
                if (other.algorithm.name !== name || other.algorithm.namedCurve !== key.algorithm.namedCurve) {
                    fail('access', 'the keys are not of the same curve');
                }
                const { bytes } = await ask('derive', argumentOf(key.algorithm), [key.material, other.material]);
                if (length === null || length === undefined) return bytes;
                if (length > bytes.length * 8) fail('operation', `the secret has ${bytes.length * 8} bits only`);
                const part = bytes.slice(0, Math.ceil(length / 8));
                if (length % 8 !== 0) part[part.length - 1] &= 0xff << (8 - (length % 8));
                return part;
            },
            generateKey: generator(name, usages, []),
            importKey: importer(name, 'enc', usages, []),
            exportKey,
        });
    }

    registerSigning('ECDSA');
    registerSigning('Ed25519');
    registerAgreement('ECDH');
    registerAgreement('X25519');
})
