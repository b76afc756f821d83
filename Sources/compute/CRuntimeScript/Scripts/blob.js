// Blob and File (File API, sections 3 and 4). The bytes lie in memory and never change; slices share them.
(function (bridge) {
    'use strict';

    const blobs = bridge.group('blob');
    const { host, bytesOf, joinBytes, resolved } = bridge;
    const internal = Symbol('internal');
    const copyBytes = Uint8Array.prototype.slice;
    const { apply } = Reflect;
    const chunkBytes = 64 * 1024;
    /** Each keeps its Blob for as long as the worker lives. */
    const maxURLs = 1000;
    let bytesOfBlob;
    let isBlob;

    const checkedType = (value) => {
        const type = `${value}`;
        return /[^\x20-\x7e]/.test(type) ? '' : type.toLowerCase();
    };

    /** Bytes that nobody changes, or a text: what the part of a list is. */
    function readPart(part) {
        const bytes = bytesOf(part);
        if (bytes !== undefined) return apply(copyBytes, bytes, []);
        return isBlob(part) ? bytesOfBlob(part) : `${part}`.toWellFormed();
    }

    /** The parts of a list, which is read once and before the options. */
    function readParts(parts) {
        const list = [];
        if (parts === undefined) return list;
        const method = bridge.isObject(parts) ? parts[Symbol.iterator] : undefined;
        if (typeof method !== 'function') throw new TypeError('the parts of a Blob are a list');
        for (const part of { __proto__: null, [Symbol.iterator]: () => apply(method, parts, []) }) {
            list[list.length] = readPart(part);
        }
        return list;
    }

    const textBytes = (text, endings) => host.encode(endings === 'native' ? text.replace(/\r\n?/g, '\n') : text);

    class Blob {
        #bytes;
        #type;

        constructor(parts = undefined, options = undefined) {
            if (parts === internal) {
                this.#bytes = options.bytes;
                this.#type = checkedType(options.type);
                return;
            }
            const list = readParts(parts);
            const given = bridge.dictionary(options);
            const endings = given.endings === undefined ? 'transparent' : `${given.endings}`;
            if (endings !== 'transparent' && endings !== 'native') {
                throw new TypeError(`'${endings}' is not a value of endings`);
            }
            const { type = '' } = given;
            this.#type = checkedType(type);
            const chunks = [];
            let length = 0;
            for (let index = 0; index < list.length; index += 1) {
                const part = list[index];
                const bytes = typeof part === 'string' ? textBytes(part, endings) : part;
                chunks[index] = bytes;
                length += bytes.byteLength;
            }
            this.#bytes = joinBytes(chunks, length);
        }

        static {
            isBlob = (value) => typeof value === 'object' && value !== null && #bytes in value;
            bytesOfBlob = (blob) => blob.#bytes;
        }

        get size() { return this.#bytes.byteLength; }
        get type() { return this.#type; }

        slice(start = 0, end = undefined, type = '') {
            const { byteLength } = this.#bytes;
            const place = (value, fallback) => {
                if (value === undefined) return fallback;
                const number = Math.trunc(Number(value)) || 0;
                return number < 0 ? Math.max(byteLength + number, 0) : Math.min(number, byteLength);
            };
            const from = place(start, 0);
            const to = Math.max(place(end, byteLength), from);
            return new Blob(internal, { bytes: this.#bytes.subarray(from, to), type });
        }

        stream() {
            const streams = bridge.need('streams');
            const bytes = this.#bytes;
            let offset = 0;
            const record = streams.makeByteStream({
                __proto__: null,
                pull: () => {
                    const { controller } = record;
                    if (offset < bytes.byteLength) {
                        controller.enqueue(apply(copyBytes, bytes, [offset, offset + chunkBytes]));
                        offset += chunkBytes;
                    }
                    if (offset >= bytes.byteLength) {
                        controller.close();
                        if (controller.pending.length > 0 && record.state === 'closed') controller.respond(0);
                    }
                    return resolved(undefined);
                },
            });
            return streams.wrap(record);
        }

        async text() { return bridge.decodeText(this.#bytes); }
        async bytes() { return apply(copyBytes, this.#bytes, []); }
        async arrayBuffer() { return apply(copyBytes, this.#bytes, []).buffer; }
    }

    class File extends Blob {
        #name;
        #lastModified;

        constructor(parts, name, options = undefined) {
            if (arguments.length < 2) throw new TypeError('a File needs its parts and a name');
            const text = `${name}`.toWellFormed();
            super(parts, options);
            this.#name = text;
            this.#lastModified = options?.lastModified === undefined
                ? Math.floor(host.wallTime()) : Math.trunc(Number(options.lastModified)) || 0;
        }

        get name() { return this.#name; }
        get lastModified() { return this.#lastModified; }
        get webkitRelativePath() { return ''; }

        static { blobs.isFile = (value) => typeof value === 'object' && value !== null && #name in value; }
    }

    bridge.enumerate(Blob, ['size', 'type', 'slice', 'stream', 'text', 'bytes', 'arrayBuffer']);
    bridge.enumerate(File, ['name', 'lastModified']);
    bridge.brand(Blob, 'Blob');
    bridge.brand(File, 'File');
    blobs.Blob = Blob;
    blobs.File = File;
    blobs.isBlob = (value) => isBlob(value);
    blobs.bytesOfBlob = (blob) => bytesOfBlob(blob);
    blobs.typeOfBlob = (blob) => blob.type;
    /** A Blob over bytes that nobody changes. */
    blobs.makeBlob = (bytes, type) => new Blob(internal, { bytes, type });
    blobs.makeFile = (bytes, name, type, lastModified) => new File(
        [blobs.makeBlob(bytes, '')], name, { type, lastModified });

    // MARK: URLs (File API, section 8)

    const urls = new bridge.SafeMap();

    blobs.makeURL = function makeURL(value) {
        if (!isBlob(value)) throw new TypeError('createObjectURL needs a Blob');
        if (urls.size >= maxURLs) {
            const { QuotaExceededError } = bridge.need('exceptions');
            throw new QuotaExceededError(`more than ${maxURLs} object URLs; revoke those that are not needed any more`);
        }
        const url = `blob:null/${bridge.need('random').randomUUID()}`;
        urls.set(url, value);
        return url;
    };
    /** The Blob of a URL without a fragment; undefined if there is none. */
    blobs.blobOfURL = (url) => urls.get(url);
    blobs.revokeURL = (url) => { urls.delete(url); };
})
