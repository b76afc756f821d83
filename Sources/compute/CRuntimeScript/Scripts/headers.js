// Headers (Fetch Standard, section 5.1). What a visitor sent and what a fetch answered cannot be changed.
(function (bridge) {
    'use strict';

    const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

    // What most values are: visible characters, with white space between them.
    const plainPattern = /^[!-~](?:[\t -~]*[!-~])?$/;

    function byteString(value) {
        const text = `${value}`;
        if (/[^\0-\xff]/.test(text)) throw new TypeError(`'${text}' is not a header name`);
        return text;
    }

    function checkedName(value) {
        const name = `${value}`;
        if (!namePattern.test(name)) throw new TypeError(`'${name}' is not a header name`);
        return name.toLowerCase();
    }

    function checkedValue(value) {
        const plain = `${value}`;
        if (plainPattern.test(plain)) return plain;
        const text = plain.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '').toWellFormed();
        if (/[\0\r\n]/.test(text)) throw new TypeError('a header value cannot hold a line break or a NUL');
        return text;
    }

    let adopt;
    let linesOf;
    let makeImmutable;
    let sortedPairs;

    class Headers {
        // Name to list of values, in the order of the first appearance.
        #lines = new bridge.SafeMap();
        #immutable = false;
        // The pairs in the order of iteration, until something changes.
        #sorted = undefined;

        constructor(init = undefined) {
            if (init === undefined) return;
            if (!bridge.isObject(init)) throw new TypeError('Headers are made from an object');
            // Their own iterator is not asked: nearly every response copies headers.
            if (init instanceof Headers && init[Symbol.iterator] === entriesOf) {
                for (const [name, values] of init.#lines) this.#lines.set(name, [...values]);
            } else {
                const pairs = bridge.readPairs(init, byteString, (value) => `${value}`);
                for (let index = 0; index < pairs.length; index += 1) this.#add(pairs[index][0], pairs[index][1]);
            }
        }

        static {
            adopt = (text) => {
                const headers = new Headers();
                if (text !== '') {
                    const parts = text.split('\n');
                    for (let index = 0; index + 1 < parts.length; index += 2) {
                        const name = parts[index].toLowerCase();
                        const values = headers.#lines.get(name);
                        if (values === undefined) headers.#lines.set(name, [parts[index + 1]]);
                        else values[values.length] = parts[index + 1];
                    }
                }
                headers.#immutable = true;
                return headers;
            };
            makeImmutable = (headers) => {
                headers.#immutable = true;
                return headers;
            };
            linesOf = (headers) => {
                let text = '';
                for (const [name, values] of headers.#lines) {
                    for (const value of values) text += `${text === '' ? '' : '\n'}${name}\n${value}`;
                }
                return text;
            };
            sortedPairs = (headers) => {
                if (headers.#sorted !== undefined) return headers.#sorted;
                const pairs = [];
                for (const name of [...headers.#lines.keys()].sort()) {
                    const values = headers.#lines.get(name);
                    if (name === 'set-cookie') for (const value of values) pairs.push([name, value]);
                    else pairs.push([name, values.join(', ')]);
                }
                headers.#sorted = pairs;
                return pairs;
            };
        }

        #beforeChange() {
            if (this.#immutable) {
                throw new TypeError('these headers cannot be changed; copy them with new Headers(headers)');
            }
            this.#sorted = undefined;
        }

        append(name, value) {
            bridge.needArguments(arguments.length, 2, 'append');
            this.#add(byteString(name), `${value}`);
        }

        #add(name, value) {
            const key = checkedName(name);
            const text = checkedValue(value);
            this.#beforeChange();
            const values = this.#lines.get(key);
            if (values === undefined) this.#lines.set(key, [text]);
            else values[values.length] = text;
        }

        set(name, value) {
            bridge.needArguments(arguments.length, 2, 'set');
            const key = checkedName(name);
            const text = checkedValue(value);
            this.#beforeChange();
            this.#lines.set(key, [text]);
        }

        delete(name) {
            bridge.needArguments(arguments.length, 1, 'delete');
            const key = checkedName(name);
            this.#beforeChange();
            this.#lines.delete(key);
        }

        get(name) {
            bridge.needArguments(arguments.length, 1, 'get');
            return this.#lines.get(checkedName(name))?.join(', ') ?? null;
        }

        has(name) {
            bridge.needArguments(arguments.length, 1, 'has');
            return this.#lines.has(checkedName(name));
        }

        getSetCookie() { return [...(this.#lines.get('set-cookie') ?? [])]; }
    }

    bridge.makePairIterable(Headers, 'Headers', (headers) => sortedPairs(headers));
    const entriesOf = Headers.prototype.entries;
    bridge.enumerate(Headers, ['append', 'delete', 'get', 'has', 'set', 'getSetCookie']);
    bridge.brand(Headers, 'Headers');
    bridge.expose('Headers', Headers);
    bridge.Headers = Headers;
    bridge.adoptHeaders = adopt;
    bridge.makeImmutable = (headers) => makeImmutable(headers);
    bridge.headerLines = (headers) => linesOf(headers);
    bridge.headerPairs = (headers) => sortedPairs(headers);
})
