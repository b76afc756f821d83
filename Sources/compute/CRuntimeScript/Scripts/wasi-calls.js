// The functions of wasi_snapshot_preview1. A module can import all of them; those that make no sense for a program that
// answers one request with files that nobody changes refuse.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const wasi = bridge.group('wasi');
    const { errno, refuse, fileTypes } = wasi;
    const clocks = { realtime: 0, monotonic: 1 };
    const creates = 1;
    const wantsFolder = 2;
    const isExclusive = 4;
    const truncates = 8;
    const rights = {
        write: 1n << 6n,
        input: (1n << 1n) | (1n << 21n) | (1n << 27n),
        output: (1n << 6n) | (1n << 21n) | (1n << 27n),
        file: (1n << 1n) | (1n << 2n) | (1n << 5n) | (1n << 7n) | (1n << 21n) | (1n << 27n),
        folder: (1n << 13n) | (1n << 14n) | (1n << 15n) | (1n << 18n) | (1n << 21n),
        // With the right to write among them, or C libraries would open for reading what is asked for writing.
        inherited: (1n << 30n) - 1n,
    };
    /** What one run may sleep, in nanoseconds: 60 s. */
    const maxSleep = 60_000_000_000n;
    const maxSubscriptions = 1024;
    const randomChunk = new Uint8Array(4096);
    const unsigned = (value) => BigInt.asUintN(64, value);

    /** Nanoseconds of a clock: those that Date and performance have, and what the program slept. */
    function timeOf(process, clock) {
        const milliseconds = clock === clocks.realtime ? host.wallTime()
            : clock === clocks.monotonic ? host.now() - bridge.timeBase : refuse(errno.notsup);
        return BigInt(Math.round(milliseconds * 1e6)) + process.ahead;
    }

    // MARK: Texts

    function putSizes({ memory }, texts, countAt, sizeAt) {
        memory.check(sizeAt, 4);
        memory.setUint32(countAt, texts.length);
        memory.setUint32(sizeAt, texts.reduce((sum, text) => sum + text.length, 0));
    }

    function putTexts({ memory }, texts, pointersAt, bytesAt) {
        let pointer = memory.check(pointersAt, texts.length * 4);
        let address = memory.check(bytesAt, texts.reduce((sum, text) => sum + text.length, 0));
        for (const text of texts) {
            memory.setUint32(pointer, address);
            memory.write(address, text);
            pointer += 4;
            address += text.length;
        }
    }

    function pathText({ memory }, address, length) {
        if ((length >>> 0) > wasi.maxPathBytes) refuse(errno.nametoolong);
        return host.decode(memory.read(address, length), true) ?? refuse(errno.ilseq);
    }

    // MARK: Reading

    /** What a descriptor reads from. */
    function source(descriptor) {
        switch (descriptor.kind) {
        case 'input': return descriptor.bytes;
        case 'file': return descriptor.node.bytes;
        case 'folder': return refuse(errno.isdir);
        default: return refuse(errno.notcapable);
        }
    }

    /** Copies to the buffers of a list what they hold from an offset on; returns how much that is. */
    function scatter(memory, list, count, bytes, offset) {
        let position = offset;
        for (const [address, length] of memory.buffers(list, count)) {
            const part = bytes.subarray(position, position + length);
            memory.write(address, part);
            position += part.length;
            if (position >= bytes.length) break;
        }
        return Math.max(0, position - offset);
    }

    function file(process, number) {
        const descriptor = process.descriptor(number);
        if (descriptor.kind === 'file') return descriptor;
        return refuse(descriptor.kind === 'folder' ? errno.isdir : errno.spipe);
    }

    function typeOf(descriptor) {
        // A program that took its output for a terminal would write it line by line.
        return descriptor.node === undefined ? fileTypes.unknown : descriptor.node.type;
    }

    function putStatus(memory, at, number, type, size) {
        memory.fill(at, 64);
        const start = at >>> 0;
        memory.setUint64(start + 8, BigInt(number));
        memory.setUint8(start + 16, type);
        memory.setUint64(start + 24, 1n);
        memory.setUint64(start + 32, BigInt(size));
    }

    function putStatusOf(memory, at, node) {
        putStatus(memory, at, node.number, node.type, node.bytes === undefined ? 0 : node.bytes.length);
    }

    // MARK: Waiting

    function subscription(process, at) {
        const { memory } = process;
        const type = memory.uint8(at + 8);
        const event = { user: memory.uint64(at), type, code: 0, bytes: 0n, wait: undefined };
        try {
            if (type === 0) {
                const now = timeOf(process, memory.uint32(at + 16));
                const timeout = memory.uint64(at + 24);
                event.wait = (memory.uint16(at + 40) & 1) === 0 ? timeout : timeout > now ? timeout - now : 0n;
            } else if (type === 1) {
                const descriptor = process.descriptor(memory.uint32(at + 16));
                event.bytes = BigInt(Math.max(0, source(descriptor).length - descriptor.offset));
            } else if (type === 2) {
                process.descriptor(memory.uint32(at + 16));
                event.bytes = 65536n;
            } else {
                event.code = errno.inval;
            }
        } catch (error) {
            if (!(error instanceof wasi.Refusal) || error.code === errno.fault) throw error;
            event.code = error.code;
        }
        return event;
    }

    /** The events that are due. Where all wait for a clock, the program's clocks are put forward to the first. */
    function dueEvents(process, events) {
        const shortest = events.reduce((least, { wait = 0n }) => (wait < least ? wait : least), maxSleep + 1n);
        if (process.ahead + shortest > maxSleep) refuse(errno.notsup);
        process.ahead += shortest;
        return events.filter(({ wait = 0n }) => wait <= shortest);
    }

    // MARK: Calls

    const calls = {
        __proto__: null,

        args_sizes_get(process, countAt, sizeAt) { putSizes(process, process.args, countAt, sizeAt); },
        args_get(process, pointersAt, bytesAt) { putTexts(process, process.args, pointersAt, bytesAt); },
        environ_sizes_get(process, countAt, sizeAt) { putSizes(process, process.environment, countAt, sizeAt); },
        environ_get(process, pointersAt, bytesAt) { putTexts(process, process.environment, pointersAt, bytesAt); },

        clock_res_get(process, clock, at) {
            timeOf(process, clock);
            process.memory.setUint64(at, 1000n);
        },
        clock_time_get(process, clock, precision, at) { process.memory.setUint64(at, timeOf(process, clock)); },

        random_get({ memory }, at, length) {
            const start = memory.check(at, length);
            const count = length >>> 0;
            for (let offset = 0; offset < count; offset += randomChunk.length) {
                const part = randomChunk.subarray(0, Math.min(randomChunk.length, count - offset));
                host.fillRandom(part);
                memory.write(start + offset, part);
            }
        },

        sched_yield() {},
        proc_exit(process, code) {
            process.exitCode = code >>> 0;
            throw wasi.exit;
        },

        poll_oneoff(process, subscriptionsAt, eventsAt, count, countAt) {
            const { memory } = process;
            const number = count >>> 0;
            if (number === 0 || number > maxSubscriptions) refuse(errno.inval);
            const start = memory.check(subscriptionsAt, number * 48);
            let at = memory.check(eventsAt, number * 32);
            memory.check(countAt, 4);
            const events = [];
            for (let index = 0; index < number; index += 1) events[index] = subscription(process, start + index * 48);
            const due = dueEvents(process, events);
            for (const event of due) {
                memory.fill(at, 32);
                memory.setUint64(at, event.user);
                memory.setUint16(at + 8, event.code);
                memory.setUint8(at + 10, event.type);
                memory.setUint64(at + 16, event.bytes);
                at += 32;
            }
            memory.setUint32(countAt, due.length);
        },

        // MARK: Descriptors

        fd_close(process, number) { process.close(number); },
        fd_renumber(process, from, to) { process.renumber(from, to); },
        fd_advise(process, number) { file(process, number); },
        fd_sync(process, number) { process.descriptor(number); },
        fd_datasync(process, number) { process.descriptor(number); },
        // There is nothing that a flag could change: no call waits, and files are never written.
        fd_fdstat_set_flags(process, number) { process.descriptor(number); },

        fd_fdstat_get(process, number, at) {
            const { memory } = process;
            const descriptor = process.descriptor(number);
            memory.fill(at, 24);
            const start = at >>> 0;
            memory.setUint8(start, typeOf(descriptor));
            memory.setUint64(start + 8, rights[descriptor.kind] ?? rights.output);
            if (descriptor.kind === 'folder') memory.setUint64(start + 16, rights.inherited);
        },

        fd_filestat_get(process, number, at) {
            const { node } = process.descriptor(number);
            if (node === undefined) putStatus(process.memory, at, 0, fileTypes.unknown, 0);
            else putStatusOf(process.memory, at, node);
        },

        fd_prestat_get(process, number, at) {
            if (process.descriptor(number).isPreopened !== true) refuse(errno.badf);
            process.memory.fill(at, 8);
            process.memory.setUint32((at >>> 0) + 4, 1);
        },
        fd_prestat_dir_name(process, number, at, length) {
            if (process.descriptor(number).isPreopened !== true) refuse(errno.badf);
            if ((length >>> 0) < 1) refuse(errno.nametoolong);
            process.memory.setUint8(at, 0x2f);
        },

        fd_read(process, number, list, count, countAt) {
            const { memory } = process;
            const descriptor = process.descriptor(number);
            memory.check(countAt, 4);
            const done = scatter(memory, list, count, source(descriptor), descriptor.offset);
            descriptor.offset += done;
            memory.setUint32(countAt, done);
        },

        fd_pread(process, number, list, count, offset, countAt) {
            const { memory } = process;
            const { bytes } = file(process, number).node;
            memory.check(countAt, 4);
            const start = unsigned(offset) > BigInt(bytes.length) ? bytes.length : Number(unsigned(offset));
            memory.setUint32(countAt, scatter(memory, list, count, bytes, start));
        },

        fd_seek(process, number, delta, whence, at) {
            const descriptor = file(process, number);
            const bases = [0, descriptor.offset, descriptor.node.bytes.length];
            const base = bases[whence] ?? refuse(errno.inval);
            const target = BigInt(base) + BigInt.asIntN(64, delta);
            if (target < 0n) refuse(errno.inval);
            if (target > BigInt(Number.MAX_SAFE_INTEGER)) refuse(errno.overflow);
            process.memory.setUint64(at, target);
            descriptor.offset = Number(target);
        },
        fd_tell(process, number, at) { process.memory.setUint64(at, BigInt(file(process, number).offset)); },

        fd_readdir(process, number, at, length, cookie, countAt) {
            const { memory } = process;
            const entries = wasi.entriesOf(process.folder(number).node);
            const room = length >>> 0;
            const start = memory.check(at, room);
            memory.check(countAt, 4);
            let used = 0;
            for (let index = Number(unsigned(cookie)); index < entries.length && used < room; index += 1) {
                const { name, number: inode, type } = entries[index];
                const record = new Uint8Array(24 + name.length);
                const view = new DataView(record.buffer);
                view.setBigUint64(0, BigInt(index + 1), true);
                view.setBigUint64(8, BigInt(inode), true);
                view.setUint32(16, name.length, true);
                view.setUint8(20, type);
                record.set(name, 24);
                // An entry that is cut off says that there are more.
                const part = record.subarray(0, room - used);
                memory.write(start + used, part);
                used += part.length;
            }
            memory.setUint32(countAt, used);
        },

        fd_write(process, number, list, count, countAt) {
            const { memory } = process;
            const { sink } = process.descriptor(number);
            if (sink === undefined) refuse(errno.notcapable);
            memory.check(countAt, 4);
            let done = 0;
            for (const [address, length] of memory.buffers(list, count)) {
                sink.add(memory, address, length);
                done += length;
            }
            sink.flush();
            memory.setUint32(countAt, done);
        },
        fd_pwrite(process, number) {
            refuse(process.descriptor(number).sink === undefined ? errno.notcapable : errno.spipe);
        },

        // MARK: Paths

        path_open(process, number, follow, at, length, options, wanted, inheriting, flags, resultAt) {
            const { memory } = process;
            const { node: folder } = process.folder(number);
            const path = pathText(process, at, length);
            memory.check(resultAt, 4);
            let node;
            try {
                node = wasi.find(folder, path);
            } catch (error) {
                if (error.code === errno.noent && (options & creates) !== 0) refuse(errno.rofs);
                throw error;
            }
            if ((options & creates) !== 0 && (options & isExclusive) !== 0) refuse(errno.exist);
            const isFolder = node.children !== undefined;
            if ((options & wantsFolder) !== 0 && !isFolder) refuse(errno.notdir);
            if ((options & truncates) !== 0 || (unsigned(wanted) & rights.write) !== 0n) {
                // A folder is opened with all rights that there are by libraries that do not know what it is.
                if (!isFolder || (options & truncates) !== 0) refuse(isFolder ? errno.isdir : errno.rofs);
            }
            memory.setUint32(resultAt, process.open({ kind: isFolder ? 'folder' : 'file', node, offset: 0 }));
        },

        path_filestat_get(process, number, follow, at, length, resultAt) {
            const node = wasi.find(process.folder(number).node, pathText(process, at, length));
            putStatusOf(process.memory, resultAt, node);
        },

        path_readlink(process, number, at, length) {
            wasi.find(process.folder(number).node, pathText(process, at, length));
            refuse(errno.inval);
        },
    };

    // What would change files.
    for (const name of ['fd_allocate', 'fd_filestat_set_size', 'fd_filestat_set_times']) {
        calls[name] = (process, number) => {
            process.descriptor(number);
            refuse(errno.rofs);
        };
    }
    for (const name of [
        'path_create_directory', 'path_filestat_set_times', 'path_remove_directory', 'path_unlink_file', 'path_rename',
    ]) {
        calls[name] = (process, number) => {
            process.folder(number);
            refuse(errno.rofs);
        };
    }
    // Their folder is not the first argument.
    for (const name of ['path_link', 'path_symlink']) calls[name] = () => refuse(errno.rofs);
    // There are no signals and no sockets, and rights are what they are.
    for (const name of [
        'fd_fdstat_set_rights', 'proc_raise', 'sock_accept', 'sock_recv', 'sock_send', 'sock_shutdown',
    ]) {
        calls[name] = () => refuse(errno.nosys);
    }

    /** What proc_exit throws through the program. */
    wasi.exit = { __proto__: null };

    /** The functions for a module's instances; `current()` is the process that runs. */
    wasi.makeImports = function makeImports(current) {
        const imports = { __proto__: null };
        for (const name of Object.keys(calls)) {
            const call = calls[name];
            imports[name] = (a, b, c, d, e, f, g, h, i) => {
                const process = current();
                if (process.stopped !== undefined) throw process.stopped;
                try {
                    call(process, a, b, c, d, e, f, g, h, i);
                    return 0;
                } catch (error) {
                    if (error instanceof wasi.Refusal) return error.code;
                    // A program that catches everything does not go on with that.
                    process.stopped ??= error;
                    throw error;
                }
            };
        }
        return imports;
    };
})
