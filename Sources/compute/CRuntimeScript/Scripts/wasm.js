// WebAssembly.compileStreaming and instantiateStreaming over Response (WebAssembly Web API, section 3). The engine has
// the rest.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const { WebAssembly } = globalThis;
    if (WebAssembly === undefined) return;
    // Driven workers put functions here that wait for no other thread.
    bridge.compilers = { __proto__: null, compile: WebAssembly.compile, instantiate: WebAssembly.instantiate };
    const { apply } = Reflect;
    const { defineProperty } = Object;

    async function moduleBytes(source) {
        const response = await source;
        if (!bridge.isResponse(response)) throw new TypeError('a Response, or a promise of one, is needed');
        const type = (bridge.contentTypeOf(response) ?? '').trim().toLowerCase();
        if (type !== 'application/wasm') throw new TypeError(`the content-type is '${type}', not application/wasm`);
        if (!response.ok) throw new TypeError(`the response has the status ${response.status}`);
        const content = await bridge.takeContent(response);
        return typeof content === 'string' ? host.encode(content) : content ?? new Uint8Array(0);
    }

    const members = {
        async compileStreaming(source, options = undefined) {
            return apply(bridge.compilers.compile, WebAssembly, [await moduleBytes(source), options]);
        },
        async instantiateStreaming(source, imports = undefined, options = undefined) {
            return apply(bridge.compilers.instantiate, WebAssembly, [await moduleBytes(source), imports, options]);
        },
    };
    for (const name of Object.keys(members)) {
        defineProperty(WebAssembly, name, {
            __proto__: null, value: members[name], writable: true, enumerable: true, configurable: true,
        });
    }
})
