// URLPattern (URL Pattern Standard, section 1), and how its short form is cut into components (section 1.6).
(function (bridge) {
    'use strict';

    const patterns = bridge.group('patterns');
    const { compile, escapePattern, tokenize } = patterns;
    const {
        parse, encode, encodeControls, unsafe, parsePath, pathText, parseHost, defaultPorts, isOpaque,
    } = bridge.url;
    const { toUSVString } = bridge;
    const names = ['protocol', 'username', 'password', 'hostname', 'port', 'pathname', 'search', 'hash'];
    const plain = { delimiter: '', prefix: '' };
    const dotted = { delimiter: '.', prefix: '' };
    const slashed = { delimiter: '/', prefix: '/' };
    const specialSchemes = Object.keys(defaultPorts);
    const isSpecialScheme = (scheme) => specialSchemes.includes(scheme);

    // MARK: Canonical forms

    const refuse = (what, value) => { throw new TypeError(`'${value}' is not a ${what}`); };

    const canonical = {
        protocol(value) {
            if (value === '') return value;
            return /^[A-Za-z][A-Za-z0-9+\-.]*$/.test(value) ? value.toLowerCase() : refuse('scheme', value);
        },
        username: (value) => encode(value, unsafe.userinfo),
        password: (value) => encode(value, unsafe.userinfo),
        hostname(value) {
            if (value === '') return value;
            // As in a URL, the host name ends where the path, the query or the fragment would begin.
            const cleaned = value.replace(/[\t\n\r]/g, '').replace(/[/?#\\].*$/s, '');
            if (!cleaned.startsWith('[') && cleaned.includes(':')) refuse('host name', value);
            return parseHost(cleaned, true, encodeControls) ?? refuse('host name', value);
        },
        ipv6Hostname: (value) => (/^[0-9a-f[\]:]*$/i.test(value) ? value.toLowerCase() : refuse('IPv6 address', value)),
        port(value, protocol) {
            if (value === '') return value;
            // As in a URL, the port ends where the digits do.
            const digits = /^\d+/.exec(value.replace(/[\t\n\r]/g, ''))?.[0];
            if (digits === undefined || Number(digits) > 65535) refuse('port', value);
            const port = Number(digits);
            return defaultPorts[protocol] === port ? '' : `${port}`;
        },
        pathname(value) {
            if (value === '') return value;
            const isAbsolute = value[0] === '/';
            const url = parse('https://host', undefined);
            url.path = [];
            parsePath(url, isAbsolute ? value : `/-${value}`);
            const text = pathText(url);
            return isAbsolute ? text : text.slice(2);
        },
        opaquePathname: (value) => encodeControls(value),
        search: (value) => encode(value, unsafe.query),
        hash: (value) => encode(value, unsafe.fragment),
    };

    // MARK: Components from a dictionary

    const isAbsolutePath = (path, isPattern) => path.startsWith('/') ||
        (isPattern && (path.startsWith('\\/') || path.startsWith('{/')));

    /** The components of a dictionary; a base URL fills what comes before the first one that is given. */
    function processInit(init, isPattern, defaults) {
        const result = { __proto__: null, ...defaults };
        const has = (list) => list.some((name) => init[name] !== undefined);
        const fromBase = (text) => (isPattern ? escapePattern(text) : text);
        let base;
        if (init.baseURL !== undefined) {
            base = parse(toUSVString(init.baseURL), undefined);
            if (base === undefined) throw new TypeError(`'${init.baseURL}' is not a URL`);
            if (!has(['protocol'])) result.protocol = fromBase(base.scheme);
            if (!isPattern && !has(['protocol', 'hostname', 'port', 'username'])) result.username = base.username;
            if (!isPattern && !has(['protocol', 'hostname', 'port', 'username', 'password'])) {
                result.password = base.password;
            }
            if (!has(['protocol', 'hostname'])) result.hostname = fromBase(base.host ?? '');
            if (!has(['protocol', 'hostname', 'port'])) result.port = base.port === null ? '' : `${base.port}`;
            if (!has(['protocol', 'hostname', 'port', 'pathname'])) result.pathname = fromBase(pathText(base));
            if (!has(['protocol', 'hostname', 'port', 'pathname', 'search'])) {
                result.search = fromBase(base.query ?? '');
            }
            if (!has(['protocol', 'hostname', 'port', 'pathname', 'search', 'hash'])) {
                result.hash = fromBase(base.fragment ?? '');
            }
        }
        const set = (name, strip, convert) => {
            if (init[name] === undefined) return;
            const text = strip(toUSVString(init[name]));
            result[name] = isPattern ? text : convert(text);
        };
        const same = (text) => text;
        set('protocol', (text) => text.replace(/:$/, ''), canonical.protocol);
        set('username', same, canonical.username);
        set('password', same, canonical.password);
        set('hostname', same, canonical.hostname);
        set('port', same, (text) => canonical.port(text, result.protocol ?? ''));
        if (init.pathname !== undefined) {
            let path = toUSVString(init.pathname);
            if (base !== undefined && !isOpaque(base) && !isAbsolutePath(path, isPattern)) {
                const folder = fromBase(pathText(base));
                path = folder.slice(0, folder.lastIndexOf('/') + 1) + path;
            }
            const { protocol = '' } = result;
            const isStandard = protocol === '' || isSpecialScheme(protocol);
            result.pathname = isPattern ? path : isStandard ? canonical.pathname(path) : canonical.opaquePathname(path);
        }
        set('search', (text) => text.replace(/^\?/, ''), canonical.search);
        set('hash', (text) => text.replace(/^#/, ''), canonical.hash);
        return result;
    }

    // MARK: Components from a text

    const isEarly = (state, list) => list.includes(state);
    const beforeHost = ['protocol', 'authority', 'username', 'password'];
    const beforePath = [...beforeHost, 'hostname', 'port'];

    class ShortFormParser {

        text;
        result = { __proto__: null };
        #tokens;
        #at = 0;
        #start = 0;
        #step = 1;
        #state = 'init';
        #depth = 0;
        #brackets = 0;
        #isSpecial = false;

        constructor(text) {
            this.text = text;
            this.#tokens = tokenize(text, true);
        }

        #token(index) { return this.#tokens[Math.min(index, this.#tokens.length - 1)]; }

        #is(value, index = this.#at) {
            const token = this.#token(index);
            return token.value === value && ['char', 'escaped', 'invalid'].includes(token.type);
        }

        get #isSearch() {
            if (this.#is('?')) return true;
            if (this.#token(this.#at).value !== '?') return false;
            const previous = this.#at === 0 ? undefined : this.#token(this.#at - 1);
            return previous === undefined || !['name', 'regexp', 'close', 'asterisk'].includes(previous.type);
        }

        #componentText() {
            return this.text.slice(this.#token(this.#start).index, this.#token(this.#at).index);
        }

        #change(state, skip) {
            const old = this.#state;
            if (!['init', 'authority', 'done'].includes(old)) this.result[old] = this.#componentText();
            if (old !== 'init' && state !== 'done') {
                const { result } = this;
                const isLate = ['port', 'pathname', 'search', 'hash'].includes(state);
                if (isEarly(old, beforeHost) && isLate) result.hostname ??= '';
                if (isEarly(old, beforePath) && (state === 'search' || state === 'hash')) {
                    result.pathname ??= this.#isSpecial ? '/' : '';
                }
                if (isEarly(old, [...beforePath, 'pathname']) && state === 'hash') result.search ??= '';
            }
            this.#state = state;
            this.#at += skip;
            this.#start = this.#at;
            this.#step = 0;
        }

        #rewind(state) {
            this.#at = this.#start;
            this.#step = 0;
            if (state !== undefined) this.#state = state;
        }

        parse() {
            while (this.#at < this.#tokens.length) {
                this.#step = 1;
                const { type } = this.#token(this.#at);
                if (type === 'end') {
                    if (this.#state === 'init') this.#endInInit();
                    else if (this.#state === 'authority') this.#rewind('hostname');
                    else {
                        this.#change('done', 0);
                        break;
                    }
                } else if (type === 'open') {
                    this.#depth += 1;
                } else {
                    const isInside = this.#depth > 0 && type !== 'close';
                    if (this.#depth > 0 && type === 'close') this.#depth -= 1;
                    if (!isInside) this.#visit();
                }
                this.#at += this.#step;
            }
            if (this.result.hostname !== undefined) this.result.port ??= '';
            return this.result;
        }

        #endInInit() {
            this.#rewind();
            if (this.#is('#')) this.#change('hash', 1);
            else if (this.#isSearch) this.#change('search', 1);
            else this.#change('pathname', 0);
        }

        /** Goes on to what begins here, if it comes after the current component. */
        #leave(isPathAllowed, isSearchAllowed) {
            if (isPathAllowed && this.#is('/')) this.#change('pathname', 0);
            else if (isSearchAllowed && this.#isSearch) this.#change('search', 1);
            else if (this.#is('#')) this.#change('hash', 1);
        }

        #visit() {
            switch (this.#state) {
            case 'init':
                if (this.#is(':')) this.#rewind('protocol');
                return;
            case 'protocol':
                if (this.#is(':')) this.#endProtocol();
                return;
            case 'authority':
                if (this.#is('@')) this.#rewind('username');
                else if (this.#is('/') || this.#isSearch || this.#is('#')) this.#rewind('hostname');
                return;
            case 'username':
                if (this.#is(':')) this.#change('password', 1);
                else if (this.#is('@')) this.#change('hostname', 1);
                return;
            case 'password':
                if (this.#is('@')) this.#change('hostname', 1);
                return;
            case 'hostname':
                if (this.#is('[')) this.#brackets += 1;
                else if (this.#is(']')) this.#brackets -= 1;
                else if (this.#is(':') && this.#brackets === 0) this.#change('port', 1);
                else this.#leave(true, true);
                return;
            case 'port':
                this.#leave(true, true);
                return;
            case 'pathname':
                this.#leave(false, true);
                return;
            case 'search':
                this.#leave(false, false);
                return;
            default:
            }
        }

        #endProtocol() {
            const { expression } = compile(this.#componentText(), canonical.protocol, plain, false);
            this.#isSpecial = specialSchemes.some((scheme) => expression.test(scheme));
            const hasSlashes = this.#is('/', this.#at + 1) && this.#is('/', this.#at + 2);
            if (hasSlashes) this.#change('authority', 3);
            else this.#change(this.#isSpecial ? 'authority' : 'pathname', 1);
        }
    }

    // MARK: The interface

    const isIPv6Pattern = (text) => /^(\[|\{\[|\\\[)/.test(text) && text.length >= 2;

    function compileAll(init, ignoreCase) {
        const given = processInit(init, true, {});
        for (const name of names) given[name] ??= '*';
        if (isSpecialScheme(given.protocol) && given.port === `${defaultPorts[given.protocol]}`) given.port = '';
        const components = { __proto__: null };
        const add = (name, convert, options, folds) => {
            components[name] = compile(given[name], convert, options, folds);
        };
        add('protocol', canonical.protocol, plain, false);
        add('username', canonical.username, plain, false);
        add('password', canonical.password, plain, false);
        add('hostname', isIPv6Pattern(given.hostname) ? canonical.ipv6Hostname : canonical.hostname, dotted, false);
        add('port', (text) => canonical.port(text, ''), plain, false);
        const { expression } = components.protocol;
        if (specialSchemes.some((scheme) => expression.test(scheme))) {
            add('pathname', canonical.pathname, slashed, ignoreCase);
        } else {
            add('pathname', canonical.opaquePathname, plain, ignoreCase);
        }
        add('search', canonical.search, plain, ignoreCase);
        add('hash', canonical.hash, plain, ignoreCase);
        return components;
    }

    const isObject = (value) => typeof value === 'object' && value !== null;

    class URLPattern {
        #components;

        constructor(input = {}, baseOrOptions = undefined, options = undefined) {
            const hasBase = typeof baseOrOptions === 'string' || options !== undefined;
            const settings = hasBase ? options : baseOrOptions;
            let init = input;
            if (!isObject(input)) {
                init = new ShortFormParser(toUSVString(input)).parse();
                if (hasBase) init.baseURL = toUSVString(baseOrOptions);
                else if (init.protocol === undefined) throw new TypeError('a relative pattern needs a base URL');
            } else if (hasBase) {
                throw new TypeError('a dictionary has its base URL inside of it');
            }
            this.#components = compileAll(init, Boolean(settings?.ignoreCase));
        }

        #match(input, base) {
            const inputs = [input];
            let values;
            if (isObject(input) && !(input instanceof bridge.URL)) {
                if (base !== undefined) throw new TypeError('a dictionary has its base URL inside of it');
                try {
                    const empty = { __proto__: null };
                    for (const name of names) empty[name] = '';
                    values = processInit(input, false, empty);
                } catch {
                    return null;
                }
            } else {
                let baseURL;
                if (base !== undefined) {
                    inputs[1] = toUSVString(base);
                    baseURL = parse(inputs[1], undefined);
                    if (baseURL === undefined) return null;
                }
                const url = parse(toUSVString(input), baseURL);
                if (url === undefined) return null;
                inputs[0] = typeof input === 'string' ? input : toUSVString(input);
                values = {
                    protocol: url.scheme, username: url.username, password: url.password, hostname: url.host ?? '',
                    port: url.port === null ? '' : `${url.port}`, pathname: pathText(url), search: url.query ?? '',
                    hash: url.fragment ?? '',
                };
            }
            const result = { inputs };
            for (const name of names) {
                const { expression, names: groupNames } = this.#components[name];
                const match = expression.exec(values[name]);
                if (match === null) return null;
                const groups = {};
                groupNames.forEach((group, index) => { groups[group] = match[index + 1]; });
                result[name] = { input: values[name], groups };
            }
            return result;
        }

        test(input = {}, baseURL = undefined) { return this.#match(input, baseURL) !== null; }
        exec(input = {}, baseURL = undefined) { return this.#match(input, baseURL); }

        get protocol() { return this.#components.protocol.pattern; }
        get username() { return this.#components.username.pattern; }
        get password() { return this.#components.password.pattern; }
        get hostname() { return this.#components.hostname.pattern; }
        get port() { return this.#components.port.pattern; }
        get pathname() { return this.#components.pathname.pattern; }
        get search() { return this.#components.search.pattern; }
        get hash() { return this.#components.hash.pattern; }
        get hasRegExpGroups() { return names.some((name) => this.#components[name].hasRegExp); }
    }

    bridge.enumerate(URLPattern, [...names, 'hasRegExpGroups', 'test', 'exec']);
    bridge.brand(URLPattern, 'URLPattern');
    patterns.URLPattern = URLPattern;
})
