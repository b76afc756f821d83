// What the worker calls: load a script's exports, answer a request or a cron event, cancel one.
(function (bridge) {
    'use strict';

    const { host, Headers, Response } = bridge;
    const cronScheme = 'cron:';
    const cronHead = `SCHEDULED\n${cronScheme}`;
    const decodeText = globalThis.decodeURIComponent;
    const failure = { exception: 1, badResponse: 3, cancelled: 5 };
    const abortReason = 'nobody waits for this request any more';
    const { apply } = Reflect;
    const { defineProperty, freeze, keys } = Object;
    const { parse } = JSON;
    const PromiseConstructor = Promise;
    const resolvePromise = (value) => apply(PromiseConstructor.resolve, PromiseConstructor, [value]);
    const Bytes = Uint8Array;
    const controllers = new bridge.SafeMap();
    // How many promises a request's answer does not wait for; an entry is there while there are some, or while the
    // request itself goes on.
    const waits = new bridge.SafeMap();
    let environment;
    let answer;

    function release(id) {
        if (waits.size === 0) {
            if (bridge.group('channel') !== undefined) bridge.dropCalls(id);
            return;
        }
        const count = (waits.get(id) ?? 1) - 1;
        if (count > 0) {
            waits.set(id, count);
            return;
        }
        waits.delete(id);
        if (bridge.group('channel') !== undefined) bridge.dropCalls(id);
    }

    function makeContext(id) {
        return {
            waitUntil(promise) {
                host.beginWait(id);
                waits.set(id, (waits.get(id) ?? 1) + 1);
                (async () => {
                    try {
                        await promise;
                    } catch (error) {
                        bridge.reportUncaught(error);
                    }
                    host.endWait(id);
                    release(id);
                })();
            },
            passThroughOnException() {},
        };
    }

    function callFetch(handler, id, head, body) {
        // Only the node makes such URLs: another app that calls this one by a binding chooses the method itself.
        if (head.startsWith(cronHead)) return callScheduled(handler, id, bridge.readHead(head).url);
        if (typeof handler.fetch !== 'function') throw new TypeError('the module has no fetch() handler');
        const signal = () => {
            const controller = new bridge.AbortController();
            controllers.set(id, controller);
            return controller.signal;
        };
        const request = bridge.createRequest(head, body, signal);
        return handler.fetch(request, environment, makeContext(id));
    }

    /** Calls the handler of cron events: the URL is `cron:<pattern>?time=<milliseconds since 1970>`. */
    async function callScheduled(handler, id, url) {
        if (typeof handler.scheduled !== 'function') throw new TypeError('the module has no scheduled() handler');
        const mark = url.lastIndexOf('?time=');
        const cron = url.slice(cronScheme.length, mark < 0 ? undefined : mark);
        const context = makeContext(id);
        const event = {
            type: 'scheduled',
            cron: cron.includes('%') ? decodeText(cron) : cron,
            scheduledTime: mark < 0 ? host.wallTime() : Number(url.slice(mark + 6)),
            waitUntil: context.waitUntil,
            noRetry() {},
        };
        await handler.scheduled(event, environment, context);
        return new Response(null, { status: 204 });
    }

    /** Repeated names become lists. */
    function gather(pairs) {
        const object = {};
        for (const [name, value] of pairs) {
            const known = Object.hasOwn(object, name) ? object[name] : undefined;
            let next = value;
            if (known !== undefined) next = Array.isArray(known) ? [...known, value] : [known, value];
            defineProperty(object, name, {
                __proto__: null, value: next, writable: true, enumerable: true, configurable: true,
            });
        }
        return object;
    }

    /** Text where the bytes are UTF-8, the bytes themselves otherwise. */
    async function plainBody(body) {
        if (body === undefined) return '';
        const bytes = body instanceof Uint8Array ? body : await bridge.readAll(body.stream);
        return host.decode(bytes, true) ?? bytes;
    }

    async function callMain(main, head, body) {
        const { method, url, headerText } = bridge.readHead(head);
        const address = new bridge.URL(url);
        return main({
            method,
            headers: gather(bridge.headerPairs(bridge.adoptHeaders(headerText))),
            path: address.pathname,
            query: gather(address.searchParams),
            body: await plainBody(body),
        });
    }

    class BadResponse extends Error {}
    bridge.BadResponse = BadResponse;
    /** What a program's handler answers with when it has answered itself. */
    bridge.answered = freeze({ __proto__: null });

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
        if (typeof body === 'object' && body !== null && !bridge.isBodyObject(body)) {
            content = JSON.stringify(body);
            if (!fields.has('content-type')) fields.set('content-type', 'application/json');
        }
        const { source, type } = bridge.extractBody(content);
        if (type !== null && !fields.has('content-type')) fields.set('content-type', type);
        return { status, headers: bridge.headerLines(fields), body: source };
    }

    function describe(value) {
        if (!bridge.isResponse(value)) {
            if (answer.contract === 'main') return describePlain(value);
            throw new BadResponse('fetch() must answer with a Response; it answered with ' +
                `${value === null ? 'null' : typeof value}`);
        }
        if (bridge.isErrorResponse(value)) throw new BadResponse('the function answered with Response.error()');
        if (value.bodyUsed) throw new BadResponse('the body of the response has been read already; return a clone');
        return bridge.describeResponse(value);
    }

    /** The frozen environment that a text of JSON describes. */
    function makeEnvironment(text) {
        const made = { __proto__: null };
        const add = (name, value) => {
            defineProperty(made, name, { __proto__: null, value, enumerable: true, configurable: true });
        };
        const { vars = {}, bindings = [], node = '' } = typeof text === 'string' && text !== '' ? parse(text) : {};
        for (const name of keys(vars)) add(name, `${vars[name]}`);
        for (const binding of bindings) {
            const maker = bridge.bindingMakers[binding.type];
            if (maker === undefined) host.warn(`the binding ${binding.name} is of a type that this node does not know`);
            else add(binding.name, maker(binding));
        }
        add('NODE', freeze({ __proto__: null, id: `${node}` }));
        return freeze(made);
    }

    /** The answer is complete, or there is none. */
    function finish(id, body) {
        if (controllers.size > 0) controllers.delete(id);
        // A body that nobody began to read is of no use any more.
        if (body !== undefined && !(body instanceof Bytes) && !body.isTouched) body.cancel();
        release(id);
    }

    async function stream(id, status, headers, record, body) {
        host.respond(id, status, headers, null, true);
        try {
            await bridge.sendBody(id, record);
        } catch (error) {
            bridge.reportUncaught(error);
        }
        finish(id, body);
    }

    function respond(id, value, body) {
        try {
            const { status, headers, body: content } = describe(value);
            if (bridge.isStreamRecord(content)) {
                stream(id, status, headers, content, body);
                return;
            }
            host.respond(id, status, headers, content, false);
        } catch (error) {
            fail(id, error, body);
            return;
        }
        finish(id, body);
    }

    function fail(id, error, body) {
        const { message, stack } = bridge.explain(error);
        if (error instanceof BadResponse) host.fail(id, failure.badResponse, error.message, '');
        else host.fail(id, failure.exception, message, stack);
        finish(id, body);
    }

    async function respondLater(id, promise, body) {
        let value;
        try {
            value = await promise;
        } catch (error) {
            fail(id, error, body);
            return;
        }
        if (value === bridge.answered) finish(id, body);
        else respond(id, value, body);
    }

    function run(id, head, body) {
        let value;
        try {
            value = answer.contract === 'fetch'
                ? callFetch(answer.target, id, head, body) : callMain(answer.target, head, body);
        } catch (error) {
            fail(id, error, body);
            return;
        }
        if (bridge.isResponse(value)) respond(id, value, body);
        else respondLater(id, value, body);
    }

    bridge.dispatch = function dispatch(id, head, buffer, continues) {
        let body;
        if (continues) body = bridge.receive(id, buffer);
        else if (buffer !== undefined) body = new Bytes(buffer);
        run(id, head, body);
    };

    bridge.cancel = function cancel(id) {
        const controller = controllers.get(id);
        controllers.delete(id);
        const reason = new bridge.DOMException(abortReason, 'AbortError');
        if (controller !== undefined) bridge.abort(controller, reason);
        if (bridge.group('channel') === undefined) return;
        bridge.cancelBodies(id, reason);
        // What is to be finished after the answer goes on.
        if (!waits.has(id)) bridge.abandonCalls(id, reason);
    };

    /** The request broke a limit, or its time is over. Unlike with `cancel`, nothing of it runs any more. */
    bridge.drop = function drop(id) {
        controllers.delete(id);
        waits.delete(id);
        if (bridge.group('channel') === undefined) return;
        bridge.dropBodies(id);
        bridge.dropCalls(id);
    };

    const isHandler = (value) => typeof value?.fetch === 'function' || typeof value?.scheduled === 'function';

    function chooseHandler(exports) {
        const main = exports?.main;
        const fallback = exports?.default;
        if (isHandler(fallback)) return { contract: 'fetch', target: fallback };
        if (typeof main === 'function') return { contract: 'main', target: main };
        if (isHandler(exports)) return { contract: 'fetch', target: exports };
        throw new TypeError('the module exports no handler; write `export default { async fetch(request, env, ctx) ' +
            '{ ... } }` or `export const main = async (params) => ({ status, headers, body })`');
    }

    // Runs once what every request runs, so that the first one finds it compiled. Nothing of it stays, and no request
    // is called 0: nobody hears the answer.
    bridge.warm = function warm() {
        const head = 'GET\nhttp://localhost/\nhost\nlocalhost';
        environment = makeEnvironment('');
        answer = chooseHandler({ default: { fetch: (request) => new Response(request.method) } });
        run(0, head, undefined);
        answer = chooseHandler({ default: { fetch: async (request) => new Response(request.url) } });
        run(0, head, undefined);
        environment = undefined;
        answer = undefined;
    };

    /** Code is what a script evaluates to; with a program's name, it is a WebAssembly module of that name. */
    bridge.load = async function load(code, environmentText, program) {
        try {
            environment = makeEnvironment(environmentText);
            answer = typeof program === 'string'
                ? { contract: 'fetch', target: bridge.makeProgram(code, program) }
                : chooseHandler(await resolvePromise(code));
            host.loaded(typeof answer.target.scheduled === 'function');
        } catch (error) {
            const { message, stack } = bridge.explain(error);
            host.loadFailed(message, stack);
        }
    };
})
