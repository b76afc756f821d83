// Replaces whatever could tell two runs of the same script apart: the clock, chance, the collector, and compiling on
// other threads. Evaluated before any code of the app, and only in workers that their node drives.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { apply, construct } = Reflect;
    const { floor } = Math;
    const wallTime = () => floor(host.wallTime());

    // The engine started before the clock of this run.
    bridge.timeBase = host.now();

    /** Puts a value in the place of another; what scripts can see of the property stays. */
    function replace(owner, name, value) {
        const { writable, enumerable, configurable } = getOwnPropertyDescriptor(owner, name);
        defineProperty(owner, name, { __proto__: null, value, writable, enumerable, configurable });
    }

    function label(made, name, length) {
        defineProperty(made, 'name', { __proto__: null, value: name, configurable: true });
        defineProperty(made, 'length', { __proto__: null, value: length, configurable: true });
    }

    /** Puts a constructor in the place of a native one, whose prototype it shares. */
    function replaceConstructor(native, made) {
        label(made, native.name, native.length);
        defineProperty(made, 'prototype', { __proto__: null, value: native.prototype, writable: false });
        replace(native.prototype, 'constructor', made);
        replace(globalThis, native.name, made);
    }

    // MARK: Clock

    const NativeDate = Date;
    const dateText = NativeDate.prototype.toString;
    function DrivenDate(...values) {
        if (new.target === undefined) return apply(dateText, new NativeDate(wallTime()), []);
        return construct(NativeDate, values.length === 0 ? [wallTime()] : values, new.target);
    }
    for (const name of ['UTC', 'parse', 'now']) {
        defineProperty(DrivenDate, name, {
            __proto__: null, ...getOwnPropertyDescriptor(NativeDate, name),
            value: name === 'now' ? function now() { return wallTime(); } : NativeDate[name],
        });
    }
    replaceConstructor(NativeDate, DrivenDate);

    const formatting = Intl.DateTimeFormat.prototype;
    const formatGetter = getOwnPropertyDescriptor(formatting, 'format');
    const formats = new WeakMap();
    const { get: mapGet, set: mapSet } = WeakMap.prototype;
    const momentOf = (date) => (date === undefined ? wallTime() : date);
    defineProperty(formatting, 'format', {
        __proto__: null,
        get() {
            const native = apply(formatGetter.get, this, []);
            let made = apply(mapGet, formats, [native]);
            if (made === undefined) {
                made = (date) => native(momentOf(date));
                label(made, '', 1);
                apply(mapSet, formats, [native, made]);
            }
            return made;
        },
        enumerable: formatGetter.enumerable,
        configurable: formatGetter.configurable,
    });
    const { formatToParts } = formatting;
    replace(formatting, 'formatToParts', function formatToPartsAt(date) {
        return apply(formatToParts, this, [momentOf(date)]);
    });

    // Clocks of proposals that an engine may have switched on.
    for (const name of ['Temporal', 'ShadowRealm']) delete globalThis[name];

    // MARK: Chance

    const words = new Uint32Array(2);
    const wordBytes = new Uint8Array(words.buffer);
    replace(Math, 'random', function random() {
        host.fillRandom(wordBytes);
        return ((words[0] >>> 5) * 0x4000000 + (words[1] >>> 6)) / 0x20000000000000;
    });

    // MARK: Collector: nothing is ever seen to be collected

    const kept = new bridge.SafeMap();
    if (globalThis.WeakRef !== undefined) {
        const NativeWeakRef = WeakRef;
        replaceConstructor(NativeWeakRef, function DrivenWeakRef(target) {
            if (new.target === undefined) throw new TypeError('calling WeakRef needs new');
            const made = construct(NativeWeakRef, [target], new.target);
            kept.set(target, true);
            return made;
        });
    }
    if (globalThis.FinalizationRegistry !== undefined) {
        const NativeRegistry = FinalizationRegistry;
        const nothing = () => undefined;
        replaceConstructor(NativeRegistry, function DrivenRegistry(cleanup) {
            if (new.target === undefined) throw new TypeError('calling FinalizationRegistry needs new');
            return construct(NativeRegistry, [typeof cleanup === 'function' ? nothing : cleanup], new.target);
        });
    }

    // MARK: Other threads

    if (globalThis.Atomics !== undefined) delete Atomics.waitAsync;
    if (globalThis.WebAssembly === undefined) return;
    const { WebAssembly } = globalThis;
    const { Module, Instance } = WebAssembly;
    async function compile(bytes) { return new Module(bytes); }
    async function instantiate(source, imports = undefined) {
        if (source instanceof Module) return new Instance(source, imports);
        const module = new Module(source);
        return { module, instance: new Instance(module, imports) };
    }
    bridge.compilers = { __proto__: null, compile, instantiate };
    replace(WebAssembly, 'compile', compile);
    replace(WebAssembly, 'instantiate', instantiate);
})
