// structuredClone for the types of the language; the platform's own objects are refused, as is a transfer of
// anything but array buffers.
(function (bridge) {
    'use strict';

    const errorTypes = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

    function refuse(what) {
        throw new bridge.DOMException(`${what} cannot be cloned`, 'DataCloneError');
    }

    function cloneView(view, clone) {
        const buffer = clone(view.buffer);
        if (view instanceof DataView) return new DataView(buffer, view.byteOffset, view.byteLength);
        const name = Object.getPrototypeOf(Uint8Array.prototype);
        const type = Object.getOwnPropertyDescriptor(name, Symbol.toStringTag).get.call(view);
        return new globalThis[type](buffer, view.byteOffset, view.length);
    }

    function cloneError(error, clone) {
        const constructor = errorTypes[error.name] ?? Error;
        const copy = Object.create(constructor.prototype);
        for (const name of ['message', 'stack', 'cause']) {
            if (!Object.hasOwn(error, name)) continue;
            Object.defineProperty(copy, name, {
                value: clone(error[name]), writable: true, enumerable: false, configurable: true,
            });
        }
        return copy;
    }

    /** The empty copy of an object, and how to fill it; a leaf has nothing to fill. */
    function shell(value) {
        switch (Object.prototype.toString.call(value)) {
        case '[object Boolean]': return Object(Boolean.prototype.valueOf.call(value));
        case '[object Number]': return Object(Number.prototype.valueOf.call(value));
        case '[object String]': return Object(String.prototype.valueOf.call(value));
        case '[object BigInt]': return Object(BigInt.prototype.valueOf.call(value));
        case '[object Date]': return new Date(Date.prototype.getTime.call(value));
        case '[object RegExp]': return new RegExp(value.source, value.flags);
        default: return undefined;
        }
    }

    function refuseExotic(value) {
        if (typeof value === 'function') refuse('a function');
        for (const type of [Promise, WeakMap, WeakSet, WeakRef]) {
            if (value instanceof type) refuse(`a ${type.name}`);
        }
        const tag = value[Symbol.toStringTag];
        if (tag !== undefined && Object.getPrototypeOf(value) !== Object.prototype) refuse(`a ${String(tag)}`);
    }

    function structuredClone(value, options) {
        if (arguments.length === 0) throw new TypeError('structuredClone needs a value');
        const seen = new Map();

        for (const item of options?.transfer ?? []) {
            if (!(item instanceof ArrayBuffer) || item.detached) refuse('a transferred object but an ArrayBuffer');
            seen.set(item, item.transfer());
        }

        function cloneInto(copy, source) {
            seen.set(source, copy);
            for (const name of Object.keys(source)) copy[name] = clone(source[name]);
            return copy;
        }

        function clone(input) {
            if (typeof input === 'symbol') refuse('a symbol');
            if (typeof input !== 'object' && typeof input !== 'function') return input;
            if (input === null) return null;
            if (seen.has(input)) return seen.get(input);
            const leaf = shell(input);
            let copy;
            if (leaf !== undefined) copy = leaf;
            else if (input instanceof ArrayBuffer) copy = input.slice(0);
            else if (ArrayBuffer.isView(input)) copy = cloneView(input, clone);
            else if (input instanceof Error) copy = cloneError(input, clone);
            else if (input instanceof Map) {
                copy = new Map();
                seen.set(input, copy);
                for (const [key, item] of [...input]) copy.set(clone(key), clone(item));
            } else if (input instanceof Set) {
                copy = new Set();
                seen.set(input, copy);
                for (const item of [...input]) copy.add(clone(item));
            } else if (Array.isArray(input)) {
                copy = cloneInto(new Array(input.length), input);
            } else {
                refuseExotic(input);
                copy = cloneInto({}, input);
            }
            seen.set(input, copy);
            return copy;
        }

        return clone(value);
    }

    bridge.expose('structuredClone', structuredClone);
})
