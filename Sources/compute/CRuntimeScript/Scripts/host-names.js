// Host parsing of the URL Standard (section 3): domains, IPv4 and IPv6.
(function (bridge) {
    'use strict';

    const { host: native } = bridge;
    const forbiddenHostCharacter = /[\0\t\n\r #/:<>?@[\\\]^|]/;
    const forbiddenDomainCharacter = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;

    /** Undoes percent-encoding, byte by byte. */
    function percentDecode(text) {
        if (!text.includes('%')) return text;
        const source = native.encode(text);
        const bytes = new Uint8Array(source.length);
        let length = 0;
        for (let index = 0; index < source.length; index += 1) {
            let byte = source[index];
            if (byte === 0x25 && index + 2 < source.length) {
                const digits = String.fromCharCode(source[index + 1], source[index + 2]);
                if (/^[0-9a-fA-F]{2}$/.test(digits)) {
                    byte = parseInt(digits, 16);
                    index += 2;
                }
            }
            bytes[length] = byte;
            length += 1;
        }
        return native.decode(bytes.subarray(0, length), false);
    }

    // What UTS #46 says of these characters changed with Unicode 15.1 and 16: older libraries refuse them.
    const newlyCased = /[\u04c0\u10a0-\u10c5\u10c7\u10cd\u2132\u2183]/g;
    const newlyComposed = /[\u{2f868}\u{2f874}\u{2f91f}\u{2f95f}\u{2f9bf}]/gu;
    const newlyIgnored = /[\u115f\u1160\u17b4\u17b5\u180e\u2061-\u2063\u206a-\u206f\u3164\uffa0]/g;
    // Labels that encode nothing, and those that encode one which looks encoded itself.
    const badLabel = /(^|\.)xn--(xn--[^.]*|([^.]*-)?)(\.|$)/;

    /** Lower-cases and encodes a domain (URL Standard, section 3.3); undefined when it cannot be one. */
    function domainToASCII(domain) {
        const isPlain = /^[\0-\x7f]*$/.test(domain) && !/(^|\.)xn--/i.test(domain);
        if (isPlain) return domain.toLowerCase();
        const ascii = native.toASCII(domain.replace(newlyIgnored, '').replaceAll('\u1e9e', '\xdf')
            .replace(newlyCased, (letter) => letter.toLowerCase())
            .replace(newlyComposed, (ideograph) => ideograph.normalize()));
        return ascii === undefined || badLabel.test(ascii) ? undefined : ascii;
    }

    function parseIPv4Number(text) {
        if (text === '') return NaN;
        if (/^0[xX][0-9a-fA-F]*$/.test(text)) return text.length === 2 ? 0 : parseInt(text.slice(2), 16);
        if (/^0[0-7]+$/.test(text)) return parseInt(text, 8);
        return /^(0|[1-9][0-9]*)$/.test(text) ? parseInt(text, 10) : NaN;
    }

    function endsInNumber(domain) {
        const parts = domain.split('.');
        if (parts.at(-1) === '' && parts.length > 1) parts.pop();
        const last = parts.at(-1);
        return /^[0-9]+$/.test(last) || /^0[xX][0-9a-fA-F]*$/.test(last);
    }

    /** Dotted decimal of an IPv4 address in any of its spellings; undefined when it is none. */
    function parseIPv4(domain) {
        const parts = domain.split('.');
        if (parts.at(-1) === '' && parts.length > 1) parts.pop();
        if (parts.length > 4) return undefined;
        const numbers = parts.map(parseIPv4Number);
        if (numbers.some(Number.isNaN)) return undefined;
        const last = numbers.pop();
        if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
        let address = last;
        numbers.forEach((number, index) => { address += number * 256 ** (3 - index); });
        return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
    }

    /** The eight pieces of an IPv6 address; undefined when the text is none. */
    function parseIPv6(text) {
        let rest = text;
        const tail = [];
        const dotted = /(^|:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
        if (dotted) {
            const octets = dotted.slice(2);
            if (octets.some((octet) => Number(octet) > 255 || (octet.length > 1 && octet[0] === '0'))) return undefined;
            const [a, b, c, d] = octets.map(Number);
            tail.push(((a << 8) | b).toString(16), ((c << 8) | d).toString(16));
            rest = text.slice(0, dotted.index) + dotted[1] + tail.join(':');
        }
        const halves = rest.split('::');
        if (halves.length > 2) return undefined;
        const pieces = halves.map((half) => (half === '' ? [] : half.split(':')));
        const known = pieces.flat();
        if (known.some((piece) => !/^[0-9a-fA-F]{1,4}$/.test(piece))) return undefined;
        if (halves.length === 1 ? known.length !== 8 : known.length > 7) return undefined;
        const zeros = halves.length === 2 ? Array(8 - known.length).fill('0') : [];
        return [...pieces[0], ...zeros, ...(pieces[1] ?? [])].map((piece) => parseInt(piece, 16));
    }

    /** Shortest text of an IPv6 address (RFC 5952): the first longest run of zeros is left out. */
    function serializeIPv6(pieces) {
        let best = { start: -1, length: 1 };
        for (let start = 0; start < 8; start += 1) {
            let length = 0;
            while (start + length < 8 && pieces[start + length] === 0) length += 1;
            if (length > best.length) best = { start, length };
        }
        const texts = pieces.map((piece) => piece.toString(16));
        if (best.start < 0) return texts.join(':');
        return `${texts.slice(0, best.start).join(':')}::${texts.slice(best.start + best.length).join(':')}`;
    }

    /** The serialised host, or undefined when the text is not a host. */
    bridge.parseHost = function parseHost(text, isSpecial, encodeControls) {
        if (text.startsWith('[')) {
            const pieces = text.endsWith(']') ? parseIPv6(text.slice(1, -1)) : undefined;
            return pieces && `[${serializeIPv6(pieces)}]`;
        }
        if (!isSpecial) return forbiddenHostCharacter.test(text) ? undefined : encodeControls(text);
        const domain = domainToASCII(percentDecode(text));
        if (domain === undefined || domain === '' || forbiddenDomainCharacter.test(domain)) return undefined;
        return endsInNumber(domain) ? parseIPv4(domain) : domain;
    };
    bridge.percentDecode = percentDecode;
})
