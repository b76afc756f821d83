// The algorithms of RSA (Web Cryptography API, sections 20 to 22): RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP. The node
// gets private keys as PKCS #8 and public ones as SubjectPublicKeyInfo; JSON Web Keys are taken apart and put together
// here.
(function (bridge) {
    'use strict';

    const crypto = bridge.group('crypto');
    const {
        ask, copyBytes, der, derTags: tags, fail, fromBase64URL, hashName, limitUsages, makeKey, readSequence,
        requiredNumber, sameBytes, toBase64URL,
    } = crypto;
    const nothing = new Uint8Array(0);
    const zero = new Uint8Array([0]);

    // MARK: DER

    // rsaEncryption with its empty parameters (RFC 8017, appendix C).
    const identifier = new Uint8Array([
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ]);

    function checkIdentifier(value) {
        const isRSA = value?.tag === tags.sequence && sameBytes(value.whole, identifier);
        if (!isRSA) fail('data', 'the key is not one of RSA');
    }

    /** A number without zeros before it. */
    function trim(bytes) {
        let start = 0;
        while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
        return bytes.slice(start);
    }

    function integer(bytes) {
        const number = trim(bytes);
        return number[0] >= 0x80 ? der(tags.integer, zero, number) : der(tags.integer, number);
    }

    function readIntegers(bytes) {
        return readSequence(bytes).map((value) => {
            if (value.tag !== tags.integer || value.content.length === 0) fail('data', 'the key has no number');
            return trim(value.content);
        });
    }

    const version = new Uint8Array([tags.integer, 1, 0]);
    const writeSPKI = (n, e) => der(
        tags.sequence, identifier, crypto.bitString(der(tags.sequence, integer(n), integer(e))));
    const writePKCS8 = (numbers) => der(
        tags.sequence, version, identifier, der(tags.octets, der(tags.sequence, version, ...numbers.map(integer))));

    /** `[n, e]` of SubjectPublicKeyInfo. */
    function readSPKI(bytes) {
        const [algorithm, key] = readSequence(bytes);
        checkIdentifier(algorithm);
        const numbers = readIntegers(crypto.readBits(key));
        if (numbers.length !== 2) fail('data', 'the key is not of RFC 8017');
        return numbers;
    }

    /** `[n, e, d, p, q, dp, dq, qi]` of PKCS #8. */
    function readPKCS8(bytes) {
        const [, algorithm, key] = readSequence(bytes);
        checkIdentifier(algorithm);
        if (key?.tag !== tags.octets) fail('data', 'the key is not PKCS #8');
        const [form, ...numbers] = readIntegers(key.content);
        if (form.length !== 1 || form[0] !== 0 || numbers.length !== 8) fail('data', 'the key is not of RFC 8017');
        return numbers;
    }

    // MARK: JSON Web Keys

    const members = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];

    function readJWK(jwk, use, alg, extractable, usages) {
        crypto.checkJWK(jwk, 'RSA', use, extractable, usages);
        if (jwk.alg !== undefined && jwk.alg !== alg) fail('data', `the key's alg is not '${alg}'`);
        if (jwk.oth !== undefined) fail('unsupported', 'keys with more than two primes are not supported');
        const names = jwk.d === undefined ? members.slice(0, 2) : members;
        return names.map((name) => {
            const bytes = fromBase64URL(jwk[name], name);
            if (bytes.length === 0) fail('data', `'${name}' is empty`);
            return bytes;
        });
    }

    function writeJWK(key, alg) {
        const isPrivate = key.type === 'private';
        const numbers = isPrivate ? readPKCS8(key.material) : readSPKI(key.material);
        const jwk = { kty: 'RSA', alg, key_ops: [...key.usages], ext: key.extractable };
        numbers.forEach((number, index) => { jwk[members[index]] = toBase64URL(number); });
        return jwk;
    }

    // MARK: Keys

    function bitLength(number) {
        const digits = trim(number);
        return digits.length * 8 - (Math.clz32(digits[0]) - 24);
    }

    const describe = (name, hash, n, e) => ({ name, modulusLength: bitLength(n), publicExponent: trim(e), hash });

    /** Has the node look at a key, and gives it back as the node writes it. */
    const checked = async (name, bytes, form) => (
        await ask('convertKey', { name, from: form, to: form }, [bytes], 'data')).bytes;

    function importer(name, use, jwkName, privateUsages, publicUsages) {
        async function publicKey(bytes, hash, extractable, usages) {
            const material = await checked(name, bytes, 'spki');
            const [n, e] = readSPKI(material);
            return makeKey('public', describe(name, hash, n, e), extractable, usages, material);
        }
        async function privateKey(bytes, hash, extractable, usages) {
            if (usages.length === 0) fail('syntax', 'a private key needs a usage');
            const material = await checked(name, bytes, 'pkcs8');
            const [n, e] = readPKCS8(material);
            return makeKey('private', describe(name, hash, n, e), extractable, usages, material, writeSPKI(n, e));
        }
        return async (format, data, parameters, extractable, usages) => {
            const hash = hashName(parameters.hash);
            switch (format) {
            case 'spki':
                limitUsages(usages, publicUsages);
                readSPKI(data);
                return publicKey(data, hash, extractable, usages);
            case 'pkcs8':
                limitUsages(usages, privateUsages);
                readPKCS8(data);
                return privateKey(data, hash, extractable, usages);
            case 'jwk': {
                limitUsages(usages, data.d === undefined ? publicUsages : privateUsages);
                const numbers = readJWK(data, use, jwkName(hash), extractable, usages);
                return numbers.length === 2
                    ? publicKey(writeSPKI(numbers[0], numbers[1]), hash, extractable, usages)
                    : privateKey(writePKCS8(numbers), hash, extractable, usages);
            }
            default: return fail('unsupported', `keys of ${name} have no format '${format}'`);
            }
        };
    }

    function exporter(jwkName) {
        return (format, key) => {
            const isPrivate = key.type === 'private';
            if (format === 'jwk') return writeJWK(key, jwkName(key.algorithm.hash));
            if (format !== 'spki' && format !== 'pkcs8') fail('unsupported', `such keys have no format '${format}'`);
            if (isPrivate !== (format === 'pkcs8')) fail('access', `a ${key.type} key has no format '${format}'`);
            return key.material.slice();
        };
    }

    const commonExponent = new Uint8Array([1, 0, 1]);

    function generator(name, privateUsages, publicUsages) {
        return async (parameters, extractable, usages) => {
            const modulusLength = requiredNumber(parameters.modulusLength, 'modulusLength');
            const { publicExponent } = parameters;
            if (!(publicExponent instanceof Uint8Array)) throw new TypeError('publicExponent must be a Uint8Array');
            const exponent = trim(publicExponent);
            const hash = hashName(parameters.hash);
            limitUsages(usages, [...privateUsages, ...publicUsages]);
            const forPrivate = usages.filter((usage) => privateUsages.includes(usage));
            if (!sameBytes(exponent, commonExponent)) fail('operation', 'the public exponent can only be 65,537 here');
            if (forPrivate.length === 0) fail('syntax', 'the private key needs a usage');
            const { bytes } = await ask('generateKeyPair', { name, length: modulusLength }, [nothing]);
            const [secret, open] = crypto.splitParts(bytes);
            const [n] = readSPKI(open);
            const algorithm = describe(name, hash, n, exponent);
            const forPublic = usages.filter((usage) => publicUsages.includes(usage));
            return {
                publicKey: makeKey('public', algorithm, true, forPublic, open),
                privateKey: makeKey('private', algorithm, extractable, forPrivate, secret, open),
            };
        };
    }

    function needType(key, type) {
        if (key.type !== type) fail('access', `a ${type} key is needed`);
    }

    // MARK: The three algorithms

    function registerSigning(name, jwkName, parametersOf) {
        const argument = (parameters, key) => ({ name, hash: key.algorithm.hash, ...parametersOf(parameters) });
        crypto.register(name, {
            async sign(parameters, key, data) {
                needType(key, 'private');
                return (await ask('sign', argument(parameters, key), [key.material, data])).bytes;
            },
            async verify(parameters, key, signature, data) {
                needType(key, 'public');
                const { value } = await ask('verify', argument(parameters, key), [key.material, signature, data]);
                return value.valid === true;
            },
            generateKey: generator(name, ['sign'], ['verify']),
            importKey: importer(name, 'sig', jwkName, ['sign'], ['verify']),
            exportKey: exporter(jwkName),
        });
    }

    function oaep(op, type) {
        return async (parameters, key, data) => {
            needType(key, type);
            const label = parameters.label === undefined ? nothing : copyBytes(parameters.label, 'label');
            const argument = { name: 'RSA-OAEP', op, hash: key.algorithm.hash };
            return (await ask('rsaOAEP', argument, [key.material, label, data])).bytes;
        };
    }

    registerSigning('RSASSA-PKCS1-v1_5', (hash) => `RS${hash.slice(4)}`, () => ({}));
    registerSigning('RSA-PSS', (hash) => `PS${hash.slice(4)}`, ({ saltLength }) => ({
        saltLength: requiredNumber(saltLength, 'saltLength'),
    }));
    const oaepName = (hash) => (hash === 'SHA-1' ? 'RSA-OAEP' : `RSA-OAEP-${hash.slice(4)}`);
    const decrypting = ['decrypt', 'unwrapKey'];
    const encrypting = ['encrypt', 'wrapKey'];
    crypto.register('RSA-OAEP', {
        encrypt: oaep('encrypt', 'public'),
        decrypt: oaep('decrypt', 'private'),
        generateKey: generator('RSA-OAEP', decrypting, encrypting),
        importKey: importer('RSA-OAEP', 'enc', oaepName, decrypting, encrypting),
        exportKey: exporter(oaepName),
    });
})
