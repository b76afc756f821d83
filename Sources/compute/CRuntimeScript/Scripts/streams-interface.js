// ReadableStream with its readers and controllers: the interfaces over the records.
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { callback, dictionary, internal, promiseCall } = streams;
    const { deferred, resolved, rejectedWith, then } = bridge;
    const { apply } = Reflect;
    const { isView } = ArrayBuffer;
    const typedArrayTag = Object.getOwnPropertyDescriptor(
        Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

    let recordOf;
    let isStream;
    let readerRecord;
    let byobRecord;
    let defaultControllerObject;
    let byteControllerObject;

    const refuse = (what) => { throw new TypeError(what); };

    /** Something that settles a promise with `{ value, done }`. */
    function promiseRequest() {
        const { promise, resolve, reject } = deferred();
        return {
            promise,
            chunk: (value) => resolve({ value, done: false }),
            close: (value) => resolve({ value, done: true }),
            fail: reject,
        };
    }

    /** The members of a source, in the order of their names. */
    function readSource(source) {
        const chunkSize = source.autoAllocateChunkSize;
        const autoAllocateChunkSize = chunkSize === undefined ? undefined : Number(chunkSize);
        if (autoAllocateChunkSize !== undefined && !Number.isFinite(autoAllocateChunkSize)) {
            throw new TypeError('autoAllocateChunkSize must be a number');
        }
        const cancel = callback(source, 'cancel');
        const pull = callback(source, 'pull');
        const start = callback(source, 'start');
        const { type } = source;
        if (type !== undefined && `${type}` !== 'bytes') {
            throw new TypeError(`'${String(type)}' is not a type of source`);
        }
        return { __proto__: null, autoAllocateChunkSize, cancel, pull, start, type };
    }

    function sourceAlgorithms(source, { cancel, pull, start }, controllerOf) {
        return {
            __proto__: null,
            pull: pull === undefined ? () => resolved(undefined) : () => promiseCall(pull, source, [controllerOf()]),
            cancel: cancel === undefined
                ? () => resolved(undefined) : (reason) => promiseCall(cancel, source, [reason]),
            start: start === undefined ? undefined : () => apply(start, source, [controllerOf()]),
        };
    }

    function setUpBytes(stream, source, parts, strategy) {
        if (strategy.size !== undefined) throw new RangeError('a byte stream\'s strategy has no size()');
        const mark = streams.highWaterMark(strategy, 0);
        const size = parts.autoAllocateChunkSize === undefined ? undefined : Math.trunc(parts.autoAllocateChunkSize);
        if (size !== undefined && !(size > 0)) throw new TypeError('autoAllocateChunkSize must be above 0');
        let controller;
        const { pull, cancel, start } = sourceAlgorithms(source, parts, () => byteControllerObject(controller));
        controller = new streams.ByteController(stream, pull, cancel, mark);
        controller.autoAllocateChunkSize = size;
        controller.begin(start);
    }

    function setUpChunks(stream, source, parts, strategy) {
        const sizeOf = streams.sizeFunction(strategy);
        const mark = streams.highWaterMark(strategy, 1);
        let controller;
        const { pull, cancel, start } = sourceAlgorithms(source, parts, () => defaultControllerObject(controller));
        controller = new streams.DefaultController(stream, pull, cancel, mark);
        controller.sizeOf = sizeOf;
        controller.begin(start);
    }

    function pipeOptions(value) {
        const options = dictionary(value, 'the options');
        const preventAbort = Boolean(options.preventAbort);
        const preventCancel = Boolean(options.preventCancel);
        const preventClose = Boolean(options.preventClose);
        const { signal } = options;
        if (signal !== undefined && !bridge.isSignal(signal)) throw new TypeError('signal must be an AbortSignal');
        return { preventAbort, preventCancel, preventClose, signal };
    }

    class ReadableStream {
        #record;

        constructor(source = undefined, strategy = undefined) {
            if (source === internal) {
                this.#record = strategy;
                strategy.object = this;
                return;
            }
            if (source === null) throw new TypeError('the source must be an object');
            const given = dictionary(source, 'the source');
            const settings = streams.readStrategy(strategy);
            const parts = readSource(given);
            const stream = new streams.Readable();
            stream.object = this;
            this.#record = stream;
            if (parts.type === undefined) setUpChunks(stream, given, parts, settings);
            else setUpBytes(stream, given, parts, settings);
        }

        static {
            recordOf = (value) => value.#record;
            isStream = (value) => typeof value === 'object' && value !== null && #record in value;
        }

        static from(iterable) { return wrap(streams.fromIterable(iterable)); }

        get locked() { return this.#record.locked; }

        cancel(reason = undefined) {
            if (!isStream(this)) return rejectedWith(new TypeError('not a ReadableStream'));
            if (this.#record.locked) return rejectedWith(new TypeError('a locked stream is cancelled by its reader'));
            return streams.cancel(this.#record, reason);
        }

        getReader(options = undefined) {
            const { mode } = dictionary(options, 'the options');
            if (mode === undefined) return new ReadableStreamDefaultReader(this);
            if (`${mode}` !== 'byob') throw new TypeError(`'${String(mode)}' is not a mode of reader`);
            return new ReadableStreamBYOBReader(this);
        }

        pipeThrough(transform, options = undefined) {
            const ends = dictionary(transform, 'the transform');
            const { readable } = ends;
            if (!isStream(readable)) throw new TypeError('pipeThrough needs { readable, writable }');
            const destination = streams.writableRecord(ends.writable);
            const settings = pipeOptions(options);
            if (this.#record.locked) throw new TypeError('the stream is locked');
            if (destination.locked) throw new TypeError('the writable side is locked');
            streams.pipeQuietly(this.#record, destination, settings);
            return readable;
        }

        pipeTo(destination, options = undefined) {
            try {
                const target = streams.writableRecord(destination);
                const settings = pipeOptions(options);
                if (this.#record.locked) throw new TypeError('the stream is locked');
                if (target.locked) throw new TypeError('the destination is locked');
                return streams.pipe(this.#record, target, settings);
            } catch (error) {
                return rejectedWith(error);
            }
        }

        tee() {
            const [first, second] = streams.tee(this.#record);
            return [wrap(first), wrap(second)];
        }

        values(options = undefined) {
            const preventCancel = Boolean(dictionary(options, 'the options').preventCancel);
            return makeIterator(streams.acquireReader(this.#record), preventCancel);
        }
    }
    Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
        __proto__: null, value: ReadableStream.prototype.values, writable: true, enumerable: false, configurable: true,
    });

    /** The interface object of a record. */
    function wrap(record) { return record.object ?? new ReadableStream(internal, record); }

    // MARK: Asynchronous iteration

    let isIterator;

    class StreamIterator {
        #reader;
        #preventCancel;
        #last = undefined;
        #finished = false;

        constructor(reader, preventCancel) {
            this.#reader = reader;
            this.#preventCancel = preventCancel;
        }

        static {
            isIterator = (value) => typeof value === 'object' && value !== null && #reader in value;
        }

        next() {
            if (!isIterator(this)) return rejectedWith(new TypeError('not an iterator'));
            return this.#queue(() => this.#next());
        }

        return(value) {
            if (!isIterator(this)) return rejectedWith(new TypeError('not an iterator'));
            return this.#queue(() => this.#return(value));
        }

        /** One step after the other. */
        #queue(step) {
            this.#last = this.#last === undefined ? step() : then(this.#last, step, step);
            return this.#last;
        }

        #next() {
            if (this.#finished) return resolved({ value: undefined, done: true });
            const reader = this.#reader;
            const request = promiseRequest();
            const end = () => {
                this.#finished = true;
                streams.releaseReader(reader);
            };
            streams.read(reader, {
                chunk: request.chunk,
                close: () => {
                    end();
                    request.close(undefined);
                },
                fail: (error) => {
                    end();
                    request.fail(error);
                },
            });
            // The next step begins a turn after this one is settled.
            return then(request.promise, (result) => result);
        }

        #return(value) {
            const result = { value, done: true };
            if (this.#finished) return resolved(result);
            this.#finished = true;
            const reader = this.#reader;
            const done = this.#preventCancel ? resolved(undefined) : streams.cancel(reader.stream, value);
            streams.releaseReader(reader);
            return then(done, () => result);
        }
    }

    const asyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* none() {}.prototype));
    bridge.enumerate(StreamIterator, ['next', 'return']);
    bridge.brand(StreamIterator, 'ReadableStream AsyncIterator');
    Object.setPrototypeOf(StreamIterator.prototype, asyncIteratorPrototype);
    delete StreamIterator.prototype.constructor;

    function makeIterator(reader, preventCancel) { return new StreamIterator(reader, preventCancel); }

    // MARK: Readers

    class ReadableStreamDefaultReader {
        #record;

        constructor(stream) {
            if (!isStream(stream)) throw new TypeError('a reader needs a ReadableStream');
            this.#record = streams.acquireReader(recordOf(stream));
        }

        static {
            readerRecord = (value) => (
                typeof value === 'object' && value !== null && #record in value ? value.#record : undefined);
        }

        get closed() {
            return readerRecord(this)?.closed.promise ?? rejectedWith(new TypeError('not a reader'));
        }

        cancel(reason = undefined) { return cancelReader(readerRecord(this), reason); }

        read() {
            const reader = readerRecord(this);
            if (reader === undefined) return rejectedWith(new TypeError('not a reader'));
            if (reader.stream === undefined) return rejectedWith(new TypeError('the reader was released'));
            const request = promiseRequest();
            streams.read(reader, request);
            return request.promise;
        }

        releaseLock() { streams.releaseReader(this.#record); }
    }

    function cancelReader(reader, reason) {
        if (reader === undefined) return rejectedWith(new TypeError('not a reader'));
        if (reader.stream === undefined) return rejectedWith(new TypeError('the reader was released'));
        return streams.cancel(reader.stream, reason);
    }

    const elementSizes = {
        __proto__: null, Int8Array: 1, Uint8Array: 1, Uint8ClampedArray: 1, Int16Array: 2, Uint16Array: 2,
        Float16Array: 2, Int32Array: 4, Uint32Array: 4, Float32Array: 4, Float64Array: 8,
        BigInt64Array: 8, BigUint64Array: 8,
    };
    const arrayTypes = { __proto__: null };
    for (const name of Object.keys(elementSizes)) arrayTypes[name] = globalThis[name];
    const DataViewConstructor = DataView;

    /** How to make views of the kind of `view`. */
    function kindOf(view) {
        const tag = apply(typedArrayTag, view, []);
        if (tag === undefined) {
            return {
                elementSize: 1, construct: (buffer, offset, length) => new DataViewConstructor(buffer, offset, length),
            };
        }
        const ArrayType = arrayTypes[tag];
        return {
            elementSize: elementSizes[tag],
            construct: (buffer, offset, length) => new ArrayType(buffer, offset, length),
        };
    }

    class ReadableStreamBYOBReader {
        #record;

        constructor(stream) {
            if (!isStream(stream)) throw new TypeError('a reader needs a ReadableStream');
            this.#record = streams.acquireBYOBReader(recordOf(stream));
        }

        static {
            byobRecord = (value) => (
                typeof value === 'object' && value !== null && #record in value ? value.#record : undefined);
        }

        get closed() { return byobRecord(this)?.closed.promise ?? rejectedWith(new TypeError('not a reader')); }

        cancel(reason = undefined) { return cancelReader(byobRecord(this), reason); }

        read(view, options = undefined) {
            try {
                const reader = byobRecord(this) ?? refuse('not a reader');
                if (!isView(view)) refuse('read() needs a view of a buffer');
                if (view.byteLength === 0) refuse('the view is empty');
                if (view.buffer.byteLength === 0) refuse('the buffer is empty');
                if (view.buffer.detached) refuse('the buffer was transferred already');
                const given = dictionary(options, 'the options').min;
                const minimum = given === undefined ? 1 : Math.trunc(Number(given));
                if (!(minimum > 0)) refuse('min must be above 0');
                const kind = kindOf(view);
                if (minimum * kind.elementSize > view.byteLength) {
                    throw new RangeError('min is more than the view holds');
                }
                if (reader.stream === undefined) refuse('the reader was released');
                const request = promiseRequest();
                streams.readInto(reader, view, kind, minimum, request);
                return request.promise;
            } catch (error) {
                return rejectedWith(error);
            }
        }

        releaseLock() { streams.releaseReader(this.#record); }
    }

    // MARK: Controllers

    class ReadableStreamDefaultController {
        #record;

        constructor(key = undefined, record = undefined) {
            if (key !== internal) throw new TypeError('controllers are made by their streams');
            this.#record = record;
            record.object = this;
        }

        get desiredSize() { return this.#record.desiredSize; }

        close() {
            if (!this.#record.mayEnqueue) throw new TypeError('the stream is closed or closing');
            this.#record.close();
        }

        enqueue(chunk = undefined) {
            if (!this.#record.mayEnqueue) throw new TypeError('the stream is closed or closing');
            this.#record.enqueue(chunk);
        }

        error(reason = undefined) { this.#record.fail(reason); }
    }
    defaultControllerObject = (record) => record.object ?? new ReadableStreamDefaultController(internal, record);

    class ReadableByteStreamController {
        #record;

        constructor(key = undefined, record = undefined) {
            if (key !== internal) throw new TypeError('controllers are made by their streams');
            this.#record = record;
            record.object = this;
        }

        get byobRequest() {
            const record = this.#record;
            if (record.request === undefined && record.pending.length > 0) {
                const first = record.pending.peek();
                const view = new Uint8Array(
                    first.buffer, first.byteOffset + first.filled, first.byteLength - first.filled);
                record.request = makeRequest(record, view);
            }
            return record.request?.object ?? null;
        }

        get desiredSize() { return this.#record.desiredSize; }

        close() {
            if (!this.#record.mayEnqueue) throw new TypeError('the stream is closed or closing');
            this.#record.close();
        }

        enqueue(chunk) {
            const record = this.#record;
            if (!isView(chunk)) throw new TypeError('a byte stream takes views of buffers');
            if (chunk.byteLength === 0) throw new TypeError('the chunk is empty');
            if (chunk.buffer.byteLength === 0) throw new TypeError('the buffer is empty');
            if (!record.mayEnqueue) throw new TypeError('the stream is closed or closing');
            record.enqueue(chunk);
        }

        error(reason = undefined) { this.#record.fail(reason); }
    }
    byteControllerObject = (record) => record.object ?? new ReadableByteStreamController(internal, record);

    let invalidate;

    class ReadableStreamBYOBRequest {
        #controller;
        #view;

        constructor(key = undefined, controller = undefined, view = undefined) {
            if (key !== internal) throw new TypeError('requests are made by controllers');
            this.#controller = controller;
            this.#view = view;
        }

        static {
            invalidate = (request) => {
                request.#controller = undefined;
                request.#view = null;
            };
        }

        get view() { return this.#view; }

        respond(bytesWritten) {
            const count = Math.trunc(Number(bytesWritten));
            if (!(count >= 0)) throw new TypeError('bytesWritten must be 0 or more');
            const controller = this.#controller ?? refuse('the request was answered already');
            if (this.#view.buffer.detached) throw new TypeError('the buffer was transferred');
            controller.respond(count);
        }

        respondWithNewView(view) {
            if (!isView(view)) throw new TypeError('respondWithNewView() needs a view');
            const controller = this.#controller ?? refuse('the request was answered already');
            if (view.buffer.detached) throw new TypeError('the buffer was transferred');
            controller.respondWithNewView(view);
        }
    }

    function makeRequest(controller, view) {
        const object = new ReadableStreamBYOBRequest(internal, controller, view);
        return { object, invalidate: () => invalidate(object) };
    }

    Object.defineProperty(ReadableStream, 'from', { __proto__: null, enumerable: true });
    const members = {
        ReadableStream: ['locked', 'cancel', 'getReader', 'pipeThrough', 'pipeTo', 'tee', 'values'],
        ReadableStreamDefaultReader: ['closed', 'cancel', 'read', 'releaseLock'],
        ReadableStreamBYOBReader: ['closed', 'cancel', 'read', 'releaseLock'],
        ReadableStreamDefaultController: ['desiredSize', 'close', 'enqueue', 'error'],
        ReadableByteStreamController: ['byobRequest', 'desiredSize', 'close', 'enqueue', 'error'],
        ReadableStreamBYOBRequest: ['view', 'respond', 'respondWithNewView'],
    };
    const interfaces = {
        ReadableStream, ReadableStreamDefaultReader, ReadableStreamBYOBReader, ReadableStreamDefaultController,
        ReadableByteStreamController, ReadableStreamBYOBRequest,
    };
    for (const name of Object.keys(interfaces)) {
        bridge.enumerate(interfaces[name], members[name]);
        bridge.brand(interfaces[name], name);
        streams[name] = interfaces[name];
    }
    streams.isStream = isStream;
    streams.recordOf = recordOf;
    streams.wrap = wrap;
})
