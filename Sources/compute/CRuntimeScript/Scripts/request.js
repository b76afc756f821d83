// Request (Fetch Standard, section 5.4).
(function (bridge) {
    'use strict';

    const { Body, Headers } = bridge;
    const internal = Symbol('internal');
    const upperCaseMethods = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);

    const choices = {
        redirect: ['follow', 'error', 'manual'],
        mode: ['cors', 'same-origin', 'no-cors'],
        credentials: ['same-origin', 'omit', 'include'],
        cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
        referrerPolicy: [
            '', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin',
            'origin-when-cross-origin', 'strict-origin-when-cross-origin', 'unsafe-url',
        ],
        priority: ['auto', 'high', 'low'],
    };

    function checkedMethod(value) {
        const method = `${value}`;
        if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method) || /^(CONNECT|TRACE|TRACK)$/i.test(method)) {
            throw new TypeError(`'${method}' is not a method that a Request may have`);
        }
        const upper = method.toUpperCase();
        return upperCaseMethods.has(upper) ? upper : method;
    }

    // What a URL is written without.
    const unusual = /\/(?:\.|%2e)|['"<>`{}\\^|]|[^\x21-\x7e]/i;

    /** The URL of a request that came, as any URL is written. */
    function writtenURL(text) {
        if (!unusual.test(text)) return text;
        try {
            return new bridge.URL(text).href;
        } catch {
            return text;
        }
    }

    function checkedURL(text) {
        const url = new bridge.URL(text);
        if (url.username !== '' || url.password !== '') {
            throw new TypeError(
                'a URL with a user name or a password cannot be requested; send an authorization field');
        }
        return url.href;
    }

    /** What `referrer` says: a URL would be of another origin, for functions have none, and stands for the default. */
    function checkedReferrer(value, inherited) {
        if (value === undefined) return inherited ?? 'about:client';
        const text = `${value}`;
        if (text === '') return '';
        if (bridge.URL.canParse(text)) return 'about:client';
        throw new TypeError(`'${text}' is not a URL that a Request may come from`);
    }

    /** Refuses settings that do not go together. */
    function checkSettings({ mode, cache }, method) {
        if (mode === 'no-cors' && !['GET', 'HEAD', 'POST'].includes(method)) {
            throw new TypeError(`a request of mode 'no-cors' cannot have the method ${method}`);
        }
        if (cache === 'only-if-cached' && mode !== 'same-origin') {
            throw new TypeError("cache: 'only-if-cached' needs mode: 'same-origin'");
        }
    }

    function checkedChoice(options, name, inherited = undefined) {
        const value = options[name];
        if (value === undefined) return inherited?.[name] ?? choices[name][0];
        const text = `${value}`;
        if (!choices[name].includes(text)) throw new TypeError(`'${text}' is not a value of ${name}`);
        return text;
    }

    /** The parts of a request's head, which comes as lines. */
    bridge.readHead = function readHead(head) {
        const methodEnd = head.indexOf('\n');
        const urlEnd = head.indexOf('\n', methodEnd + 1);
        return {
            method: head.slice(0, methodEnd),
            url: urlEnd < 0 ? head.slice(methodEnd + 1) : head.slice(methodEnd + 1, urlEnd),
            headerText: urlEnd < 0 ? '' : head.slice(urlEnd + 1),
        };
    };

    let createRequest;
    let describeRequest;
    let isRequest;
    let headersOf;
    let blobOf;

    class Request {
        #method = 'GET';
        #url = '';
        // A request from outside, until something of it is asked for: a line each for the method, the URL, and the names
        // and the values of its headers.
        #head;
        #headers;
        #headerText;
        #signal;
        #controller;
        #settings;
        // What its blob: URL stood for when the request was made.
        #blob;

        constructor(input, init = undefined) {
            new Body(this);
            if (input === internal) return;
            bridge.needArguments(arguments.length, 1, 'Request');
            const options = bridge.dictionary(init);
            const source = isRequest(input) ? input : undefined;
            this.#url = source ? source.url : checkedURL(input);
            if (this.#url.startsWith('blob:')) {
                this.#blob = source ? source.#blob : bridge.need('blob').blobOfURL(this.#url.split('#', 1)[0]);
            }
            this.#method = options.method !== undefined ? checkedMethod(options.method) : source?.method ?? 'GET';
            if (options.window !== undefined && options.window !== null) throw new TypeError('window can only be null');
            this.#settings = {
                redirect: checkedChoice(options, 'redirect', source?.#settings),
                mode: checkedChoice(options, 'mode', source?.#settings),
                credentials: checkedChoice(options, 'credentials', source?.#settings),
                cache: checkedChoice(options, 'cache', source?.#settings),
                referrerPolicy: checkedChoice(options, 'referrerPolicy', source?.#settings),
                referrer: checkedReferrer(options.referrer, source?.#settings?.referrer),
                integrity: `${options.integrity ?? source?.#settings?.integrity ?? ''}`,
                keepalive: Boolean(options.keepalive ?? source?.#settings?.keepalive),
            };
            checkedChoice(options, 'priority');
            checkSettings(this.#settings, this.#method);
            this.#headers = new Headers(options.headers === undefined ? source?.headers : options.headers);
            const signal = options.signal !== undefined ? options.signal : source?.signal;
            if (signal !== null && signal !== undefined) {
                if (!bridge.isSignal(signal)) throw new TypeError('signal must be an AbortSignal');
                this.#signal = bridge.followSignal(signal);
            }
            this.#adoptBody(options, source);
        }

        #adoptBody(options, source) {
            const { body, duplex } = options;
            const isBodiless = this.#method === 'GET' || this.#method === 'HEAD';
            if (duplex !== undefined && `${duplex}` !== 'half') throw new TypeError('duplex can only be "half"');
            if (body !== undefined && body !== null) {
                if (isBodiless) throw new TypeError(`a ${this.#method} request cannot have a body`);
                const { source: stored, type } = bridge.extractBody(body);
                if (bridge.isStreamRecord(stored) && this.#settings.keepalive) {
                    throw new TypeError('a request with keepalive cannot have a stream as its body');
                }
                if (bridge.isStreamRecord(stored) && duplex === undefined) {
                    throw new TypeError('a request whose body is a stream needs { duplex: "half" }');
                }
                bridge.setBodySource(this, stored);
                bridge.setContentType(this.#headers, type);
            } else if (source) {
                if (isBodiless && source.body !== null) {
                    throw new TypeError(`a ${this.#method} request cannot have a body`);
                }
                bridge.moveBody(source, this);
            }
        }

        static {
            isRequest = (value) => typeof value === 'object' && value !== null && #method in value;
            headersOf = (request) => request.headers;
            blobOf = (request) => request.#blob;
            createRequest = (head, body, controller) => {
                const request = new Request(internal);
                request.#head = head;
                request.#controller = controller;
                if (body !== undefined) bridge.setBodySource(request, body);
                return request;
            };
            describeRequest = (request) => ({
                __proto__: null,
                url: request.url,
                method: request.method,
                headers: bridge.headerPairs(request.headers),
                redirect: request.redirect,
                signal: request.#signal,
                body: bridge.takeBody(request),
            });
        }

        #readHead() {
            const { method, url, headerText } = bridge.readHead(this.#head);
            this.#head = undefined;
            this.#method = method;
            this.#url = writtenURL(url);
            this.#headerText = headerText;
        }

        get method() {
            if (this.#head !== undefined) this.#readHead();
            return this.#method;
        }
        get url() {
            if (this.#head !== undefined) this.#readHead();
            return this.#url;
        }
        get headers() {
            if (this.#headers === undefined) {
                if (this.#head !== undefined) this.#readHead();
                this.#headers = bridge.adoptHeaders(this.#headerText);
            }
            return this.#headers;
        }
        get signal() {
            this.#signal ??= this.#controller ? this.#controller() : new bridge.AbortController().signal;
            return this.#signal;
        }
        // A constant that only requests have.
        #always(value) { return value; }
        get destination() { return this.#always(''); }
        get referrer() { return this.#settings?.referrer ?? 'about:client'; }
        get referrerPolicy() { return this.#settings?.referrerPolicy ?? ''; }
        get mode() { return this.#settings?.mode ?? 'cors'; }
        get credentials() { return this.#settings?.credentials ?? 'same-origin'; }
        get cache() { return this.#settings?.cache ?? 'default'; }
        get redirect() { return this.#settings?.redirect ?? 'follow'; }
        get integrity() { return this.#settings?.integrity ?? ''; }
        get keepalive() { return this.#settings?.keepalive ?? false; }
        get isHistoryNavigation() { return this.#always(false); }
        get isReloadNavigation() { return this.#always(false); }
        get duplex() { return this.#always('half'); }

        clone() {
            const copy = new Request(internal);
            bridge.shareBody(this, copy);
            copy.#method = this.method;
            copy.#url = this.url;
            copy.#settings = this.#settings;
            copy.#blob = this.#blob;
            copy.#headers = new Headers(this.headers);
            copy.#signal = bridge.followSignal(this.signal);
            return copy;
        }
    }

    bridge.enumerate(Request, [
        'method', 'url', 'headers', 'signal', 'destination', 'referrer', 'referrerPolicy', 'mode', 'credentials',
        'cache', 'redirect', 'integrity', 'keepalive', 'isHistoryNavigation', 'isReloadNavigation', 'duplex', 'clone',
    ]);
    bridge.includeBody(Request);
    bridge.brand(Request, 'Request');
    bridge.expose('Request', Request);
    bridge.Request = Request;
    bridge.createRequest = createRequest;
    bridge.describeRequest = (request) => describeRequest(request);
    bridge.isRequest = (value) => isRequest(value);
    bridge.blobOfRequest = (request) => blobOf(request);
    bridge.requestHeaders = (request) => headersOf(request);
})
