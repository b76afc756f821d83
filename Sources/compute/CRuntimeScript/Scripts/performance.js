// Marks and measures of performance (User Timing, sections 3 and 4). The oldest entries go when there are too many.
(function (bridge) {
    'use strict';

    const timing = bridge.group('performance');
    const { host } = bridge;
    const key = Symbol('internal');
    const maxEntries = 1000;
    let entries = [];

    class PerformanceEntry {
        #name;
        #type;
        #start;
        #duration;

        constructor(secret = undefined, type = '', name = '', start = 0, duration = 0) {
            if (secret !== key) throw new TypeError('entries are made by performance.mark() and performance.measure()');
            this.#name = name;
            this.#type = type;
            this.#start = start;
            this.#duration = duration;
        }

        get name() { return this.#name; }
        get entryType() { return this.#type; }
        get startTime() { return this.#start; }
        get duration() { return this.#duration; }
        toJSON() {
            return { name: this.#name, entryType: this.#type, startTime: this.#start, duration: this.#duration };
        }
    }

    const detailOf = (detail) => (
        detail === undefined || detail === null ? null : bridge.need('clone').structuredClone(detail));

    class PerformanceMark extends PerformanceEntry {
        #detail;

        constructor(name, options = undefined) {
            if (arguments.length === 0) throw new TypeError('a mark needs a name');
            const text = `${name}`;
            const settings = bridge.dictionary(options);
            const { detail, startTime } = settings;
            const start = startTime === undefined ? host.now() - bridge.timeBase : Number(startTime);
            if (!Number.isFinite(start) || start < 0) throw new TypeError('startTime must be 0 or more');
            super(key, 'mark', text, start, 0);
            this.#detail = detailOf(detail);
        }

        get detail() { return this.#detail; }
    }

    class PerformanceMeasure extends PerformanceEntry {
        #detail;

        constructor(secret = undefined, name = '', start = 0, duration = 0, detail = null) {
            super(secret, 'measure', name, start, duration);
            this.#detail = detail;
        }

        get detail() { return this.#detail; }
    }

    function add(entry) {
        if (entries.length >= maxEntries) entries = entries.slice(1);
        entries[entries.length] = entry;
        return entry;
    }

    timing.mark = (name, options) => add(new PerformanceMark(name, options));

    // Names of Navigation Timing, which pages have alone (User Timing, section 3.1.2 and 4).
    const pageTimes = new Set([
        'navigationStart', 'unloadEventStart', 'unloadEventEnd', 'redirectStart', 'redirectEnd', 'fetchStart',
        'domainLookupStart', 'domainLookupEnd', 'connectStart', 'connectEnd', 'secureConnectionStart', 'requestStart',
        'responseStart', 'responseEnd', 'domLoading', 'domInteractive', 'domContentLoadedEventStart',
        'domContentLoadedEventEnd', 'domComplete', 'loadEventStart', 'loadEventEnd',
    ]);

    /** A time in milliseconds: a number, or the latest mark of a name. */
    function moment(value, fallback) {
        if (value === undefined) return fallback;
        if (typeof value === 'number') {
            if (!Number.isFinite(value) || value < 0) throw new TypeError('a time must be 0 or more');
            return value;
        }
        const name = `${value}`;
        if (pageTimes.has(name)) throw new TypeError(`'${name}' is a time of a page, and there is none here`);
        for (let index = entries.length - 1; index >= 0; index -= 1) {
            if (entries[index].entryType === 'mark' && entries[index].name === name) return entries[index].startTime;
        }
        throw new bridge.DOMException(`there is no mark '${name}'`, 'SyntaxError');
    }

    timing.measure = function measure(name, startOrOptions, endMark) {
        const isOptions = bridge.isObject(startOrOptions);
        const { start, end, duration, detail } = isOptions ? startOrOptions : {
            __proto__: null, start: startOrOptions ?? undefined, end: endMark, duration: undefined, detail: undefined,
        };
        if (isOptions) {
            const given = [detail, duration, end, start].filter((value) => value !== undefined).length;
            if (given > 0 && endMark !== undefined) throw new TypeError('options leave no room for an end mark');
            if (given > 0 && start === undefined && end === undefined) {
                throw new TypeError('the options need { start } or { end }');
            }
            if (start !== undefined && end !== undefined && duration !== undefined) {
                throw new TypeError('the options have too much: { start }, { end } or { duration } must go');
            }
        }
        let to = moment(end, host.now() - bridge.timeBase);
        if (end === undefined && duration !== undefined && start !== undefined) {
            to = moment(start, 0) + Number(duration);
        }
        let from = moment(start, 0);
        if (start === undefined && duration !== undefined) from = to - Number(duration);
        return add(new PerformanceMeasure(key, `${name}`, from, to - from, detailOf(detail)));
    };

    timing.entries = (name, type) => entries
        .filter((entry) => (name === undefined || entry.name === `${name}`) &&
            (type === undefined || entry.entryType === `${type}`))
        .sort((left, right) => left.startTime - right.startTime);

    timing.clear = (type, name) => {
        entries = entries.filter(
            (entry) => entry.entryType !== type || (name !== undefined && entry.name !== `${name}`));
    };

    const members = { PerformanceEntry: ['name', 'entryType', 'startTime', 'duration', 'toJSON'] };
    const interfaces = { PerformanceEntry, PerformanceMark, PerformanceMeasure };
    for (const name of Object.keys(interfaces)) {
        bridge.enumerate(interfaces[name], members[name] ?? ['detail']);
        bridge.brand(interfaces[name], name);
        timing[name] = interfaces[name];
    }
})
