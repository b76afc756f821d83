// Pattern strings of URLPattern (URL Pattern Standard, section 2): tokens, parts, the regular expression that they
// make, and the pattern string that says the same.
(function (bridge) {
    'use strict';

    const patterns = bridge.group('patterns');
    const isNameStart = (character) => /^[\p{ID_Start}$_]$/u.test(character);
    const isNamePart = (character) => /^[\p{ID_Continue}$\u200c\u200d]$/u.test(character);
    const escapeRegExp = (text) => text.replace(/[.+*?^${}()[\]|/\\]/g, '\\$&');
    const escapePattern = (text) => text.replace(/[+*?:{}()\\]/g, '\\$&');
    const bad = (what) => new TypeError(`the pattern is not valid: ${what}`);

    // MARK: Tokens

    const single = { __proto__: null, '*': 'asterisk', '+': 'modifier', '?': 'modifier', '{': 'open', '}': 'close' };

    /** The end of a group that begins at `start`, or a text that says what is wrong. */
    function endOfRegExp(characters, start) {
        let depth = 1;
        let at = start + 1;
        while (at < characters.length) {
            const character = characters[at];
            if (character > '\x7f' || (at === start + 1 && character === '?')) {
                return 'a group has a character that it cannot';
            }
            if (character === '\\') {
                if (at + 1 >= characters.length || characters[at + 1] > '\x7f') return 'a group ends with a backslash';
                at += 2;
                continue;
            }
            if (character === ')') {
                depth -= 1;
                if (depth === 0) return at === start + 1 ? 'a group is empty' : at + 1;
            } else if (character === '(') {
                depth += 1;
                if (characters[at + 1] !== '?') return 'a group captures inside of it';
            }
            at += 1;
        }
        return 'a group does not end';
    }

    /** Tokens of a pattern: `{ type, index, value }`; a lenient reader gives tokens of the type `invalid`. */
    patterns.tokenize = function tokenize(text, isLenient) {
        const characters = [...text];
        const offsets = [];
        let offset = 0;
        for (const character of characters) {
            offsets[offsets.length] = offset;
            offset += character.length;
        }
        offsets[offsets.length] = offset;
        const tokens = [];
        let at = 0;
        const add = (type, end, value) => {
            tokens[tokens.length] = { type, index: offsets[at], value };
            at = end;
        };
        const invalid = (what) => {
            if (!isLenient) throw bad(what);
            add('invalid', at + 1, characters[at]);
        };
        while (at < characters.length) {
            const character = characters[at];
            if (single[character] !== undefined) {
                add(single[character], at + 1, character);
            } else if (character === '\\') {
                if (at + 1 === characters.length) invalid('it ends with a backslash');
                else add('escaped', at + 2, characters[at + 1]);
            } else if (character === ':') {
                let end = at + 1;
                const fits = () => (end === at + 1 ? isNameStart : isNamePart)(characters[end]);
                while (end < characters.length && fits()) end += 1;
                if (end === at + 1) invalid('a colon is not followed by a name');
                else add('name', end, characters.slice(at + 1, end).join(''));
            } else if (character === '(') {
                const end = endOfRegExp(characters, at);
                if (typeof end === 'string') invalid(end);
                else add('regexp', end, characters.slice(at + 1, end - 1).join(''));
            } else {
                add('char', at + 1, character);
            }
        }
        tokens[tokens.length] = { type: 'end', index: offset, value: '' };
        return tokens;
    };

    // MARK: Parts

    const modifiers = { __proto__: null, '?': '?', '*': '*', '+': '+' };

    class PartReader {

        encode;

        options;
        #tokens;
        #at = 0;
        #pending = '';
        #nextName = 0;
        #parts = [];
        #names = new Set();

        constructor(text, encode, options) {
            this.#tokens = patterns.tokenize(text, false);
            this.encode = encode;
            this.options = options;
        }

        #take(type) {
            const token = this.#tokens[this.#at];
            if (token.type !== type) return undefined;
            this.#at += 1;
            return token;
        }

        #need(type) {
            const token = this.#take(type);
            if (token === undefined) throw bad(`'${this.#tokens[this.#at].value}' is not expected here`);
            return token;
        }

        #takeMatcher(name) {
            return this.#take('regexp') ?? (name === undefined ? this.#take('asterisk') : undefined);
        }

        #takeModifier() { return this.#take('modifier') ?? this.#take('asterisk'); }

        #takeText() {
            let text = '';
            for (;;) {
                const token = this.#take('char') ?? this.#take('escaped');
                if (token === undefined) return text;
                text += token.value;
            }
        }

        read() {
            while (this.#at < this.#tokens.length) {
                const character = this.#take('char');
                const name = this.#take('name');
                const matcher = this.#takeMatcher(name);
                if (name !== undefined || matcher !== undefined) {
                    let prefix = character?.value ?? '';
                    if (prefix !== '' && prefix !== this.options.prefix) {
                        this.#pending += prefix;
                        prefix = '';
                    }
                    this.#flush();
                    this.#add(prefix, name, matcher, '', this.#takeModifier());
                    continue;
                }
                const fixed = character ?? this.#take('escaped');
                if (fixed !== undefined) {
                    this.#pending += fixed.value;
                    continue;
                }
                if (this.#take('open') !== undefined) {
                    const prefix = this.#takeText();
                    const inner = this.#take('name');
                    const innerMatcher = this.#takeMatcher(inner);
                    const suffix = this.#takeText();
                    this.#need('close');
                    this.#add(prefix, inner, innerMatcher, suffix, this.#takeModifier());
                    continue;
                }
                this.#flush();
                this.#need('end');
            }
            return this.#parts;
        }

        #flush() {
            if (this.#pending === '') return;
            const value = this.encode(this.#pending);
            this.#pending = '';
            this.#push({ type: 'fixed', value, modifier: '', name: '', prefix: '', suffix: '' });
        }

        #push(part) { this.#parts[this.#parts.length] = part; }

        #add(prefix, name, matcher, suffix, modifierToken) {
            const modifier = modifierToken === undefined ? '' : modifiers[modifierToken.value];
            if (name === undefined && matcher === undefined && modifier === '') {
                this.#pending += prefix;
                return;
            }
            this.#flush();
            if (name === undefined && matcher === undefined) {
                if (prefix === '') return;
                this.#push({ type: 'fixed', value: this.encode(prefix), modifier, name: '', prefix: '', suffix: '' });
                return;
            }
            const segment = patterns.segmentExpression(this.options);
            let value = matcher === undefined ? segment : matcher.type === 'asterisk' ? '.*' : matcher.value;
            let type = 'regexp';
            if (value === segment) type = 'segment';
            else if (value === '.*') type = 'full';
            if (type !== 'regexp') value = '';
            let label = name?.value;
            if (label === undefined) {
                label = `${this.#nextName}`;
                this.#nextName += 1;
            }
            if (this.#names.has(label)) throw bad(`the name '${label}' is there twice`);
            this.#names.add(label);
            this.#push({
                type, value, modifier, name: label, prefix: this.encode(prefix), suffix: this.encode(suffix),
            });
        }
    }

    patterns.segmentExpression = (options) => `[^${escapeRegExp(options.delimiter)}]+?`;

    /** Source of a regular expression, and the names of its groups. */
    function expressionOf(parts, options) {
        let source = '^';
        const names = [];
        for (const part of parts) {
            const { modifier } = part;
            if (part.type === 'fixed') {
                source += modifier === '' ? escapeRegExp(part.value) : `(?:${escapeRegExp(part.value)})${modifier}`;
                continue;
            }
            names[names.length] = part.name;
            const inner = part.type === 'segment' ? patterns.segmentExpression(options)
                : part.type === 'full' ? '.*' : part.value;
            const prefix = escapeRegExp(part.prefix);
            const suffix = escapeRegExp(part.suffix);
            const repeats = modifier === '*' || modifier === '+';
            if (prefix === '' && suffix === '') {
                source += repeats ? `((?:${inner})${modifier})` : `(${inner})${modifier}`;
            } else if (!repeats) {
                source += `(?:${prefix}(${inner})${suffix})${modifier}`;
            } else {
                source += `(?:${prefix}((?:${inner})(?:${suffix}${prefix}(?:${inner}))*)${suffix})` +
                    (modifier === '*' ? '?' : '');
            }
        }
        return { source: `${source}$`, names };
    }

    const hasOwnName = (part) => !/^\d/.test(part.name);

    function needsBraces(part, previous, next, options) {
        if (part.suffix !== '' || (part.prefix !== '' && part.prefix !== options.prefix)) return true;
        const endsWithName = hasOwnName(part) && part.type === 'segment' && part.modifier === '';
        if (endsWithName && next !== undefined && next.prefix === '' && next.suffix === '') {
            const runsOn = next.type === 'fixed'
                ? isNamePart([...next.value][0] ?? '') : !hasOwnName(next);
            if (runsOn) return true;
        }
        return part.prefix === '' && previous?.type === 'fixed' && options.prefix !== '' &&
            previous.value.endsWith(options.prefix);
    }

    /** The pattern string of parts. */
    function patternOf(parts, options) {
        let text = '';
        parts.forEach((part, index) => {
            const previous = parts[index - 1];
            if (part.type === 'fixed') {
                const value = escapePattern(part.value);
                text += part.modifier === '' ? value : `{${value}}${part.modifier}`;
                return;
            }
            const isNamed = hasOwnName(part);
            const braces = needsBraces(part, previous, parts[index + 1], options);
            if (braces) text += '{';
            text += escapePattern(part.prefix);
            if (isNamed) text += `:${part.name}`;
            if (part.type === 'regexp') {
                text += `(${part.value})`;
            } else if (part.type === 'segment' && !isNamed) {
                text += `(${patterns.segmentExpression(options)})`;
            } else if (part.type === 'full') {
                const isClear = previous === undefined || previous.type === 'fixed' || previous.modifier !== '';
                text += !isNamed && (isClear || braces || part.prefix !== '') ? '*' : '(.*)';
            }
            const runsOn = part.type === 'segment' && isNamed && part.suffix !== '' && isNamePart([...part.suffix][0]);
            if (runsOn) text += '\\';
            text += escapePattern(part.suffix);
            if (braces) text += '}';
            text += part.modifier;
        });
        return text;
    }

    /** A compiled component: `{ pattern, expression, names, hasRegExp }`. */
    patterns.compile = function compile(text, encode, options, ignoreCase) {
        const parts = new PartReader(text, encode, options).read();
        const { source, names } = expressionOf(parts, options);
        let expression;
        try {
            expression = new RegExp(source, ignoreCase ? 'vi' : 'v');
        } catch (error) {
            throw bad(error.message);
        }
        return {
            pattern: patternOf(parts, options), expression, names,
            hasRegExp: parts.some((part) => part.type === 'regexp'),
        };
    };

    patterns.escapePattern = escapePattern;
})
