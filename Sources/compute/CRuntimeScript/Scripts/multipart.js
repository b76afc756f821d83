// Forms as bytes and back: multipart/form-data (RFC 7578, with the escapes of the HTML Standard, section 4.10.21.8)
// and application/x-www-form-urlencoded.
(function (bridge) {
    'use strict';

    const form = bridge.group('form');
    const { host, joinBytes } = bridge;
    const maxParts = 10_000;

    const escapeName = (name) => name.replace(/\r\n?|\n/g, '\r\n').replace(/\n/g, '%0A').replace(/\r/g, '%0D')
        .replace(/"/g, '%22');
    const escapeFileName = (name) => name.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');

    /** `{ bytes, boundary }` of a FormData. */
    form.encode = function encode(data) {
        const { isBlob, bytesOfBlob } = bridge.need('blob');
        const random = new Uint8Array(16);
        host.fillRandom(random);
        const boundary = `----SkerryForm${random.toHex()}`;
        const chunks = [];
        let length = 0;
        const add = (bytes) => {
            chunks[chunks.length] = bytes;
            length += bytes.byteLength;
        };
        for (const [name, value] of form.entriesOf(data)) {
            const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"`;
            if (isBlob(value)) {
                const type = value.type === '' ? 'application/octet-stream' : value.type;
                add(host.encode(`${head}; filename="${escapeFileName(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`));
                add(bytesOfBlob(value));
                add(host.encode('\r\n'));
            } else {
                add(host.encode(`${head}\r\n\r\n${value.replace(/\r\n?|\n/g, '\r\n')}\r\n`));
            }
        }
        add(host.encode(`--${boundary}--\r\n`));
        return { bytes: joinBytes(chunks, length), boundary };
    };

    /** Where `mark` begins at or after `from`; -1 when it does not. */
    function find(bytes, mark, from) {
        let at = bytes.indexOf(mark[0], from);
        while (at >= 0 && at + mark.length <= bytes.length) {
            let count = 1;
            while (count < mark.length && bytes[at + count] === mark[count]) count += 1;
            if (count === mark.length) return at;
            at = bytes.indexOf(mark[0], at + 1);
        }
        return -1;
    }

    function startsWith(bytes, mark, at) {
        if (at + mark.length > bytes.length) return false;
        for (let index = 0; index < mark.length; index += 1) if (bytes[at + index] !== mark[index]) return false;
        return true;
    }

    const bad = (what) => new TypeError(`the body is not multipart/form-data: ${what}`);

    const parameter = /;\s*([a-z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/gi;

    const unescapes = { __proto__: null, '%0A': '\n', '%0D': '\r', '%22': '"' };
    /** Undoes `escapeName`. */
    const unescape = (text) => text.replace(/%0A|%0D|%22/g, (escape) => unescapes[escape]);

    /** The name and the file name of a content-disposition. */
    function parseDisposition(text) {
        if (!/^form-data\s*(;|$)/i.test(text)) throw bad('a part is not form-data');
        const parameters = { __proto__: null };
        for (const [, name, quoted, plain] of text.matchAll(parameter)) {
            parameters[name.toLowerCase()] ??= unescape(
                quoted === undefined ? plain : quoted.replace(/\\(["\\])/g, '$1'));
        }
        if (parameters.name === undefined) throw bad('a part has no name');
        return parameters;
    }

    const trim = (text) => text.replace(/^[\t ]+|[\t ]+$/g, '');

    function parsePartHead(text) {
        const fields = { __proto__: null };
        for (const line of text.split('\r\n')) {
            const colon = line.indexOf(':');
            const name = trim(line.slice(0, Math.max(colon, 0)));
            if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw bad('a header of a part has no name');
            if (/[\0\r\n]/.test(line)) throw bad('a header of a part has a character that it cannot have');
            fields[name.toLowerCase()] = trim(line.slice(colon + 1));
        }
        const { name, filename } = parseDisposition(fields['content-disposition'] ?? '');
        return { name, filename, type: fields['content-type'] };
    }

    function typeOfFile(field) {
        if (field === undefined) return 'text/plain';
        const { extract, serialize } = bridge.need('mime');
        const type = extract(field);
        return type === undefined ? '' : serialize(type);
    }

    function parseMultipart(bytes, boundary) {
        const data = new form.FormData();
        const { makeFile } = bridge.need('blob');
        const delimiter = host.encode(`--${boundary}`);
        const next = host.encode(`\r\n--${boundary}`);
        const blank = host.encode('\r\n\r\n');
        const dashes = host.encode('--');
        const lineEnd = host.encode('\r\n');
        let at = 0;
        // Some senders put line breaks in front, as a preamble (RFC 2046, section 5.1.1).
        while (startsWith(bytes, lineEnd, at)) at += 2;
        if (!startsWith(bytes, delimiter, at)) throw bad('it does not begin with its boundary');
        for (let count = 0; ; count += 1) {
            at += delimiter.length;
            const isEnd = startsWith(bytes, dashes, at);
            if (isEnd) at += dashes.length;
            while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
            if (isEnd && at === bytes.length) return data;
            if (!startsWith(bytes, lineEnd, at)) {
                throw bad('a boundary is followed by something else than a line break');
            }
            if (isEnd) return data;
            if (count >= maxParts) throw bad(`it has more than ${maxParts} parts`);
            at += 2;
            const headEnd = find(bytes, blank, at);
            if (headEnd < 0) throw bad('the headers of a part do not end');
            const head = parsePartHead(host.decode(bytes.subarray(at, headEnd), false));
            const start = headEnd + 4;
            const end = find(bytes, next, start);
            if (end < 0) throw bad('the last boundary is missing');
            const content = bytes.subarray(start, end);
            const value = head.filename === undefined
                ? host.decode(content, false)
                : makeFile(content.slice(), head.filename, typeOfFile(head.type), 0);
            form.addEntry(data, head.name, value);
            at = end + 2;
        }
    }

    /** The FormData that a body with the content-type field `field` holds. */
    form.parse = function parse(bytes, field) {
        const type = bridge.need('mime').extract(field);
        if (type?.essence === 'multipart/form-data') {
            const boundary = type.parameters.get('boundary') ?? '';
            if (boundary === '') throw bad('the content-type has no boundary');
            return parseMultipart(bytes, boundary);
        }
        if (type?.essence === 'application/x-www-form-urlencoded') {
            const data = new form.FormData();
            for (const [name, value] of new bridge.URLSearchParams(host.decode(bytes, false))) {
                form.addEntry(data, name, value);
            }
            return data;
        }
        throw new TypeError('formData() reads multipart/form-data and application/x-www-form-urlencoded, not ' +
            `'${field ?? ''}'`);
    };
})
