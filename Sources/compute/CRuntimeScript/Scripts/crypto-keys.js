// CryptoKey (Web Cryptography API, section 13), and what the algorithms share.
(function (bridge) {
    'use strict';

    const crypto = bridge.group('crypto');
    const { bytesOf, DOMException, HostError } = bridge;
    const { freeze } = Object;
    const internal = Symbol('internal');

    const names = {
        operation: 'OperationError', data: 'DataError', access: 'InvalidAccessError', unsupported: 'NotSupportedError',
        syntax: 'SyntaxError',
    };
    /** Throws a DOMException. */
    crypto.fail = function fail(kind, message) { throw new DOMException(message, names[kind]); };

    let recordOf;
    let isKey;

    class CryptoKey {
        #record;
        #algorithm = undefined;
        #usages = undefined;

        constructor(secret = undefined, record = undefined) {
            if (secret !== internal) throw new TypeError('keys are made by crypto.subtle');
            this.#record = record;
        }

        static {
            isKey = (value) => typeof value === 'object' && value !== null && #record in value;
            recordOf = (value) => value.#record;
        }

        get type() { return this.#record.type; }
        get extractable() { return this.#record.extractable; }
        get algorithm() {
            this.#algorithm ??= publicAlgorithm(this.#record.algorithm);
            return this.#algorithm;
        }
        get usages() {
            this.#usages ??= [...this.#record.usages];
            return this.#usages;
        }
    }

    function publicAlgorithm(algorithm) {
        const copy = { ...algorithm };
        if (algorithm.hash !== undefined) copy.hash = { name: algorithm.hash };
        if (algorithm.publicExponent !== undefined) copy.publicExponent = algorithm.publicExponent.slice();
        return copy;
    }

    bridge.enumerate(CryptoKey, ['type', 'extractable', 'algorithm', 'usages']);
    bridge.brand(CryptoKey, 'CryptoKey');
    crypto.CryptoKey = CryptoKey;
    crypto.isKey = (value) => isKey(value);

    const usageOrder = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];

    /** The usages in the order of the standard, without repetition. */
    crypto.orderUsages = (usages) => usageOrder.filter((usage) => usages.includes(usage));

    crypto.checkedUsages = function checkedUsages(value) {
        const usages = [...value].map(String);
        for (const usage of usages) {
            if (!usageOrder.includes(usage)) throw new TypeError(`'${usage}' is not a usage of keys`);
        }
        return crypto.orderUsages(usages);
    };

    /** Refuses usages that keys of a kind do not have. */
    crypto.limitUsages = function limitUsages(usages, allowed) {
        for (const usage of usages) {
            if (!allowed.includes(usage)) crypto.fail('syntax', `such a key cannot be used for '${usage}'`);
        }
    };

    /**
     * A key. `material` is bytes that never change: those of a secret key; those of a public key as the node takes
     * them; or those of a private key, with `publicMaterial` beside them.
     */
    crypto.makeKey = function makeKey(type, algorithm, extractable, usages, material, publicMaterial = undefined) {
        return new CryptoKey(internal, freeze({
            __proto__: null, type, algorithm: freeze({ __proto__: null, ...algorithm }),
            extractable: Boolean(extractable), usages: freeze(crypto.orderUsages(usages)), material, publicMaterial,
        }));
    };

    crypto.copyKey = (key) => new CryptoKey(internal, recordOf(key));

    crypto.keyRecord = function keyRecord(value) {
        if (!isKey(value)) throw new TypeError('a CryptoKey is needed');
        return recordOf(value);
    };

    /** A copy of a buffer source. */
    crypto.copyBytes = function copyBytes(value, what) {
        const bytes = bytesOf(value);
        if (bytes === undefined) throw new TypeError(`${what} must be an ArrayBuffer or a view of one`);
        return bytes.slice();
    };

    // MARK: Asking the node

    /** Parts with their lengths before them, as 32-bit little-endian numbers; the last part has none. */
    function joinParts(parts) {
        const chunks = [];
        let length = 0;
        parts.forEach((part, index) => {
            if (index < parts.length - 1) {
                const size = new Uint8Array(4);
                new DataView(size.buffer).setUint32(0, part.byteLength, true);
                chunks[chunks.length] = size;
                length += 4;
            }
            chunks[chunks.length] = part;
            length += part.byteLength;
        });
        return bridge.joinBytes(chunks, length);
    }

    crypto.splitParts = function splitParts(bytes) {
        const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
        return [bytes.slice(4, 4 + size), bytes.slice(4 + size)];
    };

    const none = new Uint8Array(0);

    /** `{ value, bytes }` of a host call of cryptography; a refusal is a DOMException of `kind`. */
    crypto.ask = async function ask(name, argument, parts, kind = 'operation') {
        let answer;
        try {
            answer = await bridge.hostCall(`crypto.${name}`, argument, joinParts(parts));
        } catch (error) {
            if (error instanceof HostError) {
                crypto.fail(error.code === 'crypto/unsupported' ? 'unsupported' : kind, error.message);
            }
            throw error;
        }
        const { value, body } = answer;
        if (body === null) return { value, bytes: none };
        return { value, bytes: body instanceof Uint8Array ? body : await bridge.readAll(body.stream) };
    };

    // MARK: Algorithm identifiers

    const hashes = { __proto__: null, 'SHA-1': 64, 'SHA-256': 64, 'SHA-384': 128, 'SHA-512': 128 };
    crypto.blockBytes = (hash) => hashes[hash];

    /** The name of a hash that is given as a text or as `{ name }`. */
    crypto.hashName = function hashName(value) {
        const given = typeof value === 'object' && value !== null ? value.name : value;
        if (given === undefined) throw new TypeError('the algorithm needs { hash }');
        const name = `${given}`.toUpperCase();
        if (hashes[name] === undefined) {
            crypto.fail('unsupported', `'${given}' is not a hash: there are SHA-1, -256, -384, -512`);
        }
        return name;
    };

    /** Registered algorithms by their names in upper case. */
    const algorithms = { __proto__: null };
    crypto.register = (name, methods) => { algorithms[name.toUpperCase()] = { __proto__: null, name, ...methods }; };

    /**
     * The algorithm that an identifier names, which must have the method or the other one, and the identifier's
     * members.
     */
    crypto.resolve = function resolve(identifier, method, otherMethod = method) {
        const parameters = bridge.isObject(identifier) ? identifier : { name: identifier };
        if (parameters.name === undefined) throw new TypeError('an algorithm needs a name');
        const algorithm = algorithms[`${parameters.name}`.toUpperCase()];
        if ((algorithm?.[method] ?? algorithm?.[otherMethod]) === undefined) {
            crypto.fail('unsupported', `'${parameters.name}' is not supported for ${method}`);
        }
        return { algorithm, parameters };
    };

    crypto.requiredNumber = function requiredNumber(value, name) {
        if (value === undefined) throw new TypeError(`the algorithm needs { ${name} }`);
        const number = Number(value);
        if (!Number.isInteger(number) || number < 0 || number > 0xffffffff) {
            throw new TypeError(`${name} is not a count`);
        }
        return number;
    };
})
