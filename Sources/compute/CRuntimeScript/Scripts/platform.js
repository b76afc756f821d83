// The performance and navigator objects (High Resolution Time, section 7; HTML Standard, section 8.10).
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const key = Symbol('internal');
    // Whole milliseconds on the wall clock at the moment that `performance.now()` counts from.
    const timeOrigin = host.wallTime() - (host.now() - bridge.timeBase);

    class Performance extends bridge.EventTarget {
        constructor(secret) {
            if (secret !== key) throw new TypeError('there is one Performance object: performance');
            super();
        }

        get timeOrigin() { return timeOrigin; }
        now() { return host.now() - bridge.timeBase; }
        toJSON() { return { timeOrigin }; }
        mark(name, options = undefined) { return bridge.need('performance').mark(name, options); }
        measure(name, start = undefined, end = undefined) {
            return bridge.need('performance').measure(name, start, end);
        }
        clearMarks(name = undefined) { bridge.need('performance').clear('mark', name); }
        clearMeasures(name = undefined) { bridge.need('performance').clear('measure', name); }
        getEntries() { return bridge.need('performance').entries(undefined, undefined); }
        getEntriesByName(name, type = undefined) { return bridge.need('performance').entries(name, type); }
        getEntriesByType(type) { return bridge.need('performance').entries(undefined, type); }
    }
    bridge.enumerate(Performance, [
        'timeOrigin', 'now', 'toJSON', 'mark', 'measure', 'clearMarks', 'clearMeasures', 'getEntries',
        'getEntriesByName', 'getEntriesByType',
    ]);
    bridge.brand(Performance, 'Performance');
    bridge.expose('Performance', Performance);
    bridge.expose('performance', new Performance(key));

    class Navigator {
        constructor(secret) { if (secret !== key) throw new TypeError('there is one Navigator object: navigator'); }
        get userAgent() { return 'Skerry'; }
        get language() { return 'en'; }
        get languages() { return languages; }
        get hardwareConcurrency() { return 1; }
        get onLine() { return true; }
    }
    const languages = Object.freeze(['en']);
    bridge.enumerate(Navigator, ['userAgent', 'language', 'languages', 'hardwareConcurrency', 'onLine']);
    bridge.brand(Navigator, 'Navigator');
    bridge.expose('Navigator', Navigator);
    bridge.expose('navigator', new Navigator(key));
})
