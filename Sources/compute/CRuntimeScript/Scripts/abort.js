// AbortController and AbortSignal (DOM Standard, section 3).
(function (bridge) {
    'use strict';

    const { Event, EventTarget, SafeMap } = bridge;
    const key = Symbol('internal');
    // Timers go no further, and requests end long before.
    const maxDelay = 2147483647;
    let abortSignal;
    let follow;
    let steps;
    let isSignal;

    class AbortSignal extends EventTarget {
        #aborted = false;
        #reason = undefined;
        #followers = [];
        // Of a signal that follows others.
        #sources = undefined;
        #steps = undefined;

        constructor(secret = undefined) {
            if (secret !== key) throw new TypeError('make an AbortController to get an AbortSignal');
            super();
        }

        static {
            isSignal = (value) => typeof value === 'object' && value !== null && #aborted in value;
            steps = (signal) => (signal.#steps ??= new SafeMap());
            // A signal follows those at the root: they tell their followers in the order in which these were made.
            follow = (signal, source) => {
                const roots = source.#sources ?? [source];
                signal.#sources ??= [];
                for (let index = 0; index < roots.length; index += 1) {
                    const root = roots[index];
                    if (signal.#sources.includes(root)) continue;
                    signal.#sources[signal.#sources.length] = root;
                    root.#followers[root.#followers.length] = signal;
                }
            };
            const mark = (signal, reason, marked) => {
                if (signal.#aborted) return;
                signal.#aborted = true;
                signal.#reason = reason;
                marked[marked.length] = signal;
            };
            abortSignal = (signal, reason) => {
                const marked = [];
                const why = reason !== undefined
                    ? reason : new bridge.DOMException('the operation was aborted', 'AbortError');
                const followers = signal.#followers;
                if (!signal.#aborted) signal.#followers = [];
                mark(signal, why, marked);
                if (marked.length === 0) return;
                for (let index = 0; index < followers.length; index += 1) mark(followers[index], why, marked);
                for (let index = 0; index < marked.length; index += 1) {
                    const each = marked[index];
                    const due = each.#steps;
                    each.#steps = undefined;
                    if (due !== undefined) for (const step of due.keys()) step();
                    bridge.dispatchTo(each, new Event('abort'));
                }
            };
        }

        static abort(reason = undefined) {
            const signal = new AbortSignal(key);
            abortSignal(signal, reason);
            return signal;
        }

        static timeout(milliseconds) {
            bridge.needArguments(arguments.length, 1, 'timeout');
            const delay = Math.trunc(Number(milliseconds));
            if (!(delay >= 0 && delay <= Number.MAX_SAFE_INTEGER)) {
                throw new TypeError('a timeout is 0 or more milliseconds');
            }
            const signal = new AbortSignal(key);
            bridge.later(
                () => abortSignal(signal, new bridge.DOMException('the time is up', 'TimeoutError')),
                Math.min(delay, maxDelay));
            return signal;
        }

        static any(signals) {
            bridge.needArguments(arguments.length, 1, 'any');
            if (!bridge.isObject(signals)) throw new TypeError('any() needs a list of AbortSignals');
            const sources = [...signals];
            for (const source of sources) if (!isSignal(source)) throw new TypeError('any() needs AbortSignals');
            const signal = new AbortSignal(key);
            for (const source of sources) {
                if (source.#aborted) {
                    abortSignal(signal, source.#reason);
                    return signal;
                }
            }
            for (const source of sources) follow(signal, source);
            return signal;
        }

        get aborted() { return this.#aborted; }
        get reason() { return this.#reason; }
        throwIfAborted() { if (this.#aborted) throw this.#reason; }
    }

    let signalOf;

    class AbortController {
        #signal = new AbortSignal(key);

        static { signalOf = (controller) => controller.#signal; }

        get signal() { return this.#signal; }
        abort(reason = undefined) { abortSignal(this.#signal, reason); }
    }

    bridge.handlerAttribute(AbortSignal, 'abort');
    for (const name of ['abort', 'timeout', 'any']) {
        Object.defineProperty(AbortSignal, name, { __proto__: null, enumerable: true });
    }
    bridge.enumerate(AbortSignal, ['aborted', 'reason', 'throwIfAborted']);
    bridge.enumerate(AbortController, ['signal', 'abort']);
    bridge.brand(AbortSignal, 'AbortSignal');
    bridge.brand(AbortController, 'AbortController');
    bridge.expose('AbortSignal', AbortSignal);
    bridge.expose('AbortController', AbortController);
    bridge.AbortController = AbortController;
    bridge.isSignal = (value) => isSignal(value);
    bridge.abort = (controller, reason) => abortSignal(signalOf(controller), reason);
    /** Runs `step` when the signal is aborted, before its listeners. */
    bridge.onAbort = (signal, step) => { steps(signal).set(step, true); };
    bridge.offAbort = (signal, step) => { steps(signal).delete(step); };
    /** A signal that is aborted with `source`. */
    bridge.followSignal = function followSignal(source) {
        const signal = new AbortSignal(key);
        if (source.aborted) abortSignal(signal, source.reason);
        else follow(signal, source);
        return signal;
    };
})
