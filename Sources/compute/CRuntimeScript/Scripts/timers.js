// Timers and microtasks (HTML Standard, section 8).
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const maxDelay = 2147483647;
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
            throw new (bridge.need('exceptions').QuotaExceededError)('too many timers are running');
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
            apply(timer.callback, globalThis, timer.callArguments);
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
    const clearTimeout = (id = undefined) => stop(id);
    const clearInterval = (id = undefined) => stop(id);

    const settled = bridge.resolved(undefined);

    function queueMicrotask(callback) {
        if (typeof callback !== 'function') throw new TypeError('queueMicrotask needs a function');
        bridge.then(settled, () => {
            try {
                callback();
            } catch (error) {
                bridge.reportUncaught(error);
            }
        });
    }

    const members = {
        setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask,
    };
    for (const name of Object.keys(members)) bridge.expose(name, members[name]);
    /** Runs a function of the runtime as a task of its own. */
    bridge.later = (callback, milliseconds) => start(callback, milliseconds, false, []);

})
