// WritableStream and TransformStream: the interfaces over the records.
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { callback, dictionary, internal, promiseCall } = streams;
    const { resolved, rejectedWith } = bridge;
    const { apply } = Reflect;

    let recordOf;
    let isWritable;
    let writerRecord;
    let controllerObject;

    class WritableStream {
        #record;

        constructor(sink = undefined, strategy = undefined) {
            if (sink === internal) {
                this.#record = strategy;
                strategy.object = this;
                return;
            }
            if (sink === null) throw new TypeError('the sink must be an object');
            const given = dictionary(sink, 'the sink');
            const settings = streams.readStrategy(strategy);
            const abort = callback(given, 'abort');
            const close = callback(given, 'close');
            const start = callback(given, 'start');
            if (given.type !== undefined) throw new RangeError('a sink has no type');
            const write = callback(given, 'write');
            const sizeOf = streams.sizeFunction(settings);
            const highWaterMark = streams.highWaterMark(settings, 1);
            const stream = new streams.Writable();
            stream.object = this;
            this.#record = stream;
            const always = () => resolved(undefined);
            const controller = new streams.WritableController(stream, {
                __proto__: null,
                write: write ? (chunk) => promiseCall(write, given, [chunk, controllerObject(controller)]) : always,
                close: close ? () => promiseCall(close, given, []) : always,
                abort: abort ? (reason) => promiseCall(abort, given, [reason]) : always,
                sizeOf, highWaterMark,
            });
            controller.begin(start ? () => apply(start, given, [controllerObject(controller)]) : undefined);
        }

        static {
            recordOf = (value) => value.#record;
            isWritable = (value) => typeof value === 'object' && value !== null && #record in value;
        }

        get locked() { return this.#record.locked; }

        abort(reason = undefined) {
            if (!isWritable(this)) return rejectedWith(new TypeError('not a WritableStream'));
            if (this.#record.locked) return rejectedWith(new TypeError('a locked stream is aborted by its writer'));
            return streams.abortWritable(this.#record, reason);
        }

        close() {
            if (!isWritable(this)) return rejectedWith(new TypeError('not a WritableStream'));
            const record = this.#record;
            if (record.locked) return rejectedWith(new TypeError('a locked stream is closed by its writer'));
            if (record.closeQueuedOrInFlight) return rejectedWith(new TypeError('the stream is closing already'));
            return streams.closeWritable(record);
        }

        getWriter() { return new WritableStreamDefaultWriter(this); }
    }

    streams.writableRecord = function writableRecord(value) {
        if (!isWritable(value)) throw new TypeError('a WritableStream is needed');
        return recordOf(value);
    };
    streams.isWritable = isWritable;
    streams.wrapWritable = (record) => record.object ?? new WritableStream(internal, record);

    class WritableStreamDefaultWriter {
        #record;

        constructor(stream) {
            this.#record = streams.acquireWriter(streams.writableRecord(stream));
        }

        static {
            writerRecord = (value) => (
                typeof value === 'object' && value !== null && #record in value ? value.#record : undefined);
        }

        get closed() { return writerRecord(this)?.closed.promise ?? rejectedWith(new TypeError('not a writer')); }
        get ready() { return writerRecord(this)?.ready.promise ?? rejectedWith(new TypeError('not a writer')); }

        get desiredSize() {
            if (this.#record.stream === undefined) throw new TypeError('the writer was released');
            return this.#record.desiredSize;
        }

        abort(reason = undefined) {
            return attached(this, (record) => streams.abortWritable(record.stream, reason));
        }

        close() {
            return attached(this, ({ stream }) => {
                if (stream.closeQueuedOrInFlight) throw new TypeError('the stream is closing already');
                return streams.closeWritable(stream);
            });
        }

        write(chunk = undefined) { return attached(this, (record) => record.write(chunk)); }

        releaseLock() { this.#record.release(); }
    }

    function attached(writer, work) {
        const record = writerRecord(writer);
        if (record === undefined) return rejectedWith(new TypeError('not a writer'));
        if (record.stream === undefined) return rejectedWith(new TypeError('the writer was released'));
        try {
            return work(record);
        } catch (error) {
            return rejectedWith(error);
        }
    }

    class WritableStreamDefaultController {
        #record;

        constructor(key = undefined, record = undefined) {
            if (key !== internal) throw new TypeError('controllers are made by their streams');
            this.#record = record;
            record.object = this;
        }

        get signal() { return this.#record.signal; }
        error(reason = undefined) { this.#record.failIfNeeded(reason); }
    }
    controllerObject = (record) => record.object ?? new WritableStreamDefaultController(internal, record);

    // MARK: Transforms

    class TransformStreamDefaultController {
        #record;

        constructor(key = undefined, record = undefined) {
            if (key !== internal) throw new TypeError('controllers are made by their streams');
            this.#record = record;
        }

        get desiredSize() { return this.#record.readable.controller.desiredSize; }
        enqueue(chunk = undefined) { this.#record.enqueue(chunk); }
        error(reason = undefined) { this.#record.fail(reason); }
        terminate() { this.#record.terminate(); }
    }

    class TransformStream {
        #record;

        constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
            if (transformer === internal) {
                this.#record = writableStrategy;
                return;
            }
            if (transformer === null) throw new TypeError('the transformer must be an object');
            const given = dictionary(transformer, 'the transformer');
            const writable = streams.readStrategy(writableStrategy);
            const readable = streams.readStrategy(readableStrategy);
            const cancel = callback(given, 'cancel');
            const flush = callback(given, 'flush');
            if (given.readableType !== undefined) throw new RangeError('readableType is not supported');
            const start = callback(given, 'start');
            const transform = callback(given, 'transform');
            if (given.writableType !== undefined) throw new RangeError('writableType is not supported');
            const readableSide = {
                __proto__: null, sizeOf: streams.sizeFunction(readable),
                highWaterMark: streams.highWaterMark(readable, 0),
            };
            const writableSide = {
                __proto__: null, sizeOf: streams.sizeFunction(writable),
                highWaterMark: streams.highWaterMark(writable, 1),
            };
            let controller;
            const pass = (chunk) => {
                try {
                    return resolved(record.enqueue(chunk));
                } catch (error) {
                    return rejectedWith(error);
                }
            };
            const record = new streams.Transform({
                __proto__: null,
                transform: transform ? (chunk) => promiseCall(transform, given, [chunk, controller]) : pass,
                flush: flush ? () => promiseCall(flush, given, [controller]) : () => resolved(undefined),
                cancel: cancel ? (reason) => promiseCall(cancel, given, [reason]) : () => resolved(undefined),
            }, writableSide, readableSide);
            this.#record = record;
            controller = new TransformStreamDefaultController(internal, record);
            record.started.resolve(start ? apply(start, given, [controller]) : undefined);
        }

        get readable() { return streams.wrap(this.#record.readable); }
        get writable() { return streams.wrapWritable(this.#record.writable); }

        static {
            streams.isTransform = (value) => typeof value === 'object' && value !== null && #record in value;
        }
    }

    /** The two ends of a transform of the runtime, for the interfaces that offer them as `readable` and `writable`. */
    streams.ends = (record) => ({
        readable: streams.wrap(record.readable), writable: streams.wrapWritable(record.writable),
    });

    /** Moves a stream to a new object: what structuredClone's `transfer` does. */
    streams.transferReadable = function transferReadable(object) {
        const source = streams.recordOf(object);
        const { readable, writable } = streams.makePassage();
        streams.pipeQuietly(source, writable);
        return streams.wrap(readable);
    };

    streams.transferWritable = function transferWritable(object) {
        const destination = recordOf(object);
        const { readable, writable } = streams.makePassage();
        streams.pipeQuietly(readable, destination);
        return streams.wrapWritable(writable);
    };

    streams.transferTransform = function transferTransform(object) {
        const moved = { readable: object.readable, writable: object.writable };
        return new TransformStream(internal, {
            readable: streams.recordOf(streams.transferReadable(moved.readable)),
            writable: recordOf(streams.transferWritable(moved.writable)),
        });
    };

    const members = {
        WritableStream: ['locked', 'abort', 'close', 'getWriter'],
        WritableStreamDefaultWriter: ['closed', 'desiredSize', 'ready', 'abort', 'close', 'releaseLock', 'write'],
        WritableStreamDefaultController: ['signal', 'error'],
        TransformStream: ['readable', 'writable'],
        TransformStreamDefaultController: ['desiredSize', 'enqueue', 'error', 'terminate'],
    };
    const interfaces = {
        WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController, TransformStream,
        TransformStreamDefaultController,
    };
    for (const name of Object.keys(interfaces)) {
        bridge.enumerate(interfaces[name], members[name]);
        bridge.brand(interfaces[name], name);
        streams[name] = interfaces[name];
    }
})
