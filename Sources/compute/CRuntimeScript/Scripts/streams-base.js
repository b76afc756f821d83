// What the streams share: queues of chunks with sizes, queuing strategies, and how callbacks are called.
// The interfaces are thin; the algorithms of the Streams Standard work on records that scripts cannot reach.
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { apply } = Reflect;
    const { newPromise } = bridge;

    /** The key that lets the runtime make objects whose constructor is closed to scripts. */
    streams.internal = Symbol('internal');

    /** First in, first out, with the sum of the sizes. */
    streams.Queue = class Queue {
        #items = [];
        #sizes = [];
        #head = 0;
        total = 0;

        get length() { return this.#items.length - this.#head; }

        add(item, size = 0) {
            const end = this.#items.length;
            this.#items[end] = item;
            this.#sizes[end] = size;
            this.total += size;
        }

        peek() { return this.#items[this.#head]; }

        take() {
            const item = this.#items[this.#head];
            this.total = Math.max(0, this.total - this.#sizes[this.#head]);
            this.#items[this.#head] = undefined;
            this.#head += 1;
            // The total stays as it is, with what rounding has left of it.
            if (this.#head === this.#items.length) this.#reset();
            else if (this.#head > 1024 && this.#head * 2 > this.#items.length) this.#compact();
            return item;
        }

        /** Part of the first item is gone. */
        shrinkHead(size) {
            this.#sizes[this.#head] -= size;
            this.total -= size;
        }

        #compact() {
            const items = [];
            const sizes = [];
            for (let index = this.#head; index < this.#items.length; index += 1) {
                items[items.length] = this.#items[index];
                sizes[sizes.length] = this.#sizes[index];
            }
            this.#items = items;
            this.#sizes = sizes;
            this.#head = 0;
        }

        #reset() {
            this.#items = [];
            this.#sizes = [];
            this.#head = 0;
        }

        clear() {
            this.#reset();
            this.total = 0;
        }
    };

    /** A dictionary's member; dictionaries may be missing, anything else but an object is refused. */
    streams.dictionary = function dictionary(value, what) {
        if (value === undefined || value === null) return { __proto__: null };
        if (typeof value !== 'object' && typeof value !== 'function') throw new TypeError(`${what} must be an object`);
        return value;
    };

    /** A member that must be a function if it is there. */
    streams.callback = function callback(object, name) {
        const value = object[name];
        if (value === undefined) return undefined;
        if (typeof value !== 'function') throw new TypeError(`'${name}' must be a function`);
        return value;
    };

    /** Calls a script's function and gives a new promise of what comes out of it. */
    streams.promiseCall = (callback, receiver, values) => newPromise((resolve) => {
        resolve(apply(callback, receiver, values));
    });

    /** The members of a queuing strategy. They are read before those of the source or the sink. */
    streams.readStrategy = function readStrategy(value) {
        const given = streams.dictionary(value, 'the strategy');
        const mark = given.highWaterMark;
        const highWaterMark = mark === undefined ? undefined : Number(mark);
        return { __proto__: null, highWaterMark, size: streams.callback(given, 'size') };
    };

    streams.highWaterMark = function highWaterMark(strategy, fallback) {
        const mark = strategy.highWaterMark;
        if (mark === undefined) return fallback;
        if (!(mark >= 0)) throw new RangeError('highWaterMark must be 0 or more');
        return mark;
    };

    streams.sizeFunction = ({ size }) => (
        size === undefined ? () => 1 : (chunk) => Number(apply(size, undefined, [chunk])));

    streams.checkSize = function checkSize(size) {
        if (!(size >= 0) || size === Infinity) {
            throw new RangeError('the size of a chunk must be a finite number, 0 or more');
        }
        return size;
    };

    function checkedMark(init) {
        if (typeof init !== 'object' || init === null || init.highWaterMark === undefined) {
            throw new TypeError('a queuing strategy needs { highWaterMark }');
        }
        return Number(init.highWaterMark);
    }

    const byteLength = { size: (chunk) => chunk.byteLength }.size;
    const one = { size: () => 1 }.size;

    class ByteLengthQueuingStrategy {
        #mark;
        constructor(init) { this.#mark = checkedMark(init); }
        get highWaterMark() { return this.#mark; }
        get size() { return this.#mark === undefined ? undefined : byteLength; }
    }

    class CountQueuingStrategy {
        #mark;
        constructor(init) { this.#mark = checkedMark(init); }
        get highWaterMark() { return this.#mark; }
        get size() { return this.#mark === undefined ? undefined : one; }
    }

    bridge.enumerate(ByteLengthQueuingStrategy, ['highWaterMark', 'size']);
    bridge.enumerate(CountQueuingStrategy, ['highWaterMark', 'size']);
    bridge.brand(ByteLengthQueuingStrategy, 'ByteLengthQueuingStrategy');
    bridge.brand(CountQueuingStrategy, 'CountQueuingStrategy');
    streams.ByteLengthQueuingStrategy = ByteLengthQueuingStrategy;
    streams.CountQueuingStrategy = CountQueuingStrategy;
})
