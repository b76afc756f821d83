// The performance and navigator objects (High Resolution Time, section 7; HTML Standard, section 8.10).
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const key = Symbol('internal');
    // Whole milliseconds on the wall clock at the moment that `performance.now()` counts from.
    const timeOrigin = host.wallTime() - (host.now() - bridge.timeBase);

    let timing;

    class Performance extends bridge.EventTarget {
        #isPerformance = true;

        constructor(secret = undefined) {
            if (secret !== key) throw new TypeError('there is one Performance object: performance');
            super();
        }

        static {
            // The group of marks and measures, for the methods of the one object.
            timing = (performance) => (performance.#isPerformance ? bridge.need('performance') : undefined);
        }

        get timeOrigin() { return this.#isPerformance ? timeOrigin : 0; }
        now() { return this.#isPerformance ? host.now() - bridge.timeBase : 0; }
        toJSON() { return { timeOrigin: this.#isPerformance ? timeOrigin : 0 }; }

        mark(name, options = undefined) {
            bridge.needArguments(arguments.length, 1, 'mark');
            return timing(this).mark(name, options);
        }

        measure(name, start = undefined, end = undefined) {
            bridge.needArguments(arguments.length, 1, 'measure');
            return timing(this).measure(name, start, end);
        }

        clearMarks(name = undefined) { timing(this).clear('mark', name); }
        clearMeasures(name = undefined) { timing(this).clear('measure', name); }
        getEntries() { return timing(this).entries(undefined, undefined); }

        getEntriesByName(name, type = undefined) {
            bridge.needArguments(arguments.length, 1, 'getEntriesByName');
            return timing(this).entries(name, type);
        }

        getEntriesByType(type) {
            bridge.needArguments(arguments.length, 1, 'getEntriesByType');
            return timing(this).entries(undefined, type);
        }
    }
    bridge.enumerate(Performance, [
        'timeOrigin', 'now', 'toJSON', 'mark', 'measure', 'clearMarks', 'clearMeasures', 'getEntries',
        'getEntriesByName', 'getEntriesByType',
    ]);
    bridge.brand(Performance, 'Performance');
    bridge.expose('Performance', Performance);
    bridge.expose('performance', new Performance(key));

    class Navigator {
        constructor(secret = undefined) {
            if (secret !== key) throw new TypeError('there is one Navigator object: navigator');
        }
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
