// The records behind WritableStream (Streams Standard, section 5).
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { Queue, checkSize } = streams;
    const { deferred, ignore, newPromise, resolved, rejectedWith, then } = bridge;
    const closeMark = Symbol('close');

    class Writable {
        state = 'writable';
        storedError = undefined;
        writer = undefined;
        controller = undefined;
        inFlightWrite = undefined;
        closeRequest = undefined;
        inFlightClose = undefined;
        pendingAbort = undefined;
        writeRequests = new Queue();
        backpressure = false;
        object = undefined;

        get locked() { return this.writer !== undefined; }
        get closeQueuedOrInFlight() { return this.closeRequest !== undefined || this.inFlightClose !== undefined; }
        get hasOperationInFlight() { return this.inFlightWrite !== undefined || this.inFlightClose !== undefined; }
    }

    // MARK: Writers

    class Writer {
        stream;
        closed = deferred();
        closedIsPending = true;
        ready = deferred();
        readyIsPending = true;

        constructor(stream) {
            if (stream.locked) throw new TypeError('the stream is locked to a writer already');
            this.stream = stream;
            stream.writer = this;
            if (stream.state === 'writable') {
                if (stream.closeQueuedOrInFlight || !stream.backpressure) this.resolveReady();
            } else if (stream.state === 'erroring') {
                this.failReady(stream.storedError);
            } else if (stream.state === 'closed') {
                this.resolveReady();
                this.resolveClosed();
            } else {
                this.failReady(stream.storedError);
                this.failClosed(stream.storedError);
            }
        }

        resolveReady() {
            this.readyIsPending = false;
            this.ready.resolve(undefined);
        }

        renewReady() {
            this.readyIsPending = true;
            this.ready = deferred();
        }

        failReady(error) {
            if (!this.readyIsPending) this.ready = deferred();
            this.readyIsPending = false;
            this.ready.reject(error);
            ignore(this.ready.promise);
        }

        resolveClosed() {
            this.closedIsPending = false;
            this.closed.resolve(undefined);
        }

        failClosed(error) {
            if (!this.closedIsPending) this.closed = deferred();
            this.closedIsPending = false;
            this.closed.reject(error);
            ignore(this.closed.promise);
        }

        get desiredSize() {
            const { state } = this.stream;
            if (state === 'errored' || state === 'erroring') return null;
            return state === 'closed' ? 0 : this.stream.controller.desiredSize;
        }

        release() {
            const { stream } = this;
            if (stream === undefined) return;
            const error = new TypeError('the writer was released');
            this.failReady(error);
            this.failClosed(error);
            stream.writer = undefined;
            this.stream = undefined;
        }

        write(chunk) {
            const { stream } = this;
            const { controller } = stream;
            const size = controller.chunkSize(chunk);
            if (stream !== this.stream) return rejectedWith(new TypeError('the writer was released'));
            if (stream.state === 'errored') return rejectedWith(stream.storedError);
            if (stream.closeQueuedOrInFlight || stream.state === 'closed') {
                return rejectedWith(new TypeError('the stream is closing or closed'));
            }
            if (stream.state === 'erroring') return rejectedWith(stream.storedError);
            const request = deferred();
            stream.writeRequests.add(request);
            controller.write(chunk, size);
            return request.promise;
        }

        closeWithErrorPropagation() {
            const { stream } = this;
            if (stream.closeQueuedOrInFlight || stream.state === 'closed') return resolved(undefined);
            if (stream.state === 'errored') return rejectedWith(stream.storedError);
            return closeStream(stream);
        }
    }

    // MARK: Closing, aborting, failing

    function closeStream(stream) {
        if (stream.state === 'closed' || stream.state === 'errored') {
            return rejectedWith(new TypeError(`the stream is ${stream.state}`));
        }
        const request = deferred();
        stream.closeRequest = request;
        const { writer } = stream;
        if (writer !== undefined && stream.backpressure && stream.state === 'writable') writer.resolveReady();
        stream.controller.close();
        return request.promise;
    }

    function abortStream(stream, reason) {
        if (stream.state === 'closed' || stream.state === 'errored') return resolved(undefined);
        stream.controller.abortSignalWith(reason);
        if (stream.state === 'closed' || stream.state === 'errored') return resolved(undefined);
        if (stream.pendingAbort !== undefined) return stream.pendingAbort.done.promise;
        const wasErroring = stream.state === 'erroring';
        const done = deferred();
        stream.pendingAbort = { done, reason: wasErroring ? undefined : reason, wasErroring };
        if (!wasErroring) startErroring(stream, reason);
        return done.promise;
    }

    function startErroring(stream, reason) {
        stream.state = 'erroring';
        stream.storedError = reason;
        stream.writer?.failReady(reason);
        if (!stream.hasOperationInFlight && stream.controller.started) finishErroring(stream);
    }

    function finishErroring(stream) {
        stream.state = 'errored';
        stream.controller.queue.clear();
        const { storedError, writeRequests } = stream;
        stream.writeRequests = new Queue();
        while (writeRequests.length > 0) writeRequests.take().reject(storedError);
        const { pendingAbort } = stream;
        if (pendingAbort === undefined) {
            rejectCloseAndClosed(stream);
            return;
        }
        stream.pendingAbort = undefined;
        if (pendingAbort.wasErroring) {
            pendingAbort.done.reject(storedError);
            rejectCloseAndClosed(stream);
            return;
        }
        then(stream.controller.abortSteps(pendingAbort.reason), () => {
            pendingAbort.done.resolve(undefined);
            rejectCloseAndClosed(stream);
        }, (error) => {
            pendingAbort.done.reject(error);
            rejectCloseAndClosed(stream);
        });
    }

    function rejectCloseAndClosed(stream) {
        stream.closeRequest?.reject(stream.storedError);
        stream.closeRequest = undefined;
        stream.writer?.failClosed(stream.storedError);
    }

    function dealWithRejection(stream, error) {
        if (stream.state === 'writable') startErroring(stream, error);
        else finishErroring(stream);
    }

    function finishClose(stream) {
        stream.inFlightClose.resolve(undefined);
        stream.inFlightClose = undefined;
        if (stream.state === 'erroring') {
            stream.storedError = undefined;
            stream.pendingAbort?.done.resolve(undefined);
            stream.pendingAbort = undefined;
        }
        stream.state = 'closed';
        stream.writer?.resolveClosed();
    }

    function failClose(stream, error) {
        stream.inFlightClose.reject(error);
        stream.inFlightClose = undefined;
        stream.pendingAbort?.done.reject(error);
        stream.pendingAbort = undefined;
        dealWithRejection(stream, error);
    }

    function updateBackpressure(stream, backpressure) {
        const { writer } = stream;
        if (writer !== undefined && backpressure !== stream.backpressure) {
            if (backpressure) writer.renewReady();
            else writer.resolveReady();
        }
        stream.backpressure = backpressure;
    }

    // MARK: Controller

    class WritableController {

        stream;

        writeSink;

        closeSink;

        abortSink;

        sizeOf;

        highWaterMark;
        queue = new Queue();
        started = false;
        object = undefined;
        #abortController = undefined;

        constructor(stream, { write, close, abort, sizeOf, highWaterMark }) {
            this.stream = stream;
            this.writeSink = write;
            this.closeSink = close;
            this.abortSink = abort;
            this.sizeOf = sizeOf;
            this.highWaterMark = highWaterMark;
            stream.controller = this;
        }

        get signal() {
            this.#abortController ??= new bridge.AbortController();
            return this.#abortController.signal;
        }

        abortSignalWith(reason) {
            this.#abortController ??= new bridge.AbortController();
            bridge.abort(this.#abortController, reason);
        }

        begin(start) {
            updateBackpressure(this.stream, this.backpressure);
            const result = start === undefined ? undefined : start();
            then(newPromise((resolve) => { resolve(result); }), () => {
                this.started = true;
                this.advance();
            }, (error) => {
                this.started = true;
                dealWithRejection(this.stream, error);
            });
        }

        get desiredSize() { return this.highWaterMark - this.queue.total; }
        get backpressure() { return this.desiredSize <= 0; }

        clearAlgorithms() {
            this.writeSink = undefined;
            this.closeSink = undefined;
            this.abortSink = undefined;
            this.sizeOf = undefined;
        }

        chunkSize(chunk) {
            if (this.sizeOf === undefined) return 1;
            try {
                return this.sizeOf(chunk);
            } catch (error) {
                this.failIfNeeded(error);
                return 1;
            }
        }

        write(chunk, size) {
            try {
                this.queue.add(chunk, checkSize(size));
            } catch (error) {
                this.failIfNeeded(error);
                return;
            }
            if (!this.stream.closeQueuedOrInFlight && this.stream.state === 'writable') {
                updateBackpressure(this.stream, this.backpressure);
            }
            this.advance();
        }

        close() {
            this.queue.add(closeMark, 0);
            this.advance();
        }

        abortSteps(reason) {
            const { abortSink } = this;
            this.clearAlgorithms();
            return abortSink(reason);
        }

        failIfNeeded(error) { if (this.stream.state === 'writable') this.fail(error); }

        fail(error) {
            this.clearAlgorithms();
            startErroring(this.stream, error);
        }

        advance() {
            const { stream } = this;
            if (!this.started || stream.inFlightWrite !== undefined) return;
            if (stream.state === 'erroring') {
                finishErroring(stream);
                return;
            }
            if (this.queue.length === 0) return;
            const chunk = this.queue.peek();
            if (chunk === closeMark) this.processClose();
            else this.processWrite(chunk);
        }

        processClose() {
            const { stream, closeSink } = this;
            stream.inFlightClose = stream.closeRequest;
            stream.closeRequest = undefined;
            this.queue.take();
            const done = closeSink();
            this.clearAlgorithms();
            then(done, () => finishClose(stream), (error) => failClose(stream, error));
        }

        processWrite(chunk) {
            const { stream } = this;
            stream.inFlightWrite = stream.writeRequests.take();
            then(this.writeSink(chunk), () => {
                stream.inFlightWrite.resolve(undefined);
                stream.inFlightWrite = undefined;
                const { state } = stream;
                this.queue.take();
                if (!stream.closeQueuedOrInFlight && state === 'writable') {
                    updateBackpressure(stream, this.backpressure);
                }
                this.advance();
            }, (error) => {
                if (stream.state === 'writable') this.clearAlgorithms();
                stream.inFlightWrite.reject(error);
                stream.inFlightWrite = undefined;
                dealWithRejection(stream, error);
            });
        }
    }

    /** A stream whose sink is the runtime itself. */
    streams.makeWritable = function makeWritable({ start, write, close, abort, highWaterMark = 1, sizeOf = () => 1 }) {
        const stream = new Writable();
        const always = () => resolved(undefined);
        const controller = new WritableController(stream, {
            __proto__: null,
            write: write ?? always, close: close ?? always, abort: abort ?? always, sizeOf, highWaterMark,
        });
        controller.begin(start);
        return stream;
    };

    streams.Writable = Writable;
    streams.Writer = Writer;
    streams.WritableController = WritableController;
    streams.closeWritable = closeStream;
    streams.abortWritable = abortStream;
    streams.acquireWriter = (stream) => new Writer(stream);
})
