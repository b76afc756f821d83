// Response (Fetch Standard, section 5.5).
(function (bridge) {
    'use strict';

    const { Body, Headers } = bridge;
    const internal = Symbol('internal');
    const { stringify } = JSON;
    const textLines = `content-type\n${bridge.textType}`;
    const nullBodyStatuses = new Set([101, 103, 204, 205, 304]);
    const redirectStatuses = new Set([301, 302, 303, 307, 308]);

    let describeResponse;
    let createResponse;
    let isResponse;
    let isError;

    class Response {
        #status = 200;
        #statusText = '';
        // Undefined until somebody asks for them, and then only the body's content type is in them.
        #headers;
        #bodyType = null;
        #type = 'default';
        #url = '';
        #redirected = false;

        constructor(body = null, init = undefined) {
            new Body(this);
            if (body === internal) return;
            if (init !== undefined && init !== null) this.#adopt(init);
            if (body === null || body === undefined) return;
            if (nullBodyStatuses.has(this.#status)) {
                throw new TypeError(`a response with status ${this.#status} cannot have a body`);
            }
            const { source, type } = bridge.extractBody(body);
            bridge.setBodySource(this, source);
            if (this.#headers === undefined) this.#bodyType = type;
            else bridge.setContentType(this.#headers, type);
        }

        #adopt(options) {
            if (!bridge.isObject(options)) throw new TypeError('init must be an object');
            if (options.status !== undefined) {
                const status = Number(options.status) & 0xffff;
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
            if (options.headers !== undefined) this.#headers = new Headers(options.headers);
        }

        static {
            isResponse = (value) => typeof value === 'object' && value !== null && #status in value;
            isError = (response) => response.#type === 'error';
            describeResponse = (response) => ({
                status: response.#status, headers: linesOf(response), body: bridge.takeBody(response),
            });
            const linesOf = (response) => {
                if (response.#headers !== undefined) return bridge.headerLines(response.#headers);
                if (response.#bodyType === null) return '';
                return response.#bodyType === bridge.textType
                    ? textLines : `content-type\n${response.#bodyType}`;
            };
            createResponse = ({ status, statusText, headers, url, redirected, body }) => {
                const response = new Response(internal);
                response.#status = status;
                response.#statusText = statusText;
                response.#headers = bridge.makeImmutable(new Headers(headers));
                response.#type = 'basic';
                response.#url = url;
                response.#redirected = redirected;
                if (body !== null && !nullBodyStatuses.has(status)) bridge.setBodySource(response, body);
                return response;
            };
        }

        static json(data, init = undefined) {
            bridge.needArguments(arguments.length, 1, 'json');
            const text = stringify(data);
            if (text === undefined) throw new TypeError('the value has no JSON form');
            const response = new Response(text, init);
            if (response.#headers === undefined) {
                response.#bodyType = 'application/json';
                return response;
            }
            const given = new Headers(init.headers);
            if (!given.has('content-type')) response.#headers.set('content-type', 'application/json');
            return response;
        }

        static redirect(url, status = 302) {
            bridge.needArguments(arguments.length, 1, 'redirect');
            const target = new bridge.URL(url).href;
            const code = Number(status) & 0xffff;
            if (!redirectStatuses.has(code)) throw new RangeError(`${code} is not a redirect status`);
            const response = new Response(null, { status: code, headers: { location: target } });
            bridge.makeImmutable(response.headers);
            return response;
        }

        static error() {
            const response = new Response(internal);
            response.#headers = bridge.makeImmutable(new Headers());
            response.#status = 0;
            response.#type = 'error';
            return response;
        }

        get status() { return this.#status; }
        get statusText() { return this.#statusText; }
        get headers() {
            if (this.#headers === undefined) {
                this.#headers = new Headers();
                bridge.setContentType(this.#headers, this.#bodyType);
            }
            return this.#headers;
        }
        get ok() { return this.#status >= 200 && this.#status <= 299; }
        get type() { return this.#type; }
        get url() { return this.#url; }
        get redirected() { return this.#redirected; }

        clone() {
            const copy = new Response(internal);
            bridge.shareBody(this, copy);
            copy.#headers = new Headers(this.headers);
            if (this.#type !== 'default') bridge.makeImmutable(copy.#headers);
            copy.#status = this.#status;
            copy.#statusText = this.#statusText;
            copy.#type = this.#type;
            copy.#url = this.#url;
            copy.#redirected = this.#redirected;
            return copy;
        }
    }

    for (const name of ['error', 'redirect', 'json']) {
        Object.defineProperty(Response, name, { __proto__: null, enumerable: true });
    }
    bridge.enumerate(Response, ['status', 'statusText', 'headers', 'ok', 'type', 'url', 'redirected', 'clone']);
    bridge.includeBody(Response);
    bridge.brand(Response, 'Response');
    bridge.expose('Response', Response);
    bridge.Response = Response;
    bridge.describeResponse = (response) => describeResponse(response);
    bridge.createResponse = (parts) => createResponse(parts);
    bridge.isResponse = (value) => isResponse(value);
    bridge.isErrorResponse = (response) => isError(response);
    /** The content type of a Request or a Response; null without one. */
    bridge.contentTypeOf = function contentTypeOf(object) {
        const headers = bridge.isRequest(object) ? bridge.requestHeaders(object) : object.headers;
        return headers.get('content-type');
    };
})
