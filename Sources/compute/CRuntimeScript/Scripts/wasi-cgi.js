// A request as a program's environment, and its output as a response (RFC 3875).
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const wasi = bridge.group('wasi');
    /** What stands before the empty line of an output, in bytes, and how many lines that may be. */
    const maxHeadBytes = 64 << 10;
    const maxHeadLines = 256;
    const newline = 10;
    const carriageReturn = 13;
    const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
    const bodiless = [204, 205, 304];

    // MARK: The environment (section 4.1)

    /** `{ scheme, authority, path, query }` of an absolute URL, as it was written. */
    function splitURL(url) {
        const match = /^([a-z]+):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(url) ?? ['', 'http', '', '', ''];
        const [, scheme, authority, path, query = ''] = match;
        return { scheme, authority, path: path === '' ? '/' : path, query };
    }

    /** Host and port of an authority. */
    function splitAuthority({ authority, scheme }) {
        const match = /^(.*):([0-9]+)$/.exec(authority);
        if (match !== null) return [match[1], match[2]];
        return [authority, scheme === 'https' ? '443' : '80'];
    }

    /** The bytes of a path without percent signs; undefined if there is a zero among them. */
    function decodePath(path) {
        const bytes = host.encode(path.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'));
        const decoded = new Uint8Array(bytes.length);
        let length = 0;
        for (let index = 0; index < bytes.length; index += 1) {
            let byte = bytes[index];
            if (byte === 0x25) {
                byte = Number.parseInt(String.fromCharCode(bytes[index + 1], bytes[index + 2]), 16);
                index += 2;
            }
            if (byte === 0) return undefined;
            decoded[length] = byte;
            length += 1;
        }
        return decoded.subarray(0, length);
    }

    /** Header fields as variables. `Proxy` would become HTTP_PROXY, which libraries take for a setting. */
    function headerVariables(headers) {
        const variables = [];
        for (const [name, value] of headers) {
            if (!/^[a-z0-9-]+$/.test(name) || name === 'proxy' || name === 'content-length') continue;
            const upper = name.toUpperCase().replaceAll('-', '_');
            variables[variables.length] = [name === 'content-type' ? upper : `HTTP_${upper}`, value];
        }
        return variables;
    }

    /** `NAME=value` with a zero at the end. */
    function entry(name, value) {
        const head = host.encode(`${name}=`);
        const tail = typeof value === 'string' ? host.encode(value) : value;
        const bytes = new Uint8Array(head.length + tail.length + 1);
        bytes.set(head);
        bytes.set(tail, head.length);
        return bytes;
    }

    /**
     * `{ args, environment }` as bytes; undefined for a path that no variable can hold.
     *
     * `settings` are the app's own texts, which nothing of a request replaces.
     */
    wasi.describeRequest = function describeRequest(program, { method, url, headers }, input, settings) {
        const parts = splitURL(url);
        const path = decodePath(parts.path);
        if (path === undefined) return undefined;
        const [name, port] = splitAuthority(parts);
        const variables = new bridge.SafeMap();
        const add = (pairs) => { for (const [key, value] of pairs) variables.set(key, value); };
        add(headerVariables(headers));
        add([
            ['GATEWAY_INTERFACE', 'CGI/1.1'], ['SERVER_PROTOCOL', 'HTTP/1.1'], ['SERVER_SOFTWARE', 'Skerry'],
            ['SERVER_NAME', name], ['SERVER_PORT', port], ['REQUEST_METHOD', method], ['SCRIPT_NAME', ''],
            ['PATH_INFO', path], ['QUERY_STRING', parts.query],
            ['REQUEST_URI', parts.query === '' ? parts.path : `${parts.path}?${parts.query}`],
            ['REMOTE_ADDR', headers.get('x-forwarded-for') ?? ''],
        ]);
        if (parts.scheme === 'https') variables.set('HTTPS', 'on');
        if (input.length > 0) variables.set('CONTENT_LENGTH', `${input.length}`);
        add(settings);
        const environment = [];
        for (const [key, value] of variables.entries()) {
            if (typeof value === 'string' && value.includes('\0')) continue;
            environment[environment.length] = entry(key, value);
        }
        const last = new Uint8Array(path.length + 1);
        last.set(path);
        return { args: [host.encode(`${program}\0`), last], environment };
    };

    // MARK: The response (section 6)

    const bad = (reason) => { throw new bridge.BadResponse(`the program's output ${reason}`); };

    /** Whether an output has its header lines and the empty one behind them. */
    wasi.hasHead = function hasHead(output) {
        let start = 0;
        for (;;) {
            const end = output.indexOf(newline, start);
            if (end < 0 || end > maxHeadBytes) return false;
            if (end === start || (end === start + 1 && output[start] === carriageReturn)) return true;
            start = end + 1;
        }
    };

    /** The lines before the empty one, and where what follows it begins. */
    function splitHead(output) {
        const lines = [];
        let start = 0;
        for (;;) {
            const end = output.indexOf(newline, start);
            if (end < 0 || end > maxHeadBytes) {
                bad(output.length === 0 ? 'is empty' : 'has no empty line after its header lines; it begins like ' +
                    '"Content-Type: text/plain", an empty line, and then the body');
            }
            const stop = end > start && output[end - 1] === carriageReturn ? end - 1 : end;
            if (stop === start) return { lines, bodyStart: end + 1 };
            if (lines.length === maxHeadLines) bad(`has more than ${maxHeadLines} header lines`);
            lines[lines.length] = host.decode(output.slice(start, stop), false);
            start = end + 1;
        }
    }

    function readField(line) {
        const colon = line.indexOf(':');
        const name = colon < 0 ? line : line.slice(0, colon);
        if (colon < 0 || !token.test(name)) {
            bad(`has the line ${JSON.stringify(line.slice(0, 80))}, which is no header line such as ` +
                '"Content-Type: text/plain"');
        }
        return [name.toLowerCase(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
    }

    function readStatus(value) {
        const match = /^([2-5][0-9]{2})(?:[ \t]|$)/.exec(value);
        return match === null ? bad(`has the status ${JSON.stringify(value.slice(0, 80))}; it is a number from 200 ` +
            'to 599 and perhaps a text') : Number(match[1]);
    }

    /** What a program wrote before its body; throws BadResponse where that is no head. */
    wasi.readHead = function readHead(output) {
        const { lines, bodyStart } = splitHead(output);
        const headers = new bridge.Headers();
        let status;
        for (const line of lines) {
            const [name, value] = readField(line);
            if (name === 'status') {
                status = readStatus(value);
            } else if (name !== 'content-length') {
                // The length is what follows, whatever a program says of it.
                try {
                    headers.append(name, value);
                } catch {
                    bad(`has the header line ${JSON.stringify(line.slice(0, 80))}, which cannot be sent`);
                }
            }
        }
        const isRedirect = headers.has('location');
        if (status === undefined && !isRedirect && !headers.has('content-type')) {
            bad('says neither Content-Type nor Status nor Location before its empty line');
        }
        status ??= isRedirect ? 302 : 200;
        return { status, headers, bodyStart, hasBody: !bodiless.includes(status) };
    };

    /** A Response of what a program wrote; throws BadResponse where it is none. */
    wasi.readResponse = function readResponse(output) {
        const { status, headers, bodyStart, hasBody } = wasi.readHead(output);
        const body = output.subarray(bodyStart);
        const response = new bridge.Response(null, { status, headers });
        if (body.length > 0 && hasBody) bridge.setBodySource(response, body);
        return response;
    };
})
