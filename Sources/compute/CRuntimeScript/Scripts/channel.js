// Host calls, and bodies that come in parts. Whoever waits for a body gets it whole.
(function (bridge) {
    'use strict';

    const { host, SafeMap } = bridge;
    const calls = new SafeMap();
    const bodies = new SafeMap();

    /** Asks the node for something; resolves with the result's value and bytes. */
    bridge.hostCall = function hostCall(name, argument, body, owner = host.currentRequest()) {
        const id = host.call(owner, name, JSON.stringify(argument), body ?? null, false);
        if (id === 0) throw new Error('the request has made as many calls as it may, or too many are open');
        return new Promise((resolve, reject) => calls.set(id, { resolve, reject }));
    };

    /** Resolves with all parts of the body of `id`, in one array. */
    bridge.gatherBody = function gatherBody(id, first) {
        return new Promise((resolve, reject) => {
            bodies.set(id, { parts: first === undefined ? [] : [new Uint8Array(first)], resolve, reject });
        });
    };

    function join(parts) {
        let length = 0;
        for (const part of parts) length += part.length;
        const whole = new Uint8Array(length);
        let offset = 0;
        for (const part of parts) {
            whole.set(part, offset);
            offset += part.length;
        }
        return whole;
    }

    bridge.result = function result(id, valueText, body, continues) {
        const call = calls.get(id);
        calls.delete(id);
        if (call === undefined) return;
        const value = JSON.parse(valueText);
        if (!continues) {
            call.resolve({ value, body: body === undefined ? null : new Uint8Array(body) });
            return;
        }
        bridge.gatherBody(id, body).then((bytes) => call.resolve({ value, body: bytes }), call.reject);
    };

    bridge.callFailed = function callFailed(id, code, message) {
        const call = calls.get(id);
        calls.delete(id);
        call?.reject(Object.assign(new Error(message), { code }));
    };

    bridge.data = function data(id, buffer) {
        const part = new Uint8Array(buffer);
        bodies.get(id)?.parts.push(part);
        host.grant(id, part.length);
    };

    bridge.end = function end(id) {
        const body = bodies.get(id);
        bodies.delete(id);
        body?.resolve(join(body.parts));
    };

    bridge.broken = function broken(id, message) {
        const body = bodies.get(id);
        bodies.delete(id);
        body?.reject(new TypeError(message));
    };

    bridge.credit = function credit() {};
    bridge.stop = function stop() {};
})
