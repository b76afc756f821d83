// Splitting a readable stream in two (Streams Standard, sections 4.9.1 and 4.10.11), and ReadableStream.from.
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { deferred, resolved, rejectedWith, then } = bridge;
    const { apply } = Reflect;
    const cloneBytes = Uint8Array.prototype.slice;
    const kinds = {
        bytes: { elementSize: 1, construct: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
    };

    function teeChunks(stream, cloneForSecond) {
        const reader = streams.acquireReader(stream);
        let reading = false;
        let readAgain = false;
        const canceled = [false, false];
        const reasons = [undefined, undefined];
        const branches = [undefined, undefined];
        const cancelDone = deferred();

        function pull() {
            if (reading) {
                readAgain = true;
                return resolved(undefined);
            }
            reading = true;
            streams.read(reader, {
                chunk(value) {
                    then(resolved(undefined), () => {
                        readAgain = false;
                        let second = value;
                        if (!canceled[1] && cloneForSecond !== undefined) {
                            try {
                                second = cloneForSecond(value);
                            } catch (error) {
                                branches[0].controller.fail(error);
                                branches[1].controller.fail(error);
                                cancelDone.resolve(streams.cancel(stream, error));
                                return;
                            }
                        }
                        enqueueQuietly(0, value);
                        enqueueQuietly(1, second);
                        reading = false;
                        if (readAgain) pull();
                    });
                },
                close() {
                    reading = false;
                    for (let index = 0; index < 2; index += 1) {
                        if (!canceled[index] && branches[index].controller.mayEnqueue) {
                            branches[index].controller.close();
                        }
                    }
                    if (!canceled[0] || !canceled[1]) cancelDone.resolve(undefined);
                },
                fail() { reading = false; },
            });
            return resolved(undefined);
        }

        function enqueueQuietly(index, value) {
            const { controller } = branches[index];
            if (!canceled[index] && controller.mayEnqueue) controller.enqueue(value);
        }

        const cancelBranch = (index) => (reason) => {
            canceled[index] = true;
            reasons[index] = reason;
            if (canceled[0] && canceled[1]) cancelDone.resolve(streams.cancel(stream, [reasons[0], reasons[1]]));
            return cancelDone.promise;
        };

        branches[0] = streams.makeReadable({ __proto__: null, pull, cancel: cancelBranch(0) });
        branches[1] = streams.makeReadable({ __proto__: null, pull, cancel: cancelBranch(1) });
        then(reader.closed.promise, undefined, (error) => {
            branches[0].controller.fail(error);
            branches[1].controller.fail(error);
            if (!canceled[0] || !canceled[1]) cancelDone.resolve(undefined);
        });
        return branches;
    }

    function teeBytes(stream) {
        let reader = streams.acquireReader(stream);
        let reading = false;
        const readAgain = [false, false];
        const canceled = [false, false];
        const reasons = [undefined, undefined];
        const branches = [undefined, undefined];
        const cancelDone = deferred();

        function watch(current) {
            then(current.closed.promise, undefined, (error) => {
                if (current !== reader) return;
                branches[0].controller.fail(error);
                branches[1].controller.fail(error);
                if (!canceled[0] || !canceled[1]) cancelDone.resolve(undefined);
            });
        }

        function switchReader(acquire) {
            streams.releaseReader(reader);
            reader = acquire(stream);
            watch(reader);
        }

        function copyOrFail(chunk) {
            try {
                return apply(cloneBytes, chunk, []);
            } catch (error) {
                branches[0].controller.fail(error);
                branches[1].controller.fail(error);
                cancelDone.resolve(streams.cancel(stream, error));
                return undefined;
            }
        }

        function finishRead() {
            reading = false;
            if (readAgain[0]) pullFor(0);
            else if (readAgain[1]) pullFor(1);
        }

        function closeBoth() {
            for (let index = 0; index < 2; index += 1) {
                if (!canceled[index]) branches[index].controller.close();
            }
        }

        function pullDefault() {
            if (reader.isBYOB) switchReader(streams.acquireReader);
            streams.read(reader, {
                chunk(chunk) {
                    then(resolved(undefined), () => {
                        readAgain[0] = false;
                        readAgain[1] = false;
                        const second = !canceled[0] && !canceled[1] ? copyOrFail(chunk) : chunk;
                        if (second === undefined) return;
                        if (!canceled[0]) branches[0].controller.enqueue(chunk);
                        if (!canceled[1]) branches[1].controller.enqueue(second);
                        finishRead();
                    });
                },
                close() {
                    reading = false;
                    closeBoth();
                    for (let index = 0; index < 2; index += 1) {
                        if (branches[index].controller.pending.length > 0) branches[index].controller.respond(0);
                    }
                    if (!canceled[0] || !canceled[1]) cancelDone.resolve(undefined);
                },
                fail() { reading = false; },
            });
        }

        /** Reads into the buffer that branch `index` was asked to fill. */
        function pullBYOB(index, view) {
            if (!reader.isBYOB) switchReader(streams.acquireBYOBReader);
            const other = 1 - index;
            streams.readInto(reader, view, kinds.bytes, 1, {
                chunk(chunk) {
                    then(resolved(undefined), () => {
                        readAgain[0] = false;
                        readAgain[1] = false;
                        if (!canceled[other]) {
                            const cloned = copyOrFail(chunk);
                            if (cloned === undefined) return;
                            if (!canceled[index]) branches[index].controller.respondWithNewView(chunk);
                            branches[other].controller.enqueue(cloned);
                        } else if (!canceled[index]) {
                            branches[index].controller.respondWithNewView(chunk);
                        }
                        finishRead();
                    });
                },
                close(chunk) {
                    reading = false;
                    closeBoth();
                    if (chunk !== undefined) {
                        if (!canceled[index]) branches[index].controller.respondWithNewView(chunk);
                        const { controller } = branches[other];
                        if (!canceled[other] && controller.pending.length > 0) controller.respond(0);
                    }
                    if (!canceled[0] || !canceled[1]) cancelDone.resolve(undefined);
                },
                fail() { reading = false; },
            });
        }

        function pullFor(index) {
            if (reading) {
                readAgain[index] = true;
                return resolved(undefined);
            }
            reading = true;
            const { controller } = branches[index];
            if (controller.pending.length === 0) {
                pullDefault();
            } else {
                const first = controller.pending.peek();
                pullBYOB(index, new Uint8Array(
                    first.buffer, first.byteOffset + first.filled, first.byteLength - first.filled));
            }
            return resolved(undefined);
        }

        const cancelBranch = (index) => (reason) => {
            canceled[index] = true;
            reasons[index] = reason;
            if (canceled[0] && canceled[1]) cancelDone.resolve(streams.cancel(stream, [reasons[0], reasons[1]]));
            return cancelDone.promise;
        };

        branches[0] = streams.makeByteStream({ __proto__: null, pull: () => pullFor(0), cancel: cancelBranch(0) });
        branches[1] = streams.makeByteStream({ __proto__: null, pull: () => pullFor(1), cancel: cancelBranch(1) });
        watch(reader);
        return branches;
    }

    /** Two records with the same chunks; the stream stays locked. */
    streams.tee = function tee(stream, cloneForSecond) {
        if (stream.controller instanceof streams.ByteController) return teeBytes(stream);
        return teeChunks(stream, cloneForSecond);
    };

    /** A stream of what an iterable or an asynchronous iterable yields. */
    streams.fromIterable = function fromIterable(iterable) {
        if (iterable === null || iterable === undefined) throw new TypeError('from() needs an iterable');
        const asyncMethod = iterable[Symbol.asyncIterator];
        const isAsync = asyncMethod !== undefined && asyncMethod !== null;
        const method = isAsync ? asyncMethod : iterable[Symbol.iterator];
        if (typeof method !== 'function') throw new TypeError('from() needs an iterable');
        const iterator = apply(method, iterable, []);
        if (typeof iterator !== 'object' || iterator === null) throw new TypeError('the iterator is no object');
        const { next } = iterator;

        function checked(result) {
            return then(resolved(result), (step) => {
                if (typeof step !== 'object' || step === null) throw new TypeError('an iterator gave no object');
                return step;
            });
        }

        const stream = streams.makeReadable({
           __proto__: null,
            highWaterMark: 0,
            pull() {
                let step;
                try {
                    step = checked(apply(next, iterator, []));
                } catch (error) {
                    return rejectedWith(error);
                }
                return then(step, (result) => {
                    if (result.done) {
                        stream.controller.close();
                        return undefined;
                    }
                    const { value } = result;
                    if (isAsync) {
                        stream.controller.enqueue(value);
                        return undefined;
                    }
                    return then(resolved(value), (item) => { stream.controller.enqueue(item); });
                });
            },
            cancel(reason) {
                try {
                    const { return: finish } = iterator;
                    if (finish === undefined || finish === null) return resolved(undefined);
                    return then(checked(apply(finish, iterator, [reason])), () => undefined);
                } catch (error) {
                    return rejectedWith(error);
                }
            },
        });
        return stream;
    };

    /** Reads into `view` for a read request. */
    streams.readInto = function readInto(reader, view, kind, minimum, request) {
        const { stream } = reader;
        stream.disturbed = true;
        if (stream.state === 'errored') request.fail(stream.storedError);
        else stream.controller.pullInto(view, kind, minimum, request);
    };
})
