// The controller of byte streams and reads into the reader's own buffers (Streams Standard, section 4.10.11).
(function (bridge) {
    'use strict';

    const streams = bridge.group('streams');
    const { Queue, SourceController } = streams;
    const { resolved } = bridge;
    const { apply } = Reflect;
    const transferBuffer = ArrayBuffer.prototype.transfer;
    const transfer = (buffer) => apply(transferBuffer, buffer, []);
    const setBytes = Uint8Array.prototype.set;

    function copy(target, targetOffset, source, sourceOffset, count) {
        apply(setBytes, new Uint8Array(target, targetOffset, count), [new Uint8Array(source, sourceOffset, count)]);
    }

    /** A buffer that the source fills: a reader's own, or one of the size that the source asked for. */
    class PullInto {
        buffer;
        bufferLength;
        byteOffset;
        byteLength;
        filled;
        minimumFill;
        elementSize;
        construct;
        readerKind;

        constructor(buffer, byteOffset, byteLength, minimumFill, elementSize, construct, readerKind) {
            this.buffer = buffer;
            this.bufferLength = buffer.byteLength;
            this.byteOffset = byteOffset;
            this.byteLength = byteLength;
            this.filled = 0;
            this.minimumFill = minimumFill;
            this.elementSize = elementSize;
            this.construct = construct;
            this.readerKind = readerKind;
        }

        view() { return this.construct(this.buffer, this.byteOffset, this.filled / this.elementSize); }
    }

    class ByteController extends SourceController {
        autoAllocateChunkSize = undefined;
        pending = new Queue();
        /** The request object that a script holds, if it asked for one: { invalidate }. */
        request = undefined;

        shouldPull() {
            if (!this.mayEnqueue || !this.started) return false;
            if (streams.waitingReads(this.stream) > 0) return true;
            return this.desiredSize > 0;
        }

        dropQueue() {
            this.dropRequest();
            this.pending.clear();
            this.queue.clear();
        }

        dropRequest() {
            this.request?.invalidate();
            this.request = undefined;
        }

        released() {
            if (this.pending.length === 0) return;
            const first = this.pending.peek();
            first.readerKind = 'none';
            this.pending.clear();
            this.pending.add(first);
        }

        // MARK: Reading

        pullSteps(request) {
            if (this.queue.total > 0) {
                this.giveFromQueue(request);
                return;
            }
            const size = this.autoAllocateChunkSize;
            if (size !== undefined) {
                let buffer;
                try {
                    buffer = new ArrayBuffer(size);
                } catch (error) {
                    request.fail(error);
                    return;
                }
                this.pending.add(new PullInto(
                    buffer, 0, size, 1, 1, (target, offset, length) => new Uint8Array(target, offset, length),
                    'default'));
            }
            this.stream.reader.requests.add(request);
            this.pullIfNeeded();
        }

        giveFromQueue(request) {
            const entry = this.queue.take();
            this.afterDrain();
            request.chunk(new Uint8Array(entry.buffer, entry.byteOffset, entry.byteLength));
        }

        afterDrain() {
            if (this.queue.total === 0 && this.closeRequested) {
                this.clearAlgorithms();
                streams.close(this.stream);
            } else {
                this.pullIfNeeded();
            }
        }

        /** Reads into `view`, whose buffer is taken over. */
        pullInto(view, kind, minimum, request) {
            const { construct, elementSize } = kind;
            const { byteOffset, byteLength } = view;
            let buffer;
            try {
                buffer = transfer(view.buffer);
            } catch (error) {
                request.fail(error);
                return;
            }
            const entry = new PullInto(
                buffer, byteOffset, byteLength, minimum * elementSize, elementSize, construct, 'byob');
            const { requests } = this.stream.reader;
            if (this.pending.length > 0) {
                this.pending.add(entry);
                requests.add(request);
                return;
            }
            if (this.stream.state === 'closed') {
                request.close(construct(buffer, byteOffset, 0));
                return;
            }
            if (this.queue.total > 0) {
                if (this.fillFromQueue(entry)) {
                    const filled = this.finished(entry);
                    this.afterDrain();
                    request.chunk(filled);
                    return;
                }
                if (this.closeRequested) {
                    const error = new TypeError('the stream ended inside an element of the view');
                    this.fail(error);
                    request.fail(error);
                    return;
                }
            }
            this.pending.add(entry);
            requests.add(request);
            this.pullIfNeeded();
        }

        finished(entry) {
            entry.buffer = transfer(entry.buffer);
            return entry.view();
        }

        /** Moves queued bytes into an entry; true when it has its minimum in whole elements. */
        fillFromQueue(entry) {
            const most = Math.min(this.queue.total, entry.byteLength - entry.filled);
            const mostFilled = entry.filled + most;
            const aligned = mostFilled - (mostFilled % entry.elementSize);
            const ready = aligned >= entry.minimumFill;
            let rest = ready ? aligned - entry.filled : most;
            while (rest > 0) {
                const head = this.queue.peek();
                const count = Math.min(rest, head.byteLength);
                copy(entry.buffer, entry.byteOffset + entry.filled, head.buffer, head.byteOffset, count);
                if (head.byteLength === count) {
                    this.queue.take();
                } else {
                    head.byteOffset += count;
                    head.byteLength -= count;
                    this.queue.shrinkHead(count);
                }
                entry.filled += count;
                rest -= count;
            }
            return ready;
        }

        commit(entry) {
            const done = this.stream.state === 'closed';
            const view = this.finished(entry);
            const request = this.stream.reader.requests.take();
            if (entry.readerKind === 'default') request.chunk(view);
            else if (done) request.close(view);
            else request.chunk(view);
        }

        /** Serves the entries that the queue can complete. */
        serveEntries() {
            const done = [];
            while (this.pending.length > 0 && this.queue.total > 0) {
                const entry = this.pending.peek();
                if (!this.fillFromQueue(entry)) break;
                this.pending.take();
                done[done.length] = entry;
            }
            for (let index = 0; index < done.length; index += 1) this.commit(done[index]);
        }

        // MARK: Writing

        add(buffer, byteOffset, byteLength) { this.queue.add({ buffer, byteOffset, byteLength }, byteLength); }

        addCopy(buffer, byteOffset, byteLength) {
            const part = new ArrayBuffer(byteLength);
            copy(part, 0, buffer, byteOffset, byteLength);
            this.add(part, 0, byteLength);
        }

        /** Moves what a released reader's entry holds into the queue. */
        rescueReleasedEntry() {
            const entry = this.pending.take();
            if (entry.filled > 0) this.addCopy(entry.buffer, entry.byteOffset, entry.filled);
        }

        /** Enqueues bytes; their buffer is taken over. */
        enqueue(view) {
            const { byteOffset, byteLength } = view;
            const buffer = transfer(view.buffer);
            if (this.pending.length > 0) {
                const first = this.pending.peek();
                if (first.buffer.detached) throw new TypeError('the buffer of the request is not usable any more');
                this.dropRequest();
                first.buffer = transfer(first.buffer);
                if (first.readerKind === 'none') this.rescueReleasedEntry();
            }
            if (streams.hasDefaultReader(this.stream)) {
                const { requests } = this.stream.reader;
                while (requests.length > 0 && this.queue.total > 0) this.giveFromQueue(requests.take());
                if (requests.length === 0) {
                    this.add(buffer, byteOffset, byteLength);
                } else {
                    if (this.pending.length > 0) this.pending.take();
                    requests.take().chunk(new Uint8Array(buffer, byteOffset, byteLength));
                }
            } else {
                this.add(buffer, byteOffset, byteLength);
                if (streams.hasBYOBReader(this.stream)) this.serveEntries();
            }
            this.pullIfNeeded();
        }

        close() {
            if (this.closeRequested || this.stream.state !== 'readable') return;
            if (this.queue.total > 0) {
                this.closeRequested = true;
                return;
            }
            if (this.pending.length > 0) {
                const first = this.pending.peek();
                if (first.filled % first.elementSize !== 0) {
                    const error = new TypeError('the stream ended inside an element of the view');
                    this.fail(error);
                    throw error;
                }
            }
            this.clearAlgorithms();
            this.closeRequested = true;
            streams.close(this.stream);
        }

        /** The source has written `count` bytes into the request's view. */
        respond(count) {
            const first = this.pending.peek();
            if (this.stream.state === 'closed') {
                if (count !== 0) throw new TypeError('a closed stream takes no more bytes; respond with 0');
            } else {
                if (count === 0) throw new TypeError('respond with more than 0 bytes, or close the stream first');
                if (first.filled + count > first.byteLength) throw new RangeError('more bytes than the view has');
            }
            first.buffer = transfer(first.buffer);
            this.respondInternally(count);
        }

        respondWithNewView(view) {
            const first = this.pending.peek();
            const { byteLength } = view;
            if (this.stream.state === 'closed') {
                if (byteLength !== 0) {
                    throw new TypeError('a closed stream takes no more bytes; respond with an empty view');
                }
            } else if (byteLength === 0) {
                throw new TypeError('respond with a view that is not empty, or close the stream first');
            }
            if (first.byteOffset + first.filled !== view.byteOffset) {
                throw new RangeError('the view must begin where the request begins');
            }
            if (first.bufferLength !== view.buffer.byteLength) {
                throw new RangeError('the view must have a buffer of the length of the request\'s');
            }
            if (first.filled + byteLength > first.byteLength) throw new RangeError('more bytes than the view has');
            first.buffer = transfer(view.buffer);
            this.respondInternally(byteLength);
        }

        respondInternally(count) {
            this.dropRequest();
            if (this.stream.state === 'closed') this.respondClosed();
            else this.respondReadable(count);
            this.pullIfNeeded();
        }

        respondClosed() {
            if (this.pending.peek().readerKind === 'none') this.pending.take();
            if (!streams.hasBYOBReader(this.stream)) return;
            const { requests } = this.stream.reader;
            while (requests.length > 0) this.commit(this.pending.take());
        }

        respondReadable(count) {
            const first = this.pending.peek();
            first.filled += count;
            if (first.readerKind === 'none') {
                this.rescueReleasedEntry();
                this.serveEntries();
                return;
            }
            if (first.filled < first.minimumFill) return;
            this.pending.take();
            const rest = first.filled % first.elementSize;
            if (rest > 0) {
                this.addCopy(first.buffer, first.byteOffset + first.filled - rest, rest);
                first.filled -= rest;
            }
            this.commit(first);
            this.serveEntries();
        }
    }

    /** A byte stream whose source is the runtime itself. */
    streams.makeByteStream = function makeByteStream({ pull, cancel, highWaterMark = 0 }) {
        const stream = new streams.Readable();
        const always = () => resolved(undefined);
        const controller = new ByteController(stream, pull ?? always, cancel ?? always, highWaterMark);
        controller.begin(undefined);
        return stream;
    };

    streams.ByteController = ByteController;
})
