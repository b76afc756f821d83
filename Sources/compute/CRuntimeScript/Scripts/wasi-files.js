// The files of a WASI program: those that were packed with it, and nothing else. A name is looked up in a table, part
// by part; there is no path that leads anywhere but into the table.
(function (bridge) {
    'use strict';

    const { host } = bridge;
    const wasi = bridge.group('wasi');
    const { errno, refuse } = wasi;
    /** Files of one program. */
    const maxFiles = 10000;
    /** Length of a path in bytes. */
    const maxPathBytes = 4096;

    const types = { __proto__: null, unknown: 0, folder: 3, file: 4 };

    function makeFolder(number) {
        return { type: types.folder, number, children: new bridge.SafeMap(), bytes: undefined, entries: undefined };
    }

    /** The root of a tree from sections: each a path, a zero byte and the file's bytes. */
    wasi.makeTree = function makeTree(sections) {
        const bad = (reason) => { throw new TypeError(`a packed file ${reason}; deploy the program again`); };
        if (sections.length > maxFiles) bad(`is one of ${sections.length}, and a program has at most ${maxFiles}`);
        let number = 1;
        const root = makeFolder(number);
        for (const section of sections) {
            const bytes = new Uint8Array(section);
            const end = bytes.indexOf(0);
            const path = end > 0 && end <= maxPathBytes ? host.decode(bytes.slice(0, end), true) : undefined;
            if (path === undefined) bad('has no usable name');
            const parts = path.split('/');
            if (parts.some((part) => part === '' || part === '.' || part === '..')) bad(`is called ${path}`);
            let folder = root;
            for (const part of parts.slice(0, -1)) {
                let next = folder.children.get(part);
                if (next === undefined) {
                    next = makeFolder(number += 1);
                    folder.children.set(part, next);
                }
                if (next.children === undefined) bad(`lies in ${part}, which is a file`);
                folder = next;
            }
            const name = parts[parts.length - 1];
            if (folder.children.has(name)) bad(`is there twice: ${path}`);
            folder.children.set(name, {
                type: types.file, number: number += 1, children: undefined, bytes: bytes.subarray(end + 1),
                entries: undefined,
            });
        }
        return root;
    };

    /** The folder or file that a path leads to from a folder; never above that folder. */
    wasi.find = function find(folder, path) {
        if (path === '') refuse(errno.noent);
        if (path.includes('\0')) refuse(errno.inval);
        if (path.startsWith('/')) refuse(errno.notcapable);
        const above = [];
        let node = folder;
        for (const part of path.split('/')) {
            if (node.children === undefined) refuse(errno.notdir);
            if (part === '' || part === '.') continue;
            if (part === '..') {
                if (above.length === 0) refuse(errno.notcapable);
                node = above.pop();
                continue;
            }
            const next = node.children.get(part);
            if (next === undefined) refuse(errno.noent);
            above[above.length] = node;
            node = next;
        }
        return node;
    };

    /** What a folder holds, with itself and the one above, in order of names: `{ name, number, type }`. */
    wasi.entriesOf = function entriesOf(folder) {
        if (folder.entries === undefined) {
            const names = [...folder.children.keys()].sort();
            folder.entries = [['.', folder], ['..', folder], ...names.map((name) => [name, folder.children.get(name)])]
                .map(([name, node]) => ({ name: host.encode(name), number: node.number, type: node.type }));
        }
        return folder.entries;
    };

    wasi.fileTypes = types;
    wasi.maxPathBytes = maxPathBytes;
})
