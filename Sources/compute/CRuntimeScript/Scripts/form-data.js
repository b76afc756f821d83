// FormData (XMLHttpRequest Standard, section 5).
(function (bridge) {
    'use strict';

    const form = bridge.group('form');
    let entriesOf;
    let isForm;
    let addEntry;

    /** A file keeps its name unless another is given; a plain Blob is called `blob`. */
    function entryValue(value, fileName) {
        const { isBlob, isFile, bytesOfBlob, makeFile } = bridge.need('blob');
        if (!isBlob(value)) {
            if (fileName !== undefined) throw new TypeError('a file name needs a Blob');
            return `${value}`.toWellFormed();
        }
        if (isFile(value) && fileName === undefined) return value;
        const name = fileName === undefined ? 'blob' : `${fileName}`;
        return makeFile(bytesOfBlob(value), name, value.type, isFile(value) ? value.lastModified : undefined);
    }

    class FormData {
        #entries = [];

        constructor(source = undefined) {
            if (source !== undefined) throw new TypeError('there are no HTML forms here; FormData takes no argument');
        }

        static {
            isForm = (value) => typeof value === 'object' && value !== null && #entries in value;
            entriesOf = (data) => data.#entries;
            addEntry = (data, name, value) => { data.#entries[data.#entries.length] = [name, value]; };
        }

        append(name, value, fileName = undefined) {
            bridge.needArguments(arguments.length, 2, 'append');
            addEntry(this, `${name}`.toWellFormed(), entryValue(value, fileName));
        }

        delete(name) {
            bridge.needArguments(arguments.length, 1, 'delete');
            const key = `${name}`.toWellFormed();
            this.#entries = this.#entries.filter((entry) => entry[0] !== key);
        }

        get(name) {
            bridge.needArguments(arguments.length, 1, 'get');
            const key = `${name}`.toWellFormed();
            return this.#entries.find((entry) => entry[0] === key)?.[1] ?? null;
        }

        getAll(name) {
            bridge.needArguments(arguments.length, 1, 'getAll');
            const key = `${name}`.toWellFormed();
            return this.#entries.filter((entry) => entry[0] === key).map((entry) => entry[1]);
        }

        has(name) {
            bridge.needArguments(arguments.length, 1, 'has');
            const key = `${name}`.toWellFormed();
            return this.#entries.some((entry) => entry[0] === key);
        }

        set(name, value, fileName = undefined) {
            bridge.needArguments(arguments.length, 2, 'set');
            const key = `${name}`.toWellFormed();
            const entry = [key, entryValue(value, fileName)];
            const first = this.#entries.findIndex((other) => other[0] === key);
            if (first < 0) {
                this.#entries[this.#entries.length] = entry;
                return;
            }
            this.#entries[first] = entry;
            this.#entries = this.#entries.filter((other, index) => index <= first || other[0] !== key);
        }
    }

    bridge.makePairIterable(FormData, 'FormData', (data) => entriesOf(data));
    bridge.enumerate(FormData, ['append', 'delete', 'get', 'getAll', 'has', 'set']);
    bridge.brand(FormData, 'FormData');
    form.FormData = FormData;
    form.isForm = (value) => isForm(value);
    form.entriesOf = (data) => entriesOf(data);
    form.addEntry = (data, name, value) => addEntry(data, name, value);
})
