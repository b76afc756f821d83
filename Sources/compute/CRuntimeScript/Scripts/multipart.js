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
    const unescapeName = (name) => name.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"');

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
            const head = `--${boundary}\r\ncontent-disposition: form-data; name="${escapeName(name)}"`;
            if (isBlob(value)) {
                const type = value.type === '' ? 'application/octet-stream' : value.type;
                add(host.encode(`${head}; filename="${escapeFileName(value.name)}"\r\ncontent-type: ${type}\r\n\r\n`));
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

    /** The name and the file name of a content-disposition. */
    function parseDisposition(text) {
        if (!/^form-data\s*(;|$)/i.test(text)) throw bad('a part is not form-data');
        const parameters = { __proto__: null };
        for (const [, name, quoted, plain] of text.matchAll(parameter)) {
            const value = quoted === undefined ? plain : unescapeName(quoted.replace(/\\(["\\])/g, '$1'));
            parameters[name.toLowerCase()] ??= value;
        }
        if (parameters.name === undefined) throw bad('a part has no name');
        return parameters;
    }

    function parsePartHead(text) {
        const fields = { __proto__: null };
        for (const line of text.split('\r\n')) {
            if (line === '') continue;
            const colon = line.indexOf(':');
            if (colon <= 0) throw bad('a header of a part has no name');
            fields[line.slice(0, colon).toLowerCase().trim()] = line.slice(colon + 1).trim();
        }
        const { name, filename } = parseDisposition(fields['content-disposition'] ?? '');
        return { name, filename, type: fields['content-type'] };
    }

    function parseMultipart(bytes, boundary) {
        const data = new form.FormData();
        const { makeFile } = bridge.need('blob');
        const delimiter = host.encode(`--${boundary}`);
        const next = host.encode(`\r\n--${boundary}`);
        const blank = host.encode('\r\n\r\n');
        const dashes = host.encode('--');
        const lineEnd = host.encode('\r\n');
        let at = startsWith(bytes, delimiter, 0) ? 0 : find(bytes, next, 0) + 2;
        if (at < 2 && !startsWith(bytes, delimiter, 0)) throw bad('it does not begin with its boundary');
        for (let count = 0; ; count += 1) {
            at += delimiter.length;
            if (startsWith(bytes, dashes, at)) return data;
            while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
            if (!startsWith(bytes, lineEnd, at)) {
                throw bad('a boundary is followed by something else than a line break');
            }
            if (count >= maxParts) throw bad(`it has more than ${maxParts} parts`);
            at += 2;
            const headEnd = startsWith(bytes, lineEnd, at) ? at - 2 : find(bytes, blank, at);
            if (headEnd < 0) throw bad('the headers of a part do not end');
            const head = parsePartHead(host.decode(bytes.subarray(at, Math.max(at, headEnd)), false));
            const start = headEnd + 4;
            const end = find(bytes, next, start);
            if (end < 0) throw bad('the last boundary is missing');
            const content = bytes.subarray(start, end);
            const value = head.filename === undefined
                ? host.decode(content, false)
                : makeFile(content.slice(), head.filename, head.type ?? 'text/plain', undefined);
            form.addEntry(data, head.name, value);
            at = end + 2;
        }
    }

    /** The FormData that a body of the content type `type` holds. */
    form.parse = function parse(bytes, type) {
        const essence = type.split(';')[0].trim().toLowerCase();
        if (essence === 'multipart/form-data') {
            const match = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^;\s]*))/i.exec(type);
            const boundary = match?.[1] ?? match?.[2] ?? '';
            if (boundary === '') throw bad('the content-type has no boundary');
            return parseMultipart(bytes, boundary);
        }
        if (essence === 'application/x-www-form-urlencoded') {
            const data = new form.FormData();
            for (const [name, value] of new bridge.URLSearchParams(host.decode(bytes, false))) {
                form.addEntry(data, name, value);
            }
            return data;
        }
        throw new TypeError('formData() reads multipart/form-data and application/x-www-form-urlencoded, not ' +
            `'${essence}'`);
    };
})
