// Piping (Streams Standard, section 4.9.1, ReadableStreamPipeTo).
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { ignore, newPromise, resolved, then } = bridge;

    class Pipe {

        source;

        destination;

        options;

        settle;

        reader;

        writer;

        onAbort;
        shuttingDown = false;
        currentWrite = resolved(undefined);

        constructor(source, destination, options, settle) {
            this.source = source;
            this.destination = destination;
            this.options = options;
            this.settle = settle;
            this.reader = streams.acquireReader(source);
            this.writer = streams.acquireWriter(destination);
            source.disturbed = true;
        }

        start() {
            const { signal } = this.options;
            if (signal !== undefined) {
                this.onAbort = () => this.aborted(signal.reason);
                if (signal.aborted) {
                    this.onAbort();
                    return;
                }
                bridge.onAbort(signal, this.onAbort);
            }
            this.watch();
            this.step();
        }

        aborted(reason) {
            const { preventAbort, preventCancel } = this.options;
            this.shutdown(() => {
                const actions = [];
                if (!preventAbort) {
                    actions[0] = this.destination.state === 'writable'
                        ? streams.abortWritable(this.destination, reason) : resolved(undefined);
                }
                if (!preventCancel) {
                    actions[actions.length] = this.source.state === 'readable'
                        ? streams.cancel(this.source, reason) : resolved(undefined);
                }
                return both(actions);
            }, true, reason);
        }

        /** Errors and closing travel in both directions. */
        watch() {
            const { source, destination, options } = this;
            const sourceErrored = () => {
                if (options.preventAbort) this.shutdown(undefined, true, source.storedError);
                else {
                    this.shutdown(
                        () => streams.abortWritable(destination, source.storedError), true, source.storedError);
                }
            };
            const destinationErrored = () => {
                if (options.preventCancel) this.shutdown(undefined, true, destination.storedError);
                else {
                    this.shutdown(
                        () => streams.cancel(source, destination.storedError), true, destination.storedError);
                }
            };
            const sourceClosed = () => {
                if (options.preventClose) this.shutdown(undefined, false, undefined);
                else this.shutdown(() => this.writer.closeWithErrorPropagation(), false, undefined);
            };
            if (source.state === 'errored') sourceErrored();
            else then(this.reader.closed.promise, undefined, sourceErrored);
            if (destination.state === 'errored') destinationErrored();
            else then(this.writer.closed.promise, undefined, destinationErrored);
            if (source.state === 'closed') sourceClosed();
            else then(this.reader.closed.promise, sourceClosed, () => undefined);
            if (destination.closeQueuedOrInFlight || destination.state === 'closed') {
                const error = new TypeError('the destination is closed');
                if (options.preventCancel) this.shutdown(undefined, true, error);
                else this.shutdown(() => streams.cancel(source, error), true, error);
            }
        }

        step() {
            if (this.shuttingDown) return;
            then(this.writer.ready.promise, () => {
                if (this.shuttingDown) return;
                streams.read(this.reader, {
                    chunk: (value) => {
                        // Whoever enqueues the chunk does not call the sink; a turn between chunks lets errors of the
                        // destination arrive.
                        const turn = then(resolved(undefined), () => this.writer.write(value));
                        this.currentWrite = then(turn, undefined, () => undefined);
                        then(resolved(undefined), () => this.step());
                    },
                    close: () => undefined,
                    fail: () => undefined,
                });
            }, () => undefined);
        }

        shutdown(action, failed, error) {
            if (this.shuttingDown) return;
            this.shuttingDown = true;
            const act = () => {
                if (action === undefined) {
                    this.finish(failed, error);
                    return;
                }
                then(action(), () => this.finish(failed, error), (reason) => this.finish(true, reason));
            };
            const mustWait = this.destination.state === 'writable' && !this.destination.closeQueuedOrInFlight;
            if (mustWait) this.afterWrites(act);
            else act();
        }

        /** Waits for the last write that was begun. */
        afterWrites(next) {
            const last = this.currentWrite;
            then(last, () => {
                if (last !== this.currentWrite) this.afterWrites(next);
                else next();
            });
        }

        finish(failed, error) {
            this.writer.release();
            streams.releaseReader(this.reader);
            if (this.onAbort !== undefined) bridge.offAbort(this.options.signal, this.onAbort);
            if (failed) this.settle.reject(error);
            else this.settle.resolve(undefined);
        }
    }

    function both(promises) {
        if (promises.length === 0) return resolved(undefined);
        if (promises.length === 1) return promises[0];
        return newPromise((resolve, reject) => {
            let waiting = 2;
            for (let index = 0; index < 2; index += 1) {
                then(promises[index], () => {
                    waiting -= 1;
                    if (waiting === 0) resolve(undefined);
                }, reject);
            }
        });
    }

    /** Pipes the records; `options` has preventClose, preventAbort, preventCancel and maybe a signal. */
    streams.pipe = function pipe(source, destination, options) {
        return newPromise((resolve, reject) => {
            new Pipe(source, destination, options, { resolve, reject }).start();
        });
    };

    /** Pipes without telling the outcome to anyone. */
    streams.pipeQuietly = (source, destination, options = { __proto__: null }) =>
        ignore(streams.pipe(source, destination, options));
})
