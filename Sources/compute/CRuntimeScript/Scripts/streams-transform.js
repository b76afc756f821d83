// The record behind TransformStream (Streams Standard, section 6).
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { deferred, resolved, rejectedWith, then } = bridge;

    /** A pair of streams. `transform`, `flush` and `cancel` return promises. */
    class Transform {
        transformChunk;
        flushRest;
        cancelAll;
        started;
        writable;
        readable;
        backpressure = undefined;
        backpressureChange = undefined;
        finishing = undefined;
        object = undefined;

        constructor(algorithms, writable, readable) {
            this.transformChunk = algorithms.transform;
            this.flushRest = algorithms.flush;
            this.cancelAll = algorithms.cancel;
            const start = deferred();
            this.started = start;
            this.writable = streams.makeWritable({
               __proto__: null,
                start: () => start.promise,
                write: (chunk) => this.sinkWrite(chunk),
                close: () => this.sinkClose(),
                abort: (reason) => this.sinkAbort(reason),
                highWaterMark: writable.highWaterMark,
                sizeOf: writable.sizeOf,
            });
            this.readable = streams.makeReadable({
               __proto__: null,
                start: () => start.promise,
                pull: () => {
                    this.setBackpressure(false);
                    return this.backpressureChange.promise;
                },
                cancel: (reason) => this.sourceCancel(reason),
                highWaterMark: readable.highWaterMark,
                size: readable.sizeOf,
            });
            this.setBackpressure(true);
        }

        setBackpressure(backpressure) {
            this.backpressureChange?.resolve(undefined);
            this.backpressureChange = deferred();
            this.backpressure = backpressure;
        }

        clearAlgorithms() {
            this.transformChunk = undefined;
            this.flushRest = undefined;
            this.cancelAll = undefined;
        }

        // MARK: What the controller does

        enqueue(chunk) {
            const { controller } = this.readable;
            if (!controller.mayEnqueue) throw new TypeError('the readable side takes no more chunks');
            try {
                controller.enqueue(chunk);
            } catch (error) {
                this.failWritableAndUnblock(error);
                throw this.readable.storedError;
            }
            if (controller.hasBackpressure !== this.backpressure) this.setBackpressure(true);
        }

        fail(error) {
            this.readable.controller.fail(error);
            this.failWritableAndUnblock(error);
        }

        failWritableAndUnblock(error) {
            this.clearAlgorithms();
            this.writable.controller.failIfNeeded(error);
            if (this.backpressure) this.setBackpressure(false);
        }

        terminate() {
            if (this.readable.controller.mayEnqueue) this.readable.controller.close();
            this.failWritableAndUnblock(new TypeError('the transform was terminated'));
        }

        // MARK: Writing

        sinkWrite(chunk) {
            if (!this.backpressure) return this.perform(chunk);
            return then(this.backpressureChange.promise, () => {
                if (this.writable.state === 'erroring') throw this.writable.storedError;
                return this.perform(chunk);
            });
        }

        perform(chunk) {
            return then(this.transformChunk(chunk), undefined, (error) => {
                this.fail(error);
                throw error;
            });
        }

        sinkClose() {
            if (this.finishing !== undefined) return this.finishing.promise;
            this.finishing = deferred();
            const done = this.flushRest();
            this.clearAlgorithms();
            then(done, () => {
                if (this.readable.state === 'errored') {
                    this.finishing.reject(this.readable.storedError);
                    return;
                }
                if (this.readable.controller.mayEnqueue) this.readable.controller.close();
                this.finishing.resolve(undefined);
            }, (error) => {
                this.readable.controller.fail(error);
                this.finishing.reject(error);
            });
            return this.finishing.promise;
        }

        sinkAbort(reason) {
            if (this.finishing !== undefined) return this.finishing.promise;
            this.finishing = deferred();
            const done = this.cancelAll(reason);
            this.clearAlgorithms();
            then(done, () => {
                if (this.readable.state === 'errored') {
                    this.finishing.reject(this.readable.storedError);
                    return;
                }
                this.readable.controller.fail(reason);
                this.finishing.resolve(undefined);
            }, (error) => {
                this.readable.controller.fail(error);
                this.finishing.reject(error);
            });
            return this.finishing.promise;
        }

        sourceCancel(reason) {
            if (this.finishing !== undefined) return this.finishing.promise;
            this.finishing = deferred();
            const done = this.cancelAll(reason);
            this.clearAlgorithms();
            then(done, () => {
                if (this.writable.state === 'errored') {
                    this.finishing.reject(this.writable.storedError);
                    return;
                }
                this.writable.controller.failIfNeeded(reason);
                if (this.backpressure) this.setBackpressure(false);
                this.finishing.resolve(undefined);
            }, (error) => {
                this.writable.controller.failIfNeeded(error);
                if (this.backpressure) this.setBackpressure(false);
                this.finishing.reject(error);
            });
            return this.finishing.promise;
        }
    }

    const one = { __proto__: null, highWaterMark: 1, sizeOf: () => 1 };
    const zero = { __proto__: null, highWaterMark: 0, sizeOf: () => 1 };

    /** A transform by the runtime: plain functions of a chunk and an `enqueue`; they may return promises. */
    streams.makeTransform = function makeTransform({ transform, flush, cancel }) {
        const quiet = (work) => {
            try {
                return resolved(work());
            } catch (error) {
                return rejectedWith(error);
            }
        };
        const record = new Transform({
            __proto__: null,
            transform: (chunk) => quiet(() => transform(chunk, record)),
            flush: () => quiet(() => flush?.(record)),
            cancel: (reason) => quiet(() => cancel?.(reason)),
        }, one, zero);
        record.started.resolve(undefined);
        return record;
    };

    /** A transform that changes nothing. */
    streams.makePassage = () => streams.makeTransform({
        __proto__: null, transform: (chunk, own) => own.enqueue(chunk),
    });

    streams.Transform = Transform;
    streams.one = one;
    streams.zero = zero;
})
