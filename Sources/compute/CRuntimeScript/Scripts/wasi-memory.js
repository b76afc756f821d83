// The memory of a WASI program as the functions of wasi-calls.js see it. Every address and every length comes from the
// program: nothing is read or written before it has been checked against the memory as it is now.
(function (bridge) {
    'use strict';

    const wasi = bridge.group('wasi');
    /** Buffers of one call (`IOV_MAX` elsewhere). */
    const maxBuffers = 1024;

    /** Numbers of errors (WASI preview 1, `errno`). */
    const errno = {
        __proto__: null, badf: 8, exist: 20, fault: 21, ilseq: 25, inval: 28, isdir: 31, mfile: 33, nametoolong: 37,
        noent: 44, nosys: 52, notdir: 54, notsup: 58, overflow: 61, rofs: 69, spipe: 70, notcapable: 76,
    };

    /** What ends a call with a number instead of 0. */
    class Refusal {
        code;
        constructor(code) { this.code = code; }
    }
    const refusals = { __proto__: null };
    for (const name of Object.keys(errno)) refusals[errno[name]] = new Refusal(errno[name]);

    /** Ends the running call with the number of an error. */
    function refuse(code) { throw refusals[code]; }

    class GuestMemory {
        #memory;
        #buffer = undefined;
        #view;
        #bytes;

        /** @param memory The exported memory; undefined while a start function runs, which has none to show yet. */
        constructor(memory) { this.#memory = memory; }

        /** The address of `length` bytes that are there. A memory that grew has another buffer. */
        check(address, length) {
            if (this.#memory === undefined) refuse(errno.fault);
            const { buffer } = this.#memory;
            if (buffer !== this.#buffer) {
                this.#buffer = buffer;
                this.#view = new DataView(buffer);
                this.#bytes = new Uint8Array(buffer);
            }
            const start = address >>> 0;
            if (start + (length >>> 0) > this.#bytes.length) refuse(errno.fault);
            return start;
        }

        uint8(address) {
            const start = this.check(address, 1);
            return this.#view.getUint8(start);
        }
        uint16(address) {
            const start = this.check(address, 2);
            return this.#view.getUint16(start, true);
        }
        uint32(address) {
            const start = this.check(address, 4);
            return this.#view.getUint32(start, true);
        }
        uint64(address) {
            const start = this.check(address, 8);
            return this.#view.getBigUint64(start, true);
        }
        setUint8(address, value) {
            const start = this.check(address, 1);
            this.#view.setUint8(start, value);
        }
        setUint16(address, value) {
            const start = this.check(address, 2);
            this.#view.setUint16(start, value, true);
        }
        setUint32(address, value) {
            const start = this.check(address, 4);
            this.#view.setUint32(start, value, true);
        }
        setUint64(address, value) {
            const start = this.check(address, 8);
            this.#view.setBigUint64(start, value, true);
        }

        /** A copy: native functions must never hold on to a memory that may grow. */
        read(address, length) {
            const start = this.check(address, length);
            return this.#bytes.slice(start, start + (length >>> 0));
        }

        write(address, bytes) {
            const start = this.check(address, bytes.length);
            this.#bytes.set(bytes, start);
        }

        /** Copies to `target` at `offset`. */
        copy(address, length, target, offset) {
            const start = this.check(address, length);
            target.set(this.#bytes.subarray(start, start + length), offset);
        }

        fill(address, length) {
            const start = this.check(address, length);
            this.#bytes.fill(0, start, start + length);
        }

        /** The buffers of a list, all of them checked: pairs of an address and a length. */
        buffers(list, count) {
            const number = count >>> 0;
            if (number > maxBuffers) refuse(errno.inval);
            const start = this.check(list, number * 8);
            const buffers = [];
            for (let index = 0; index < number; index += 1) {
                const length = this.uint32(start + index * 8 + 4);
                buffers[index] = [this.check(this.uint32(start + index * 8), length), length];
            }
            return buffers;
        }
    }

    wasi.errno = errno;
    wasi.Refusal = Refusal;
    wasi.refuse = refuse;
    wasi.GuestMemory = GuestMemory;
})
