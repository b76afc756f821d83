// TextEncoderStream and TextDecoderStream (Encoding Standard, section 7), CompressionStream and DecompressionStream
// (Compression Standard). The node does the compressing.
(function (bridge) {
    'use strict';

    const codecs = bridge.group('codecs');
    const streams = bridge.need('streams');
    const { host, bytesOf, newPromise, resolved, then } = bridge;
    const { TextDecoder } = bridge;

    const isHigh = (unit) => unit >= 0xd800 && unit <= 0xdbff;

    class TextEncoderStream {
        #ends;

        constructor() {
            let pending = '';
            this.#ends = streams.ends(streams.makeTransform({
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

        get encoding() { return 'utf-8'; }
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
                transform(chunk, own) {
                    const bytes = bytesOf(chunk);
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

    /** A pair of streams with the node's codec between them: the call starts with the first chunk. */
    function codecEnds(format, op) {
        const input = streams.makeTransform({
            transform(chunk, own) {
                const bytes = bytesOf(chunk);
                if (bytes === undefined || bytes.buffer instanceof SharedArrayBufferType) {
                    throw new TypeError('a compression stream takes bytes');
                }
                own.enqueue(bytes.slice());
            },
        });
        let answer;
        const begin = () => {
            answer ??= then(
                bridge.hostCall('compress', { format, op }, input.readable), ({ body }) => body, (error) => {
                    throw error instanceof bridge.HostError ? new TypeError(error.message) : error;
                });
            return answer;
        };
        let reader;
        const output = streams.makeReadable({
            highWaterMark: 0,
            pull: () => then(begin(), (body) => {
                if (body === null || body instanceof Uint8Array) {
                    if (body !== null && body.length > 0) output.controller.enqueue(body);
                    output.controller.close();
                    return undefined;
                }
                reader ??= streams.acquireReader(body.stream);
                return newPromise((resolve, reject) => streams.read(reader, {
                    chunk(chunk) {
                        output.controller.enqueue(chunk);
                        resolve(undefined);
                    },
                    close() {
                        output.controller.close();
                        resolve(undefined);
                    },
                    fail: reject,
                }));
            }),
            cancel: (reason) => {
                input.writable.controller.failIfNeeded(reason);
                if (reader?.stream !== undefined) return streams.cancel(reader.stream, reason);
                return resolved(undefined);
            },
        });
        return { readable: streams.wrap(output), writable: streams.wrapWritable(input.writable) };
    }

    const SharedArrayBufferType = globalThis.SharedArrayBuffer ?? class None {};

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
