// The events with a payload.
(function (bridge) {
    'use strict';

    const events = bridge.group('event types');
    const { Event } = bridge;

    class CustomEvent extends Event {
        #detail;

        constructor(type, options = undefined) {
            super(type, options);
            this.#detail = options?.detail ?? null;
        }

        get detail() { return this.#detail; }

        initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
            bridge.needArguments(arguments.length, 1, 'initCustomEvent');
            const isDispatching = this.eventPhase !== 0;
            this.initEvent(type, bubbles, cancelable);
            if (!isDispatching) this.#detail = detail;
        }
    }

    class ErrorEvent extends Event {
        #message;
        #filename;
        #lineno;
        #colno;
        #error;

        constructor(type, options = undefined) {
            super(type, options);
            this.#message = `${options?.message ?? ''}`;
            this.#filename = `${options?.filename ?? ''}`;
            this.#lineno = Number(options?.lineno ?? 0) >>> 0;
            this.#colno = Number(options?.colno ?? 0) >>> 0;
            this.#error = options?.error;
        }

        get message() { return this.#message; }
        get filename() { return this.#filename; }
        get lineno() { return this.#lineno; }
        get colno() { return this.#colno; }
        get error() { return this.#error; }
    }

    class PromiseRejectionEvent extends Event {
        #promise;
        #reason;

        constructor(type, options) {
            super(type, options);
            if (typeof options?.promise !== 'object' || options.promise === null) {
                throw new TypeError('a PromiseRejectionEvent needs { promise }');
            }
            this.#promise = options.promise;
            this.#reason = options.reason;
        }

        get promise() { return this.#promise; }
        get reason() { return this.#reason; }
    }

    /** Where an error was made, as far as the engine says. */
    events.place = function place(error) {
        try {
            if (!(error instanceof Error)) return {};
            return { filename: error.sourceURL ?? '', lineno: error.line ?? 0, colno: error.column ?? 0 };
        } catch {
            return {};
        }
    };

    const members = {
        CustomEvent: ['detail', 'initCustomEvent'],
        ErrorEvent: ['message', 'filename', 'lineno', 'colno', 'error'],
        PromiseRejectionEvent: ['promise', 'reason'],
    };
    const interfaces = { CustomEvent, ErrorEvent, PromiseRejectionEvent };
    for (const name of Object.keys(interfaces)) {
        bridge.enumerate(interfaces[name], members[name]);
        bridge.brand(interfaces[name], name);
        events[name] = interfaces[name];
    }
})
