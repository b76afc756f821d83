// Request and Response. A body is held whole, as text or as bytes: the node hands over complete bodies.
(function (bridge) {
    'use strict';

    const { host, bytesOf, Headers, URL, URLSearchParams, toUSVString } = bridge;
    const nullBodyStatuses = new Set([101, 103, 204, 205, 304]);
    const redirectStatuses = new Set([301, 302, 303, 307, 308]);
    const internal = Symbol('internal');

    /** The stored form of a body and the content type that it implies. */
    function extractBody(value) {
        if (value === null || value === undefined) return { source: null, type: null };
        const bytes = bytesOf(value);
        if (bytes !== undefined) return { source: bytes.slice(), type: null };
        if (value instanceof URLSearchParams) {
            return { source: value.toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
        }
        return { source: toUSVString(value), type: 'text/plain;charset=UTF-8' };
    }

    let takeSource;
    let setSource;
    let copySource;

    class Body {
        #source = null;
        #used = false;

        static {
            setSource = (body, source) => { body.#source = source; };
            copySource = (body) => {
                if (body.#used) throw new TypeError('the body has been read already');
                return body.#source;
            };
            takeSource = (body) => {
                if (body.#used) throw new TypeError('the body has been read already');
                body.#used = body.#source !== null;
                return body.#source;
            };
        }

        get bodyUsed() { return this.#used; }

        async text() {
            const source = takeSource(this);
            if (source === null) return '';
            if (typeof source === 'string') return source;
            const text = host.decode(source, false);
            return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
        }

        async json() { return JSON.parse(await this.text()); }

        async bytes() {
            const source = takeSource(this);
            if (source === null) return new Uint8Array(0);
            return typeof source === 'string' ? host.encode(source) : source.slice();
        }

        async arrayBuffer() { return (await this.bytes()).buffer; }
    }
    // The two interfaces share their methods, not an ancestor that scripts could name.
    delete Body.prototype.constructor;

    function setContentType(headers, type) {
        if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
    }

    const upperCaseMethods = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']);

    function checkedMethod(value) {
        const method = `${value}`;
        if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method) || /^(CONNECT|TRACE|TRACK)$/i.test(method)) {
            throw new TypeError(`'${method}' is not a method that a Request may have`);
        }
        const upper = method.toUpperCase();
        return upperCaseMethods.has(upper) ? upper : method;
    }

    let createRequest;

    class Request extends Body {
        #method = 'GET';
        #url = '';
        #headers;
        #headerText;
        #signal;
        #controller;

        constructor(input, init = {}) {
            super();
            if (input === internal) return;
            const options = init ?? {};
            const source = input instanceof Request ? input : undefined;
            this.#url = source ? source.#url : new URL(input).href;
            this.#method = options.method !== undefined ? checkedMethod(options.method) : source?.#method ?? 'GET';
            this.#headers = new Headers(options.headers ?? source?.headers);
            this.#signal = options.signal ?? source?.signal;
            const hasBody = options.body !== undefined && options.body !== null;
            if (hasBody && (this.#method === 'GET' || this.#method === 'HEAD')) {
                throw new TypeError(`a ${this.#method} request cannot have a body`);
            }
            if (hasBody) {
                const { source: stored, type } = extractBody(options.body);
                setSource(this, stored);
                setContentType(this.#headers, type);
            } else if (source) {
                setSource(this, takeSource(source));
            }
        }

        static {
            createRequest = (method, url, headerText, body, controller) => {
                const request = new Request(internal);
                request.#method = method;
                request.#url = url;
                request.#headerText = headerText;
                request.#controller = controller;
                if (body !== undefined) setSource(request, new Uint8Array(body));
                return request;
            };
        }

        get method() { return this.#method; }
        get url() { return this.#url; }
        get headers() {
            this.#headers ??= bridge.adoptHeaders(this.#headerText);
            return this.#headers;
        }
        get signal() {
            this.#signal ??= this.#controller ? this.#controller() : new bridge.AbortController().signal;
            return this.#signal;
        }
        get redirect() { return 'follow'; }

        clone() {
            const copy = new Request(internal);
            setSource(copy, copySource(this));
            copy.#method = this.#method;
            copy.#url = this.#url;
            copy.#headers = new Headers(this.headers);
            copy.#signal = this.signal;
            return copy;
        }
    }

    let describeResponse;

    class Response extends Body {
        #status = 200;
        #statusText = '';
        #headers;
        #type = 'default';

        constructor(body = null, init = {}) {
            super();
            const options = init ?? {};
            if (options.status !== undefined) {
                const status = Math.trunc(Number(options.status));
                if (!(status >= 200 && status <= 599)) {
                    throw new RangeError(`a response's status is 200 to 599, not ${options.status}`);
                }
                this.#status = status;
            }
            if (options.statusText !== undefined) {
                const text = `${options.statusText}`;
                if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) throw new TypeError('a character cannot be in a status text');
                this.#statusText = text;
            }
            this.#headers = new Headers(options.headers);
            if (body === null || body === undefined) return;
            if (nullBodyStatuses.has(this.#status)) {
                throw new TypeError(`a response with status ${this.#status} cannot have a body`);
            }
            const { source, type } = extractBody(body);
            setSource(this, source);
            setContentType(this.#headers, type);
        }

        static {
            describeResponse = (response) => ({
                status: response.#status, headers: bridge.headerLines(response.#headers), body: takeSource(response),
            });
        }

        static json(data, init = {}) {
            const text = JSON.stringify(data);
            if (text === undefined) throw new TypeError('the value has no JSON form');
            const response = new Response(text, init);
            const given = new Headers(init?.headers);
            if (!given.has('content-type')) response.#headers.set('content-type', 'application/json');
            return response;
        }

        static redirect(url, status = 302) {
            const target = new URL(url).href;
            if (!redirectStatuses.has(status)) throw new RangeError(`${status} is not a redirect status`);
            return new Response(null, { status, headers: { location: target } });
        }

        static error() {
            const response = new Response(null);
            response.#status = 0;
            response.#type = 'error';
            return response;
        }

        get status() { return this.#status; }
        get statusText() { return this.#statusText; }
        get headers() { return this.#headers; }
        get ok() { return this.#status >= 200 && this.#status <= 299; }
        get type() { return this.#type; }
        get url() { return ''; }
        get redirected() { return false; }

        clone() {
            const copy = new Response(null, { headers: this.#headers });
            setSource(copy, copySource(this));
            copy.#status = this.#status;
            copy.#statusText = this.#statusText;
            copy.#type = this.#type;
            return copy;
        }
    }

    bridge.brand(Request, 'Request');
    bridge.brand(Response, 'Response');
    bridge.expose('Request', Request);
    bridge.expose('Response', Response);
    bridge.Response = Response;
    bridge.createRequest = createRequest;
    bridge.describeResponse = describeResponse;
    bridge.extractBody = extractBody;
})
