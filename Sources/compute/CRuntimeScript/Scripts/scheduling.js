// Timers, microtasks, time, randomness and the navigator.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const maxDelay = 2147483647;
    const maxRandomBytes = 65536;
    const { apply } = Reflect;
    const timers = new bridge.SafeMap();
    let lastTimer = 0;

    function start(callback, delay, repeats, callArguments) {
        if (typeof callback !== 'function') {
            throw new TypeError('a timer needs a function; text to evaluate is not accepted');
        }
        let milliseconds = Math.trunc(Number(delay)) || 0;
        if (milliseconds < 0 || milliseconds > maxDelay) milliseconds = 0;
        lastTimer += 1;
        const timer = { id: lastTimer, callback, callArguments, interval: repeats ? Math.max(1, milliseconds) : 0 };
        if (!host.startTimer(timer.id, milliseconds)) {
            throw new bridge.DOMException('too many timers are running', 'QuotaExceededError');
        }
        timers.set(timer.id, timer);
        return timer.id;
    }

    function stop(id) {
        const number = Number(id);
        if (timers.delete(number)) host.stopTimer(number);
    }

    bridge.fireTimer = function fireTimer(id) {
        const timer = timers.get(id);
        if (timer === undefined) return;
        if (timer.interval > 0) host.startTimer(id, timer.interval);
        else timers.delete(id);
        try {
            apply(timer.callback, undefined, timer.callArguments);
        } catch (error) {
            bridge.reportUncaught(error);
        }
    };

    /** Forgets a timer whose request is over. */
    bridge.dropTimer = function dropTimer(id) {
        timers.delete(id);
    };

    const setTimeout = (callback, delay = 0, ...rest) => start(callback, delay, false, rest);
    const setInterval = (callback, delay = 0, ...rest) => start(callback, delay, true, rest);
    const clearTimeout = (id) => stop(id);
    const clearInterval = (id) => stop(id);

    const settled = Promise.resolve();
    const then = Promise.prototype.then;

    function queueMicrotask(callback) {
        if (typeof callback !== 'function') throw new TypeError('queueMicrotask needs a function');
        apply(then, settled, [() => {
            try {
                callback();
            } catch (error) {
                bridge.reportUncaught(error);
            }
        }]);
    }

    const origin = host.now();
    const performance = Object.freeze({
        __proto__: { [Symbol.toStringTag]: 'Performance' },
        now: () => host.now() - origin,
        timeOrigin: Date.now(),
    });

    const crypto = Object.freeze({
        __proto__: { [Symbol.toStringTag]: 'Crypto' },
        getRandomValues(array) {
            const bytes = ArrayBuffer.isView(array) && !(array instanceof DataView) ? bridge.bytesOf(array) : undefined;
            if (bytes === undefined || array instanceof Float32Array || array instanceof Float64Array) {
                throw new bridge.DOMException('getRandomValues fills an array of integers', 'TypeMismatchError');
            }
            if (bytes.length > maxRandomBytes) {
                throw new bridge.DOMException(
                    `getRandomValues fills at most ${maxRandomBytes} bytes at a time`, 'QuotaExceededError');
            }
            host.fillRandom(bytes);
            return array;
        },
        randomUUID() {
            const bytes = new Uint8Array(16);
            host.fillRandom(bytes);
            bytes[6] = (bytes[6] & 0x0f) | 0x40;
            bytes[8] = (bytes[8] & 0x3f) | 0x80;
            const digits = bytes.toHex();
            return [
                digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20),
            ].join('-');
        },
    });

    const navigator = Object.freeze({
        __proto__: { [Symbol.toStringTag]: 'Navigator' },
        userAgent: 'Skerry',
    });

    const members = {
        setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, performance, crypto, navigator,
    };
    for (const name of Object.keys(members)) bridge.expose(name, members[name]);
})
