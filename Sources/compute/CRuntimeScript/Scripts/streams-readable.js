// The records behind ReadableStream: states, readers, and the controller of streams of arbitrary chunks
// (Streams Standard, sections 4.2, 4.3, 4.6 and 4.9).
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { Queue, checkSize } = streams;
    const { deferred, ignore, newPromise, resolved, rejectedWith, then } = bridge;
    const nothing = () => undefined;

    /** The record of one stream. */
    class Readable {
        state = 'readable';
        storedError = undefined;
        disturbed = false;
        reader = undefined;
        controller = undefined;
        /** The interface object. */
        object = undefined;

        get locked() { return this.reader !== undefined; }
    }

    /** The record of a reader. A read request is an object with the functions `chunk`, `close` and `fail`. */
    class Reader {
        isBYOB;
        stream = undefined;
        closed = undefined;
        requests = new Queue();

        constructor(stream, isBYOB) {
            this.isBYOB = isBYOB;
            this.stream = stream;
            stream.reader = this;
            this.closed = deferred();
            if (stream.state === 'closed') this.closed.resolve(undefined);
            if (stream.state === 'errored') {
                this.closed.reject(stream.storedError);
                ignore(this.closed.promise);
            }
        }
    }

    streams.acquireReader = function acquireReader(stream) {
        if (stream.locked) throw new TypeError('the stream is locked to a reader already');
        return new Reader(stream, false);
    };

    streams.acquireBYOBReader = function acquireBYOBReader(stream) {
        if (stream.locked) throw new TypeError('the stream is locked to a reader already');
        if (!(stream.controller instanceof streams.ByteController)) {
            throw new TypeError('only a stream of type "bytes" has a reader for your own buffers');
        }
        return new Reader(stream, true);
    };

    streams.releaseReader = function releaseReader(reader) {
        const { stream } = reader;
        if (stream === undefined) return;
        const error = new TypeError('the reader was released');
        if (stream.state !== 'readable') reader.closed = deferred();
        reader.closed.reject(error);
        ignore(reader.closed.promise);
        stream.controller.released();
        stream.reader = undefined;
        reader.stream = undefined;
        failRequests(reader, error);
    };

    function failRequests(reader, error) {
        const { requests } = reader;
        reader.requests = new Queue();
        while (requests.length > 0) requests.take().fail(error);
    }

    streams.close = function close(stream) {
        stream.state = 'closed';
        const { reader } = stream;
        if (reader === undefined) return;
        reader.closed.resolve(undefined);
        if (reader.isBYOB) return;
        const { requests } = reader;
        reader.requests = new Queue();
        while (requests.length > 0) requests.take().close();
    };

    streams.error = function error(stream, reason) {
        stream.state = 'errored';
        stream.storedError = reason;
        const { reader } = stream;
        if (reader === undefined) return;
        reader.closed.reject(reason);
        ignore(reader.closed.promise);
        failRequests(reader, reason);
    };

    streams.cancel = function cancel(stream, reason) {
        stream.disturbed = true;
        if (stream.state === 'closed') return resolved(undefined);
        if (stream.state === 'errored') return rejectedWith(stream.storedError);
        streams.close(stream);
        const { reader } = stream;
        if (reader?.isBYOB) {
            const { requests } = reader;
            reader.requests = new Queue();
            while (requests.length > 0) requests.take().close(undefined);
        }
        return then(stream.controller.cancelSteps(reason), nothing);
    };

    /** Reads one chunk for a read request. */
    streams.read = function read(reader, request) {
        const { stream } = reader;
        stream.disturbed = true;
        if (stream.state === 'closed') request.close();
        else if (stream.state === 'errored') request.fail(stream.storedError);
        else stream.controller.pullSteps(request);
    };

    streams.hasDefaultReader = (stream) => stream.reader !== undefined && !stream.reader.isBYOB;
    streams.hasBYOBReader = (stream) => stream.reader !== undefined && stream.reader.isBYOB;
    streams.waitingReads = (stream) => (stream.reader === undefined ? 0 : stream.reader.requests.length);

    /** The parts that both controllers share: starting, and calling the source's pull one at a time. */
    class SourceController {
        stream;
        queue = new Queue();
        closeRequested = false;
        started = false;
        pulling = false;
        pullAgain = false;
        pullSource;
        cancelSource;
        highWaterMark;
        object = undefined;

        constructor(stream, pullSource, cancelSource, highWaterMark) {
            this.stream = stream;
            this.pullSource = pullSource;
            this.cancelSource = cancelSource;
            this.highWaterMark = highWaterMark;
            stream.controller = this;
        }

        /** `start` may throw: then so does the constructor of the stream. */
        begin(start) {
            const result = start === undefined ? undefined : start();
            // A new promise even around a promise: how many turns it takes can be seen.
            then(newPromise((resolve) => { resolve(result); }), () => {
                this.started = true;
                this.pullIfNeeded();
            }, (error) => this.fail(error));
        }

        pullIfNeeded() {
            if (!this.shouldPull()) return;
            if (this.pulling) {
                this.pullAgain = true;
                return;
            }
            this.pulling = true;
            then(this.pullSource(), () => {
                this.pulling = false;
                if (!this.pullAgain) return;
                this.pullAgain = false;
                this.pullIfNeeded();
            }, (error) => this.fail(error));
        }

        clearAlgorithms() {
            this.pullSource = undefined;
            this.cancelSource = undefined;
        }

        get desiredSize() {
            if (this.stream.state === 'errored') return null;
            return this.stream.state === 'closed' ? 0 : this.highWaterMark - this.queue.total;
        }

        get mayEnqueue() { return !this.closeRequested && this.stream.state === 'readable'; }

        fail(error) {
            if (this.stream.state !== 'readable') return;
            this.dropQueue();
            this.clearAlgorithms();
            streams.error(this.stream, error);
        }

        dropQueue() { this.queue.clear(); }

        cancelSteps(reason) {
            this.dropQueue();
            const { cancelSource } = this;
            this.clearAlgorithms();
            return cancelSource(reason);
        }
    }

    class DefaultController extends SourceController {
        sizeOf = () => 1;

        shouldPull() {
            if (!this.mayEnqueue || !this.started) return false;
            if (streams.waitingReads(this.stream) > 0) return true;
            return this.desiredSize > 0;
        }

        get hasBackpressure() { return !this.shouldPull(); }

        enqueue(chunk) {
            if (streams.waitingReads(this.stream) > 0) {
                this.stream.reader.requests.take().chunk(chunk);
            } else {
                try {
                    this.queue.add(chunk, checkSize(this.sizeOf(chunk)));
                } catch (error) {
                    this.fail(error);
                    throw error;
                }
            }
            this.pullIfNeeded();
        }

        close() {
            this.closeRequested = true;
            if (this.queue.length > 0) return;
            this.clearAlgorithms();
            streams.close(this.stream);
        }

        pullSteps(request) {
            if (this.queue.length > 0) {
                const chunk = this.queue.take();
                if (this.closeRequested && this.queue.length === 0) {
                    this.clearAlgorithms();
                    streams.close(this.stream);
                } else {
                    this.pullIfNeeded();
                }
                request.chunk(chunk);
            } else {
                this.stream.reader.requests.add(request);
                this.pullIfNeeded();
            }
        }

        released() {}
    }

    /** A stream of chunks whose source is the runtime itself. */
    streams.makeReadable = function makeReadable({ start, pull, cancel, highWaterMark = 1, size }) {
        const stream = new Readable();
        const always = () => resolved(undefined);
        const controller = new DefaultController(stream, pull ?? always, cancel ?? always, highWaterMark);
        if (size !== undefined) controller.sizeOf = size;
        controller.begin(start);
        return stream;
    };

    streams.Readable = Readable;
    streams.Reader = Reader;
    streams.SourceController = SourceController;
    streams.DefaultController = DefaultController;
})
