// TextEncoderStream and TextDecoderStream (Encoding Standard, section 7), CompressionStream and DecompressionStream
// (Compression Standard). The node does the compressing.
(function (bridge) {
    'use strict';

    const codecs = bridge.group('codecs');
    const streams = bridge.need('streams');
    const { host, bytesOf, deferred, ignore, resolved, then } = bridge;
    const { TextDecoder } = bridge;

    const isHigh = (unit) => unit >= 0xd800 && unit <= 0xdbff;

    class TextEncoderStream {
        #ends;

        constructor() {
            let pending = '';
            this.#ends = streams.ends(streams.makeTransform({
                __proto__: null,
                transform(chunk, own) {
                    let text = pending + `${chunk}`;
                    pending = '';
                    if (text === '') return;
                    if (isHigh(text.charCodeAt(text.length - 1))) {
                        pending = text[text.length - 1];
                        text = text.slice(0, -1);
                    }
                    if (text !== '') own.enqueue(host.encode(text.toWellFormed()));
                },
                flush(own) { if (pending !== '') own.enqueue(new Uint8Array([0xef, 0xbf, 0xbd])); },
            }));
        }

        get encoding() { return this.#ends === undefined ? undefined : 'utf-8'; }
        get readable() { return this.#ends.readable; }
        get writable() { return this.#ends.writable; }
    }

    const decodeMethod = TextDecoder.prototype.decode;
    const { apply } = Reflect;

    class TextDecoderStream {
        #decoder;
        #ends;

        constructor(label = 'utf-8', options = undefined) {
            const decoder = new TextDecoder(label, options ?? {});
            this.#decoder = decoder;
            this.#ends = streams.ends(streams.makeTransform({
                __proto__: null,
                transform(chunk, own) {
                    const bytes = bytesOf(chunk, true);
                    if (bytes === undefined) throw new TypeError('a TextDecoderStream takes bytes');
                    const text = apply(decodeMethod, decoder, [bytes, { stream: true }]);
                    if (text !== '') own.enqueue(text);
                },
                flush(own) {
                    const text = apply(decodeMethod, decoder, []);
                    if (text !== '') own.enqueue(text);
                },
            }));
        }

        get encoding() { return this.#decoder.encoding; }
        get fatal() { return this.#decoder.fatal; }
        get ignoreBOM() { return this.#decoder.ignoreBOM; }
        get readable() { return this.#ends.readable; }
        get writable() { return this.#ends.writable; }
    }

    const formats = { __proto__: null, gzip: true, deflate: true, 'deflate-raw': true };

    // Chunks of output that wait for a reader before the codec has to.
    const maxQueued = 16;

    /** A pair of streams with the node's codec between them: the call starts with the first chunk. */
    function codecEnds(format, op) {
        const input = streams.makePassage();
        const writer = streams.acquireWriter(input.writable);
        const ended = deferred();
        ignore(ended.promise);
        let reader;
        let isBegun = false;
        const fail = (error) => {
            const shown = error instanceof bridge.HostError ? new TypeError(error.message) : error;
            ended.reject(shown);
            ends.fail(shown);
            ignore(streams.abortWritable(input.writable, shown));
        };
        const give = (chunk) => {
            if (ends.readable.controller.mayEnqueue && chunk.length > 0) ends.enqueue(chunk);
        };
        function step() {
            if (ends.readable.controller.queue.length >= maxQueued && ends.backpressure) {
                then(ends.backpressureChange.promise, step);
                return;
            }
            streams.read(reader, {
                __proto__: null,
                chunk(chunk) {
                    give(chunk);
                    then(resolved(undefined), step);
                },
                close() { ended.resolve(undefined); },
                fail,
            });
        }
        function begin() {
            if (isBegun) return;
            isBegun = true;
            then(bridge.hostCall('compress', { format, op }, input.readable), ({ body }) => {
                if (body === null || body instanceof Uint8Array) {
                    if (body !== null) give(body);
                    ended.resolve(undefined);
                    return;
                }
                reader = streams.acquireReader(body.stream);
                step();
            }, fail);
        }
        const ends = streams.makeTransform({
           __proto__: null,
            transform(chunk) {
                const bytes = bytesOf(chunk);
                if (bytes === undefined) throw new TypeError('a compression stream takes bytes');
                begin();
                return writer.write(bytes.slice());
            },
            flush() {
                begin();
                ignore(writer.closeWithErrorPropagation());
                return ended.promise;
            },
            cancel(reason) {
                ignore(streams.abortWritable(input.writable, reason));
                return reader?.stream === undefined ? undefined : streams.cancel(reader.stream, reason);
            },
        });
        return streams.ends(ends);
    }

    function checkedFormat(value) {
        const format = `${value}`;
        if (formats[format] !== true) {
            throw new TypeError(`'${format}' is not a compression format; there are gzip, deflate and deflate-raw`);
        }
        return format;
    }

    class CompressionStream {
        #ends;
        constructor(format) { this.#ends = codecEnds(checkedFormat(format), 'compress'); }
        get readable() { return this.#ends.readable; }
        get writable() { return this.#ends.writable; }
    }

    class DecompressionStream {
        #ends;
        constructor(format) { this.#ends = codecEnds(checkedFormat(format), 'decompress'); }
        get readable() { return this.#ends.readable; }
        get writable() { return this.#ends.writable; }
    }

    const members = {
        TextEncoderStream: ['encoding', 'readable', 'writable'],
        TextDecoderStream: ['encoding', 'fatal', 'ignoreBOM', 'readable', 'writable'],
        CompressionStream: ['readable', 'writable'],
        DecompressionStream: ['readable', 'writable'],
    };
    const interfaces = { TextEncoderStream, TextDecoderStream, CompressionStream, DecompressionStream };
    for (const name of Object.keys(interfaces)) {
        bridge.enumerate(interfaces[name], members[name]);
        bridge.brand(interfaces[name], name);
        codecs[name] = interfaces[name];
    }
})
