// What Request and Response share: a body (Fetch Standard, section 5.2).
//
// A body is text or bytes for as long as nobody asks for its stream: a response of plain text makes no stream and no
// promise. A body that arrives in parts is an Incoming of channel.js, which becomes a stream at its first use.
(function (bridge) {
    'use strict';

    const { host, bytesOf, toUSVString, newPromise, resolved } = bridge;
    const { apply } = Reflect;
    const { defineProperty, getOwnPropertyDescriptor } = Object;
    const { parse } = JSON;
    const sliceBytes = Uint8Array.prototype.slice;
    const setBytes = Uint8Array.prototype.set;
    const copyOf = (bytes) => apply(sliceBytes, bytes, []);
    const none = new Uint8Array(0);
    const usedAlready = () => new TypeError('the body has been read already, or is locked to a reader');

    const textType = 'text/plain;charset=UTF-8';
    bridge.textType = textType;

    const isBlob = (value) => bridge.group('blob')?.isBlob?.(value) === true;
    const isParams = (value) => bridge.group('url') !== undefined && value instanceof bridge.URLSearchParams;
    const isForm = (value) => bridge.group('form')?.isForm?.(value) === true;
    const isStream = (value) => bridge.group('streams')?.isStream?.(value) === true;

    /** `{ source, type }`: text, bytes or the record of a stream, and the content type that the value implies. */
    function extractBody(value) {
        if (value === null || value === undefined) return { source: null, type: null };
        if (typeof value === 'string') return { source: value.toWellFormed(), type: textType };
        const bytes = bytesOf(value);
        if (bytes !== undefined) return { source: copyOf(bytes), type: null };
        if (isParams(value)) {
            return { source: value.toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
        }
        if (isBlob(value)) {
            const { bytesOfBlob, typeOfBlob } = bridge.need('blob');
            const type = typeOfBlob(value);
            return { source: bytesOfBlob(value), type: type === '' ? null : type };
        }
        if (isForm(value)) {
            const { bytes: encoded, boundary } = bridge.need('form').encode(value);
            return { source: encoded, type: `multipart/form-data; boundary=${boundary}` };
        }
        if (isStream(value)) return { source: streamSource(bridge.need('streams').recordOf(value)), type: null };
        if (typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function') {
            return { source: bridge.need('streams').fromIterable(value), type: null };
        }
        return { source: toUSVString(value), type: textType };
    }

    function streamSource(record) {
        if (record.locked || record.disturbed) {
            throw new TypeError('a stream that is locked or has been read cannot become a body');
        }
        return record;
    }

    /** A byte stream that gives one chunk. */
    function streamOf(source) {
        const bytes = typeof source === 'string' ? host.encode(source) : copyOf(source);
        const streams = bridge.need('streams');
        const record = streams.makeByteStream({
            __proto__: null,
            pull: () => {
                const { controller } = record;
                if (bytes.byteLength > 0 && !bytes.buffer.detached) controller.enqueue(bytes);
                controller.close();
                if (controller.pending.length > 0 && record.state === 'closed') controller.respond(0);
                return resolved(undefined);
            },
        });
        return record;
    }

    const isIncoming = (source) => bridge.group('channel') !== undefined && bridge.isIncoming(source);

    function isRecord(source) {
        if (typeof source !== 'object' || source === null) return false;
        const Readable = bridge.group('streams')?.Readable;
        return Readable !== undefined && source instanceof Readable;
    }

    /** Gives `done` the bytes of all chunks of a stream's record, at once when there is nothing to wait for. */
    function collect(record, done, fail) {
        const streams = bridge.need('streams');
        const reader = streams.acquireReader(record);
        const chunks = [];
        let length = 0;
        const next = () => streams.read(reader, {
            __proto__: null,
            chunk(chunk) {
                if (!(chunk instanceof Uint8Array)) {
                    const error = new TypeError('a body stream gives Uint8Arrays only');
                    bridge.ignore(streams.cancel(record, error));
                    fail(error);
                    return;
                }
                chunks[chunks.length] = chunk;
                length += chunk.byteLength;
                bridge.then(resolved(undefined), next);
            },
            close() { done(join(chunks, length)); },
            fail,
        });
        next();
    }

    const readAll = (record) => newPromise((resolve, reject) => collect(record, resolve, reject));

    function join(chunks, length) {
        if (chunks.length === 1) return chunks[0];
        const bytes = new Uint8Array(length);
        let offset = 0;
        for (let index = 0; index < chunks.length; index += 1) {
            apply(setBytes, bytes, [chunks[index], offset]);
            offset += chunks[index].byteLength;
        }
        return bytes;
    }

    /** Text of bytes without the byte order mark. */
    function decodeText(source) {
        if (typeof source === 'string') return source.charCodeAt(0) === 0xfeff ? source.slice(1) : source;
        const text = host.decode(source, false);
        return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }

    let takeBody;
    let setSource;
    let shareBody;
    let takeContent;
    let wrappedStream;

    // The fields are put on the object of another class: Request and Response share no ancestor that scripts could find.
    class Body extends function same(object) { return object; } {
        #source = null;
        #stream = undefined;
        #used = false;

        constructor(object) { super(object); }

        static {
            setSource = (body, source) => {
                body.#source = source;
                body.#stream = isRecord(source) ? source : undefined;
            };
            const isUnusable = (body) => (body.#stream !== undefined
                ? body.#stream.disturbed || body.#stream.locked : body.#used);
            const streamFor = (body) => {
                if (body.#source === null) return null;
                if (body.#stream === undefined) {
                    const source = body.#source;
                    body.#stream = isIncoming(source) ? source.stream : streamOf(source);
                    if (body.#used) {
                        const streams = bridge.need('streams');
                        bridge.ignore(streams.cancel(body.#stream, undefined));
                        streams.acquireReader(body.#stream);
                    }
                }
                return body.#stream;
            };
            // Text, bytes, null, or a stream's record that nobody else reads.
            takeBody = (body) => {
                if (isUnusable(body)) throw usedAlready();
                if (body.#stream !== undefined) return body.#stream;
                const source = body.#source;
                if (isIncoming(source)) return streamFor(body);
                body.#used = source !== null;
                return source;
            };
            takeContent = (body) => {
                const source = takeBody(body);
                return isRecord(source) ? readAll(source) : source;
            };
            // Gives `copy` the same body.
            shareBody = (body, copy) => {
                if (isUnusable(body)) throw usedAlready();
                if (body.#stream === undefined && !isIncoming(body.#source)) {
                    copy.#source = body.#source;
                    return;
                }
                const [first, second] = bridge.need('streams').tee(
                    streamFor(body), (chunk) => bridge.need('clone').structuredClone(chunk));
                body.#source = first;
                body.#stream = first;
                copy.#source = second;
                copy.#stream = second;
            };
            wrappedStream = (body) => {
                const record = streamFor(body);
                return record === null ? null : bridge.need('streams').wrap(record);
            };
        }

        get body() { return wrappedStream(this); }
        get bodyUsed() { return this.#stream !== undefined ? this.#stream.disturbed : this.#used; }

        text() { return consume(this, (content) => (content === null ? '' : decodeText(content))); }
        json() { return consume(this, (content) => parse(decodeText(content ?? ''))); }
        bytes() { return consume(this, bytesOfContent); }
        arrayBuffer() { return consume(this, (content) => bytesOfContent(content).buffer); }

        blob() {
            return consume(this, (content) => {
                const { extract, serialize } = bridge.need('mime');
                const type = extract(bridge.contentTypeOf(this));
                return bridge.need('blob').makeBlob(
                    bytesOfContent(content), type === undefined ? '' : serialize(type));
            });
        }

        formData() {
            return consume(this, (content) => bridge.need('form').parse(
                bytesOfContent(content), bridge.contentTypeOf(this)));
        }
    }

    /** A promise of what `convert` makes of all of a body. It is settled at once when nothing has to be waited for. */
    function consume(body, convert) {
        return newPromise((resolve, reject) => {
            const source = takeBody(body);
            if (!isRecord(source)) {
                resolve(convert(source));
                return;
            }
            collect(source, (content) => {
                try {
                    resolve(convert(content));
                } catch (error) {
                    reject(error);
                }
            }, reject);
        });
    }

    const memberNames = ['body', 'bodyUsed', 'text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData'];
    bridge.enumerate(Body, memberNames);

    /** Gives an interface, whose constructor calls `new Body(this)`, the members of a body (Web IDL's mixin). */
    bridge.includeBody = function includeBody(constructor) {
        for (const name of memberNames) {
            defineProperty(constructor.prototype, name, getOwnPropertyDescriptor(Body.prototype, name));
        }
    };

    /** Bytes that the caller may keep. */
    function bytesOfContent(content) {
        if (content === null) return new Uint8Array(none);
        if (typeof content === 'string') return host.encode(content);
        // Clones and blobs may hold the same bytes.
        return copyOf(content);
    }

    bridge.Body = Body;
    bridge.extractBody = extractBody;
    bridge.setBodySource = (body, source) => setSource(body, source);
    bridge.takeBody = (body) => takeBody(body);
    bridge.takeContent = (body) => takeContent(body);
    bridge.shareBody = (body, copy) => shareBody(body, copy);
    /** Whether an object is a body by what it is, not data to be written as JSON. */
    bridge.isBodyObject = (value) => bytesOf(value) !== undefined || isParams(value) || isBlob(value) ||
        isForm(value) || isStream(value) || typeof value[Symbol.asyncIterator] === 'function';
    bridge.readAll = readAll;
    bridge.joinBytes = join;
    bridge.isStreamRecord = isRecord;
    bridge.decodeText = decodeText;
    bridge.setContentType = function setContentType(headers, type) {
        if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
    };
    /** Moves the body of one object to another; the first counts as read then. */
    bridge.moveBody = function moveBody(from, to) {
        const source = takeBody(from);
        if (!isRecord(source)) {
            setSource(to, source);
            return;
        }
        const streams = bridge.need('streams');
        const { readable, writable } = streams.makePassage();
        streams.pipeQuietly(source, writable);
        setSource(to, readable);
    };
})
