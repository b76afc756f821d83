// The decoders of the Encoding Standard for several bytes a character (sections 10 to 13): gb18030, Big5, EUC-JP,
// ISO-2022-JP, Shift_JIS and EUC-KR.
(function (bridge) {
    'use strict';

    const asian = bridge.group('asian');
    const { SafeMap } = bridge;
    const { apply } = Reflect;
    const { fromCharCode } = String;

    // MARK: Tables

    const symbols = [];
    for (let code = 0x20, symbol = 0; code < 0x7f; code += 1) {
        if (code === 0x27 || code === 0x5c || code === 0x60) continue;
        symbols[code] = symbol;
        symbol += 1;
    }
    const absolute = 0x3cd0;

    /**
     * Code points by pointer, 0 for none. A symbol is a number below 92: up to 59 it is the distance to the last point,
     * less one; with another symbol, a longer distance; with two, an ideograph; 89 with three is any point, 90 with one
     * a run of points, and 91 with two a gap.
     */
    function readTable(text) {
        const points = [];
        let last = 0;
        let at = 0;
        const next = () => {
            const symbol = symbols[text.charCodeAt(at)];
            at += 1;
            return symbol;
        };
        while (at < text.length) {
            const symbol = next();
            if (symbol === 90) {
                for (let count = next() + 2; count > 0; count -= 1) points[points.length] = last += 1;
                continue;
            }
            if (symbol === 91) {
                for (let count = next() * 92 + next(); count > 0; count -= 1) points[points.length] = 0;
                continue;
            }
            if (symbol < 60) last += symbol + 1;
            else if (symbol < 86) last += (symbol - 60) * 92 + next() - 1196;
            else if (symbol < 89) last = absolute + ((symbol - 86) * 92 + next()) * 92 + next();
            else last = (next() * 92 + next()) * 92 + next();
            points[points.length] = last;
        }
        return new Uint32Array(points);
    }

    const known = new SafeMap();

    function tableOf(name) {
        let table = known.get(name);
        if (table === undefined) {
            table = readTable(bridge.need('tables')[name]);
            known.set(name, table);
        }
        return table;
    }

    // MARK: What all decoders share

    const more = -1;
    const error = -2;
    const finished = -3;
    const end = -1;
    const isASCII = (byte) => byte >= 0 && byte < 0x80;
    const unitsAtOnce = 4096;

    /**
     * A decoder gives a code point for a byte, or says that it wants more, or that something is wrong. Bytes that were
     * read too far go back, the last one first.
     */
    class Decoder {
        #back = [];
        /** A second code point of the same character. */
        extra = 0;

        giveBack(byte) { if (byte !== end) this.#back[this.#back.length] = byte; }

        decode(bytes, isLast) {
            // A byte becomes a unit, and whatever waits becomes another one each.
            const units = new Uint16Array(bytes.length * 2 + 16);
            let length = 0;
            let bad = false;
            let at = 0;
            for (;;) {
                let byte = end;
                if (this.#back.length > 0) {
                    byte = this.#back[this.#back.length - 1];
                    this.#back.length -= 1;
                } else if (at < bytes.length) {
                    byte = bytes[at];
                    at += 1;
                } else if (!isLast) {
                    break;
                }
                const point = this.handle(byte);
                if (point === finished) break;
                if (point === more) continue;
                if (point >= 0x10000) {
                    units[length] = 0xd7c0 + (point >> 10);
                    units[length + 1] = 0xdc00 + (point & 0x3ff);
                    length += 2;
                    continue;
                }
                bad ||= point === error;
                units[length] = point === error ? 0xfffd : point;
                length += 1;
                if (this.extra !== 0) {
                    units[length] = this.extra;
                    length += 1;
                    this.extra = 0;
                }
            }
            let text = '';
            for (let start = 0; start < length; start += unitsAtOnce) {
                text += apply(fromCharCode, undefined, units.subarray(start, Math.min(length, start + unitsAtOnce)));
            }
            return { text, bad };
        }
    }

    /** Decoders whose characters have one byte or two. */
    class PairDecoder extends Decoder {
        lead = 0;

        handle(byte) {
            if (byte === end) {
                if (this.lead === 0) return finished;
                this.lead = 0;
                return error;
            }
            const { lead } = this;
            if (lead === 0) return this.first(byte);
            this.lead = 0;
            const point = this.second(lead, byte);
            if (point !== 0) return point;
            if (isASCII(byte)) this.giveBack(byte);
            return error;
        }

        first(byte) {
            if (isASCII(byte)) return byte;
            if (byte < 0x81 || byte > 0xfe) return error;
            this.lead = byte;
            return more;
        }
    }

    // MARK: Chinese

    // Letters with a macron or a caron beside the circumflex: two code points each.
    const composed = {
        __proto__: null, 1133: [0xca, 0x304], 1135: [0xca, 0x30c], 1164: [0xea, 0x304], 1166: [0xea, 0x30c],
    };

    class Big5 extends PairDecoder {
        #table = tableOf('big5');

        second(lead, byte) {
            const isTrail = (byte >= 0x40 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xfe);
            if (!isTrail) return 0;
            const pointer = (lead - 0x81) * 157 + byte - (byte < 0x7f ? 0x40 : 0x62);
            const pair = composed[pointer];
            if (pair === undefined) return this.#table[pointer] ?? 0;
            this.extra = pair[1];
            return pair[0];
        }
    }

    // Where the edition of 2022 differs from that of 2000, by pointer.
    const renewed = {
        __proto__: null, 6555: 0x3000, 7182: 0xfe10, 7183: 0xfe12, 7184: 0xfe11, 7185: 0xfe13, 7186: 0xfe14,
        7187: 0xfe15, 7188: 0xfe16, 7201: 0xfe17, 7202: 0xfe18, 7208: 0xfe19, 7533: 0x1e3f, 23775: 0x9fb4,
        23783: 0x9fb5, 23788: 0x9fb6, 23789: 0x9fb7, 23795: 0x9fb8, 23812: 0x9fb9, 23829: 0x9fba, 23845: 0x9fbb,
    };
    let unicodePairs;
    let unicodeQuads;

    /** The two bytes, and the four: what the first edition has no two bytes for, in the order of the code points. */
    function readUnicode() {
        if (unicodePairs !== undefined) return;
        unicodePairs = tableOf('gb18030');
        const isPair = new Uint8Array(0x10000);
        for (const point of unicodePairs) isPair[point] = 1;
        unicodeQuads = new Uint16Array(39420);
        let length = 0;
        for (let point = 0x80; point < 0x10000; point += 1) {
            if (isPair[point] === 1 || (point >= 0xd800 && point <= 0xdfff)) continue;
            unicodeQuads[length] = point;
            length += 1;
        }
        unicodeQuads[7457] = 0xe7c7;
        for (const pointer of Object.keys(renewed)) unicodePairs[pointer] = renewed[pointer];
    }

    function quadPoint(pointer) {
        if (pointer < 39420) return unicodeQuads[pointer];
        return pointer >= 189000 && pointer <= 1237575 ? 0x10000 + pointer - 189000 : error;
    }

    class GB18030 extends Decoder {
        #first = 0;
        #second = 0;
        #third = 0;

        constructor() {
            super();
            readUnicode();
        }

        #clear() {
            this.#first = 0;
            this.#second = 0;
            this.#third = 0;
        }

        handle(byte) {
            if (byte === end) {
                const isClean = this.#first === 0;
                this.#clear();
                return isClean ? finished : error;
            }
            if (this.#third !== 0) return this.#fourth(byte);
            if (this.#second !== 0) {
                if (byte >= 0x81 && byte <= 0xfe) {
                    this.#third = byte;
                    return more;
                }
                this.giveBack(byte);
                this.giveBack(this.#second);
                this.#clear();
                return error;
            }
            if (this.#first !== 0) return this.#afterFirst(byte);
            if (isASCII(byte)) return byte;
            if (byte === 0x80) return 0x20ac;
            if (byte === 0xff) return error;
            this.#first = byte;
            return more;
        }

        #afterFirst(byte) {
            if (byte >= 0x30 && byte <= 0x39) {
                this.#second = byte;
                return more;
            }
            const lead = this.#first;
            this.#first = 0;
            if ((byte >= 0x40 && byte <= 0x7e) || (byte >= 0x80 && byte <= 0xfe)) {
                return unicodePairs[(lead - 0x81) * 190 + byte - (byte < 0x7f ? 0x40 : 0x41)];
            }
            if (isASCII(byte)) this.giveBack(byte);
            return error;
        }

        #fourth(byte) {
            if (byte < 0x30 || byte > 0x39) {
                this.giveBack(byte);
                this.giveBack(this.#third);
                this.giveBack(this.#second);
                this.#clear();
                return error;
            }
            const high = (this.#first - 0x81) * 10 + this.#second - 0x30;
            const pointer = (high * 126 + this.#third - 0x81) * 10 + byte - 0x30;
            this.#clear();
            return quadPoint(pointer);
        }
    }

    // MARK: Korean

    class EUCKR extends PairDecoder {
        #table = tableOf('euc-kr');

        second(lead, byte) {
            return byte >= 0x41 && byte <= 0xfe ? this.#table[(lead - 0x81) * 190 + byte - 0x41] ?? 0 : 0;
        }
    }

    // MARK: Japanese

    const isKana = (byte) => byte >= 0xa1 && byte <= 0xdf;
    const kana = (byte) => 0xff61 - 0xa1 + byte;

    class ShiftJIS extends PairDecoder {
        #table = tableOf('jis0208');

        first(byte) {
            if (byte <= 0x80) return byte;
            if (isKana(byte)) return kana(byte);
            if (byte === 0xa0 || byte > 0xfc) return error;
            this.lead = byte;
            return more;
        }

        second(lead, byte) {
            const isTrail = (byte >= 0x40 && byte <= 0x7e) || (byte >= 0x80 && byte <= 0xfc);
            if (!isTrail) return 0;
            const row = lead - (lead < 0xa0 ? 0x81 : 0xc1);
            const pointer = row * 188 + byte - (byte < 0x7f ? 0x40 : 0x41);
            // Characters of the user's own.
            if (pointer >= 8836 && pointer <= 10715) return 0xe000 - 8836 + pointer;
            return this.#table[pointer] ?? 0;
        }
    }

    const isHigh = (byte) => byte >= 0xa1 && byte <= 0xfe;

    class EUCJP extends PairDecoder {
        #isExtended = false;

        first(byte) {
            if (isASCII(byte)) return byte;
            if (!isHigh(byte) && byte !== 0x8e && byte !== 0x8f) return error;
            this.lead = byte;
            return more;
        }

        second(lead, byte) {
            if (lead === 0x8e && isKana(byte)) return kana(byte);
            if (lead === 0x8f && isHigh(byte)) {
                this.#isExtended = true;
                this.lead = byte;
                return more;
            }
            const table = tableOf(this.#isExtended ? 'jis0212' : 'jis0208');
            this.#isExtended = false;
            return isHigh(lead) && isHigh(byte) ? table[(lead - 0xa1) * 94 + byte - 0xa1] ?? 0 : 0;
        }
    }

    const escape = 0x1b;
    // What follows an escape, as the two bytes in one number, and the state that it leads to.
    const escapes = {
        __proto__: null, 0x2842: 'ascii', 0x284a: 'roman', 0x2849: 'katakana', 0x2440: 'lead', 0x2442: 'lead',
    };

    class ISO2022JP extends Decoder {
        #state = 'ascii';
        /** The state that goes on after an escape sequence that is none. */
        #base = 'ascii';
        #lead = 0;
        /** Nothing has come since the last escape sequence: another one is an error then. */
        #isBare = false;

        handle(byte) {
            switch (this.#state) {
            case 'escape start': return this.#afterEscape(byte);
            case 'escape': return this.#endEscape(byte);
            case 'trail': return this.#trail(byte);
            default:
            }
            if (byte === escape) {
                this.#state = 'escape start';
                return more;
            }
            if (byte === end) return finished;
            this.#isBare = false;
            return this.#single(byte);
        }

        #single(byte) {
            const state = this.#state;
            if (state === 'katakana') return byte >= 0x21 && byte <= 0x5f ? 0xff61 - 0x21 + byte : error;
            if (state === 'lead') {
                if (byte < 0x21 || byte > 0x7e) return error;
                this.#lead = byte;
                this.#state = 'trail';
                return more;
            }
            if (!isASCII(byte) || byte === 0x0e || byte === 0x0f) return error;
            if (state === 'roman' && byte === 0x5c) return 0xa5;
            return state === 'roman' && byte === 0x7e ? 0x203e : byte;
        }

        #trail(byte) {
            if (byte === escape) {
                this.#state = 'escape start';
                return error;
            }
            this.#state = 'lead';
            if (byte < 0x21 || byte > 0x7e) return error;
            const point = tableOf('jis0208')[(this.#lead - 0x21) * 94 + byte - 0x21] ?? 0;
            return point === 0 ? error : point;
        }

        #afterEscape(byte) {
            if (byte === 0x24 || byte === 0x28) {
                this.#lead = byte;
                this.#state = 'escape';
                return more;
            }
            this.giveBack(byte);
            return this.#noEscape();
        }

        #endEscape(byte) {
            const state = escapes[this.#lead * 256 + byte];
            if (state === undefined) {
                this.giveBack(byte);
                this.giveBack(this.#lead);
                return this.#noEscape();
            }
            this.#state = state;
            this.#base = state;
            const wasBare = this.#isBare;
            this.#isBare = true;
            return wasBare ? error : more;
        }

        #noEscape() {
            this.#isBare = false;
            this.#state = this.#base;
            return error;
        }
    }

    const decoders = {
        __proto__: null, gbk: GB18030, gb18030: GB18030, big5: Big5, 'euc-jp': EUCJP, 'iso-2022-jp': ISO2022JP,
        shift_jis: ShiftJIS, 'euc-kr': EUCKR,
    };

    asian.makeDecoder = (name) => new decoders[name]();
})
