// Which globals there are beside those that the first scripts define, and which files make them.
(function (bridge) {
    'use strict';

    const { host, lazy } = bridge;
    const { defineProperty } = Object;

    lazy('console', ['console.js'], ['console'], ['describeError', 'ownStack']);
    lazy('driven', ['driven.js'], []);
    lazy('exceptions', ['exceptions.js'], ['DOMException', 'QuotaExceededError'], ['DOMException']);
    lazy('inspect', ['inspect.js'], []);
    lazy('text', ['text.js'], ['TextEncoder', 'TextDecoder', 'atob', 'btoa'], ['TextDecoder', 'bytesOfBase64']);
    lazy('encodings', ['encodings.js'], []);
    lazy('asian', ['encodings-asian.js'], []);
    lazy('tables', ['encoding-tables.js'], []);
    lazy('url', ['host-names.js', 'url.js', 'url-interface.js'], ['URL', 'URLSearchParams'], [
        'url', 'URL', 'URLSearchParams',
    ]);
    lazy('patterns', ['url-pattern.js', 'url-pattern-interface.js'], ['URLPattern']);
    lazy('events', ['events.js', 'abort.js'], [
        'Event', 'EventTarget', 'AbortSignal', 'AbortController', 'addEventListener', 'removeEventListener',
        'dispatchEvent',
    ], [
        'Event', 'EventTarget', 'AbortController', 'dispatchTo', 'handlerAttribute', 'globalHandler',
        'setGlobalHandler', 'offerError', 'offerRejection', 'isSignal', 'abort', 'onAbort', 'offAbort', 'followSignal',
    ]);
    lazy('event types', ['events-more.js'], ['CustomEvent', 'ErrorEvent', 'PromiseRejectionEvent']);
    lazy('messages', ['messages.js'], ['MessageEvent', 'MessagePort', 'MessageChannel']);
    lazy('clone', ['clone.js'], ['structuredClone']);
    lazy('platform', ['platform.js'], ['Performance', 'performance', 'Navigator', 'navigator']);
    lazy('performance', ['performance.js'], ['PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure']);
    lazy('random', ['crypto.js'], ['Crypto', 'crypto']);
    lazy('crypto', [
        'crypto-keys.js', 'crypto-formats.js', 'crypto-secret.js', 'crypto-pairs.js', 'crypto-rsa.js',
        'crypto-subtle.js',
    ], ['CryptoKey', 'SubtleCrypto']);
    lazy('blob', ['blob.js'], ['Blob', 'File']);
    lazy('form', ['form-data.js', 'multipart.js'], ['FormData']);
    lazy('mime', ['mime.js'], []);
    lazy('streams', [
        'streams-base.js', 'streams-readable.js', 'streams-bytes.js', 'streams-tee.js', 'streams-writable.js',
        'streams-pipe.js', 'streams-transform.js', 'streams-interface.js', 'streams-writing.js',
    ], [
        'ReadableStream', 'ReadableStreamDefaultReader', 'ReadableStreamBYOBReader', 'ReadableStreamDefaultController',
        'ReadableByteStreamController', 'ReadableStreamBYOBRequest', 'WritableStream', 'WritableStreamDefaultWriter',
        'WritableStreamDefaultController', 'TransformStream', 'TransformStreamDefaultController',
        'ByteLengthQueuingStrategy', 'CountQueuingStrategy',
    ]);
    lazy('codecs', ['codec-streams.js'], [
        'TextEncoderStream', 'TextDecoderStream', 'CompressionStream', 'DecompressionStream',
    ]);
    lazy('fetch', ['fetch.js'], ['fetch'], ['send']);
    lazy('bindings', ['bindings.js'], [], ['bindingMakers', 'bindingObject']);
    lazy('channel', ['channel.js'], [], [
        'receive', 'isIncoming', 'sendBody', 'cancelBodies', 'HostError', 'hostCall', 'abandonCalls', 'dropCalls',
        'dropBodies',
    ]);

    lazy('wasi', [
        'wasi-memory.js', 'wasi-files.js', 'wasi-process.js', 'wasi-calls.js', 'wasi-cgi.js', 'wasi.js',
    ], [], ['makeProgram']);

    /** Replaces whatever scripts could tell two runs apart by. The worker calls this before it loads code, or never. */
    bridge.drive = () => { bridge.need('driven'); };

    // The worker calls these; nothing of the kind comes before the channel has been used.
    const entries = ['result', 'callFailed', 'data', 'end', 'broken', 'credit', 'stop'];
    for (let index = 0; index < entries.length; index += 1) {
        const name = entries[index];
        bridge[name] = (first, second, third, fourth) => {
            bridge.need('channel')[name](first, second, third, fourth);
        };
    }

    // MARK: Failures that nobody caught

    const handlers = ['error', 'unhandledrejection', 'rejectionhandled'];
    for (let index = 0; index < handlers.length; index += 1) {
        const type = handlers[index];
        defineProperty(globalThis, `on${type}`, {
            __proto__: null,
            get: () => (bridge.group('events') === undefined ? null : bridge.globalHandler(type)),
            set: (value) => bridge.setGlobalHandler(type, value),
            enumerable: true,
            configurable: true,
        });
    }

    /** `{ message, stack }` of whatever was thrown; never throws, even where there is no memory left for it. */
    bridge.explain = function explain(error) {
        try {
            return bridge.describeError(error);
        } catch {
            return { message: 'an exception that cannot be described', stack: '' };
        }
    };

    function tell(error) {
        const { message, stack } = bridge.explain(error);
        host.uncaught(message, stack);
    }

    /** An exception that nobody caught. */
    bridge.reportUncaught = function reportUncaught(error) {
        if (bridge.group('events') === undefined || !bridge.offerError(error)) tell(error);
    };

    /** The engine tells of a promise that was rejected and has no handler. */
    bridge.rejected = function rejected(promise, reason) {
        if (bridge.group('events') === undefined || !bridge.offerRejection(promise, reason)) tell(reason);
    };

    bridge.expose('reportError', function reportError(error) {
        if (arguments.length === 0) throw new TypeError('reportError needs a value');
        bridge.reportUncaught(error);
    });
})
