// URL and URLSearchParams after the URL Standard. The standard's state machine reads one character at a time; this
// parser cuts the text at the same places, because '#' and '?' end every state before the query.
(function (bridge) {
    'use strict';

    const { parseHost, percentDecode, toUSVString } = bridge;
    const encodeCharacter = globalThis.encodeURIComponent;
    const defaultPorts = { __proto__: null, http: 80, https: 443, ws: 80, wss: 443, ftp: 21, file: null };
    const maxPort = 65535;

    const unsafe = {
        control: /[^\x20-\x7e]/gu,
        fragment: /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/gu,
        query: /[^\x21\x24-\x3b\x3d\x3f-\x7e]/gu,
        specialQuery: /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/gu,
        path: /[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]/gu,
        userinfo: /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]/gu,
        form: /[^A-Za-z0-9*\-._ ]/gu,
    };

    function percentEncodeOne(character) {
        const code = character.charCodeAt(0);
        if (code > 0x7f) return encodeCharacter(character);
        return `%${code < 16 ? '0' : ''}${code.toString(16).toUpperCase()}`;
    }

    const encode = (text, set) => text.replace(set, percentEncodeOne);
    const encodeControls = (text) => encode(text, unsafe.control);
    const isSpecial = (url) => url.scheme in defaultPorts;
    const isOpaque = (url) => typeof url.path === 'string';
    const isDriveLetter = (text) => /^[A-Za-z][:|]$/.test(text);
    const startsWithDriveLetter = (text) => /^[A-Za-z][:|]([/\\?#]|$)/.test(text);
    const isSlash = (url, character) => character === '/' || (character === '\\' && isSpecial(url));

    function newRecord(scheme) {
        return { scheme, username: '', password: '', host: null, port: null, path: [], query: null, fragment: null };
    }

    function shortenPath(url) {
        if (url.scheme === 'file' && url.path.length === 1 && /^[A-Za-z]:$/.test(url.path[0])) return;
        url.path.pop();
    }

    /** Appends the segments of `text` to the path, resolving dots. */
    function parsePath(url, text) {
        if (text === '') {
            if (isSpecial(url) && url.path.length === 0) url.path.push('');
            return;
        }
        const body = isSlash(url, text[0]) ? text.slice(1) : text;
        const segments = body.split(isSpecial(url) ? /[/\\]/ : '/');
        segments.forEach((segment, index) => {
            const last = index === segments.length - 1;
            if (/^(\.|%2e){2}$/i.test(segment)) {
                shortenPath(url);
                if (last) url.path.push('');
            } else if (/^(\.|%2e)$/i.test(segment)) {
                if (last) url.path.push('');
            } else if (url.scheme === 'file' && url.path.length === 0 && isDriveLetter(segment)) {
                url.path.push(`${segment[0]}:`);
            } else {
                url.path.push(encode(segment, unsafe.path));
            }
        });
    }

    function parsePort(url, text) {
        if (text === '') {
            url.port = null;
            return true;
        }
        if (!/^[0-9]+$/.test(text)) return false;
        const port = parseInt(text, 10);
        if (port > maxPort) return false;
        url.port = port === defaultPorts[url.scheme] ? null : port;
        return true;
    }

    /** Cuts a host at the first colon that is in no brackets. */
    function splitPort(text) {
        const colon = /^(?:[^:[]|\[[^\]]*(?:\]|$))*/.exec(text)[0].length;
        return colon === text.length ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
    }

    function endOfAuthority(url, text) {
        const end = text.search(isSpecial(url) ? /[/\\]/ : /\//);
        return end < 0 ? text.length : end;
    }

    function parseAuthority(url, text) {
        const end = endOfAuthority(url, text);
        const authority = text.slice(0, end);
        const at = authority.lastIndexOf('@');
        if (at >= 0) {
            const credentials = authority.slice(0, at);
            const colon = credentials.indexOf(':');
            url.username = encode(colon < 0 ? credentials : credentials.slice(0, colon), unsafe.userinfo);
            url.password = colon < 0 ? '' : encode(credentials.slice(colon + 1), unsafe.userinfo);
        }
        const [host, port] = splitPort(authority.slice(at + 1));
        if (host === '') {
            if (isSpecial(url) || at >= 0 || port !== undefined) return false;
            url.host = '';
        } else {
            url.host = parseHost(host, isSpecial(url), encodeControls);
            if (url.host === undefined) return false;
        }
        if (port !== undefined && !parsePort(url, port)) return false;
        parsePath(url, text.slice(end));
        return true;
    }

    function inheritAuthority(url, base) {
        url.username = base.username;
        url.password = base.password;
        url.host = base.host;
        url.port = base.port;
    }

    function inheritPath(url, base, rest, query) {
        url.path = [...base.path];
        if (rest === '') {
            if (query === null) url.query = base.query;
            return;
        }
        if (url.scheme === 'file' && startsWithDriveLetter(rest)) url.path = [];
        else shortenPath(url);
        parsePath(url, rest);
    }

    function parseRelative(url, base, rest, query) {
        if (isSlash(url, rest[0]) && isSlash(url, rest[1])) {
            return parseAuthority(url, isSpecial(url) ? rest.replace(/^[/\\]+/, '') : rest.slice(2));
        }
        inheritAuthority(url, base);
        if (isSlash(url, rest[0])) parsePath(url, rest);
        else inheritPath(url, base, rest, query);
        return true;
    }

    function parseFile(url, base, rest, query) {
        url.host = '';
        if (/^[/\\]{2}/.test(rest)) {
            const text = rest.slice(2);
            const end = endOfAuthority(url, text);
            const name = text.slice(0, end);
            if (isDriveLetter(name)) {
                parsePath(url, `/${text}`);
                return true;
            }
            const host = name === '' ? '' : parseHost(name, true, encodeControls);
            if (host === undefined) return false;
            url.host = host === 'localhost' ? '' : host;
            parsePath(url, text.slice(end));
            return true;
        }
        const fileBase = base?.scheme === 'file' ? base : undefined;
        if (fileBase) url.host = fileBase.host;
        if (/^[/\\]/.test(rest)) {
            const drive = fileBase?.path[0];
            if (drive && /^[A-Za-z]:$/.test(drive) && !startsWithDriveLetter(rest.slice(1))) url.path.push(drive);
            parsePath(url, rest);
        } else if (fileBase) {
            inheritPath(url, fileBase, rest, query);
        } else {
            parsePath(url, rest);
        }
        return true;
    }

    function parseOpaque(url, rest, isFollowed) {
        const text = encodeControls(rest);
        url.path = isFollowed ? text.replace(/ $/, '%20') : text;
    }

    function parseHierarchy(url, base, rest, query, isFollowed) {
        if (url.scheme === 'file') return parseFile(url, base, rest, query);
        if (isSpecial(url)) {
            if (base?.scheme === url.scheme && !/^\/\//.test(rest)) return parseRelative(url, base, rest, query);
            return parseAuthority(url, rest.replace(/^[/\\]+/, ''));
        }
        if (rest.startsWith('//')) return parseAuthority(url, rest.slice(2));
        if (rest.startsWith('/')) parsePath(url, rest);
        else parseOpaque(url, rest, isFollowed);
        return true;
    }

    /** Cuts `text` at the first `mark`; the second part is null without one. */
    function cut(text, mark) {
        const at = text.indexOf(mark);
        return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
    }

    /** A record, or undefined when the text is not a URL. */
    function parse(input, base) {
        const trimmed = input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '').replace(/[\t\n\r]/g, '');
        const [beforeFragment, fragment] = cut(trimmed, '#');
        const [hierarchy, query] = cut(beforeFragment, '?');
        const scheme = /^[A-Za-z][A-Za-z0-9+\-.]*:/.exec(hierarchy)?.[0];
        let url;
        if (scheme !== undefined) {
            url = newRecord(scheme.slice(0, -1).toLowerCase());
            const rest = hierarchy.slice(scheme.length);
            if (!parseHierarchy(url, base, rest, query, query !== null || fragment !== null)) return undefined;
        } else {
            if (base === undefined) return undefined;
            url = newRecord(base.scheme);
            if (isOpaque(base)) {
                if (hierarchy !== '' || query !== null || fragment === null) return undefined;
                url.path = base.path;
                url.query = base.query;
            } else if (base.scheme === 'file') {
                if (!parseFile(url, base, hierarchy, query)) return undefined;
            } else if (!parseRelative(url, base, hierarchy, query)) {
                return undefined;
            }
        }
        if (query !== null) url.query = encode(query, isSpecial(url) ? unsafe.specialQuery : unsafe.query);
        if (fragment !== null) url.fragment = encode(fragment, unsafe.fragment);
        return url;
    }

    const pathText = (url) => (isOpaque(url) ? url.path : url.path.map((segment) => `/${segment}`).join(''));
    const hostText = (url) => (url.host === null ? '' : url.port === null ? url.host : `${url.host}:${url.port}`);

    function serialize(url) {
        let text = `${url.scheme}:`;
        if (url.host !== null) {
            const password = url.password === '' ? '' : `:${url.password}`;
            const credentials = url.username === '' && password === '' ? '' : `${url.username}${password}@`;
            text += `//${credentials}${hostText(url)}`;
        } else if (!isOpaque(url) && url.path.length > 1 && url.path[0] === '') {
            text += '/.';
        }
        text += pathText(url);
        if (url.query !== null) text += `?${url.query}`;
        if (url.fragment !== null) text += `#${url.fragment}`;
        return text;
    }

    bridge.url = {
        parse, serialize, encode, encodeControls, unsafe, isSpecial, isOpaque, parsePath, parsePort, parseHost,
        splitPort, pathText, hostText, defaultPorts, percentDecode, toUSVString,
    };
})
