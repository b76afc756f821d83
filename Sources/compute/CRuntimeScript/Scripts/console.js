// The console (Console Standard). How values look is in inspect.js, which is loaded when something is printed that is
// more than text.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const levels = { debug: 0, info: 1, warning: 2, error: 3 };
    const maxLabels = 1000;

    const inspectNested = (value) => bridge.need('inspect').inspect(value);

    /** The stack of an error with its message, or the value as text; never throws. */
    bridge.describeError = function describeError(error) {
        try {
            if (error instanceof Error) {
                const head = `${error.name}: ${error.message}`;
                const stack = typeof error.stack === 'string' ? bridge.ownStack(error.stack) : '';
                const cause = error.cause === undefined ? '' : `\ncaused by: ${inspectNested(error.cause)}`;
                const several = error instanceof AggregateErrorType && Array.isArray(error.errors)
                    ? `\nerrors: ${inspectNested(error.errors)}` : '';
                return { message: head, stack: `${head}${stack === '' ? '' : `\n${stack}`}${cause}${several}` };
            }
            const text = typeof error === 'string' ? error : inspectNested(error);
            return { message: text, stack: text };
        } catch {
            return { message: 'an exception that cannot be described', stack: '' };
        }
    };
    const AggregateErrorType = AggregateError;

    /** A stack without the frames of the runtime itself. */
    bridge.ownStack = (stack) => stack.split('\n').filter((line) => !line.includes('@skerry:')).join('\n');

    let indentation = '';

    function write(level, values) {
        let text;
        try {
            text = values.length === 1 && typeof values[0] === 'string'
                ? values[0] : values.length === 0 ? '' : bridge.need('inspect').format(values);
        } catch {
            text = 'a value that cannot be printed';
        }
        host.log(level, indentation === '' ? text : indentation + text.replaceAll('\n', `\n${indentation}`));
    }

    const counts = new bridge.SafeMap();
    const clocks = new bridge.SafeMap();

    function remember(map, label, value) {
        if (map.has(label) || map.size < maxLabels) map.set(label, value);
    }

    function elapsed(label) {
        const milliseconds = host.now() - clocks.get(label);
        if (milliseconds >= 1000) return `${label}: ${(milliseconds / 1000).toFixed(3)}s`;
        return `${label}: ${milliseconds.toFixed(3)}ms`;
    }

    function withClock(label, use) {
        const name = `${label}`;
        if (clocks.has(name)) use(name);
        else write(levels.warning, [`there is no timer '${name}'`]);
    }

    const console = {
        log(...values) { write(levels.info, values); },
        debug(...values) { write(levels.debug, values); },
        info(...values) { write(levels.info, values); },
        warn(...values) { write(levels.warning, values); },
        error(...values) { write(levels.error, values); },
        trace(...values) {
            const stack = bridge.ownStack(new Error().stack);
            const text = values.length > 0 ? bridge.need('inspect').format(values) : '';
            write(levels.debug, [`Trace${text === '' ? '' : `: ${text}`}\n${stack}`]);
        },
        dir(value = undefined, options = undefined) {
            write(levels.info, [bridge.need('inspect').inspect(value, options)]);
        },
        dirxml(...values) { write(levels.info, values); },
        table(data = undefined, columns = undefined) {
            if (typeof data !== 'object' || data === null) write(levels.info, [data]);
            else write(levels.info, [bridge.need('inspect').table(data, columns)]);
        },
        assert(condition = false, ...values) {
            if (condition) return;
            const isText = typeof values[0] === 'string';
            write(levels.error, isText
                ? [`Assertion failed: ${values[0]}`, ...values.slice(1)]
                : ['Assertion failed', ...values]);
        },
        group(...values) {
            if (values.length > 0) write(levels.info, values);
            if (indentation.length < 32) indentation += '  ';
        },
        groupCollapsed(...values) { console.group(...values); },
        groupEnd() { indentation = indentation.slice(2); },
        count(label = 'default') {
            const name = `${label}`;
            const count = (counts.get(name) ?? 0) + 1;
            remember(counts, name, count);
            write(levels.info, [`${name}: ${count}`]);
        },
        countReset(label = 'default') {
            const name = `${label}`;
            if (!counts.delete(name)) write(levels.warning, [`there is no count '${name}'`]);
        },
        time(label = 'default') {
            const name = `${label}`;
            if (clocks.has(name)) write(levels.warning, [`the timer '${name}' runs already`]);
            else remember(clocks, name, host.now());
        },
        timeLog(label = 'default', ...values) {
            withClock(label, (name) => write(levels.info, [elapsed(name), ...values]));
        },
        timeEnd(label = 'default') {
            withClock(label, (name) => {
                write(levels.info, [elapsed(name)]);
                clocks.delete(name);
            });
        },
        timeStamp() {},
        clear() { indentation = ''; },
    };
    const group = console.group;
    console.groupCollapsed = { groupCollapsed(...values) { group(...values); } }.groupCollapsed;
    // A namespace object of Web IDL: its prototype is empty.
    Object.setPrototypeOf(console, {});
    Object.defineProperty(console, Symbol.toStringTag, {
        __proto__: null, value: 'console', configurable: true,
    });
    bridge.expose('console', console);
})
