// structuredClone (HTML Standard, section 2.7): first the value is read, then what is transferred moves, then the copy
// is built. An error while reading leaves everything where it was.
(function (bridge) {
    'use strict';

    const exports = bridge.group('clone');
    const { SafeMap, DOMException } = bridge;
    const { apply } = Reflect;
    const { isArray } = Array;
    const { isView } = ArrayBuffer;
    const { keys, hasOwn, getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Object;
    const getter = (object, name) => getOwnPropertyDescriptor(object, name).get;
    const SharedBuffer = globalThis.SharedArrayBuffer;
    const methods = {
        boolean: Boolean.prototype.valueOf,
        number: Number.prototype.valueOf,
        string: String.prototype.valueOf,
        bigint: BigInt.prototype.valueOf,
        symbol: Symbol.prototype.valueOf,
        date: Date.prototype.getTime,
        bufferLength: getter(ArrayBuffer.prototype, 'byteLength'),
        sharedLength: SharedBuffer ? getter(SharedBuffer.prototype, 'byteLength') : undefined,
        mapSize: getter(Map.prototype, 'size'),
        mapEach: Map.prototype.forEach,
        setSize: getter(Set.prototype, 'size'),
        setEach: Set.prototype.forEach,
        source: getter(RegExp.prototype, 'source'),
        sliceBuffer: ArrayBuffer.prototype.slice,
        transferBuffer: ArrayBuffer.prototype.transfer,
        viewTag: getter(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag),
        viewLength: getter(getPrototypeOf(Uint8Array.prototype), 'length'),
    };
    const constructors = { Map, Set, Date, RegExp, DataView, ArrayBuffer, Uint8Array, Object };
    const errorTypes = {
        __proto__: null, Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
    };
    const viewTypes = { __proto__: null };
    for (const name of [
        'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array',
        'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array',
    ]) viewTypes[name] = globalThis[name];
    const refusedTypes = { Promise, WeakMap, WeakSet, WeakRef, FinalizationRegistry };
    for (const name of ['Instance', 'Memory', 'Table', 'Global', 'Tag', 'Exception']) {
        const type = globalThis.WebAssembly?.[name];
        if (type !== undefined) refusedTypes[`WebAssembly.${name}`] = type;
    }
    // Iterators and generators: their state cannot be had.
    const refusedPrototypes = [
        [][Symbol.iterator](), ''[Symbol.iterator](), new Map().entries(), new Set().values(), ''.matchAll(/a/g),
    ].map(getPrototypeOf);
    refusedPrototypes.push(
        getPrototypeOf(function* () {}).prototype, getPrototypeOf(async function* () {}).prototype);
    const { isPrototypeOf } = Object.prototype;
    const ModuleType = globalThis.WebAssembly?.Module;

    function refuse(what) { throw new DOMException(`${what} cannot be cloned`, 'DataCloneError'); }

    /** Whether an object has what an intrinsic method needs. */
    function answers(method, value) {
        if (method === undefined) return false;
        try {
            apply(method, value, []);
            return true;
        } catch {
            return false;
        }
    }

    const ready = (object) => ({ __proto__: null, object, isMade: true });

    /** The object of a node; nodes may refer to each other in circles. */
    function build(node) {
        if (node.isMade) return node.object;
        node.object = node.create();
        node.isMade = true;
        node.fill?.(node.object);
        return node.object;
    }

    class Reader {
        nodes = new SafeMap();

        read(value) {
            if (typeof value === 'symbol') refuse('a symbol');
            if (typeof value === 'function') refuse('a function');
            if (typeof value !== 'object' || value === null) return ready(value);
            const known = this.nodes.get(value);
            if (known !== undefined) return known;
            const node = { __proto__: null, object: undefined, isMade: false, create: undefined, fill: undefined };
            this.nodes.set(value, node);
            this.describe(value, node);
            return node;
        }

        describe(value, node) {
            if (isArray(value)) {
                const { length } = value;
                this.readMembers(value, node, () => new Array(length));
                return;
            }
            const prototype = getPrototypeOf(value);
            const isPlain = prototype === constructors.Object.prototype || prototype === null;
            if (!isPlain && (this.readLeaf(value, node) || this.readCollection(value, node))) return;
            if (!isPlain) refuseExotic(value);
            this.readMembers(value, node, () => ({}));
        }

        readMembers(value, node, create) {
            const names = keys(value);
            const members = [];
            for (let index = 0; index < names.length; index += 1) {
                const name = names[index];
                if (hasOwn(value, name)) members[members.length] = { name, node: this.read(value[name]) };
            }
            node.create = create;
            node.fill = (object) => {
                for (let index = 0; index < members.length; index += 1) {
                    defineProperty(object, members[index].name, {
                        __proto__: null, value: build(members[index].node), writable: true, enumerable: true,
                        configurable: true,
                    });
                }
            };
        }

        /** Values without parts; true when `value` is one. */
        readLeaf(value, node) {
            const done = (object) => {
                node.object = object;
                node.isMade = true;
                return true;
            };
            if (answers(methods.date, value)) return done(new constructors.Date(apply(methods.date, value, [])));
            for (const kind of ['boolean', 'number', 'string', 'bigint']) {
                if (answers(methods[kind], value)) return done(constructors.Object(apply(methods[kind], value, [])));
            }
            if (answers(methods.symbol, value)) refuse('a symbol');
            if (answers(methods.bufferLength, value)) return done(copyBuffer(value));
            if (answers(methods.sharedLength, value)) return done(value);
            if (value !== constructors.RegExp.prototype && answers(methods.source, value)) {
                return done(new constructors.RegExp(value.source, value.flags));
            }
            if (ModuleType !== undefined && value instanceof ModuleType) return done(value);
            return this.readPlatform(value, done);
        }

        readPlatform(value, done) {
            const blobs = bridge.group('blob');
            if (blobs?.isBlob?.(value)) {
                const bytes = blobs.bytesOfBlob(value);
                return done(blobs.isFile(value)
                    ? blobs.makeFile(bytes, value.name, value.type, value.lastModified)
                    : blobs.makeBlob(bytes, value.type));
            }
            const keysGroup = bridge.group('crypto');
            if (keysGroup?.isKey?.(value)) return done(keysGroup.copyKey(value));
            const exception = bridge.group('exceptions')?.copy?.(value);
            return exception === undefined ? false : done(exception);
        }

        readCollection(value, node) {
            if (isView(value)) {
                this.readView(value, node);
                return true;
            }
            if (answers(methods.mapSize, value)) {
                const pairs = [];
                const items = [];
                apply(methods.mapEach, value, [(item, key) => { items[items.length] = [key, item]; }]);
                for (let index = 0; index < items.length; index += 1) {
                    pairs[index] = { key: this.read(items[index][0]), item: this.read(items[index][1]) };
                }
                node.create = () => new constructors.Map();
                node.fill = (map) => { for (const { key, item } of pairs) map.set(build(key), build(item)); };
                return true;
            }
            if (answers(methods.setSize, value)) {
                const items = [];
                apply(methods.setEach, value, [(item) => { items[items.length] = item; }]);
                for (let index = 0; index < items.length; index += 1) items[index] = this.read(items[index]);
                node.create = () => new constructors.Set();
                node.fill = (set) => { for (const item of items) set.add(build(item)); };
                return true;
            }
            if (value instanceof Error) {
                this.readError(value, node);
                return true;
            }
            return false;
        }

        readView(view, node) {
            const tag = apply(methods.viewTag, view, []);
            const buffer = this.read(view.buffer);
            const { byteOffset } = view;
            const reachesEnd = view.byteOffset + view.byteLength === view.buffer.byteLength;
            const tracks = view.buffer.resizable === true && reachesEnd;
            if (tag === undefined) {
                const { byteLength } = view;
                node.create = () => new constructors.DataView(build(buffer), byteOffset, byteLength);
            } else {
                const length = tracks ? undefined : apply(methods.viewLength, view, []);
                node.create = () => new viewTypes[tag](build(buffer), byteOffset, length);
            }
        }

        readError(error, node) {
            const name = `${error.name}`;
            const members = [];
            for (const member of ['message', 'stack', 'cause']) {
                const descriptor = getOwnPropertyDescriptor(error, member);
                if (descriptor === undefined || !('value' in descriptor)) continue;
                const { value } = descriptor;
                members[members.length] = { member, node: member === 'cause' ? this.read(value) : ready(`${value}`) };
            }
            node.create = () => new (errorTypes[name] ?? Error)();
            node.fill = (copy) => {
                for (const { member, node: part } of members) {
                    defineProperty(copy, member, {
                        __proto__: null, value: build(part), writable: true, enumerable: false, configurable: true,
                    });
                }
            };
        }
    }

    function copyBuffer(buffer) {
        if (buffer.detached) refuse('a buffer that was transferred');
        if (!buffer.resizable) return apply(methods.sliceBuffer, buffer, [0]);
        const copy = new constructors.ArrayBuffer(buffer.byteLength, { maxByteLength: buffer.maxByteLength });
        new constructors.Uint8Array(copy).set(new constructors.Uint8Array(buffer));
        return copy;
    }

    function refuseExotic(value) {
        for (const name of keys(refusedTypes)) if (value instanceof refusedTypes[name]) refuse(`a ${name}`);
        for (const prototype of refusedPrototypes) if (apply(isPrototypeOf, prototype, [value])) refuse('an iterator');
        const tag = Object.prototype.toString.call(value).slice(8, -1);
        const platform = tag !== 'Object' && typeof globalThis[tag] === 'function' && value instanceof globalThis[tag];
        if (platform) refuse(`a ${tag}`);
    }

    /** How a transferable moves; refuses anything else. */
    function moverOf(item) {
        if (typeof item === 'object' && item !== null) {
            if (answers(methods.bufferLength, item)) {
                if (item.detached) refuse('a buffer that was transferred');
                return () => apply(methods.transferBuffer, item, []);
            }
            const messages = bridge.group('messages');
            if (messages?.isPort?.(item)) {
                messages.checkMovable(item);
                return () => messages.movePort(item);
            }
            const streams = bridge.group('streams');
            if (streams?.isStream?.(item)) {
                if (item.locked) refuse('a locked stream');
                return () => (item.locked ? refuse('a locked stream') : streams.transferReadable(item));
            }
            if (streams?.isWritable?.(item)) {
                if (item.locked) refuse('a locked stream');
                return () => (item.locked ? refuse('a locked stream') : streams.transferWritable(item));
            }
            if (streams?.isTransform?.(item)) {
                const isLocked = () => item.readable.locked || item.writable.locked;
                if (isLocked()) refuse('a transform with a locked side');
                return () => (isLocked() ? refuse('a transform with a locked side') : streams.transferTransform(item));
            }
        }
        return refuse('something that cannot be transferred');
    }

    /** The copy of a value, and the objects that the transferred ones became. */
    exports.cloneWithTransfer = function cloneWithTransfer(value, transfer) {
        const reader = new Reader();
        const moved = [];
        for (const item of transfer ?? []) {
            if (reader.nodes.has(item)) refuse('an object that is transferred twice');
            const node = { __proto__: null, object: undefined, isMade: false, create: moverOf(item), fill: undefined };
            reader.nodes.set(item, node);
            moved[moved.length] = node;
        }
        const root = reader.read(value);
        const transferred = [];
        for (let index = 0; index < moved.length; index += 1) transferred[index] = build(moved[index]);
        return { value: build(root), transferred };
    };

    exports.structuredClone = function structuredClone(value, options = undefined) {
        if (arguments.length === 0) throw new TypeError('structuredClone needs a value');
        return exports.cloneWithTransfer(value, options?.transfer).value;
    };
})
