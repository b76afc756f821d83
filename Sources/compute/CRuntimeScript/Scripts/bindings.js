// What the bindings of an app's environment can do.
(function (bridge) {
    'use strict';

    const { Request } = bridge;
    const { defineProperty, freeze } = Object;

    /** A binding is a frozen object with its methods and nothing else. */
    function bindingObject(methods) {
        const object = { __proto__: null };
        for (const name of Object.keys(methods)) {
            defineProperty(object, name, { __proto__: null, value: methods[name], enumerable: true });
        }
        return freeze(object);
    }

    /** The path of an asset: what a request's URL or a path says. */
    function assetPath(request) { return new bridge.URL(request.url).pathname; }

    const makers = {
        __proto__: null,

        /** Files that were deployed with the function. */
        assets: () => bindingObject({
            async fetch(input, init = undefined) {
                const isPath = typeof input === 'string' && input.startsWith('/');
                const request = new Request(isPath ? `https://assets${input}` : input, init);
                if (request.method !== 'GET' && request.method !== 'HEAD') {
                    const headers = { allow: 'GET, HEAD' };
                    return new bridge.Response('assets can be read only', { status: 405, headers });
                }
                const answer = await bridge.hostCall('assets.get', { path: assetPath(request) }, null);
                const { status, contentType, etag } = answer.value;
                const headers = [];
                if (contentType) headers[headers.length] = ['content-type', contentType];
                if (etag) headers[headers.length] = ['etag', etag];
                const body = request.method === 'HEAD' ? null : answer.body;
                return bridge.createResponse({
                    status, statusText: '', headers, url: request.url, redirected: false, body,
                });
            },
        }),

        /** Another app of the network, which its own owner may have written. */
        service: (binding) => bindingObject({
            fetch(input, init = undefined) {
                try {
                    return bridge.send('service', new Request(input, init), { binding: binding.name });
                } catch (error) {
                    return bridge.rejectedWith(error);
                }
            },
        }),
    };
    // MARK: Values by key

    /** What the node refuses is an Error with its code. */
    async function ask(name, argument, body) {
        try {
            return await bridge.hostCall(name, argument, body);
        } catch (error) {
            if (!(error instanceof bridge.HostError)) throw error;
            const failed = new Error(error.message);
            defineProperty(failed, 'code', { __proto__: null, value: error.code, writable: true, configurable: true });
            throw failed;
        }
    }

    /** The record of a stream, or the bytes of a body that is there. */
    const readBody = (body) => (body === null || body instanceof Uint8Array ? body : body.stream);

    async function convert(body, type) {
        const response = new bridge.Response(null);
        bridge.setBodySource(response, readBody(body) ?? new Uint8Array(0));
        switch (type) {
        case 'text': return response.text();
        case 'json': return response.json();
        case 'bytes': return response.bytes();
        case 'arrayBuffer': return response.arrayBuffer();
        case 'stream': return response.body;
        default: throw new TypeError(`'${type}' is not a type of value: text, json, bytes, arrayBuffer or stream`);
        }
    }

    const typeOf = (options) => `${(typeof options === 'object' ? options?.type : options) ?? 'text'}`;

    /** Values by key; how they are kept is in `docs/design/kv.md`. */
    makers.kv = (binding) => {
        const namespace = `${binding.namespace ?? binding.name}`;
        const read = async (key, options) => {
            const { value, body } = await ask('kv.get', { namespace, key: `${key}` }, null);
            const { metadata = null, expiration = null } = value;
            return { value: value.found ? await convert(body, typeOf(options)) : null, metadata, expiration };
        };
        return bindingObject({
            async get(key, options = undefined) { return (await read(key, options)).value; },
            getWithMetadata: (key, options = undefined) => read(key, options),
            async put(key, value, options = undefined) {
                const { expiration, expirationTtl, metadata } = options ?? {};
                const isPlain = ['string', 'number', 'boolean', 'bigint'].includes(typeof value);
                if (!isPlain && (typeof value !== 'object' || value === null || !bridge.isBodyObject(value))) {
                    throw new TypeError('a value is text, bytes, a Blob or a stream; store objects with JSON.stringify');
                }
                const { source } = bridge.extractBody(value);
                const argument = { namespace, key: `${key}`, expiration, expirationTtl, metadata };
                await ask('kv.put', argument, source ?? new Uint8Array(0));
            },
            async delete(key) { await ask('kv.delete', { namespace, key: `${key}` }, null); },
            async list(options = undefined) {
                const { prefix, limit, cursor } = options ?? {};
                const { value } = await ask('kv.list', { namespace, prefix, limit, cursor }, null);
                return { keys: value.keys, complete: value.complete, cursor: value.cursor ?? null };
            },
        });
    };

    bridge.bindingMakers = makers;
    bridge.bindingObject = bindingObject;
})
