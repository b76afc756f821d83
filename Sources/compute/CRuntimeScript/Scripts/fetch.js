// fetch() (Fetch Standard, section 5.6). The node makes the connection; redirects are followed there.
(function (bridge) {
    'use strict';

    const { Request, host, newPromise, rejectedWith, then, HostError } = bridge;

    /** A TypeError with the node's reason as its cause, or what the signal said. */
    function failure(error) {
        if (!(error instanceof HostError)) return error;
        const failed = new TypeError(`fetch failed: ${error.message}`);
        Object.defineProperty(failed, 'cause', {
            __proto__: null, value: { code: error.code, message: error.message }, writable: true, configurable: true,
        });
        return failed;
    }

    const withoutFragment = (url) => url.split('#', 1)[0];

    /** The answer as a Response; its body fails when the signal is aborted. */
    function makeResponse({ value, body }, { url, method, signal }) {
        const isIncoming = body !== null && !(body instanceof Uint8Array);
        // Without redirects the URL is the request's, not what the node made of it.
        const address = value.redirected === true ? value.url : withoutFragment(url);
        const isHead = method === 'HEAD';
        if (isHead && isIncoming) {
            body.cancel();
        } else if (isIncoming && signal !== undefined) {
            bridge.onAbort(signal, () => {
                host.cancelBody(body.id);
                body.fail(signal.reason);
            });
        }
        return bridge.createResponse({
            status: value.status, statusText: value.statusText ?? '', headers: value.headers ?? [],
            url: address, redirected: value.redirected === true, body: isHead ? null : body,
        });
    }

    function dropStream(body, reason) {
        if (bridge.isStreamRecord(body)) bridge.ignore(bridge.need('streams').cancel(body, reason));
    }

    /** Takes the body of a request that is not sent. */
    bridge.dropBody = function dropBody(request, reason) {
        dropStream(bridge.describeRequest(request).body, reason);
    };

    /** Sends a Request through a host call: `extra` is what the call needs besides the request. */
    bridge.send = function send(name, request, extra) {
        const sent = bridge.describeRequest(request);
        const { url, method, headers, redirect, signal, body } = sent;
        if (signal?.aborted) {
            dropStream(body, signal.reason);
            return rejectedWith(signal.reason);
        }
        const argument = { __proto__: null, ...extra, url, method, headers, redirect, hasBody: body !== null };
        const answer = bridge.hostCall(name, argument, body, { __proto__: null, signal });
        return then(answer, (result) => makeResponse(result, sent), (error) => { throw failure(error); });
    };

    const digit = (byte) => (byte >= 0x30 && byte <= 0x39 ? byte - 0x30
        : byte >= 0x41 && byte <= 0x46 ? byte - 0x37 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1);

    function percentDecode(input) {
        const bytes = new Uint8Array(input.length);
        let length = 0;
        for (let index = 0; index < input.length; index += 1) {
            const high = input[index] === 0x25 ? digit(input[index + 1]) : -1;
            const low = high < 0 ? -1 : digit(input[index + 2]);
            bytes[length] = low < 0 ? input[index] : high * 16 + low;
            length += 1;
            if (low >= 0) index += 2;
        }
        return bytes.slice(0, length);
    }

    const answerHere = (url, headers, body) => bridge.createResponse({
        status: 200, statusText: 'OK', headers, url, redirected: false, body,
    });

    /** The answer to a data: URL (Fetch Standard, section 6). */
    function answerData(text, method) {
        const comma = text.indexOf(',');
        if (comma < 0) throw new TypeError('fetch failed: the data: URL has no comma');
        let type = text.slice(5, comma).replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '');
        let body = percentDecode(host.encode(text.slice(comma + 1)));
        if (/;\x20*base64$/i.test(type)) {
            type = type.replace(/;\x20*base64$/i, '');
            try {
                body = bridge.bytesOfBase64(host.decode(body, false));
            } catch {
                throw new TypeError('fetch failed: the data: URL is not base64');
            }
        }
        const { parse, serialize } = bridge.need('mime');
        const parsed = parse(type.startsWith(';') ? `text/plain${type}` : type);
        const contentType = parsed === undefined ? 'text/plain;charset=US-ASCII' : serialize(parsed);
        return answerHere(text, [['content-type', contentType]], method === 'HEAD' ? null : body);
    }

    function answerBlob(url, method, blob) {
        const { bytesOfBlob, typeOfBlob } = bridge.need('blob');
        if (blob === undefined || method !== 'GET') throw new TypeError('fetch failed: no Blob can be had at this URL');
        const body = bytesOfBlob(blob);
        return answerHere(
            url, [['content-length', `${body.byteLength}`], ['content-type', typeOfBlob(blob)]], body);
    }

    /** The answer to a request that needs no connection (Fetch Standard, section 4.2); undefined for all others. */
    function answerWithoutNode(request) {
        const { url, method } = request;
        const text = withoutFragment(url);
        if (text.startsWith('data:')) return answerData(text, method);
        if (text.startsWith('blob:')) return answerBlob(text, method, bridge.blobOfRequest(request));
        if (text !== 'about:blank') return undefined;
        return answerHere(text, [['content-type', 'text/html;charset=utf-8']], null);
    }

    // What is known at once settles the promise at once: a signal that was aborted before, for one.
    function fetch(input, init = undefined) {
        return newPromise((resolve, reject) => {
            bridge.needArguments(arguments.length, 1, 'fetch');
            const request = new Request(input, init);
            const { url, signal } = request;
            if (signal.aborted) {
                bridge.dropBody(request, signal.reason);
                reject(signal.reason);
            } else if (/^https?:/.test(url)) {
                resolve(bridge.send('fetch', request));
            } else {
                const answer = answerWithoutNode(request);
                if (answer === undefined) {
                    throw new TypeError(`fetch failed: ${url.split(':')[0]}: URLs cannot be fetched`);
                }
                resolve(answer);
            }
        });
    }

    bridge.expose('fetch', fetch);
})
