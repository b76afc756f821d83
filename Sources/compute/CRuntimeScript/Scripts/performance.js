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

        constructor(secret, type, name, start, duration) {
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

    const detailOf = (options) => (
        options?.detail === undefined ? null : bridge.need('clone').structuredClone(options.detail));

    class PerformanceMark extends PerformanceEntry {
        #detail;

        constructor(name, options = undefined) {
            if (arguments.length === 0) throw new TypeError('a mark needs a name');
            const given = options?.startTime;
            const start = given === undefined ? host.now() - bridge.timeBase : Number(given);
            if (!(start >= 0)) throw new TypeError('startTime must be 0 or more');
            super(key, 'mark', `${name}`, start, 0);
            this.#detail = detailOf(options);
        }

        get detail() { return this.#detail; }
    }

    class PerformanceMeasure extends PerformanceEntry {
        #detail;

        constructor(secret, name, start, duration, detail) {
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

    /** A time in milliseconds: a number, or the latest mark of a name. */
    function moment(value, fallback) {
        if (value === undefined) return fallback;
        if (typeof value === 'number') return value;
        for (let index = entries.length - 1; index >= 0; index -= 1) {
            if (entries[index].entryType === 'mark' && entries[index].name === `${value}`) {
                return entries[index].startTime;
            }
        }
        throw new bridge.DOMException(`there is no mark '${value}'`, 'SyntaxError');
    }

    timing.measure = function measure(name, startOrOptions, endMark) {
        const isOptions = typeof startOrOptions === 'object' && startOrOptions !== null;
        const { start, end, duration, detail } = isOptions
            ? startOrOptions : { start: startOrOptions, end: endMark, duration: undefined, detail: undefined };
        let to = moment(end, host.now() - bridge.timeBase);
        if (end === undefined && duration !== undefined && start !== undefined) {
            to = moment(start, 0) + Number(duration);
        }
        let from = moment(start, 0);
        if (start === undefined && duration !== undefined) from = to - Number(duration);
        return add(new PerformanceMeasure(key, `${name}`, from, to - from, detailOf({ detail })));
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
