(function (bridge) {
    'use strict';

    const { host, bytesOf } = bridge;
    const utf8Labels = new Set([
        'utf-8', 'utf8', 'unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8', 'x-unicode20utf8',
    ]);

    class TextEncoder {
        get encoding() { return 'utf-8'; }

        encode(input = '') { return host.encode(`${input}`); }

        encodeInto(source, destination) {
            if (!(destination instanceof Uint8Array)) throw new TypeError('encodeInto needs a Uint8Array');
            let read = 0;
            let written = 0;
            for (const character of `${source}`) {
                const point = character.codePointAt(0);
                const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
                if (written + size > destination.length) break;
                destination.set(host.encode(character), written);
                written += size;
                read += character.length;
            }
            return { read, written };
        }
    }

    /** Length of the sequence that a lead byte announces, 1 for bytes that announce none. */
    function sequenceLength(lead) {
        if (lead >= 0xc2 && lead <= 0xdf) return 2;
        if (lead >= 0xe0 && lead <= 0xef) return 3;
        if (lead >= 0xf0 && lead <= 0xf4) return 4;
        return 1;
    }

    /** How many bytes at the end begin a character that more input could complete. */
    function incompleteTail(bytes) {
        const { length } = bytes;
        for (let back = 1; back <= 3 && back <= length; back += 1) {
            const byte = bytes[length - back];
            if ((byte & 0xc0) === 0x80) continue;
            return sequenceLength(byte) > back ? back : 0;
        }
        return 0;
    }

    class TextDecoder {
        #fatal;
        #ignoreBOM;
        #pending = new Uint8Array(0);
        #atStart = true;

        constructor(label = 'utf-8', options = {}) {
            if (!utf8Labels.has(`${label}`.trim().toLowerCase())) {
                throw new RangeError(`TextDecoder knows UTF-8 only; '${label}' is not one of its labels`);
            }
            this.#fatal = Boolean(options?.fatal);
            this.#ignoreBOM = Boolean(options?.ignoreBOM);
        }

        get encoding() { return 'utf-8'; }
        get fatal() { return this.#fatal; }
        get ignoreBOM() { return this.#ignoreBOM; }

        decode(input, options) {
            const streaming = Boolean(options?.stream);
            let bytes = input === undefined ? new Uint8Array(0) : bytesOf(input);
            if (bytes === undefined) throw new TypeError('decode needs an ArrayBuffer or a view of one');
            if (this.#pending.length > 0) {
                const joined = new Uint8Array(this.#pending.length + bytes.length);
                joined.set(this.#pending);
                joined.set(bytes, this.#pending.length);
                bytes = joined;
            }
            const tail = streaming ? incompleteTail(bytes) : 0;
            this.#pending = bytes.slice(bytes.length - tail);
            const text = host.decode(bytes.subarray(0, bytes.length - tail), this.#fatal);
            if (text === undefined) {
                this.#pending = new Uint8Array(0);
                this.#atStart = true;
                throw new TypeError('the bytes are not valid UTF-8');
            }
            const strip = this.#atStart && !this.#ignoreBOM && text.charCodeAt(0) === 0xfeff;
            if (streaming) this.#atStart = this.#atStart && text.length === 0;
            else this.#atStart = true;
            return strip ? text.slice(1) : text;
        }
    }

    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const sextets = new Map([...alphabet].map((character, index) => [character.charCodeAt(0), index]));

    function btoa(data) {
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
        return bytes.toBase64();
    }

    function atob(data) {
        let text = `${data}`.replace(/[\t\n\f\r ]/g, '');
        if (text.length % 4 === 0) text = text.replace(/==?$/, '');
        if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) {
            throw new bridge.DOMException('the text is not base64', 'InvalidCharacterError');
        }
        const parts = [];
        let bits = 0;
        let count = 0;
        for (let index = 0; index < text.length; index += 1) {
            bits = (bits << 6) | sextets.get(text.charCodeAt(index));
            count += 6;
            if (count < 8) continue;
            count -= 8;
            parts.push(String.fromCharCode((bits >> count) & 0xff));
            bits &= (1 << count) - 1;
        }
        return parts.join('');
    }

    bridge.brand(TextEncoder, 'TextEncoder');
    bridge.brand(TextDecoder, 'TextDecoder');
    bridge.expose('TextEncoder', TextEncoder);
    bridge.expose('TextDecoder', TextDecoder);
    bridge.expose('btoa', btoa);
    bridge.expose('atob', atob);
})
