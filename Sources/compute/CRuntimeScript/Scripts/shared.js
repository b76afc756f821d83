// Every script of the prelude is a function of one object, the bridge, which never becomes a global: tenant code
// cannot name it. `bridge.host` holds the native functions; they are only ever called as `host.name(...)`, so a
// changed prototype cannot get hold of one.
(function (bridge) {
    'use strict';

    const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf } = Object;
    const { apply } = Reflect;
    const { host } = bridge;

    // An accessor that a script puts on Object.prototype would otherwise be called with one of these as `this`.
    setPrototypeOf(bridge, null);
    setPrototypeOf(host, null);

    const placeholders = { __proto__: null };

    /** A map whose methods are its own: what a script does to Map.prototype does not reach the runtime's tables. */
    class SafeMap extends Map {}
    for (const name of [
        'get', 'set', 'has', 'delete', 'keys', 'values', 'entries', 'size', Symbol.iterator,
    ]) {
        defineProperty(SafeMap.prototype, name, Object.getOwnPropertyDescriptor(Map.prototype, name));
    }
    bridge.SafeMap = SafeMap;

    /** Adds a global that is writable and not enumerable, as the platform's interfaces are. */
    function addGlobal(name, value) {
        defineProperty(globalThis, name, {
            __proto__: null, value, writable: true, enumerable: false, configurable: true,
        });
    }

    /** Adds a global, unless a script has put its own in the place that was kept for it. */
    bridge.expose = function expose(name, value) {
        const getter = placeholders[name];
        if (getter === undefined || getOwnPropertyDescriptor(globalThis, name)?.get === getter) addGlobal(name, value);
    };

    /** Gives an interface its class string. */
    bridge.brand = function brand(constructor, name) {
        defineProperty(constructor.prototype, Symbol.toStringTag, { __proto__: null, value: name, configurable: true });
    };

    /** A string without lone surrogates. */
    bridge.toUSVString = function toUSVString(value) {
        return `${value}`.toWellFormed();
    };

    const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
    bridge.isObject = isObject;

    /** A dictionary of options: any object; nothing stands for an empty one. */
    bridge.dictionary = function dictionary(value) {
        if (value === undefined || value === null) return { __proto__: null };
        if (!isObject(value)) throw new TypeError('the options must be an object');
        return value;
    };

    /** Refuses a call with fewer arguments than the operation has, which is no object of the language's. */
    bridge.needArguments = function needArguments(count, needed, name) {
        if (count < needed) throw new TypeError(`${name} needs ${needed} argument${needed === 1 ? '' : 's'}`);
    };

    /**
     * The pairs of a list of pairs, or of an object's members (Web IDL's record): all of them are converted before
     * anybody looks at one.
     */
    bridge.readPairs = function readPairs(init, convertName, convertValue) {
        const pairs = [];
        const method = init[Symbol.iterator];
        if (method !== undefined && method !== null) {
            if (typeof method !== 'function') throw new TypeError('the list cannot be iterated');
            for (const entry of { __proto__: null, [Symbol.iterator]: () => apply(method, init, []) }) {
                if (!isObject(entry)) throw new TypeError('each entry of the list is a list of a name and a value');
                const pair = [...entry];
                if (pair.length !== 2) throw new TypeError('each entry of the list needs a name and a value');
                pairs[pairs.length] = [convertName(pair[0]), convertValue(pair[1])];
            }
            return pairs;
        }
        for (const key of Reflect.ownKeys(init)) {
            if (!getOwnPropertyDescriptor(init, key)?.enumerable) continue;
            const name = convertName(key);
            pairs[pairs.length] = [name, convertValue(init[key])];
        }
        return pairs;
    };

    const { isView } = ArrayBuffer;
    const BufferType = ArrayBuffer;
    const isShared = (value) => isObject(value) && value[Symbol.toStringTag] === 'SharedArrayBuffer';

    /** The bytes of a buffer source, none when it was transferred; undefined for anything else. */
    bridge.bytesOf = function bytesOf(value, mayBeShared = false) {
        if (value instanceof BufferType) return value.detached ? new Uint8Array(0) : new Uint8Array(value);
        if (!isView(value)) return mayBeShared && isShared(value) ? new Uint8Array(value) : undefined;
        const { buffer } = value;
        if (!(buffer instanceof BufferType) && !mayBeShared) throw new TypeError('shared memory cannot be used here');
        return buffer.detached ? new Uint8Array(0) : new Uint8Array(buffer, value.byteOffset, value.byteLength);
    };

    const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
    const kinds = { __proto__: null, keys: 0, values: 1, entries: 2 };

    /**
     * Mixes the iteration of pairs into an interface (Web IDL, section 3.7.9); `listOf` gives the pairs of an object at
     * the moment, and throws for anything else.
     */
    bridge.makePairIterable = function makePairIterable(constructor, name, listOf) {
        class PairIterator {
            #object;
            #kind;
            #index = 0;

            constructor(object, kind) {
                listOf(object);
                this.#object = object;
                this.#kind = kind;
            }

            next() {
                const list = listOf(this.#object);
                if (this.#index >= list.length) return { value: undefined, done: true };
                const pair = list[this.#index];
                this.#index += 1;
                return { value: this.#kind === kinds.entries ? [pair[0], pair[1]] : pair[this.#kind], done: false };
            }
        }
        bridge.enumerate(PairIterator, ['next']);
        bridge.brand(PairIterator, `${name} Iterator`);
        setPrototypeOf(PairIterator.prototype, iteratorPrototype);
        delete PairIterator.prototype.constructor;
        const members = {
            entries() { return new PairIterator(this, kinds.entries); },
            keys() { return new PairIterator(this, kinds.keys); },
            values() { return new PairIterator(this, kinds.values); },
            forEach(callback, thisArgument = undefined) {
                if (typeof callback !== 'function') throw new TypeError('forEach needs a function');
                for (let index = 0; index < listOf(this).length; index += 1) {
                    const pair = listOf(this)[index];
                    apply(callback, thisArgument, [pair[1], pair[0], this]);
                }
            },
        };
        for (const member of Object.keys(members)) {
            defineProperty(constructor.prototype, member, {
                __proto__: null, value: members[member], writable: true, enumerable: true, configurable: true,
            });
        }
        defineProperty(constructor.prototype, Symbol.iterator, {
            __proto__: null, value: constructor.prototype.entries, writable: true, enumerable: false,
            configurable: true,
        });
    };

    const PromiseConstructor = Promise;
    const promiseThen = Promise.prototype.then;
    const promiseResolve = Promise.resolve;

    /** `promise.then`, whatever a script did to Promise.prototype. */
    bridge.then = (promise, fulfilled, failed) => apply(promiseThen, promise, [fulfilled, failed]);
    bridge.newPromise = (executor) => new PromiseConstructor(executor);
    bridge.resolved = (value) => apply(promiseResolve, PromiseConstructor, [value]);
    bridge.rejectedWith = (reason) => new PromiseConstructor((_, reject) => { reject(reason); });

    /** A promise with the functions that settle it. */
    bridge.deferred = function deferred() {
        let resolve;
        let reject;
        const promise = new PromiseConstructor((first, second) => {
            resolve = first;
            reject = second;
        });
        return { promise, resolve, reject };
    };

    /** What `performance.now()` counts from. */
    bridge.timeBase = host.now();

    const nothing = () => undefined;
    /** Marks a promise as handled: its rejection is told elsewhere. */
    bridge.ignore = (promise) => { apply(promiseThen, promise, [undefined, nothing]); };

    // Groups of interfaces that are set up at the first use of one of them: starting a worker stays cheap.
    const groups = { __proto__: null };
    const files = { __proto__: null };
    const globals = { __proto__: null };

    /** The exports of a group that is loading or loaded; undefined when nothing has used it. */
    bridge.group = (name) => groups[name];

    /** The exports of a group, which is loaded when it is not. */
    bridge.need = function need(name) {
        if (groups[name] !== undefined) return groups[name];
        const group = { __proto__: null };
        groups[name] = group;
        for (let index = 0; index < files[name].length; index += 1) {
            const script = bridge.script(files[name][index]);
            script(bridge);
        }
        for (let index = 0; index < globals[name].length; index += 1) {
            const member = globals[name][index];
            if (group[member] !== undefined) bridge.expose(member, group[member]);
        }
        return group;
    };

    /** Keeps the place of a global until somebody reads it. */
    function keepGlobal(group, name) {
        const getter = () => {
            const exports = bridge.need(group);
            if (getOwnPropertyDescriptor(globalThis, name)?.get === getter) addGlobal(name, exports[name]);
            return globalThis[name];
        };
        placeholders[name] = getter;
        defineProperty(globalThis, name, {
            __proto__: null, get: getter, set: (value) => addGlobal(name, value), enumerable: false, configurable: true,
        });
    }

    /** Keeps the place of a member of the bridge: its file assigns it. */
    function keepMember(group, name) {
        defineProperty(bridge, name, {
            __proto__: null,
            get: () => {
                bridge.need(group);
                return getOwnPropertyDescriptor(bridge, name).value;
            },
            set: (value) => {
                defineProperty(bridge, name, { __proto__: null, value, writable: true, configurable: true });
            },
            configurable: true,
        });
    }

    /** Declares a group: the files that make it, the globals that it has, and what it adds to the bridge. */
    bridge.lazy = function lazy(group, fileNames, globalNames, members = []) {
        files[group] = fileNames;
        globals[group] = globalNames;
        for (let index = 0; index < globalNames.length; index += 1) keepGlobal(group, globalNames[index]);
        for (let index = 0; index < members.length; index += 1) keepMember(group, members[index]);
    };

    /** Makes members of an interface enumerable, as the platform's are. */
    bridge.enumerate = function enumerate(constructor, names) {
        for (let index = 0; index < names.length; index += 1) {
            defineProperty(constructor.prototype, names[index], { __proto__: null, enumerable: true });
        }
    };

    bridge.expose('self', globalThis);
})
