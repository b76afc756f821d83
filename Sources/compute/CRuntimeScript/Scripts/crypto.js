// The Crypto object (Web Cryptography API, section 10). Keys and algorithms are loaded when `subtle` is used.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const { apply } = Reflect;
    const { toHex } = Uint8Array.prototype;
    const maxRandomBytes = 65536;
    const key = Symbol('internal');
    const integerArrays = {
        __proto__: null, Int8Array: true, Uint8Array: true, Uint8ClampedArray: true, Int16Array: true,
        Uint16Array: true, Int32Array: true, Uint32Array: true, BigInt64Array: true, BigUint64Array: true,
    };
    const arrayTag = Object.getOwnPropertyDescriptor(
        Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

    function randomUUID() {
        const bytes = new Uint8Array(16);
        host.fillRandom(bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        const digits = apply(toHex, bytes, []);
        return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-` +
            digits.slice(20);
    }
    bridge.group('random').randomUUID = randomUUID;

    class Crypto {
        #isCrypto = true;

        constructor(secret = undefined) {
            if (secret !== key) throw new TypeError('there is one Crypto object: crypto');
        }

        get subtle() { return this.#isCrypto ? bridge.need('crypto').subtle : undefined; }

        getRandomValues(array) {
            bridge.needArguments(this.#isCrypto ? arguments.length : 0, 1, 'getRandomValues');
            if (!ArrayBuffer.isView(array)) throw new TypeError('getRandomValues needs an array');
            if (integerArrays[apply(arrayTag, array, [])] !== true) {
                throw new bridge.DOMException('getRandomValues fills an array of integers', 'TypeMismatchError');
            }
            const bytes = bridge.bytesOf(array);
            if (bytes.length > maxRandomBytes) {
                const { QuotaExceededError } = bridge.need('exceptions');
                throw new QuotaExceededError(`getRandomValues fills at most ${maxRandomBytes} bytes at a time`);
            }
            host.fillRandom(bytes);
            return array;
        }

        randomUUID() { return this.#isCrypto ? randomUUID() : undefined; }
    }

    bridge.enumerate(Crypto, ['subtle', 'getRandomValues', 'randomUUID']);
    bridge.brand(Crypto, 'Crypto');
    bridge.expose('Crypto', Crypto);
    bridge.expose('crypto', new Crypto(key));
})
