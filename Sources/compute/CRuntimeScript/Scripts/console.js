(function (bridge) {
    'use strict';

    const { host } = bridge;
    const levels = { debug: 0, info: 1, warning: 2, error: 3 };
    const maxDepth = 4;
    const maxItems = 100;

    /** The stack of an error with its message, or the value as text; never throws. */
    bridge.describeError = function describeError(error) {
        try {
            if (error instanceof Error) {
                const head = `${error.name}: ${error.message}`;
                const stack = typeof error.stack === 'string' ? error.stack : '';
                const cause = error.cause === undefined ? '' : `\ncaused by: ${inspect(error.cause, 1, [])}`;
                return { message: head, stack: `${head}\n${stack}${cause}` };
            }
            const text = typeof error === 'string' ? error : inspect(error, 1, []);
            return { message: text, stack: text };
        } catch {
            return { message: 'an exception that cannot be described', stack: '' };
        }
    };

    bridge.reportUncaught = function reportUncaught(error) {
        const { message, stack } = bridge.describeError(error);
        host.uncaught(message, stack);
    };

    function inspectMembers(value, depth, path) {
        if (Array.isArray(value)) {
            const items = value.slice(0, maxItems).map((item) => inspect(item, depth + 1, path));
            if (value.length > maxItems) items.push(`... ${value.length - maxItems} more`);
            return `[${items.length > 0 ? ` ${items.join(', ')} ` : ''}]`;
        }
        const keys = Object.keys(value);
        const items = keys.slice(0, maxItems).map((key) => {
            const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
            const descriptor = Object.getOwnPropertyDescriptor(value, key);
            if (descriptor?.get) return `${name}: [getter]`;
            return `${name}: ${inspect(value[key], depth + 1, path)}`;
        });
        if (keys.length > maxItems) items.push(`... ${keys.length - maxItems} more`);
        return items.length > 0 ? `{ ${items.join(', ')} }` : '{}';
    }

    function inspect(value, depth, path) {
        if (typeof value === 'string') return depth === 0 ? value : JSON.stringify(value);
        if (typeof value === 'function') return `[function ${value.name || 'anonymous'}]`;
        if (typeof value === 'bigint') return `${value}n`;
        if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
        if (path.includes(value)) return '[circular]';
        if (value instanceof Error) return bridge.describeError(value).stack;
        if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
        if (value instanceof RegExp) return String(value);
        if (value instanceof Promise) return '[promise]';
        if (depth > maxDepth) return Array.isArray(value) ? '[array]' : '[object]';
        const inner = [...path, value];
        if (value instanceof Map) {
            const items = [...value].slice(0, maxItems);
            return `Map(${value.size}) { ${items.map(([key, item]) =>
                `${inspect(key, depth + 1, inner)} => ${inspect(item, depth + 1, inner)}`).join(', ')} }`;
        }
        if (value instanceof Set) {
            return `Set(${value.size}) ${inspectMembers([...value], depth, inner)}`;
        }
        if (value instanceof bridge.Headers) {
            return `Headers ${inspectMembers(Object.fromEntries(value), depth, inner)}`;
        }
        if (value instanceof bridge.URL) return `URL ${value.href}`;
        if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
            const text = inspectMembers(Array.from(value.subarray(0, maxItems)), depth, inner);
            return `${value.constructor.name}(${value.length}) ${text}`;
        }
        const name = Object.getPrototypeOf(value)?.constructor?.name;
        const prefix = name !== undefined && name !== 'Object' && name !== 'Array' ? `${name} ` : '';
        return prefix + inspectMembers(value, depth, inner);
    }

    /** Applies the format marks of a first text argument, then joins the rest. */
    function format(values) {
        let rest = values;
        let text = '';
        if (typeof values[0] === 'string' && values.length > 1 && values[0].includes('%')) {
            let next = 1;
            text = values[0].replace(/%([sdifoOjc%])/g, (mark, kind) => {
                if (kind === '%') return '%';
                if (next >= values.length) return mark;
                const value = values[next];
                next += 1;
                if (kind === 's') return typeof value === 'symbol' ? value.toString() : inspect(value, 0, []);
                if (kind === 'd' || kind === 'i') return `${Math.trunc(Number(value))}`;
                if (kind === 'f') return `${Number(value)}`;
                if (kind === 'j') return JSON.stringify(value);
                return kind === 'c' ? '' : inspect(value, 1, []);
            });
            rest = values.slice(next);
            if (rest.length > 0) text += ' ';
        }
        return text + rest.map((value) => inspect(value, 0, [])).join(' ');
    }

    let indentation = '';

    function write(level, values) {
        let text;
        try {
            text = format(values);
        } catch {
            text = 'a value that cannot be printed';
        }
        host.log(level, indentation === '' ? text : indentation + text.replaceAll('\n', `\n${indentation}`));
    }

    const counts = new Map();
    const clocks = new Map();
    const elapsed = (label) => `${label}: ${(host.now() - clocks.get(label)).toFixed(3)} ms`;

    const console = {
        debug: (...values) => write(levels.debug, values),
        log: (...values) => write(levels.info, values),
        info: (...values) => write(levels.info, values),
        dir: (value) => write(levels.info, [value]),
        table: (value) => write(levels.info, [value]),
        warn: (...values) => write(levels.warning, values),
        error: (...values) => write(levels.error, values),
        trace: (...values) => write(levels.debug, [...values, `\n${new Error().stack}`]),
        assert: (condition, ...values) => {
            if (!condition) write(levels.error, ['assertion failed', ...values]);
        },
        group: (...values) => {
            if (values.length > 0) write(levels.info, values);
            if (indentation.length < 32) indentation += '  ';
        },
        groupEnd: () => { indentation = indentation.slice(2); },
        count: (label = 'default') => {
            counts.set(`${label}`, (counts.get(`${label}`) ?? 0) + 1);
            write(levels.info, [`${label}: ${counts.get(`${label}`)}`]);
        },
        countReset: (label = 'default') => { counts.delete(`${label}`); },
        time: (label = 'default') => { clocks.set(`${label}`, host.now()); },
        timeLog: (label = 'default', ...values) => {
            if (clocks.has(`${label}`)) write(levels.info, [elapsed(`${label}`), ...values]);
        },
        timeEnd: (label = 'default') => {
            if (!clocks.has(`${label}`)) return;
            write(levels.info, [elapsed(`${label}`)]);
            clocks.delete(`${label}`);
        },
    };
    console.groupCollapsed = console.group;
    bridge.expose('console', console);
})
