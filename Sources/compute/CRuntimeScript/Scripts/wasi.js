// WebAssembly programs that answer requests: WASI preview 1 commands with the contract of CGI (RFC 3875). A context has
// either a script or a program, so nothing that a tenant wrote in JavaScript runs beside this.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const wasi = bridge.group('wasi');
    const { WebAssembly } = globalThis;
    const moduleName = 'wasi_snapshot_preview1';
    const fileSection = 'skerry.file';
    /** The largest request body, in bytes. */
    const maxInputBytes = 12 << 20;
    const none = new Uint8Array(0);

    let running;

    function checkModule(module, imports) {
        for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
            if (from !== moduleName || kind !== 'function' || imports[name] === undefined) {
                throw new TypeError(`the module imports the ${kind} ${from}.${name}, which does not exist here; ` +
                    `build it for WASI preview 1 (wasm32-wasip1)`);
            }
        }
        const kinds = { __proto__: null };
        for (const { name, kind } of WebAssembly.Module.exports(module)) kinds[name] = kind;
        if (kinds._start !== 'function') {
            throw new TypeError('the module exports no function _start; build it as a program, not as a library');
        }
        if (kinds.memory !== 'memory') throw new TypeError('the module exports no memory');
    }

    /** All bytes of a stream's record; undefined where they are too many. */
    function readStream(record) {
        const streams = bridge.need('streams');
        return bridge.newPromise((resolve, reject) => {
            const reader = streams.acquireReader(record);
            const chunks = [];
            let length = 0;
            const next = () => streams.read(reader, {
                chunk(chunk) {
                    length += chunk.length;
                    if (length > maxInputBytes) {
                        bridge.ignore(streams.cancel(record, undefined));
                        resolve(undefined);
                        return;
                    }
                    chunks[chunks.length] = chunk;
                    bridge.then(bridge.resolved(undefined), next);
                },
                close() { resolve(bridge.joinBytes(chunks, length)); },
                fail: reject,
            });
            next();
        });
    }

    function readInput(request) {
        const source = bridge.takeBody(request);
        if (source === null) return none;
        return bridge.isStreamRecord(source) ? readStream(source) : source;
    }

    const plain = (status, text) => new bridge.Response(`${text}\n`, { status });

    /** The texts of an environment; other bindings are nothing that a program could call. */
    function settingsOf(environment) {
        return Object.keys(environment).filter((name) => typeof environment[name] === 'string')
            .map((name) => [name, environment[name]]);
    }

    /** The handler of a program: its module is compiled once, and each request has an instance of its own. */
    bridge.makeProgram = function makeProgram(buffer, program) {
        const module = new WebAssembly.Module(buffer);
        const imports = { __proto__: null, [moduleName]: wasi.makeImports(() => running) };
        checkModule(module, imports[moduleName]);
        const root = wasi.makeTree(WebAssembly.Module.customSections(module, fileSection));

        /** Runs to the end; throws what the program failed with, except for an exit. The answer may have begun. */
        function run(process) {
            running = process;
            try {
                const { exports } = new WebAssembly.Instance(module, imports);
                process.memory = new wasi.GuestMemory(exports.memory);
                exports._start();
            } catch (error) {
                if (process.stopped === undefined) throw error;
            } finally {
                running = undefined;
                process.log.finish();
            }
            if (process.stopped !== undefined && process.stopped !== wasi.exit) throw process.stopped;
        }

        function failure(process) {
            return new Error(`the program ended with the exit code ${process.exitCode} before it answered; what it ` +
                'wrote to its standard error is in the log');
        }

        function answer(process) {
            const hasFailed = (process.exitCode ?? 0) !== 0;
            if (process.output.isStreaming) {
                if (hasFailed) warnOfExit(process);
                process.output.end();
                return bridge.answered;
            }
            let response;
            try {
                response = wasi.readResponse(process.output.bytes);
            } catch (error) {
                throw hasFailed ? failure(process) : error;
            }
            if (hasFailed) warnOfExit(process);
            return response;
        }

        function warnOfExit(process) {
            host.warn(`the program answered and then ended with the exit code ${process.exitCode}`);
        }

        return {
            async fetch(request, environment) {
                const input = await readInput(request);
                if (input === undefined) return plain(413, `the body has more than ${maxInputBytes} bytes`);
                const described = wasi.describeRequest(program, request, input, settingsOf(environment));
                if (described === undefined) return plain(400, 'the path holds a zero byte');
                const process = new wasi.Process(
                    described.args, described.environment, input, root, host.currentRequest());
                try {
                    run(process);
                } catch (error) {
                    // An answer that has begun just breaks off.
                    if (process.output.isStreaming && error instanceof bridge.BadResponse) host.warn(error.message);
                    throw error;
                }
                return answer(process);
            },

            async scheduled({ cron, scheduledTime }, environment) {
                const request = { method: 'SCHEDULED', url: 'cron://localhost/', headers: new bridge.Headers() };
                const { args, environment: variables } = wasi.describeRequest(program, request, none, [
                    ['SCHEDULED_CRON', cron], ['SCHEDULED_TIME', `${scheduledTime}`], ...settingsOf(environment),
                ]);
                const process = new wasi.Process(args, variables, none, root, 0);
                run(process);
                if ((process.exitCode ?? 0) !== 0) throw failure(process);
            },
        };
    };
})
