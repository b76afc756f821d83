// How the console writes values: as Node does, near enough that nobody has to think about it.
(function (bridge) {
    'use strict';

    const exports = bridge.group('inspect');
    const { apply } = Reflect;
    const { getPrototypeOf, getOwnPropertyDescriptor, getOwnPropertySymbols, keys } = Object;
    const { isArray } = Array;
    const { stringify } = JSON;
    const { isView } = ArrayBuffer;
    const maxItems = 100;
    const maxTextLength = 10_000;
    const maxOutput = 200_000;
    const lineWidth = 76;
    const maxColumns = 12;
    const maxRows = 1000;
    const getter = (object, name) => getOwnPropertyDescriptor(object, name).get;
    const mapSize = getter(Map.prototype, 'size');
    const setSize = getter(Set.prototype, 'size');
    const { forEach: mapEach } = Map.prototype;
    const { forEach: setEach } = Set.prototype;
    const bufferLength = getter(ArrayBuffer.prototype, 'byteLength');
    const { getTime, toISOString } = Date.prototype;
    const { toString: regExpText } = RegExp.prototype;
    const types = { Error, Promise, WeakMap, WeakSet, WeakRef, RegExp, Date, Map, Set, DataView, Function };

    const valueMethods = { __proto__: null };
    for (const kind of ['Number', 'String', 'Boolean', 'BigInt', 'Symbol']) {
        valueMethods[kind] = globalThis[kind].prototype.valueOf;
    }
    const errorMembers = ['stack', 'message', 'cause', 'errors', 'name', 'line', 'column', 'sourceURL'];

    const isA = (value, method) => {
        try {
            apply(method, value, []);
            return true;
        } catch {
            return false;
        }
    };

    function quote(text) {
        const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes('`') ? '`' : "'";
        const inner = stringify(text).slice(1, -1).replace(/\\"/g, '"');
        return mark + (mark === "'" ? inner.replace(/'/g, "\\'") : inner) + mark;
    }

    const shorten = (text) => (text.length > maxTextLength
        ? `${text.slice(0, maxTextLength)}... ${text.length - maxTextLength} more characters` : text);

    function keyText(key) {
        if (typeof key === 'symbol') return `[${key.toString()}]`;
        return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
    }

    /** The name of what made an object: undefined for `Object` itself, null for an object without a prototype. */
    function className(value) {
        let prototype = getPrototypeOf(value);
        if (prototype === null) return null;
        for (let depth = 0; prototype !== null && depth < 20; depth += 1) {
            const descriptor = getOwnPropertyDescriptor(prototype, 'constructor');
            const maker = descriptor?.value;
            if (typeof maker === 'function' && typeof maker.name === 'string' && maker.name !== '') return maker.name;
            prototype = getPrototypeOf(prototype);
        }
        return null;
    }

    const named = (name, kind, size) => (name === null
        ? `[${kind}${size === undefined ? '' : `(${size})`}: null prototype] `
        : `${name}${size === undefined ? '' : `(${size})`} `);

    class Inspector {

        depth;
        #path = [];
        #circular = new bridge.SafeMap();
        #length = 0;

        constructor(options) {
            const depth = options?.depth;
            this.depth = depth === null || depth === Infinity ? 1000 : typeof depth === 'number' ? depth : 2;
        }

        show(value, level = 0, isTop = false) {
            const text = this.#showAny(value, level, isTop);
            this.#length += text.length;
            return text;
        }

        #showAny(value, level, isTop) {
            if (typeof value === 'string') return isTop ? value : quote(shorten(value));
            if (typeof value === 'bigint') return `${value}n`;
            if (typeof value === 'symbol') return value.toString();
            if (typeof value !== 'object' && typeof value !== 'function') {
                return Object.is(value, -0) ? '-0' : `${value}`;
            }
            if (value === null) return 'null';
            if (this.#path.includes(value)) {
                if (!this.#circular.has(value)) this.#circular.set(value, this.#circular.size + 1);
                return `[Circular *${this.#circular.get(value)}]`;
            }
            if (this.#length > maxOutput) return '...';
            this.#path[this.#path.length] = value;
            const text = this.#showObject(value, level);
            this.#path = this.#path.slice(0, -1);
            const mark = this.#circular.get(value);
            return mark === undefined ? text : `<ref *${mark}> ${text}`;
        }

        #showObject(value, level) {
            const { open, close, prefix, items, text, skip, isList } = this.#kindOf(value, level);
            if (text !== undefined) {
                const members = this.#members(value, isList, skip, level);
                return members.length === 0 ? text : layOut(members, `${text} `, '{', '}', level, false);
            }
            if (level > this.depth) return isList ? '[Array]' : `[${prefix === '' ? 'Object' : prefix.trim()}]`;
            const all = [...(items?.() ?? []), ...this.#members(value, isList, skip, level)];
            return layOut(all, prefix, open ?? '{', close ?? '}', level, isList === true);
        }

        /** What is special about an object: a text that says it all, or a prefix and items before its members. */
        #kindOf(value, level) {
            const name = className(value);
            if (isArray(value)) {
                return {
                    open: '[', close: ']', isList: true,
                    prefix: name === 'Array' ? '' : named(name, 'Array', value.length),
                    items: () => this.#listItems(value, value.length, level),
                };
            }
            if (typeof value === 'function') return { text: functionText(value, name) };
            if (value instanceof types.Error) {
                const text = errorText(value).replaceAll('\n', `\n${'  '.repeat(level)}`);
                return { text, skip: errorMembers };
            }
            return this.#collection(value, name, level) ?? this.#buffer(value, name, level) ??
                this.#boxed(value, name, level) ?? this.#plain(value, name, level);
        }

        #collection(value, name, level) {
            if (isA(value, mapSize)) {
                return {
                    prefix: named(name, 'Map', apply(mapSize, value, [])), items: () => this.#mapItems(value, level),
                };
            }
            if (isA(value, setSize)) {
                return {
                    prefix: named(name, 'Set', apply(setSize, value, [])), items: () => this.#setItems(value, level),
                };
            }
            return undefined;
        }

        #buffer(value, name, level) {
            if (isView(value) && !(value instanceof types.DataView)) {
                return {
                    open: '[', close: ']', isList: true, prefix: named(name, 'TypedArray', value.length),
                    items: () => this.#listItems(value, value.length, level),
                };
            }
            if (value instanceof types.DataView) {
                const parts = ['byteLength', 'byteOffset', 'buffer'];
                const items = () => parts.map((part) => `${part}: ${this.show(value[part], level + 1)}`);
                return { prefix: `${name ?? 'DataView'} `, items };
            }
            if (!isA(value, bufferLength)) return undefined;
            const bytes = value.detached ? new Uint8Array(0) : new Uint8Array(value);
            const shown = [...bytes.subarray(0, 50)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
            const rest = bytes.length > 50 ? ` ... ${bytes.length - 50} more bytes` : '';
            return {
                prefix: named(name, 'ArrayBuffer', undefined),
                items: () => [`[Uint8Contents]: <${shown}${rest}>`, `byteLength: ${bytes.length}`],
            };
        }

        /** Objects around a single value, and those whose content cannot be seen. */
        #boxed(value, name, level) {
            if (isA(value, getTime)) {
                const time = apply(getTime, value, []);
                return { text: Number.isNaN(time) ? 'Invalid Date' : apply(toISOString, value, []) };
            }
            if (value instanceof types.RegExp) return { text: apply(regExpText, value, []), skip: ['lastIndex'] };
            for (const kind of ['Promise', 'WeakMap', 'WeakSet', 'WeakRef']) {
                const hidden = kind === 'Promise' ? 'state' : 'items';
                if (value instanceof types[kind]) return { text: `${name ?? kind} { <${hidden} unknown> }` };
            }
            for (const kind of ['Number', 'String', 'Boolean', 'BigInt', 'Symbol']) {
                if (!isA(value, valueMethods[kind])) continue;
                const inner = apply(valueMethods[kind], value, []);
                const skip = kind === 'String' ? keys(inner) : undefined;
                return { text: `[${kind}: ${this.#showAny(inner, level, false)}]`, skip };
            }
            return undefined;
        }

        #plain(value, name, level) {
            const platform = platformParts(value);
            if (platform !== undefined) {
                const show = ([key, item]) => `${keyText(key)}: ${this.show(item, level + 1)}`;
                // Of an event, which has it as its own.
                const skip = ['isTrusted'];
                return { prefix: `${name ?? 'Object'} `, items: () => platform.map(show), skip };
            }
            if (name === null) return { prefix: '[Object: null prototype] ' };
            const tag = tagOf(value);
            const suffix = tag !== undefined && tag !== name ? `[${tag}] ` : '';
            return { prefix: name === 'Object' && suffix === '' ? '' : `${name} ${suffix}` };
        }

        #listItems(list, length, level) {
            const items = [];
            let index = 0;
            while (index < length && items.length < maxItems) {
                if (isArray(list) && !(index in list)) {
                    const from = index;
                    while (index < length && !(index in list)) index += 1;
                    const count = index - from;
                    items[items.length] = `<${count} empty item${count === 1 ? '' : 's'}>`;
                } else {
                    items[items.length] = this.#memberValue(list, index, level);
                    index += 1;
                }
            }
            if (index < length) items[items.length] = more(length - index);
            return items;
        }

        #mapItems(map, level) {
            const items = [];
            let rest = 0;
            apply(mapEach, map, [(value, key) => {
                if (items.length >= maxItems) rest += 1;
                else items[items.length] = `${this.show(key, level + 1)} => ${this.show(value, level + 1)}`;
            }]);
            if (rest > 0) items[items.length] = more(rest);
            return items;
        }

        #setItems(set, level) {
            const items = [];
            let rest = 0;
            apply(setEach, set, [(value) => {
                if (items.length >= maxItems) rest += 1;
                else items[items.length] = this.show(value, level + 1);
            }]);
            if (rest > 0) items[items.length] = more(rest);
            return items;
        }

        #members(value, isList, skip, level) {
            const items = [];
            let names = keys(value);
            if (isList) names = names.filter((name) => !/^(0|[1-9]\d*)$/.test(name));
            for (const symbol of getOwnPropertySymbols(value)) {
                if (getOwnPropertyDescriptor(value, symbol)?.enumerable) names[names.length] = symbol;
            }
            if (skip !== undefined) names = names.filter((name) => !skip.includes(name));
            for (const name of names.slice(0, maxItems)) {
                items[items.length] = `${keyText(name)}: ${this.#memberValue(value, name, level)}`;
            }
            if (names.length > maxItems) items[items.length] = more(names.length - maxItems);
            return items;
        }

        #memberValue(object, name, level) {
            const descriptor = getOwnPropertyDescriptor(object, name);
            if (descriptor?.get) return descriptor.set ? '[Getter/Setter]' : '[Getter]';
            if (descriptor?.set) return '[Setter]';
            return this.show(descriptor === undefined ? object[name] : descriptor.value, level + 1);
        }
    }

    const more = (count) => `... ${count} more item${count === 1 ? '' : 's'}`;
    const isMore = (item) => /^\.\.\. \d+ more items?$/.test(item);

    function tagOf(value) {
        const tag = value[Symbol.toStringTag];
        return typeof tag === 'string' && tag !== '' ? tag : undefined;
    }

    function functionText(value, name) {
        const source = Function.prototype.toString.call(value);
        const own = typeof value.name === 'string' && value.name !== '' ? value.name : undefined;
        if (/^class\b/.test(source)) {
            const parent = getPrototypeOf(value)?.name;
            return `[class ${own ?? '(anonymous)'}${parent ? ` extends ${parent}` : ''}]`;
        }
        return `[${name ?? 'Function'}${own === undefined ? ' (anonymous)' : `: ${own}`}]`;
    }

    function errorText(error) { return bridge.describeError(error).stack; }

    const urlMembers = [
        'href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search',
        'searchParams', 'hash',
    ];

    /** The fields that are worth showing of the platform's objects. */
    function platformParts(value) {
        if (value instanceof bridge.Headers) return bridge.headerPairs(value);
        const hasURLs = bridge.group('url') !== undefined;
        if (hasURLs && value instanceof bridge.URLSearchParams) return [...value];
        if (hasURLs && value instanceof bridge.URL) {
            return urlMembers.map((name) => [name, value[name]]);
        }
        if (bridge.isRequest(value)) {
            return ['method', 'url', 'headers', 'redirect', 'bodyUsed'].map((name) => [name, value[name]]);
        }
        if (bridge.isResponse(value)) {
            return ['status', 'statusText', 'headers', 'ok', 'type', 'url', 'redirected', 'bodyUsed']
                .map((name) => [name, value[name]]);
        }
        if (bridge.group('blob')?.isBlob?.(value)) {
            const isFile = bridge.group('blob').isFile(value);
            const fields = isFile ? ['name', 'lastModified', 'size', 'type'] : ['size', 'type'];
            return fields.map((name) => [name, value[name]]);
        }
        if (bridge.group('form')?.isForm?.(value)) return bridge.group('form').entriesOf(value);
        const streams = bridge.group('streams');
        if (streams?.isStream?.(value) || streams?.isWritable?.(value)) return [['locked', value.locked]];
        if (bridge.group('crypto')?.isKey?.(value)) {
            return ['type', 'extractable', 'algorithm', 'usages'].map((name) => [name, value[name]]);
        }
        return eventParts(value);
    }

    function eventParts(value) {
        if (bridge.group('events') === undefined) return undefined;
        if (bridge.isSignal(value)) {
            return value.aborted ? [['aborted', true], ['reason', value.reason]] : [['aborted', false]];
        }
        if (!(value instanceof bridge.Event)) return undefined;
        return [['type', value.type], ['defaultPrevented', value.defaultPrevented]];
    }

    /** Items on one line where they fit, in rows where they are many and short, or one on each line. */
    function layOut(items, prefix, open, close, level, isList) {
        if (items.length === 0) return `${prefix}${open}${close}`;
        const total = items.reduce((sum, item) => sum + item.length + 2, 0);
        const hasBreak = items.some((item) => item.includes('\n'));
        const pad = '  '.repeat(level + 1);
        const isShort = total + prefix.length + level * 2 <= lineWidth && !hasBreak;
        if (isShort) return `${prefix}${open} ${items.join(', ')} ${close}`;
        const end = `\n${'  '.repeat(level)}${close}`;
        const hasMore = isMore(items[items.length - 1]);
        const cells = hasMore ? items.slice(0, -1) : items;
        if (isList && cells.length > 6 && !hasBreak && cells.every((item) => item.length <= 20)) {
            const rest = hasMore ? `,\n${pad}${items[items.length - 1]}` : '';
            return `${prefix}${open}\n${rows(cells, pad, items.length)}${rest}${end}`;
        }
        return `${prefix}${open}\n${items.map((item) => `${pad}${item}`).join(',\n')}${end}`;
    }

    /** Items below each other in columns: about two and a half times as wide as high, as letters are high. */
    function rows(items, pad, count) {
        const lengths = items.map((item) => item.length + 2);
        const widest = Math.max(...lengths);
        const mean = lengths.reduce((sum, length) => sum + length, 0) / count;
        // A few long items among short ones do not make the table high.
        const biased = Math.max(widest - 3 - Math.sqrt(widest - mean), 1);
        const columns = Math.max(1, Math.min(
            Math.round(Math.sqrt(2.5 * biased * items.length) / biased),
            Math.floor((lineWidth + 4 - pad.length) / widest), maxColumns));
        const areNumbers = items.every((item) => /^-?[\d.]+(e[+-]?\d+)?n?$/.test(item));
        const widths = [];
        for (let column = 0; column < columns; column += 1) {
            widths[column] = lengths.reduce(
                (most, length, index) => (index % columns === column ? Math.max(most, length) : most), 0);
        }
        const lines = [];
        for (let start = 0; start < items.length; start += columns) {
            const row = items.slice(start, start + columns).map((item, index, all) => {
                const isLast = index === all.length - 1;
                const text = isLast ? item : `${item}, `;
                if (areNumbers) return text.padStart(widths[index] - (isLast ? 2 : 0));
                return isLast ? text : text.padEnd(widths[index]);
            });
            lines[lines.length] = `${pad}${row.join('')}`;
        }
        return lines.join(',\n');
    }

    /** A value as text; `options.depth` says how deep. */
    exports.inspect = (value, options = undefined) => new Inspector(options).show(value, 0, false);

    const showTop = (value) => new Inspector(undefined).show(value, 0, true);

    function formatOne(kind, value) {
        switch (kind) {
        case 's':
            if (typeof value === 'bigint') return `${value}n`;
            if (typeof value === 'object' && value !== null) {
                const isPlain = !(value instanceof types.Error) && !(value instanceof types.Date);
                return isPlain ? exports.inspect(value, { depth: 0 }) : `${value}`;
            }
            return Object.is(value, -0) ? '-0' : String(value);
        case 'd':
            if (typeof value === 'bigint') return `${value}n`;
            return typeof value === 'symbol' || typeof value === 'object' ? 'NaN' : `${Number(value)}`;
        case 'i':
            if (typeof value === 'bigint') return `${value}n`;
            return typeof value === 'symbol' || typeof value === 'object' ? 'NaN' : `${parseInt(value, 10)}`;
        case 'f': return typeof value === 'symbol' ? 'NaN' : `${parseFloat(value)}`;
        case 'j': return jsonText(value);
        case 'o': return exports.inspect(value, { depth: 4 });
        case 'O': return exports.inspect(value);
        default: return '';
        }
    }

    function jsonText(value) {
        try {
            return stringify(value) ?? 'undefined';
        } catch {
            return '[Circular]';
        }
    }

    /** Applies the format marks of a first text, then joins the rest with spaces. */
    exports.format = function format(values) {
        if (typeof values[0] !== 'string' || values.length === 1) return values.map(showTop).join(' ');
        let next = 1;
        const text = values[0].replace(/%([sdifoOjc%])/g, (mark, kind) => {
            if (kind === '%') return '%';
            if (next >= values.length) return mark;
            next += 1;
            return formatOne(kind, values[next - 1]);
        });
        return [text, ...values.slice(next).map(showTop)].join(' ');
    };

    // MARK: Tables

    const inspectCell = (value) => exports.inspect(value, { depth: 0 });

    function tableOfCollection(collection) {
        const isMap = collection instanceof types.Map;
        const body = [...collection].slice(0, maxRows).map((item, index) => [
            `${index}`, ...(isMap ? [inspectCell(item[0]), inspectCell(item[1])] : [inspectCell(item)]),
        ]);
        return drawTable(['(iteration index)', ...(isMap ? ['Key'] : []), 'Values'], body);
    }

    /** Rows of data as a table; `columns` says which fields and in which order. */
    exports.table = function table(data, columns) {
        if (data instanceof types.Map || data instanceof types.Set) return tableOfCollection(data);
        const entries = keys(data).map((name) => [name, data[name]]);
        const fields = columns === undefined ? [] : [...columns].map(String);
        let hasValues = false;
        const shown = entries.slice(0, maxRows).map(([name, row]) => {
            const cells = { __proto__: null };
            if (typeof row === 'object' && row !== null) {
                for (const field of keys(row)) {
                    if (columns === undefined && !fields.includes(field)) fields[fields.length] = field;
                    cells[field] = inspectCell(row[field]);
                }
                return { name: `${String(name)}`, cells, value: '' };
            }
            hasValues = true;
            return { name: `${String(name)}`, cells, value: exports.inspect(row) };
        });
        const isValues = hasValues && columns === undefined;
        const head = ['(index)', ...fields, ...(isValues ? ['Values'] : [])];
        const body = shown.map(({ name, cells, value }) => [
            name, ...fields.map((field) => cells[field] ?? ''), ...(isValues ? [value] : []),
        ]);
        return drawTable(head, body);
    };

    function drawTable(head, body) {
        const widths = head.map((title, index) => body.reduce(
            (most, row) => Math.max(most, row[index].length), title.length) + 2);
        const line = (left, middle, right) => left + widths.map((width) => '\u2500'.repeat(width)).join(middle) + right;
        const padded = (cell, index) => ` ${cell.padEnd(widths[index] - 1)}`;
        const row = (cells) => `\u2502${cells.map(padded).join('\u2502')}\u2502`;
        return [
            line('\u250c', '\u252c', '\u2510'), row(head), line('\u251c', '\u253c', '\u2524'), ...body.map(row),
            line('\u2514', '\u2534', '\u2518'),
        ].join('\n');
    }
})
