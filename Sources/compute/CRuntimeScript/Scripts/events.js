// Event, EventTarget and the global object as a target of events (DOM Standard, sections 2.1 to 2.10). There is no
// tree: an event visits one target.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { apply } = Reflect;
    const phases = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 };
    let begin;
    let finish;
    let isStopped;
    let setPassive;
    let setTrusted;
    let isEvent;
    let trusted;

    class Event {
        #type;
        #target = null;
        #cancelable;
        #bubbles;
        #composed;
        #canceled = false;
        #stopped = false;
        #stoppedAtOnce = false;
        #dispatching = false;
        #passive = false;
        #trusted = false;
        #timeStamp = host.now() - bridge.timeBase;

        constructor(type, options = undefined) {
            if (arguments.length === 0) throw new TypeError('an Event needs a type');
            this.#type = `${type}`;
            const { bubbles, cancelable, composed } = bridge.dictionary(options);
            this.#bubbles = Boolean(bubbles);
            this.#cancelable = Boolean(cancelable);
            this.#composed = Boolean(composed);
            defineProperty(this, 'isTrusted', trusted);
        }

        static {
            isEvent = (value) => typeof value === 'object' && value !== null && #type in value;
            begin = (event, target) => {
                if (event.#dispatching) {
                    throw new bridge.DOMException('the event is being dispatched already', 'InvalidStateError');
                }
                event.#dispatching = true;
                event.#target = target;
            };
            finish = (event) => {
                event.#dispatching = false;
                event.#stopped = false;
                event.#stoppedAtOnce = false;
                return !event.#canceled;
            };
            isStopped = (event) => event.#stoppedAtOnce;
            setPassive = (event, passive) => { event.#passive = passive; };
            setTrusted = (event, isTrusted) => { event.#trusted = isTrusted; };
            // An own property of each event that a subclass cannot hide.
            trusted = {
                __proto__: null, enumerable: true,
                get: getOwnPropertyDescriptor({ get isTrusted() { return Event.#isTrusted(this); } }, 'isTrusted').get,
            };
        }

        static #isTrusted(event) { return event.#trusted; }

        get type() { return this.#type; }
        get target() { return this.#target; }
        get srcElement() { return this.#target; }
        get currentTarget() { return this.#dispatching ? this.#target : null; }
        get eventPhase() { return this.#dispatching ? phases.AT_TARGET : phases.NONE; }
        get bubbles() { return this.#bubbles; }
        get cancelable() { return this.#cancelable; }
        get composed() { return this.#composed; }
        get defaultPrevented() { return this.#canceled; }
        get returnValue() { return !this.#canceled; }
        set returnValue(value) { if (!value) this.preventDefault(); }
        get cancelBubble() { return this.#stopped; }
        set cancelBubble(value) { this.#stopped ||= Boolean(value); }
        get timeStamp() { return this.#timeStamp; }
        composedPath() { return this.#dispatching ? [this.#target] : []; }
        preventDefault() { if (this.#cancelable && !this.#passive) this.#canceled = true; }
        stopPropagation() { this.#stopped = true; }
        stopImmediatePropagation() {
            this.#stopped = true;
            this.#stoppedAtOnce = true;
        }
        initEvent(type, bubbles = false, cancelable = false) {
            bridge.needArguments(arguments.length, 1, 'initEvent');
            if (this.#dispatching) return;
            this.#type = `${type}`;
            this.#bubbles = Boolean(bubbles);
            this.#cancelable = Boolean(cancelable);
            this.#canceled = false;
        }
    }
    for (const name of Object.keys(phases)) {
        const constant = { __proto__: null, value: phases[name], enumerable: true };
        defineProperty(Event, name, constant);
        defineProperty(Event.prototype, name, constant);
    }

    let addListener;
    let dispatch;
    let handlerOf;
    let setHandler;
    let hasListeners;
    let makeGlobalTarget;

    /** Calls one listener; what it throws is reported, not passed on. */
    function call(entry, target, event) {
        const { callback } = entry;
        try {
            if (entry.isHandler) {
                if (callback !== null) callHandler(callback, target, event);
            } else if (typeof callback === 'function') {
                apply(callback, target, [event]);
            } else {
                const method = callback.handleEvent;
                if (typeof method !== 'function') throw new TypeError('the listener has no handleEvent()');
                apply(method, callback, [event]);
            }
        } catch (error) {
            bridge.reportUncaught(error);
        }
    }

    function callHandler(handler, target, event) {
        if (target === globalThis && event.type === 'error' && 'message' in event) {
            const { message, filename, lineno, colno, error } = event;
            if (apply(handler, target, [message, filename, lineno, colno, error]) === true) event.preventDefault();
        } else if (apply(handler, target, [event]) === false) {
            event.preventDefault();
        }
    }

    class EventTarget {
        #listeners = [];
        #object = this;

        static {
            makeGlobalTarget = () => {
                const target = new EventTarget();
                target.#object = globalThis;
                return target;
            };
            hasListeners = (target, name) => {
                for (let index = 0; index < target.#listeners.length; index += 1) {
                    const entry = target.#listeners[index];
                    if (entry.name === name && entry.callback !== null) return true;
                }
                return false;
            };
            handlerOf = (target, name) => {
                for (let index = 0; index < target.#listeners.length; index += 1) {
                    const entry = target.#listeners[index];
                    if (entry.isHandler && entry.name === name) return entry.callback;
                }
                return null;
            };
            setHandler = (target, name, value) => {
                const callback = typeof value === 'function' ? value : null;
                for (let index = 0; index < target.#listeners.length; index += 1) {
                    const entry = target.#listeners[index];
                    if (entry.isHandler && entry.name === name) {
                        entry.callback = callback;
                        return;
                    }
                }
                if (callback !== null) addListener(target, { name, callback, isHandler: true });
            };
            addListener = (target, entry) => { target.#listeners[target.#listeners.length] = entry; };
            dispatch = (target, event, isTrusted) => {
                begin(event, target.#object);
                setTrusted(event, isTrusted);
                const name = event.type;
                const due = [];
                for (let index = 0; index < target.#listeners.length; index += 1) {
                    if (target.#listeners[index].name === name) due[due.length] = target.#listeners[index];
                }
                for (let index = 0; index < due.length && !isStopped(event); index += 1) {
                    const entry = due[index];
                    if (entry.removed) continue;
                    if (entry.once) target.#drop(entry);
                    setPassive(event, entry.passive === true);
                    call(entry, target.#object, event);
                    setPassive(event, false);
                }
                return finish(event);
            };
        }

        #drop(entry) {
            entry.removed = true;
            const rest = [];
            for (let index = 0; index < this.#listeners.length; index += 1) {
                if (this.#listeners[index] !== entry) rest[rest.length] = this.#listeners[index];
            }
            this.#listeners = rest;
        }

        #find(name, callback, capture) {
            for (let index = 0; index < this.#listeners.length; index += 1) {
                const entry = this.#listeners[index];
                const isSame = entry.name === name && entry.callback === callback && entry.capture === capture;
                if (isSame && !entry.isHandler) return entry;
            }
            return undefined;
        }

        addEventListener(type, callback, options = undefined) {
            if (arguments.length < 2) throw new TypeError('addEventListener needs a type and a listener');
            const name = `${type}`;
            const settings = bridge.isObject(options) ? options : { __proto__: null, capture: options };
            const capture = Boolean(settings.capture);
            const once = Boolean(settings.once);
            const passive = Boolean(settings.passive);
            const { signal } = settings;
            if (signal !== undefined && !bridge.isSignal(signal)) throw new TypeError('signal must be an AbortSignal');
            if (this.#find(name, callback, capture) !== undefined) return;
            if (callback === null || callback === undefined || signal?.aborted) return;
            if (typeof callback !== 'function' && typeof callback !== 'object') {
                throw new TypeError('a listener is a function or an object with handleEvent()');
            }
            const entry = { name, callback, capture, once, passive, removed: false, isHandler: false };
            addListener(this, entry);
            if (signal !== undefined) bridge.onAbort(signal, () => this.#drop(entry));
        }

        removeEventListener(type, callback, options = undefined) {
            if (arguments.length < 2) throw new TypeError('removeEventListener needs a type and a listener');
            const name = `${type}`;
            const capture = Boolean(bridge.isObject(options) ? options.capture : options);
            const entry = this.#find(name, callback, capture);
            if (entry !== undefined) this.#drop(entry);
        }

        dispatchEvent(event) {
            if (!isEvent(event)) throw new TypeError('dispatchEvent needs an Event');
            return dispatch(this, event, false);
        }
    }

    bridge.enumerate(Event, [
        'type', 'target', 'srcElement', 'currentTarget', 'eventPhase', 'bubbles', 'cancelable', 'composed',
        'defaultPrevented', 'returnValue', 'cancelBubble', 'timeStamp', 'composedPath', 'preventDefault',
        'stopPropagation', 'stopImmediatePropagation', 'initEvent',
    ]);
    bridge.enumerate(EventTarget, ['addEventListener', 'removeEventListener', 'dispatchEvent']);
    bridge.brand(Event, 'Event');
    bridge.brand(EventTarget, 'EventTarget');
    bridge.expose('Event', Event);
    bridge.expose('EventTarget', EventTarget);
    bridge.Event = Event;
    bridge.EventTarget = EventTarget;
    bridge.dispatchTo = (target, event) => dispatch(target, event, true);

    /** Adds the attribute `on<type>` to an interface; `changed` is told of a new handler. */
    bridge.handlerAttribute = function handlerAttribute(constructor, type, changed) {
        const name = `on${type}`;
        const { get, set } = getOwnPropertyDescriptor({
            get [name]() { return handlerOf(this, type); },
            set [name](value) {
                setHandler(this, type, value);
                changed?.(this);
            },
        }, name);
        defineProperty(constructor.prototype, name, {
            __proto__: null, get, set, enumerable: true, configurable: true,
        });
    };

    // MARK: The global object

    const globalTarget = makeGlobalTarget();
    const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
    const methods = {
        addEventListener(type, callback, options = undefined) { apply(add, globalTarget, arguments); },
        removeEventListener(type, callback, options = undefined) { apply(remove, globalTarget, arguments); },
        dispatchEvent(event) {
            if (!isEvent(event)) throw new TypeError('dispatchEvent needs an Event');
            return dispatch(globalTarget, event, false);
        },
    };
    for (const name of Object.keys(methods)) bridge.expose(name, methods[name]);
    bridge.globalHandler = (type) => handlerOf(globalTarget, type);
    bridge.setGlobalHandler = (type, value) => setHandler(globalTarget, type, value);

    let isReporting = false;

    /** Tells the listeners of the global object of a failure; true when one of them took care of it. */
    function offer(type, makeEvent) {
        if (isReporting || !hasListeners(globalTarget, type)) return false;
        isReporting = true;
        try {
            return !dispatch(globalTarget, makeEvent(bridge.need('event types')), true);
        } finally {
            isReporting = false;
        }
    }

    bridge.offerError = (error) => offer('error', ({ ErrorEvent, place }) => new ErrorEvent('error', {
        __proto__: null, cancelable: true, error, ...place(error), message: bridge.describeError(error).message,
    }));
    bridge.offerRejection = (promise, reason) => offer('unhandledrejection', ({ PromiseRejectionEvent }) =>
        new PromiseRejectionEvent('unhandledrejection', { __proto__: null, cancelable: true, promise, reason }));
})
