// MIME types: parsing and writing (MIME Sniffing, section 4), and what a content-type field says (Fetch, section
// 2.2.2).
(function (bridge) {
    'use strict';

    const mime = bridge.group('mime');
    const { SafeMap } = bridge;
    const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
    const quotable = /^[\t\x20-\x7e\x80-\xff]*$/;
    const strip = (text) => text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');

    /** The text of a quoted string that begins at `start`, and where it ends. */
    function readQuoted(text, start) {
        let value = '';
        let at = start + 1;
        for (; at < text.length && text[at] !== '"'; at += 1) {
            if (text[at] === '\\' && at + 1 < text.length) at += 1;
            value += text[at];
        }
        return { value, end: Math.min(at + 1, text.length) };
    }

    const indexFrom = (text, mark, from) => {
        const at = text.indexOf(mark, from);
        return at < 0 ? text.length : at;
    };

    function readParameters(text, start) {
        const parameters = new SafeMap();
        let at = start;
        while (at < text.length) {
            at += 1;
            while (/[\t\n\r ]/.test(text[at] ?? '')) at += 1;
            const end = Math.min(indexFrom(text, ';', at), indexFrom(text, '=', at));
            const name = text.slice(at, end).toLowerCase();
            at = end;
            if (text[at] !== '=') continue;
            at += 1;
            let value;
            if (text[at] === '"') {
                const quoted = readQuoted(text, at);
                value = quoted.value;
                at = indexFrom(text, ';', quoted.end);
            } else {
                const next = indexFrom(text, ';', at);
                value = text.slice(at, next).replace(/[\t\n\r ]+$/, '');
                at = next;
                if (value === '') continue;
            }
            if (token.test(name) && quotable.test(value) && !parameters.has(name)) parameters.set(name, value);
        }
        return parameters;
    }

    /** `{ essence, parameters }`, or undefined for what is no MIME type. */
    function parse(input) {
        const text = strip(input);
        const slash = text.indexOf('/');
        if (slash < 0) return undefined;
        const end = indexFrom(text, ';', slash);
        const type = text.slice(0, slash);
        const subtype = text.slice(slash + 1, end).replace(/[\t\n\r ]+$/, '');
        if (!token.test(type) || !token.test(subtype)) return undefined;
        return { essence: `${type}/${subtype}`.toLowerCase(), parameters: readParameters(text, end) };
    }

    mime.parse = parse;
    mime.serialize = function serialize({ essence, parameters }) {
        let text = essence;
        for (const [name, value] of parameters) {
            text += `;${name}=${token.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
        }
        return text;
    };

    /** The values of a field, which commas divide outside of quotes. */
    function splitValues(text) {
        const values = [];
        let value = '';
        for (let at = 0; at < text.length;) {
            if (text[at] === '"') {
                const { end } = readQuoted(text, at);
                value += text.slice(at, end);
                at = end;
            } else if (text[at] === ',') {
                values[values.length] = value;
                value = '';
                at += 1;
            } else {
                value += text[at];
                at += 1;
            }
        }
        values[values.length] = value;
        return values;
    }

    /** The MIME type of a content-type field, null without one; undefined when it is none. */
    mime.extract = function extract(field) {
        if (field === null) return undefined;
        let found;
        let charset;
        for (const value of splitValues(field)) {
            const type = parse(value);
            if (type === undefined || type.essence === '*/*') continue;
            if (type.essence !== found?.essence) charset = type.parameters.get('charset');
            else if (type.parameters.has('charset')) charset = type.parameters.get('charset');
            else if (charset !== undefined) type.parameters.set('charset', charset);
            found = type;
        }
        return found;
    };
})
