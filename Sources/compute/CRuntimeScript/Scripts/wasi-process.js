// What one run of a WASI program has: its memory, arguments and descriptors, and what it writes.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const wasi = bridge.group('wasi');
    const { errno, refuse } = wasi;
    /** What a program may write to its output, in bytes; the node's limit for responses may be lower. */
    const maxOutputBytes = 12 << 20;
    /** The longest line of a log; what is longer becomes several. */
    const maxLineBytes = 16 << 10;
    /** What a program may write to its log, in bytes. The worker's own limit is lower; this one spares the work. */
    const maxLogBytes = 1 << 20;
    /** Descriptors that may be open. */
    const maxDescriptors = 256;
    const newline = 10;
    const info = 1;

    /** What the program wrote to its standard output. */
    class Output {
        #bytes = new Uint8Array(4096);
        #length = 0;

        get bytes() { return this.#bytes.subarray(0, this.#length); }

        add(memory, address, length) {
            const needed = this.#length + length;
            if (needed > maxOutputBytes) {
                throw new bridge.BadResponse(`the program wrote more than ${maxOutputBytes} bytes to its output`);
            }
            if (needed > this.#bytes.length) {
                const larger = new Uint8Array(Math.min(maxOutputBytes, Math.max(needed, this.#bytes.length * 2)));
                larger.set(this.bytes);
                this.#bytes = larger;
            }
            memory.copy(address, length, this.#bytes, this.#length);
            this.#length = needed;
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
        output = new Output();
        log = new LineLog();
        exitCode = undefined;
        /** What every further call throws: a program could catch it the first time. */
        stopped = undefined;
        /** How far the program's clocks are ahead, in nanoseconds: it slept. */
        ahead = 0n;
        #descriptors = new bridge.SafeMap();

        constructor(args, environment, input, root) {
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
