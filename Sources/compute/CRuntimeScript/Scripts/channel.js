// The worker's side of the socket to the node: calls, and bodies that come and go in parts.
//
// A receiver grants what it has consumed; a sender stops while its window is used up. Bodies have the id of what they
// belong to: a request of the node (even) or a call of this worker (odd).
(function (bridge) {
    'use strict';

    const { host, SafeMap, deferred, newPromise, rejectedWith, resolved, then } = bridge;
    const entries = bridge.group('channel');
    const { stringify, parse } = JSON;
    const noReceiver = -1e8;
    const maxPartBytes = 64 * 1024;
    const maxWholeBytes = 1024 * 1024;
    const maxWaiting = 1000;
    const calls = new SafeMap();
    /** Calls that wait until fewer are open. */
    let waiting = [];
    const incoming = new SafeMap();
    const outgoing = new SafeMap();

    const closedByPeer = () => new TypeError('the receiver wants no more of the body');

    // MARK: Bodies that come

    /** A body that arrives in parts. It becomes a byte stream when somebody wants to read it. */
    class Incoming {
        id;
        owner;
        #parts = [];
        #head = 0;
        #ended = false;
        #error = undefined;
        #waiting = undefined;
        #stream = undefined;
        /** Bytes of the first part came with the frame's head and are outside the window. */
        #free = 0;

        constructor(id, first) {
            this.id = id;
            if (first !== undefined && first.byteLength > 0) {
                this.#parts[0] = new Uint8Array(first);
                this.#free = first.byteLength;
            }
        }

        get isTouched() { return this.#stream !== undefined; }

        add(part) {
            this.#parts[this.#parts.length] = part;
            this.#wake();
        }

        end() {
            this.#ended = true;
            incoming.delete(this.id);
            this.#wake();
        }

        fail(error) {
            if (this.#ended) return;
            this.#ended = true;
            this.#error = error;
            this.#parts = [];
            this.#head = 0;
            incoming.delete(this.id);
            // A stream tells the error at once; without one it waits for its reader.
            this.#stream?.controller.fail(error);
            this.#wake();
        }

        #wake() {
            const { resolve } = this.#waiting ?? {};
            this.#waiting = undefined;
            resolve?.(undefined);
        }

        #granted(count) {
            const free = Math.min(this.#free, count);
            this.#free -= free;
            if (count > free && !this.#ended) host.grant(this.id, count - free);
        }

        /** Moves one part into the stream, or closes it; waits when there is neither. */
        #pull() {
            const { controller } = this.#stream;
            if (this.#error !== undefined) {
                controller.fail(this.#error);
                return resolved(undefined);
            }
            if (this.#head < this.#parts.length) {
                const part = this.#parts[this.#head];
                this.#parts[this.#head] = undefined;
                this.#head += 1;
                if (this.#head === this.#parts.length) {
                    this.#parts = [];
                    this.#head = 0;
                }
                const count = part.byteLength;
                this.#granted(count);
                controller.enqueue(part);
                if (this.#ended && this.#parts.length === 0) this.#close();
                return resolved(undefined);
            }
            if (this.#ended) {
                this.#close();
                return resolved(undefined);
            }
            this.#waiting = deferred();
            return then(this.#waiting.promise, () => this.#pull());
        }

        #close() {
            const { controller } = this.#stream;
            if (this.#stream.state !== 'readable') return;
            controller.close();
            // A reader's own buffer that waits is given back empty.
            if (controller.pending.length > 0) controller.respond(0);
        }

        /** The record of a byte stream over this body. */
        get stream() {
            if (this.#stream === undefined) {
                const streams = bridge.need('streams');
                this.#stream = streams.makeByteStream({
                    __proto__: null,
                    pull: () => {
                        try {
                            return this.#pull();
                        } catch (error) {
                            return rejectedWith(error);
                        }
                    },
                    cancel: () => {
                        this.cancel();
                        return resolved(undefined);
                    },
                });
            }
            return this.#stream;
        }

        /** Tells the sender that nobody wants the rest. */
        cancel() {
            this.#parts = [];
            this.#head = 0;
            if (!this.#ended) host.cancelBody(this.id);
            this.#ended = true;
            incoming.delete(this.id);
            this.#wake();
            goOn();
        }
    }

    bridge.isIncoming = (value) => value instanceof Incoming;

    /** A body with a first part that other parts follow. */
    bridge.receive = function receive(id, first) {
        const body = new Incoming(id, first);
        incoming.set(id, body);
        return body;
    };

    entries.data = (id, buffer) => { incoming.get(id)?.add(new Uint8Array(buffer)); };
    entries.end = (id) => {
        incoming.get(id)?.end();
        goOn();
    };
    entries.broken = (id, message) => {
        incoming.get(id)?.fail(new TypeError(`the body broke off: ${message}`));
        goOn();
    };

    // MARK: Bodies that go

    function bytesOfChunk(chunk) {
        if (chunk instanceof Uint8Array) return chunk;
        const bytes = bridge.bytesOf(chunk);
        if (bytes !== undefined) return bytes;
        throw new TypeError(`a body stream gives bytes, not ${chunk === null ? 'null' : typeof chunk}; ` +
            'pipe text through a TextEncoderStream');
    }

    /** Sends the chunks of a stream while the window allows. */
    class Outgoing {
        id;
        reader;
        #credit = undefined;
        #stopped = false;
        done = deferred();

        constructor(id, stream) {
            this.id = id;
            this.reader = bridge.need('streams').acquireReader(stream);
            outgoing.set(id, this);
        }

        start() { this.#next(); }

        #next() {
            bridge.need('streams').read(this.reader, {
                chunk: (chunk) => {
                    let bytes;
                    try {
                        bytes = bytesOfChunk(chunk);
                    } catch (error) {
                        this.fail(error);
                        return;
                    }
                    this.#send(bytes, 0);
                },
                close: () => {
                    if (this.#stopped) return;
                    this.#finish();
                    host.end(this.id);
                    this.done.resolve(true);
                },
                fail: (error) => this.#breakOff(error),
            });
        }

        #send(bytes, start) {
            let offset = start;
            let window = 1;
            while (offset < bytes.length && window > 0) {
                if (this.#stopped) return;
                const end = Math.min(bytes.length, offset + maxPartBytes);
                window = host.send(this.id, bytes.subarray(offset, end));
                offset = end;
            }
            if (window < noReceiver) {
                this.stop();
                return;
            }
            const goOn = () => (offset < bytes.length ? this.#send(bytes, offset) : this.#next());
            if (window <= 0) this.#credit = goOn;
            // A turn between chunks, so that a source that never waits does not deepen the stack.
            else then(resolved(undefined), goOn);
        }

        credit(window) {
            const goOn = this.#credit;
            if (goOn === undefined || window <= 0) return;
            this.#credit = undefined;
            goOn();
        }

        #finish() {
            this.#stopped = true;
            this.#credit = undefined;
            outgoing.delete(this.id);
        }

        /** The source failed: the receiver learns it. */
        #breakOff(error) {
            if (this.#stopped) return;
            this.#finish();
            const { message } = bridge.describeError(error);
            host.abort(this.id, message);
            this.done.reject(error);
        }

        fail(error) {
            this.#cancelSource(error);
            this.#breakOff(error);
        }

        /** The receiver wants no more: the source is cancelled. */
        stop(reason = closedByPeer()) {
            if (this.#stopped) return;
            this.#finish();
            this.#cancelSource(reason);
            this.done.resolve(false);
        }

        #cancelSource(reason) {
            const { stream } = this.reader;
            if (stream !== undefined) bridge.ignore(bridge.need('streams').cancel(stream, reason));
        }
    }

    /** Sends the rest of a body from a stream's record: a promise of whether all of it went. */
    bridge.sendBody = function sendBody(id, stream) {
        const body = new Outgoing(id, stream);
        body.start();
        return body.done.promise;
    };

    entries.credit = (id, window) => { outgoing.get(id)?.credit(window); };
    entries.stop = (id) => { outgoing.get(id)?.stop(); };
    bridge.cancelBodies = function cancelBodies(id, reason) {
        incoming.get(id)?.fail(reason);
        outgoing.get(id)?.stop(reason);
    };

    // MARK: Calls

    function streamOfBytes(bytes) {
        const record = bridge.need('streams').makeByteStream({
            __proto__: null,
            pull: () => {
                record.controller.enqueue(bytes.slice());
                record.controller.close();
                return resolved(undefined);
            },
        });
        return record;
    }

    class HostError extends Error {

        code;
        constructor(code, message) {
            super(message);
            this.code = code;
        }
    }
    bridge.HostError = HostError;

    /**
     * Asks the node: a promise of `{ value, body }`, where body is null, a Uint8Array or an Incoming.
     *
     * `body` is null, a Uint8Array, a string or the record of a stream. Waits while too many calls are open. Fails with
     * a HostError that has the node's code, with what made the body fail, or with the signal's reason.
     */
    bridge.hostCall = function hostCall(name, argument, body, { owner, signal } = { __proto__: null }) {
        return newPromise((resolve, reject) => {
            const from = owner ?? host.currentRequest();
            let bytes = typeof body === 'string' ? host.encode(body) : body;
            let source = null;
            if (bytes !== null && !(bytes instanceof Uint8Array)) {
                source = bytes;
                bytes = null;
            } else if (bytes !== null && bytes.length > maxWholeBytes) {
                source = streamOfBytes(bytes);
                bytes = null;
            }
            const call = {
                __proto__: null, id: 0, owner: from, name, text: stringify(argument), bytes, source, resolve, reject,
                signal, onAbort: undefined,
            };
            if (waiting.length > 0 || !start(call)) wait(call);
        });
    };

    const tooMany = () => new TypeError(
        'too many calls: a request may make 1,000 of them, and 128 may be open at a time');

    /** Sends a call; false when it has to wait until another one is over. */
    function start(call) {
        const { signal, source } = call;
        const id = host.call(call.owner, call.name, call.text, call.bytes, source !== null);
        if (id < 0) return false;
        forget(call);
        if (id === 0) {
            call.reject(tooMany());
            return true;
        }
        call.id = id;
        call.bytes = null;
        calls.set(id, call);
        if (signal !== undefined) {
            call.onAbort = () => { abandon(call, signal.reason); };
            bridge.onAbort(signal, call.onAbort);
        }
        if (source !== null) {
            then(bridge.sendBody(id, source), undefined, (error) => {
                if (calls.has(id)) abandon(call, error);
            });
        }
        return true;
    }

    /** Whether something is open that can end. */
    const mayGoOn = () => calls.size > 0 || incoming.size > 0;

    /** Waits until another call is over, with its answer's body. */
    function wait(call) {
        if (!mayGoOn() || waiting.length >= maxWaiting) {
            call.reject(tooMany());
            return;
        }
        waiting[waiting.length] = call;
        const { signal } = call;
        if (signal === undefined) return;
        call.onAbort = () => { giveUp(call, signal.reason); };
        bridge.onAbort(signal, call.onAbort);
    }

    function giveUp(call, reason) {
        forget(call);
        waiting = waiting.filter((other) => other !== call);
        if (call.source !== null) bridge.ignore(bridge.need('streams').cancel(call.source, reason));
        call.reject(reason);
    }

    /** A call is over, or its body is. */
    function goOn() {
        while (waiting.length > 0 && start(waiting[0])) waiting = waiting.slice(1);
        if (waiting.length === 0 || mayGoOn()) return;
        const stuck = waiting;
        waiting = [];
        for (let index = 0; index < stuck.length; index += 1) {
            forget(stuck[index]);
            stuck[index].reject(tooMany());
        }
    }

    function forget(call) {
        if (call.onAbort !== undefined) bridge.offAbort(call.signal, call.onAbort);
        call.onAbort = undefined;
    }

    function settle(call) {
        calls.delete(call.id);
        forget(call);
    }

    /** Gives a call up: its answer is not wanted any more. */
    function abandon(call, reason) {
        settle(call);
        outgoing.get(call.id)?.stop(reason);
        host.cancelBody(call.id);
        call.reject(reason);
        goOn();
    }

    entries.result = function result(id, valueText, buffer, continues) {
        const call = calls.get(id);
        if (call === undefined) {
            if (continues) host.cancelBody(id);
            return;
        }
        settle(call);
        let body = null;
        if (continues) {
            body = bridge.receive(id, buffer);
            body.owner = call.owner;
        } else if (buffer !== undefined) {
            body = new Uint8Array(buffer);
        }
        call.resolve({ value: parse(valueText), body });
        goOn();
    };

    entries.callFailed = function callFailed(id, code, message) {
        const call = calls.get(id);
        if (call === undefined) return;
        settle(call);
        outgoing.get(id)?.stop();
        call.reject(new HostError(code, message));
        goOn();
    };

    /** The request was cancelled: its calls and the bodies that it receives end with `reason`. */
    bridge.abandonCalls = function abandonCalls(owner, reason) {
        for (const call of waiting) if (call.owner === owner) giveUp(call, reason);
        for (const call of [...calls.values()]) if (call.owner === owner) abandon(call, reason);
        for (const body of [...incoming.values()]) {
            if (body.owner !== owner) continue;
            host.cancelBody(body.id);
            body.fail(reason);
        }
    };

    /** The request is over: nothing of it runs any more, and bodies that it never began to read are let go. */
    bridge.dropCalls = function dropCalls(owner) {
        if (waiting.length > 0) {
            for (const call of waiting) if (call.owner === owner) forget(call);
            waiting = waiting.filter((call) => call.owner !== owner);
        }
        if (calls.size > 0) {
            for (const call of [...calls.values()]) {
                if (call.owner !== owner) continue;
                settle(call);
                outgoing.delete(call.id);
                host.cancelBody(call.id);
            }
        }
        if (incoming.size > 0) {
            for (const body of [...incoming.values()]) if (body.owner === owner && !body.isTouched) body.cancel();
        }
        // What waits for places may have them now.
        goOn();
    };

    /** The request was ended from outside: nobody reads or sends its bodies any more. */
    bridge.dropBodies = function dropBodies(id) {
        incoming.delete(id);
        outgoing.delete(id);
        for (const body of [...incoming.values()]) if (body.owner === id) incoming.delete(body.id);
    };
})
