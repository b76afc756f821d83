// Algorithms of secret keys: digests, HMAC, AES, HKDF and PBKDF2 (Web Cryptography API, sections 26 to 32).
(function (bridge) {
    'use strict';

    const crypto = bridge.group('crypto');
    const { ask, copyBytes, fail, hashName, limitUsages, makeKey, requiredNumber } = crypto;
    const { host } = bridge;

    for (const name of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']) {
        crypto.register(name, { digest: async (_, data) => (await ask('digest', { name }, [data])).bytes });
    }

    const random = (length) => {
        const bytes = new Uint8Array(length);
        for (let start = 0; start < length; start += 65536) host.fillRandom(bytes.subarray(start, start + 65536));
        return bytes;
    };

    /** A secret key from its raw bytes or from a JSON Web Key. */
    function importSecret(format, data, use, algorithmName, extractable, usages) {
        if (format === 'raw' || format === 'raw-secret') return data;
        if (format !== 'jwk') fail('unsupported', `secret keys have no format '${format}'`);
        crypto.checkJWK(data, 'oct', use, extractable, usages);
        const bytes = crypto.fromBase64URL(data.k, 'k');
        const alg = algorithmName(bytes);
        if (data.alg !== undefined && data.alg !== alg) fail('data', `the key's alg is not '${alg}'`);
        return bytes;
    }

    function exportSecret(format, key, alg) {
        if (format === 'raw' || format === 'raw-secret') return key.material.slice();
        if (format !== 'jwk') fail('unsupported', `secret keys have no format '${format}'`);
        return { kty: 'oct', k: crypto.toBase64URL(key.material), alg, key_ops: [...key.usages], ext: key.extractable };
    }

    // MARK: HMAC

    const hmacName = (hash) => `HS${hash.slice(4)}`;

    const macOf = async (key, data) => (await ask(
        'hmac', { hash: key.algorithm.hash }, [key.material, data])).bytes;

    function hmacLength({ hash, length }) {
        if (length === undefined) return crypto.blockBytes(hashName(hash)) * 8;
        const bits = requiredNumber(length, 'length');
        if (bits === 0) fail('operation', 'a key of HMAC has at least one bit');
        return bits;
    }

    crypto.register('HMAC', {
        sign: (_, key, data) => macOf(key, data),
        async verify(_, key, signature, data) {
            const mac = await macOf(key, data);
            // All bytes are compared, so that the time does not tell where they differ.
            let difference = mac.length ^ signature.length;
            for (let index = 0; index < mac.length; index += 1) difference |= mac[index] ^ signature[index];
            return difference === 0;
        },
        generateKey(parameters, extractable, usages) {
            const hash = hashName(parameters.hash);
            limitUsages(usages, ['sign', 'verify']);
            const length = hmacLength(parameters);
            const bytes = random(Math.ceil(length / 8));
            return makeKey('secret', { name: 'HMAC', hash, length }, extractable, usages, bytes);
        },
        importKey(format, data, parameters, extractable, usages) {
            const hash = hashName(parameters.hash);
            limitUsages(usages, ['sign', 'verify']);
            const bytes = importSecret(format, data, 'sig', () => hmacName(hash), extractable, usages);
            if (bytes.length === 0) fail('data', 'the key is empty');
            const length = parameters.length === undefined
                ? bytes.length * 8 : requiredNumber(parameters.length, 'length');
            if (length > bytes.length * 8 || length <= bytes.length * 8 - 8) {
                fail('data', 'length is not that of the key');
            }
            return makeKey('secret', { name: 'HMAC', hash, length }, extractable, usages, bytes);
        },
        exportKey: (format, key) => exportSecret(format, key, hmacName(key.algorithm.hash)),
        keyLength: hmacLength,
    });

    // MARK: AES

    const aesUsages = ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'];

    function aesLength({ length }) {
        const bits = requiredNumber(length, 'length');
        if (bits !== 128 && bits !== 192 && bits !== 256) fail('operation', 'keys of AES have 128, 192 or 256 bits');
        return bits;
    }

    function registerAES(name, suffix, cipher, allowedUsages = aesUsages) {
        const jwkName = (bytes) => `A${bytes.length * 8}${suffix}`;
        crypto.register(name, {
            ...cipher,
            generateKey(parameters, extractable, usages) {
                limitUsages(usages, allowedUsages);
                const length = aesLength(parameters);
                return makeKey('secret', { name, length }, extractable, usages, random(length / 8));
            },
            importKey(format, data, _, extractable, usages) {
                limitUsages(usages, allowedUsages);
                const bytes = importSecret(format, data, 'enc', jwkName, extractable, usages);
                if (![16, 24, 32].includes(bytes.length)) fail('data', 'keys of AES have 128, 192 or 256 bits');
                return makeKey('secret', { name, length: bytes.length * 8 }, extractable, usages, bytes);
            },
            exportKey: (format, key) => exportSecret(format, key, jwkName(key.material)),
            keyLength: aesLength,
        });
    }

    function gcm(op) {
        return async (parameters, key, data) => {
            const iv = copyBytes(parameters.iv, 'iv');
            const tagLength = requiredNumber(parameters.tagLength ?? 128, 'tagLength');
            if (![32, 64, 96, 104, 112, 120, 128].includes(tagLength)) {
                fail('operation', `tagLength cannot be ${tagLength}`);
            }
            const extra = parameters.additionalData === undefined
                ? new Uint8Array(0) : copyBytes(parameters.additionalData, 'additionalData');
            return (await ask('aesGCM', { op, tagLength }, [key.material, iv, extra, data])).bytes;
        };
    }

    function cbc(op) {
        return async (parameters, key, data) => {
            const iv = copyBytes(parameters.iv, 'iv');
            if (iv.length !== 16) fail('operation', 'the iv of AES-CBC has 16 bytes');
            return (await ask('aesCBC', { op }, [key.material, iv, data])).bytes;
        };
    }

    function ctr(op) {
        return async (parameters, key, data) => {
            const counter = copyBytes(parameters.counter, 'counter');
            if (counter.length !== 16) fail('operation', 'the counter of AES-CTR has 16 bytes');
            const length = requiredNumber(parameters.length, 'length');
            if (length === 0 || length > 128) fail('operation', 'the length of the counter is 1 to 128 bits');
            return (await ask('aesCTR', { op, length }, [key.material, counter, data])).bytes;
        };
    }

    registerAES('AES-GCM', 'GCM', { encrypt: gcm('encrypt'), decrypt: gcm('decrypt') });
    registerAES('AES-CBC', 'CBC', { encrypt: cbc('encrypt'), decrypt: cbc('decrypt') });
    registerAES('AES-CTR', 'CTR', { encrypt: ctr('encrypt'), decrypt: ctr('decrypt') });
    const wrap = (op) => async (_, key, data) => (await ask('aesKW', { op }, [key.material, data])).bytes;
    registerAES('AES-KW', 'KW', { wrapKey: wrap('encrypt'), unwrapKey: wrap('decrypt') }, ['wrapKey', 'unwrapKey']);

    // MARK: Deriving

    function wholeBytes(length) {
        if (length === null || length === undefined) fail('operation', 'the number of bits is missing');
        if (length % 8 !== 0) fail('operation', 'the number of bits must be a multiple of 8');
        return length;
    }

    function registerDerivation(name, deriveBits) {
        crypto.register(name, {
            deriveBits,
            importKey(format, data, _, extractable, usages) {
                if (format !== 'raw' && format !== 'raw-secret') fail('unsupported', `keys of ${name} are raw`);
                limitUsages(usages, ['deriveKey', 'deriveBits']);
                if (extractable) fail('syntax', `keys of ${name} cannot be extractable`);
                return makeKey('secret', { name }, false, usages, data);
            },
            keyLength: () => null,
        });
    }

    registerDerivation('HKDF', async (parameters, key, length) => {
        const hash = hashName(parameters.hash);
        const salt = copyBytes(parameters.salt, 'salt');
        const info = copyBytes(parameters.info, 'info');
        const bits = wholeBytes(length);
        if (bits === 0) return new Uint8Array(0);
        return (await ask('hkdf', { hash, bits }, [key.material, salt, info])).bytes;
    });

    registerDerivation('PBKDF2', async (parameters, key, length) => {
        const hash = hashName(parameters.hash);
        const salt = copyBytes(parameters.salt, 'salt');
        const iterations = requiredNumber(parameters.iterations, 'iterations');
        if (iterations === 0) fail('operation', 'iterations must be above 0');
        const bits = wholeBytes(length);
        if (bits === 0) return new Uint8Array(0);
        return (await ask('pbkdf2', { hash, iterations, bits }, [key.material, salt])).bytes;
    });
})
