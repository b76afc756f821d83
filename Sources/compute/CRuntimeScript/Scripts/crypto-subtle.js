// SubtleCrypto (Web Cryptography API, section 14): arguments are checked and copied before anything is waited for.
(function (bridge) {
    'use strict';

    const crypto = bridge.group('crypto');
    const { checkedUsages, copyBytes, fail, keyRecord, resolve } = crypto;
    const { host, newPromise } = bridge;
    const { parse, stringify } = JSON;
    const secret = Symbol('internal');

    /** The key must be of the algorithm and allow the usage. */
    function checkKey(key, algorithm, usage) {
        if (key.algorithm.name !== algorithm.name) {
            fail('access', `the key is one of ${key.algorithm.name}, not of ${algorithm.name}`);
        }
        if (!key.usages.includes(usage)) fail('access', `the key may not be used for '${usage}'`);
    }

    /** Turns what a function throws at once into a rejection, and its bytes into an ArrayBuffer. */
    function promise(work) {
        return newPromise((done) => { done(work()); });
    }

    const bufferOf = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer);

    async function importWith(format, data, identifier, extractable, usages) {
        const { algorithm, parameters } = resolve(identifier, 'importKey');
        const key = await algorithm.importKey(format, data, parameters, extractable, usages);
        const { type } = keyRecord(key);
        if (type !== 'public' && usages.length === 0) fail('syntax', `a ${type} key needs a usage`);
        return key;
    }

    async function exportAs(format, record) {
        const { algorithm } = resolve(record.algorithm.name, 'exportKey');
        if (!record.extractable) fail('access', 'the key is not extractable');
        return algorithm.exportKey(format, record);
    }

    function readKeyData(format, data) {
        if (format !== 'jwk') return copyBytes(data, 'the key');
        if (typeof data !== 'object' || data === null || bridge.bytesOf(data) !== undefined) {
            throw new TypeError('a JSON Web Key is an object');
        }
        return { __proto__: null, ...data };
    }

    function cipher(usage) {
        return (identifier, key, data) => promise(async () => {
            const { algorithm, parameters } = resolve(identifier, usage);
            const record = keyRecord(key);
            const bytes = copyBytes(data, 'the data');
            checkKey(record, algorithm, usage);
            return bufferOf(await algorithm[usage](parameters, record, bytes));
        });
    }

    const encryptWith = cipher('encrypt');
    const decryptWith = cipher('decrypt');

    async function derive(identifier, key, length, usage) {
        const { algorithm, parameters } = resolve(identifier, 'deriveBits');
        const record = keyRecord(key);
        checkKey(record, algorithm, usage);
        return algorithm.deriveBits(parameters, record, length);
    }

    class SubtleCrypto {
        constructor(key = undefined) {
            if (key !== secret) throw new TypeError('there is one SubtleCrypto object: crypto.subtle');
        }

        digest(identifier, data) {
            return promise(async () => {
                const { algorithm, parameters } = resolve(identifier, 'digest');
                return bufferOf(await algorithm.digest(parameters, copyBytes(data, 'the data')));
            });
        }

        encrypt(algorithm, key, data) { return encryptWith(algorithm, key, data); }
        decrypt(algorithm, key, data) { return decryptWith(algorithm, key, data); }

        sign(identifier, key, data) {
            return promise(async () => {
                const { algorithm, parameters } = resolve(identifier, 'sign');
                const record = keyRecord(key);
                const bytes = copyBytes(data, 'the data');
                checkKey(record, algorithm, 'sign');
                return bufferOf(await algorithm.sign(parameters, record, bytes));
            });
        }

        verify(identifier, key, signature, data) {
            return promise(async () => {
                const { algorithm, parameters } = resolve(identifier, 'verify');
                const record = keyRecord(key);
                const mark = copyBytes(signature, 'the signature');
                const bytes = copyBytes(data, 'the data');
                checkKey(record, algorithm, 'verify');
                return algorithm.verify(parameters, record, mark, bytes);
            });
        }

        generateKey(identifier, extractable, keyUsages) {
            return promise(async () => {
                const { algorithm, parameters } = resolve(identifier, 'generateKey');
                const usages = checkedUsages(keyUsages);
                const made = await algorithm.generateKey(parameters, Boolean(extractable), usages);
                if (crypto.isKey(made) && keyRecord(made).usages.length === 0) fail('syntax', 'the key needs a usage');
                return made;
            });
        }

        importKey(format, keyData, algorithm, extractable, keyUsages) {
            return promise(async () => {
                const usages = checkedUsages(keyUsages);
                const data = readKeyData(`${format}`, keyData);
                return importWith(`${format}`, data, algorithm, Boolean(extractable), usages);
            });
        }

        exportKey(format, key) {
            return promise(async () => {
                const exported = await exportAs(`${format}`, keyRecord(key));
                return exported instanceof Uint8Array ? bufferOf(exported) : exported;
            });
        }

        deriveBits(algorithm, baseKey, length = null) {
            return promise(async () => {
                const bits = length === null ? null : crypto.requiredNumber(length, 'length');
                return bufferOf(await derive(algorithm, baseKey, bits, 'deriveBits'));
            });
        }

        deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
            return promise(async () => {
                const usages = checkedUsages(keyUsages);
                const { algorithm: target, parameters } = resolve(derivedKeyType, 'keyLength');
                const bytes = await derive(algorithm, baseKey, target.keyLength(parameters), 'deriveKey');
                return importWith('raw', bytes, derivedKeyType, Boolean(extractable), usages);
            });
        }

        wrapKey(format, key, wrappingKey, wrapAlgorithm) {
            return promise(async () => {
                const { algorithm, parameters } = resolve(wrapAlgorithm, 'wrapKey', 'encrypt');
                const wrapping = keyRecord(wrappingKey);
                checkKey(wrapping, algorithm, 'wrapKey');
                const exported = await exportAs(`${format}`, keyRecord(key));
                const bytes = exported instanceof Uint8Array ? exported : host.encode(stringify(exported));
                return bufferOf(await (algorithm.wrapKey ?? algorithm.encrypt)(parameters, wrapping, bytes));
            });
        }

        unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
            return promise(async () => {
                const { algorithm, parameters } = resolve(unwrapAlgorithm, 'unwrapKey', 'decrypt');
                const wrapping = keyRecord(unwrappingKey);
                const wrapped = copyBytes(wrappedKey, 'the wrapped key');
                const usages = checkedUsages(keyUsages);
                checkKey(wrapping, algorithm, 'unwrapKey');
                const bytes = await (algorithm.unwrapKey ?? algorithm.decrypt)(parameters, wrapping, wrapped);
                let data = bytes;
                if (`${format}` === 'jwk') {
                    try {
                        data = parse(host.decode(bytes, false));
                    } catch {
                        fail('data', 'the wrapped key is not JSON');
                    }
                }
                return importWith(`${format}`, data, unwrappedKeyAlgorithm, Boolean(extractable), usages);
            });
        }
    }

    bridge.enumerate(SubtleCrypto, [
        'digest', 'encrypt', 'decrypt', 'sign', 'verify', 'generateKey', 'importKey', 'exportKey', 'deriveBits',
        'deriveKey', 'wrapKey', 'unwrapKey',
    ]);
    bridge.brand(SubtleCrypto, 'SubtleCrypto');
    crypto.SubtleCrypto = SubtleCrypto;
    crypto.subtle = new SubtleCrypto(secret);
})
