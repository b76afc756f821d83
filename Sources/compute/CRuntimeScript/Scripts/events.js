(function (bridge) {
    'use strict';

    const { host } = bridge;
    let deliver;

    class Event {
        #type;
        #target = null;
        #cancelable;
        #bubbles;
        #canceled = false;
        #stopped = false;
        #timeStamp = host.now();

        constructor(type, options = {}) {
            if (arguments.length === 0) throw new TypeError('an Event needs a type');
            this.#type = `${type}`;
            this.#cancelable = Boolean(options?.cancelable);
            this.#bubbles = Boolean(options?.bubbles);
        }

        static {
            deliver = (event, target, listeners) => {
                event.#target = target;
                for (const listener of listeners) {
                    if (event.#stopped) break;
                    listener(event);
                }
                return !event.#canceled;
            };
        }

        get type() { return this.#type; }
        get target() { return this.#target; }
        get currentTarget() { return this.#target; }
        get bubbles() { return this.#bubbles; }
        get cancelable() { return this.#cancelable; }
        get composed() { return false; }
        get defaultPrevented() { return this.#canceled; }
        get timeStamp() { return this.#timeStamp; }
        preventDefault() { if (this.#cancelable) this.#canceled = true; }
        stopPropagation() {}
        stopImmediatePropagation() { this.#stopped = true; }
    }

    class CustomEvent extends Event {
        #detail;

        constructor(type, options = {}) {
            super(type, options);
            this.#detail = options?.detail ?? null;
        }

        get detail() { return this.#detail; }
    }

    class EventTarget {
        #listeners = [];

        addEventListener(type, callback, options) {
            if (callback === null || callback === undefined) return;
            const settings = typeof options === 'object' && options !== null ? options : { capture: options };
            const name = `${type}`;
            const capture = Boolean(settings.capture);
            const { signal } = settings;
            if (signal?.aborted) return;
            const known = this.#listeners.some(
                (entry) => entry.name === name && entry.callback === callback && entry.capture === capture);
            if (known) return;
            this.#listeners.push({ name, callback, capture, once: Boolean(settings.once) });
            signal?.addEventListener('abort', () => this.removeEventListener(type, callback, options), { once: true });
        }

        removeEventListener(type, callback, options) {
            const capture = Boolean(typeof options === 'object' && options !== null ? options.capture : options);
            this.#listeners = this.#listeners.filter((entry) =>
                entry.name !== `${type}` || entry.callback !== callback || entry.capture !== capture);
        }

        dispatchEvent(event) {
            if (!(event instanceof Event)) throw new TypeError('dispatchEvent needs an Event');
            const entries = this.#listeners.filter((entry) => entry.name === event.type);
            const calls = entries.map((entry) => () => {
                if (!this.#listeners.includes(entry)) return;
                if (entry.once) this.#listeners = this.#listeners.filter((other) => other !== entry);
                try {
                    if (typeof entry.callback === 'function') entry.callback.call(this, event);
                    else entry.callback.handleEvent(event);
                } catch (error) {
                    bridge.reportUncaught(error);
                }
            });
            const handler = this[`on${event.type}`];
            if (typeof handler === 'function') calls.unshift(() => handler.call(this, event));
            return deliver(event, this, calls);
        }
    }

    let createSignal;
    let abortSignal;

    class AbortSignal extends EventTarget {
        #aborted = false;
        #reason = undefined;
        #followers = [];
        onabort = null;

        constructor(key) {
            if (key !== createSignal) throw new TypeError('make an AbortController to get an AbortSignal');
            super();
        }

        static {
            createSignal = () => new AbortSignal(createSignal);
            abortSignal = (signal, reason) => {
                if (signal.#aborted) return;
                signal.#aborted = true;
                signal.#reason = reason !== undefined
                    ? reason : new bridge.DOMException('the operation was aborted', 'AbortError');
                signal.dispatchEvent(new Event('abort'));
                for (const follower of signal.#followers) abortSignal(follower, signal.#reason);
            };
        }

        static abort(reason) {
            const signal = createSignal();
            abortSignal(signal, reason);
            return signal;
        }

        static timeout(milliseconds) {
            const signal = createSignal();
            setTimeout(
                () => abortSignal(signal, new bridge.DOMException('the time is up', 'TimeoutError')), milliseconds);
            return signal;
        }

        static any(signals) {
            const signal = createSignal();
            for (const source of signals) {
                if (source.aborted) {
                    abortSignal(signal, source.reason);
                    break;
                }
                source.#followers.push(signal);
            }
            return signal;
        }

        get aborted() { return this.#aborted; }
        get reason() { return this.#reason; }
        throwIfAborted() { if (this.#aborted) throw this.#reason; }
    }

    class AbortController {
        #signal = createSignal();

        get signal() { return this.#signal; }
        abort(reason) { abortSignal(this.#signal, reason); }
    }

    const interfaces = { Event, CustomEvent, EventTarget, AbortSignal, AbortController };
    for (const name of Object.keys(interfaces)) {
        bridge.brand(interfaces[name], name);
        bridge.expose(name, interfaces[name]);
    }
    bridge.AbortController = AbortController;
})
