// TextEncoder and TextDecoder (Encoding Standard, section 7), atob and btoa (HTML Standard, section 8.3).
(function (bridge) {
    'use strict';

    const { host, bytesOf } = bridge;
    const { apply } = Reflect;
    const { fromBase64 } = Uint8Array;
    const { toBase64 } = Uint8Array.prototype;
    const utf8Labels = {
        __proto__: null, 'utf-8': true, utf8: true, 'unicode-1-1-utf-8': true, unicode11utf8: true, unicode20utf8: true,
        'x-unicode20utf8': true,
    };

    class TextEncoder {
        #isEncoder = true;

        get encoding() { return this.#isEncoder ? 'utf-8' : undefined; }

        encode(input = '') { return this.#isEncoder ? host.encode(`${input}`) : undefined; }

        encodeInto(source, destination) {
            bridge.needArguments(arguments.length, 2, 'encodeInto');
            if (!(this.#isEncoder && destination instanceof Uint8Array)) {
                throw new TypeError('encodeInto needs a Uint8Array');
            }
            const text = `${source}`;
            const room = destination.length;
            let read = 0;
            let written = 0;
            while (read < text.length) {
                const point = text.codePointAt(read);
                const count = encodePoint(point, destination, written, room);
                if (count === 0) break;
                written += count;
                read += point > 0xffff ? 2 : 1;
            }
            return { read, written };
        }
    }

    /** Writes the UTF-8 of a code point at `at`, when it ends before `end`; returns its length, or 0. */
    function encodePoint(point, bytes, at, end) {
        const value = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
        const size = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
        if (at + size > end) return 0;
        if (size === 1) {
            bytes[at] = value;
            return 1;
        }
        for (let index = size - 1, rest = value; index > 0; index -= 1, rest >>= 6) {
            bytes[at + index] = 0x80 | (rest & 0x3f);
        }
        bytes[at] = ((0xf00 >> size) & 0xff) | (value >> (6 * (size - 1)));
        return size;
    }

    /** Length of the sequence that a lead byte announces, 1 for bytes that announce none. */
    function sequenceLength(lead) {
        if (lead >= 0xc2 && lead <= 0xdf) return 2;
        if (lead >= 0xe0 && lead <= 0xef) return 3;
        if (lead >= 0xf0 && lead <= 0xf4) return 4;
        return 1;
    }

    /** Whether the second byte of a sequence may follow the first: overlong forms and surrogates are told here. */
    function mayFollow(lead, byte) {
        if (lead === 0xe0) return byte >= 0xa0;
        if (lead === 0xed) return byte < 0xa0;
        if (lead === 0xf0) return byte >= 0x90;
        return lead !== 0xf4 || byte < 0x90;
    }

    /** How many bytes at the end begin a character that more input could complete. */
    function incompleteTail(bytes) {
        const { length } = bytes;
        for (let back = 1; back <= 3 && back <= length; back += 1) {
            const byte = bytes[length - back];
            if ((byte & 0xc0) === 0x80) continue;
            const isOpen = sequenceLength(byte) > back && (back === 1 || mayFollow(byte, bytes[length - back + 1]));
            return isOpen ? back : 0;
        }
        return 0;
    }

    const none = new Uint8Array(0);

    /** The name of the encoding that a label stands for. */
    function encodingName(label) {
        const key = `${label}`.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '').toLowerCase();
        if (utf8Labels[key] === true) return 'utf-8';
        const name = bridge.need('encodings').nameOf(key);
        if (name === undefined) {
            throw new RangeError(`'${label}' is not the name of an encoding`);
        }
        return name;
    }

    class TextDecoder {
        #encoding;
        #fatal;
        #ignoreBOM;
        #pending = none;
        #atStart = true;
        #decoder = undefined;

        constructor(label = 'utf-8', options = undefined) {
            const { fatal, ignoreBOM } = bridge.dictionary(options);
            this.#encoding = encodingName(label);
            this.#fatal = Boolean(fatal);
            this.#ignoreBOM = Boolean(ignoreBOM);
        }

        get encoding() { return this.#encoding; }
        get fatal() { return this.#fatal; }
        get ignoreBOM() { return this.#ignoreBOM; }

        decode(input = undefined, options = undefined) {
            const bytes = input === undefined ? none : bytesOf(input, true);
            const isStreaming = Boolean(bridge.dictionary(options).stream);
            if (bytes === undefined) throw new TypeError('decode needs an ArrayBuffer or a view of one');
            const text = this.#encoding === 'utf-8'
                ? this.#decodeUTF8(bytes, isStreaming) : this.#decodeOther(bytes, isStreaming);
            if (text === undefined) {
                this.#reset();
                throw new TypeError(`the bytes are not valid ${this.#encoding}`);
            }
            const hasMark = this.#encoding === 'utf-8' || this.#encoding.startsWith('utf-16');
            const strip = hasMark && this.#atStart && !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff;
            if (isStreaming) this.#atStart = this.#atStart && text.length === 0;
            else this.#reset();
            return strip ? text.slice(1) : text;
        }

        #reset() {
            this.#pending = none;
            this.#atStart = true;
            this.#decoder = undefined;
        }

        #decodeUTF8(input, isStreaming) {
            let bytes = input;
            if (this.#pending.length > 0) {
                bytes = new Uint8Array(this.#pending.length + input.length);
                bytes.set(this.#pending);
                bytes.set(input, this.#pending.length);
            }
            const tail = isStreaming ? incompleteTail(bytes) : 0;
            this.#pending = tail > 0 ? bytes.slice(bytes.length - tail) : none;
            return host.decode(tail > 0 ? bytes.subarray(0, bytes.length - tail) : bytes, this.#fatal);
        }

        #decodeOther(bytes, isStreaming) {
            this.#decoder ??= bridge.need('encodings').makeDecoder(this.#encoding);
            const { text, bad } = this.#decoder.decode(bytes, !isStreaming);
            return bad && this.#fatal ? undefined : text;
        }
    }

    function btoa(data) {
        if (arguments.length === 0) throw new TypeError('btoa needs a text');
        const text = `${data}`;
        const bytes = new Uint8Array(text.length);
        for (let index = 0; index < text.length; index += 1) {
            const unit = text.charCodeAt(index);
            if (unit > 0xff) {
                throw new bridge.DOMException(
                    'btoa encodes characters up to U+00FF; encode the text as bytes first', 'InvalidCharacterError');
            }
            bytes[index] = unit;
        }
        return apply(toBase64, bytes, []);
    }

    /** The bytes of forgiving base64; throws an InvalidCharacterError. */
    bridge.bytesOfBase64 = function bytesOfBase64(data) {
        let text = data.replace(/[\t\n\f\r ]/g, '');
        if (text.length % 4 === 0) text = text.replace(/==?$/, '');
        if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) {
            throw new bridge.DOMException('the text is not base64', 'InvalidCharacterError');
        }
        return apply(fromBase64, Uint8Array, [text]);
    };

    function atob(data) {
        if (arguments.length === 0) throw new TypeError('atob needs a text');
        const bytes = bridge.bytesOfBase64(`${data}`);
        const parts = [];
        for (let start = 0; start < bytes.length; start += 8192) {
            parts[parts.length] = String.fromCharCode(...bytes.subarray(start, start + 8192));
        }
        return parts.join('');
    }

    bridge.enumerate(TextEncoder, ['encoding', 'encode', 'encodeInto']);
    bridge.enumerate(TextDecoder, ['encoding', 'fatal', 'ignoreBOM', 'decode']);
    bridge.brand(TextEncoder, 'TextEncoder');
    bridge.brand(TextDecoder, 'TextDecoder');
    bridge.expose('TextEncoder', TextEncoder);
    bridge.expose('TextDecoder', TextDecoder);
    bridge.TextDecoder = TextDecoder;
    bridge.expose('btoa', btoa);
    bridge.expose('atob', atob);
})
