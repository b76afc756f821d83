// What one run of a WASI program has: its memory, arguments and descriptors, and what it writes.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const wasi = bridge.group('wasi');
    const { errno, refuse } = wasi;
    /** What may wait of a program's output, in bytes; the node's limit for responses in one piece may be lower. */
    const maxOutputBytes = 12 << 20;
    /** An output that is longer than this, in bytes, leaves while the program runs. */
    const maxWholeBytes = 256 << 10;
    /** So does what is written longer than this after the first, in milliseconds. */
    const maxWholeTime = 20;
    /** The longest line of a log; what is longer becomes several. */
    const maxLineBytes = 16 << 10;
    /** What a program may write to its log, in bytes. The worker's own limit is lower; this one spares the work. */
    const maxLogBytes = 1 << 20;
    /** Descriptors that may be open. */
    const maxDescriptors = 256;
    const newline = 10;
    const info = 1;

    /**
     * What the program wrote to its standard output. It leaves in one piece if it is short and soon complete; otherwise
     * it leaves with each further write, as far as its reader lets it, and the rest waits.
     */
    class Output {
        #bytes = new Uint8Array(4096);
        #length = 0;
        /** When something was written for the first time. */
        #start = undefined;
        /** The request that it answers, 0 where nobody reads it. */
        #request;
        #isStreaming = false;

        constructor(request) { this.#request = request; }

        get bytes() { return this.#bytes.subarray(0, this.#length); }

        /** Whether the answer's head has left. */
        get isStreaming() { return this.#isStreaming; }

        add(memory, address, length) {
            const needed = this.#length + length;
            if (needed > maxOutputBytes) this.#refuse();
            if (needed > this.#bytes.length) {
                const larger = new Uint8Array(Math.min(maxOutputBytes, Math.max(needed, this.#bytes.length * 2)));
                larger.set(this.bytes);
                this.#bytes = larger;
            }
            memory.copy(address, length, this.#bytes, this.#length);
            this.#length = needed;
        }

        /** Sends what there is, if it does not wait for the end. */
        flush() {
            if (this.#isStreaming) {
                this.#send(0);
                return;
            }
            if (this.#request === 0) return;
            this.#start ??= host.now();
            if (this.#length <= maxWholeBytes && host.now() - this.#start <= maxWholeTime) return;
            if (!wasi.hasHead(this.bytes)) return;
            const { status, headers, bodyStart, hasBody } = wasi.readHead(this.bytes);
            if (!hasBody) return;
            host.respond(this.#request, status, bridge.headerLines(headers), null, true);
            this.#isStreaming = true;
            this.#send(bodyStart);
        }

        /** The body has no more. */
        end() { host.end(this.#request); }

        #send(from) {
            if (this.#length === from) return;
            const room = host.send(this.#request, this.#bytes.subarray(from, this.#length));
            this.#length = 0;
            if (room < -maxOutputBytes) this.#refuse();
        }

        #refuse() {
            throw new bridge.BadResponse(this.#isStreaming
                ? `the program wrote more than ${maxOutputBytes} bytes ahead of the reader of its output`
                : `the program wrote more than ${maxOutputBytes} bytes to its output`);
        }
    }

    /** Lines that go to the function's log. */
    class LineLog {
        #line = undefined;
        #length = 0;
        #budget = maxLogBytes;

        add(memory, address, length) {
            this.#line ??= new Uint8Array(maxLineBytes);
            let offset = 0;
            while (offset < length && this.#budget > 0) {
                const count = Math.min(length - offset, maxLineBytes - this.#length);
                memory.copy(address + offset, count, this.#line, this.#length);
                this.#length += count;
                this.#budget -= count;
                offset += count;
                this.#writeLines();
            }
        }

        /** Lines leave by themselves. */
        flush() {}

        #writeLines() {
            let start = 0;
            for (;;) {
                const end = this.#line.subarray(0, this.#length).indexOf(newline, start);
                if (end < 0) break;
                this.#write(start, end);
                start = end + 1;
            }
            if (start === 0 && this.#length === maxLineBytes) {
                this.#write(0, this.#length);
                start = this.#length;
            }
            this.#line.copyWithin(0, start, this.#length);
            this.#length -= start;
        }

        #write(start, end) { host.log(info, host.decode(this.#line.slice(start, end), false)); }

        /** Writes a last line that no line break ends. */
        finish() {
            if (this.#length > 0) this.#write(0, this.#length);
            this.#length = 0;
        }
    }

    class Process {
        memory = new wasi.GuestMemory(undefined);
        /** Texts as bytes that end with a zero. */
        args;
        environment;
        output;
        log = new LineLog();
        exitCode = undefined;
        /** What every further call throws: a program could catch it the first time. */
        stopped = undefined;
        /** How far the program's clocks are ahead, in nanoseconds: it slept. */
        ahead = 0n;
        #descriptors = new bridge.SafeMap();

        /** `request` is the one that the output answers, 0 for none. */
        constructor(args, environment, input, root, request) {
            this.output = new Output(request);
            this.args = args;
            this.environment = environment;
            this.#descriptors.set(0, { kind: 'input', bytes: input, offset: 0 });
            this.#descriptors.set(1, { kind: 'output', sink: this.output });
            this.#descriptors.set(2, { kind: 'log', sink: this.log });
            this.#descriptors.set(3, { kind: 'folder', node: root, isPreopened: true });
        }

        descriptor(number) { return this.#descriptors.get(number >>> 0) ?? refuse(errno.badf); }

        folder(number) {
            const descriptor = this.descriptor(number);
            return descriptor.kind === 'folder' ? descriptor : refuse(errno.notdir);
        }

        open(descriptor) {
            for (let number = 3; number < maxDescriptors; number += 1) {
                if (this.#descriptors.has(number)) continue;
                this.#descriptors.set(number, descriptor);
                return number;
            }
            return refuse(errno.mfile);
        }

        close(number) {
            this.descriptor(number);
            this.#descriptors.delete(number >>> 0);
        }

        renumber(from, to) {
            const descriptor = this.descriptor(from);
            this.descriptor(to);
            this.#descriptors.delete(from >>> 0);
            this.#descriptors.set(to >>> 0, descriptor);
        }
    }

    wasi.Process = Process;
    wasi.maxOutputBytes = maxOutputBytes;
})
