// What the worker calls: load a script's exports, answer a request, cancel one.
(function (bridge) {
    'use strict';

    const { host, Headers, Response } = bridge;
    const failure = { exception: 1, badResponse: 3, cancelled: 5 };
    const abortReason = 'nobody waits for this request any more';
    const { apply } = Reflect;
    const PromiseConstructor = Promise;
    const resolvePromise = (value) => apply(PromiseConstructor.resolve, PromiseConstructor, [value]);
    const controllers = new bridge.SafeMap();
    const environment = Object.freeze({ __proto__: null });
    let answer;

    function makeContext(id) {
        return {
            waitUntil(promise) {
                host.beginWait(id);
                (async () => {
                    try {
                        await promise;
                    } catch (error) {
                        bridge.reportUncaught(error);
                    }
                    host.endWait(id);
                })();
            },
            passThroughOnException() {},
        };
    }

    function callFetch(handler, id, method, url, headerText, body) {
        const signal = () => {
            const controller = new bridge.AbortController();
            controllers.set(id, controller);
            return controller.signal;
        };
        const request = bridge.createRequest(method, url, headerText, body, signal);
        return handler.fetch(request, environment, makeContext(id));
    }

    /** Repeated names become lists. */
    function gather(pairs) {
        const object = {};
        for (const [name, value] of pairs) {
            const known = Object.hasOwn(object, name) ? object[name] : undefined;
            let next = value;
            if (known !== undefined) next = Array.isArray(known) ? [...known, value] : [known, value];
            Object.defineProperty(object, name, {
                value: next, writable: true, enumerable: true, configurable: true,
            });
        }
        return object;
    }

    /** Text where the bytes are UTF-8, the bytes themselves otherwise. */
    function plainBody(body) {
        if (body === undefined) return '';
        const bytes = new Uint8Array(body);
        return host.decode(bytes, true) ?? bytes;
    }

    function callMain(main, method, url, headerText, body) {
        const address = new bridge.URL(url);
        return main({
            method,
            headers: gather(bridge.headerPairs(bridge.adoptHeaders(headerText))),
            path: address.pathname,
            query: gather(address.searchParams),
            body: plainBody(body),
        });
    }

    class BadResponse extends Error {}

    function describePlain(value) {
        if (typeof value === 'string') return bridge.describeResponse(new Response(value));
        if (typeof value !== 'object' || value === null) {
            const kind = value === null ? 'null' : typeof value;
            throw new BadResponse(`the function answered with ${kind}, not a response`);
        }
        const { status = 200, headers = {}, body = null } = value;
        if (!Number.isInteger(status) || status < 200 || status > 599) {
            throw new BadResponse(`the status is ${String(status)}; it must be a whole number from 200 to 599`);
        }
        let fields;
        try {
            fields = new Headers();
            const entries = headers instanceof Headers ? headers : Object.entries(headers);
            for (const [name, item] of entries) {
                for (const line of Array.isArray(item) ? item : [item]) fields.append(name, line);
            }
        } catch (error) {
            throw new BadResponse(`the headers are not usable: ${error.message}`);
        }
        let content = body;
        const isData = typeof body === 'object' && body !== null && bridge.bytesOf(body) === undefined;
        if (isData && !(body instanceof bridge.URLSearchParams)) {
            content = JSON.stringify(body);
            if (!fields.has('content-type')) fields.set('content-type', 'application/json');
        }
        const { source, type } = bridge.extractBody(content);
        if (type !== null && !fields.has('content-type')) fields.set('content-type', type);
        return { status, headers: bridge.headerLines(fields), body: source };
    }

    function describe(value) {
        if (!(value instanceof Response)) {
            if (answer.contract === 'main') return describePlain(value);
            throw new BadResponse('fetch() must answer with a Response; it answered with ' +
                `${value === null ? 'null' : typeof value}`);
        }
        if (value.status === 0) throw new BadResponse('the function answered with Response.error()');
        if (value.bodyUsed) throw new BadResponse('the body of the response has been read already; return a clone');
        return bridge.describeResponse(value);
    }

    async function run(id, method, url, headerText, body) {
        try {
            const value = answer.contract === 'fetch'
                ? await callFetch(answer.target, id, method, url, headerText, body)
                : await callMain(answer.target, method, url, headerText, body);
            const { status, headers, body: content } = describe(value);
            controllers.delete(id);
            host.respond(id, status, headers, content);
        } catch (error) {
            controllers.delete(id);
            const { message, stack } = bridge.describeError(error);
            if (error instanceof BadResponse) host.fail(id, failure.badResponse, error.message, '');
            else host.fail(id, failure.exception, message, stack);
        }
    }

    async function runWhole(id, method, url, headerText, first) {
        let bytes;
        try {
            bytes = await bridge.gatherBody(id, first);
        } catch (error) {
            host.fail(id, failure.exception, error.message, '');
            return;
        }
        run(id, method, url, headerText, bytes.buffer);
    }

    bridge.dispatch = function dispatch(id, method, url, headerText, body, continues) {
        if (continues) runWhole(id, method, url, headerText, body);
        else run(id, method, url, headerText, body);
    };

    bridge.cancel = function cancel(id) {
        const controller = controllers.get(id);
        controllers.delete(id);
        controller?.abort(new bridge.DOMException(abortReason, 'AbortError'));
    };

    bridge.rejected = function rejected(promise, reason) {
        bridge.reportUncaught(reason);
    };

    function chooseHandler(exports) {
        const main = exports?.main;
        const fallback = exports?.default;
        if (typeof fallback?.fetch === 'function') return { contract: 'fetch', target: fallback };
        if (typeof main === 'function') return { contract: 'main', target: main };
        if (typeof exports?.fetch === 'function') return { contract: 'fetch', target: exports };
        throw new TypeError('the module exports no handler; write `export default { async fetch(request, env, ctx) ' +
            '{ ... } }` or `export const main = async (params) => ({ status, headers, body })`');
    }

    bridge.load = async function load(exports) {
        try {
            answer = chooseHandler(await resolvePromise(exports));
            host.loaded();
        } catch (error) {
            const { message, stack } = bridge.describeError(error);
            host.loadFailed(message, stack);
        }
    };
})
