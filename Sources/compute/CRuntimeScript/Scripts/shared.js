// Every script of the prelude is a function of one object, the bridge, which never becomes a global: tenant code
// cannot name it. `bridge.host` holds the native functions; they are only ever called as `host.name(...)`, so a
// changed prototype cannot get hold of one.
(function (bridge) {
    'use strict';

    const { defineProperty } = Object;

    /** A map whose methods are its own: what a script does to Map.prototype does not reach the runtime's tables. */
    class SafeMap extends Map {}
    for (const name of ['get', 'set', 'has', 'delete', 'keys', 'entries', Symbol.iterator]) {
        defineProperty(SafeMap.prototype, name, Object.getOwnPropertyDescriptor(Map.prototype, name));
    }
    bridge.SafeMap = SafeMap;

    /** Adds a global that is writable and not enumerable, as the platform's interfaces are. */
    bridge.expose = function expose(name, value) {
        defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
    };

    /** Gives an interface its class string. */
    bridge.brand = function brand(constructor, name) {
        defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });
    };

    /** A string without lone surrogates. */
    bridge.toUSVString = function toUSVString(value) {
        return `${value}`.toWellFormed();
    };

    /** A view of the bytes of a buffer source, or undefined for anything else. */
    bridge.bytesOf = function bytesOf(value) {
        if (value instanceof ArrayBuffer) return new Uint8Array(value);
        if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        return undefined;
    };

    /** Mixes the iteration protocol of a list of pairs into an interface. */
    bridge.makePairIterable = function makePairIterable(constructor, pairsOf) {
        const members = {
            *entries() { yield* pairsOf(this); },
            *keys() { for (const pair of pairsOf(this)) yield pair[0]; },
            *values() { for (const pair of pairsOf(this)) yield pair[1]; },
            forEach(callback, thisArgument) {
                if (typeof callback !== 'function') throw new TypeError('forEach needs a function');
                for (const [key, value] of pairsOf(this)) callback.call(thisArgument, value, key, this);
            },
        };
        for (const name of Object.keys(members)) {
            defineProperty(constructor.prototype, name, {
                value: members[name], writable: true, enumerable: true, configurable: true,
            });
        }
        defineProperty(constructor.prototype, Symbol.iterator, {
            value: constructor.prototype.entries, writable: true, enumerable: false, configurable: true,
        });
    };

    const legacyCodes = {
        IndexSizeError: 1, InvalidCharacterError: 5, NotSupportedError: 9, InvalidStateError: 11, SyntaxError: 12,
        TypeMismatchError: 17, AbortError: 20, QuotaExceededError: 22, TimeoutError: 23, DataCloneError: 25,
    };

    class DOMException extends Error {
        #name;

        constructor(message = '', name = 'Error') {
            super(message);
            this.#name = `${name}`;
        }

        get name() { return this.#name; }
        get code() { return legacyCodes[this.#name] ?? 0; }
    }
    bridge.brand(DOMException, 'DOMException');
    bridge.expose('DOMException', DOMException);
    bridge.DOMException = DOMException;

    bridge.expose('self', globalThis);
})
