// MessageChannel, MessagePort and MessageEvent (HTML Standard, section 9.4). Both ports live in the same worker.
(function (bridge) {
    'use strict';

    const messages = bridge.group('messages');
    const { DOMException, Event, EventTarget } = bridge;
    const key = Symbol('internal');
    const maxQueued = 10_000;
    const refuse = (what) => { throw new DOMException(what, 'DataCloneError'); };

    class MessageEvent extends Event {
        #data;
        #origin;
        #lastEventId;
        #source;
        #ports;

        constructor(type, options = undefined) {
            super(type, options);
            this.#data = options?.data === undefined ? null : options.data;
            this.#origin = `${options?.origin ?? ''}`;
            this.#lastEventId = `${options?.lastEventId ?? ''}`;
            this.#source = options?.source ?? null;
            this.#ports = Object.freeze([...(options?.ports ?? [])]);
        }

        get data() { return this.#data; }
        get origin() { return this.#origin; }
        get lastEventId() { return this.#lastEventId; }
        get source() { return this.#source; }
        get ports() { return this.#ports; }

        initMessageEvent(
            type, bubbles = false, cancelable = false, data = null, origin = '', lastEventId = '', source = null,
            ports = []
        ) {
            bridge.needArguments(arguments.length, 1, 'initMessageEvent');
            const list = Object.freeze([...ports]);
            const isDispatching = this.eventPhase !== 0;
            this.initEvent(type, bubbles, cancelable);
            if (isDispatching) return;
            this.#data = data;
            this.#origin = `${origin}`;
            this.#lastEventId = `${lastEventId}`;
            this.#source = source;
            this.#ports = list;
        }
    }

    let isPort;
    let connect;
    let movePort;
    let checkMovable;
    let startPort;

    class MessagePort extends EventTarget {
        #other = undefined;
        #queue = [];
        #isStarted = false;
        #isDetached = false;
        #isScheduled = false;

        constructor(secret = undefined) {
            if (secret !== key) throw new TypeError('make a MessageChannel to get ports');
            super();
        }

        static {
            isPort = (value) => typeof value === 'object' && value !== null && #queue in value;
            connect = (first, second) => {
                first.#other = second;
                second.#other = first;
            };
            startPort = (port) => port.start();
            checkMovable = (port) => { if (port.#isDetached) refuse('a port that was transferred cannot be cloned'); };
            movePort = (port) => {
                const moved = new MessagePort(key);
                moved.#queue = port.#queue;
                port.#queue = [];
                if (port.#other !== undefined) connect(moved, port.#other);
                port.#other = undefined;
                port.#isDetached = true;
                return moved;
            };
        }

        postMessage(message, options = undefined) {
            if (arguments.length === 0) throw new TypeError('postMessage needs a value');
            const isList = typeof options?.[Symbol.iterator] === 'function';
            const transfer = [...((isList ? options : options?.transfer) ?? [])];
            for (const item of transfer) if (item === this) refuse('a port cannot be sent through itself');
            const { value, transferred } = bridge.need('clone').cloneWithTransfer(message, transfer);
            const target = this.#other;
            if (target === undefined) return;
            if (target.#queue.length >= maxQueued) {
                throw new (bridge.need('exceptions').QuotaExceededError)('too many messages wait in the port');
            }
            target.#queue[target.#queue.length] = { value, ports: transferred.filter(isPort) };
            target.#schedule();
        }

        start() {
            if (this.#isStarted) return;
            this.#isStarted = true;
            this.#schedule();
        }

        close() {
            const other = this.#other;
            this.#other = undefined;
            if (other === undefined) return;
            other.#other = undefined;
            bridge.later(() => bridge.dispatchTo(other, new Event('close')), 0);
        }

        /** One task for each message. */
        #schedule() {
            if (!this.#isStarted || this.#isScheduled || this.#queue.length === 0) return;
            this.#isScheduled = true;
            bridge.later(() => {
                this.#isScheduled = false;
                const message = this.#queue[0];
                if (message === undefined) return;
                this.#queue = this.#queue.slice(1);
                this.#schedule();
                bridge.dispatchTo(this, new MessageEvent('message', { data: message.value, ports: message.ports }));
            }, 0);
        }
    }

    class MessageChannel {
        #first = new MessagePort(key);
        #second = new MessagePort(key);

        constructor() { connect(this.#first, this.#second); }

        get port1() { return this.#first; }
        get port2() { return this.#second; }
    }

    bridge.handlerAttribute(MessagePort, 'message', (port) => startPort(port));
    bridge.handlerAttribute(MessagePort, 'messageerror');
    bridge.handlerAttribute(MessagePort, 'close');
    const members = {
        MessageEvent: ['data', 'origin', 'lastEventId', 'source', 'ports', 'initMessageEvent'],
        MessagePort: ['postMessage', 'start', 'close'],
        MessageChannel: ['port1', 'port2'],
    };
    const interfaces = { MessageEvent, MessagePort, MessageChannel };
    for (const name of Object.keys(interfaces)) {
        bridge.enumerate(interfaces[name], members[name]);
        bridge.brand(interfaces[name], name);
        messages[name] = interfaces[name];
    }
    messages.isPort = (value) => isPort(value);
    messages.movePort = (port) => movePort(port);
    messages.checkMovable = (port) => checkMovable(port);
})
