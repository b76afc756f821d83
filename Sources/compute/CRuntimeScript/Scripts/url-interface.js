// The interfaces over the URL records of url.js.
(function (bridge) {
    'use strict';

    const { toUSVString } = bridge;
    const {
        parse, serialize, encode, encodeControls, unsafe, isSpecial, isOpaque, parsePath, parsePort, parseHost,
        splitPort, pathText, hostText, defaultPorts, percentDecode,
    } = bridge.url;

    const formDecode = (text) => percentDecode(text.replaceAll('+', ' '));
    const formEncode = (text) => encode(text, unsafe.form).replaceAll(' ', '+');

    function parseForm(text) {
        return text.split('&').filter((part) => part !== '').map((part) => {
            const equals = part.indexOf('=');
            return equals < 0
                ? [formDecode(part), ''] : [formDecode(part.slice(0, equals)), formDecode(part.slice(equals + 1))];
        });
    }

    /** A query or a fragment with or without its mark; null for an empty text, but not for one of line breaks only. */
    function partAfter(mark, value, set) {
        const text = toUSVString(value);
        if (text === '') return null;
        return encode((text.startsWith(mark) ? text.slice(1) : text).replace(/[\t\n\r]/g, ''), set);
    }

    let attachParams;
    let pairsOfParams;

    class URLSearchParams {
        #pairs = [];
        #changed = undefined;

        constructor(init = '') {
            if (!bridge.isObject(init)) {
                const text = toUSVString(init);
                this.#pairs = parseForm(text.startsWith('?') ? text.slice(1) : text);
                return;
            }
            const isList = init[Symbol.iterator] !== undefined && init[Symbol.iterator] !== null;
            // Names of a record that become equal overwrite each other.
            const places = new bridge.SafeMap();
            for (const pair of bridge.readPairs(init, toUSVString, toUSVString)) {
                const place = isList ? undefined : places.get(pair[0]);
                if (!isList) places.set(pair[0], place ?? this.#pairs.length);
                this.#pairs[place ?? this.#pairs.length] = pair;
            }
        }

        static {
            attachParams = (params, query, changed) => {
                params.#pairs = parseForm(query ?? '');
                params.#changed = changed;
            };
            pairsOfParams = (params) => params.#pairs;
        }

        get size() { return this.#pairs.length; }

        append(name, value) {
            bridge.needArguments(arguments.length, 2, 'append');
            this.#pairs.push([toUSVString(name), toUSVString(value)]);
            this.#changed?.();
        }

        delete(name, value = undefined) {
            bridge.needArguments(arguments.length, 1, 'delete');
            const key = toUSVString(name);
            const text = value === undefined ? undefined : toUSVString(value);
            this.#pairs = this.#pairs.filter((pair) => pair[0] !== key || (text !== undefined && pair[1] !== text));
            this.#changed?.();
        }

        get(name) {
            bridge.needArguments(arguments.length, 1, 'get');
            const key = toUSVString(name);
            return this.#pairs.find((pair) => pair[0] === key)?.[1] ?? null;
        }

        getAll(name) {
            bridge.needArguments(arguments.length, 1, 'getAll');
            const key = toUSVString(name);
            return this.#pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]);
        }

        has(name, value = undefined) {
            bridge.needArguments(arguments.length, 1, 'has');
            const key = toUSVString(name);
            const text = value === undefined ? undefined : toUSVString(value);
            return this.#pairs.some((pair) => pair[0] === key && (text === undefined || pair[1] === text));
        }

        set(name, value) {
            bridge.needArguments(arguments.length, 2, 'set');
            const key = toUSVString(name);
            const first = this.#pairs.findIndex((pair) => pair[0] === key);
            if (first < 0) {
                this.#pairs.push([key, toUSVString(value)]);
            } else {
                this.#pairs[first][1] = toUSVString(value);
                this.#pairs = this.#pairs.filter((pair, index) => index <= first || pair[0] !== key);
            }
            this.#changed?.();
        }

        sort() {
            this.#pairs.sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0));
            this.#changed?.();
        }

        toString() {
            return this.#pairs.map((pair) => `${formEncode(pair[0])}=${formEncode(pair[1])}`).join('&');
        }
    }

    bridge.makePairIterable(URLSearchParams, 'URLSearchParams', pairsOfParams);

    class URL {
        #url;
        #params = undefined;

        constructor(input, base = undefined) {
            bridge.needArguments(arguments.length, 1, 'URL');
            const text = toUSVString(input);
            let parsedBase;
            if (base !== undefined) {
                parsedBase = parse(toUSVString(base), undefined);
                if (parsedBase === undefined) throw new TypeError(`'${base}' is not a URL to resolve against`);
            }
            this.#url = parse(text, parsedBase);
            if (this.#url === undefined) throw new TypeError(`'${text}' is not a URL`);
        }

        static canParse(input, base = undefined) {
            bridge.needArguments(arguments.length, 1, 'canParse');
            return URL.parse(input, base) !== null;
        }

        static createObjectURL(object) {
            bridge.needArguments(arguments.length, 1, 'createObjectURL');
            return bridge.need('blob').makeURL(object);
        }

        static revokeObjectURL(url) {
            bridge.needArguments(arguments.length, 1, 'revokeObjectURL');
            bridge.need('blob').revokeURL(toUSVString(url));
        }

        static parse(input, base = undefined) {
            bridge.needArguments(arguments.length, 1, 'parse');
            const text = toUSVString(input);
            const baseText = base === undefined ? undefined : toUSVString(base);
            try {
                return new URL(text, baseText);
            } catch {
                return null;
            }
        }

        #refreshParams() {
            if (this.#params !== undefined) this.#connect(this.#params);
        }

        #connect(params) {
            attachParams(params, this.#url.query, () => {
                const text = params.toString();
                this.#url.query = text === '' ? null : text;
            });
        }

        #cannotHaveCredentials() {
            return this.#url.host === null || this.#url.host === '' || this.#url.scheme === 'file';
        }

        get href() { return serialize(this.#url); }
        set href(value) {
            const url = parse(toUSVString(value), undefined);
            if (url === undefined) throw new TypeError(`'${value}' is not a URL`);
            this.#url = url;
            this.#refreshParams();
        }

        get origin() {
            const { scheme, path } = this.#url;
            if (scheme === 'blob' && typeof path === 'string') {
                const inner = parse(path, undefined);
                return inner !== undefined && /^https?$/.test(inner.scheme)
                    ? `${inner.scheme}://${hostText(inner)}` : 'null';
            }
            return isSpecial(this.#url) && scheme !== 'file' ? `${scheme}://${hostText(this.#url)}` : 'null';
        }

        get protocol() { return `${this.#url.scheme}:`; }
        set protocol(value) {
            const text = `${value}`.replace(/[\t\n\r]/g, '');
            const scheme = /^([A-Za-z][A-Za-z0-9+\-.]*)(:|$)/.exec(text)?.[1].toLowerCase();
            const url = this.#url;
            if (scheme === undefined || scheme in defaultPorts !== isSpecial(url)) return;
            const hasAuthority = url.username !== '' || url.password !== '' || url.port !== null;
            if (scheme === 'file' && hasAuthority) return;
            if (url.scheme === 'file' && url.host === '') return;
            url.scheme = scheme;
            if (url.port === defaultPorts[scheme]) url.port = null;
        }

        get username() { return this.#url.username; }
        set username(value) {
            if (!this.#cannotHaveCredentials()) this.#url.username = encode(toUSVString(value), unsafe.userinfo);
        }

        get password() { return this.#url.password; }
        set password(value) {
            if (!this.#cannotHaveCredentials()) this.#url.password = encode(toUSVString(value), unsafe.userinfo);
        }

        #setHost(value, withPort) {
            const url = this.#url;
            if (isOpaque(url)) return;
            const text = toUSVString(value).replace(/[\t\n\r]/g, '');
            const end = text.search(isSpecial(url) ? /[/\\?#]/ : /[/?#]/);
            const authority = end < 0 ? text : text.slice(0, end);
            const [name, port] = url.scheme === 'file' ? [authority, undefined] : splitPort(authority);
            if (port !== undefined && (!withPort || name === '')) return;
            if (name === '' && (isSpecial(url) ? url.scheme !== 'file' : this.#hasAuthority())) return;
            const host = name === '' ? '' : parseHost(name, isSpecial(url), encodeControls);
            if (host === undefined) return;
            url.host = url.scheme === 'file' && host === 'localhost' ? '' : host;
            const digits = port === undefined ? '' : /^[0-9]*/.exec(port)[0];
            if (digits !== '') parsePort(url, digits);
        }

        #hasAuthority() {
            return this.#url.username !== '' || this.#url.password !== '' || this.#url.port !== null;
        }

        get host() { return hostText(this.#url); }
        set host(value) { this.#setHost(value, true); }

        get hostname() { return this.#url.host ?? ''; }
        set hostname(value) { this.#setHost(value, false); }

        get port() { return this.#url.port === null ? '' : `${this.#url.port}`; }
        set port(value) {
            if (this.#cannotHaveCredentials()) return;
            const text = `${value}`;
            const digits = /^[0-9]*/.exec(text.replace(/[\t\n\r]/g, ''))[0];
            if (text === '' || digits !== '') parsePort(this.#url, digits);
        }

        get pathname() { return pathText(this.#url); }
        set pathname(value) {
            if (isOpaque(this.#url)) return;
            this.#url.path = [];
            parsePath(this.#url, toUSVString(value).replace(/[\t\n\r]/g, ''));
            if (this.#url.host === null && this.#url.path.length === 0) this.#url.path.push('');
        }

        get search() { return this.#url.query ? `?${this.#url.query}` : ''; }
        set search(value) {
            const set = isSpecial(this.#url) ? unsafe.specialQuery : unsafe.query;
            this.#url.query = partAfter('?', value, set);
            this.#refreshParams();
        }

        get searchParams() {
            if (this.#params === undefined) {
                this.#params = new URLSearchParams();
                this.#connect(this.#params);
            }
            return this.#params;
        }

        get hash() { return this.#url.fragment ? `#${this.#url.fragment}` : ''; }
        set hash(value) { this.#url.fragment = partAfter('#', value, unsafe.fragment); }

        toString() { return serialize(this.#url); }
        toJSON() { return serialize(this.#url); }
    }

    bridge.enumerate(URL, [
        'href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search',
        'searchParams', 'hash', 'toString', 'toJSON',
    ]);
    for (const name of ['parse', 'canParse', 'createObjectURL', 'revokeObjectURL']) {
        Object.defineProperty(URL, name, { __proto__: null, enumerable: true });
    }
    bridge.enumerate(URLSearchParams, [
        'size', 'append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'toString',
    ]);
    bridge.brand(URL, 'URL');
    bridge.brand(URLSearchParams, 'URLSearchParams');
    bridge.expose('URL', URL);
    bridge.expose('URLSearchParams', URLSearchParams);
    bridge.URL = URL;
    bridge.URLSearchParams = URLSearchParams;
})
