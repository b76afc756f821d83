import Foundation
import GRDB

/// Queries and changes, inside one transaction.
struct KVRows {
    let database: Database

    init(_ database: Database) { self.database = database }

    func get(app: String, namespace: String, key: String, now: Int) throws -> KVEntry? {
        let select = try database.cachedStatement(
            sql: """
                SELECT value, metadata, expiration FROM entry
                WHERE namespace = (SELECT n.id FROM namespace n JOIN app a ON a.id = n.app WHERE a.name = ? AND n.name = ?)
                AND key = ? AND removed IS NULL AND (expiration IS NULL OR expiration > ?)
                """)
        guard let row = try Row.fetchOne(select, arguments: [app, namespace, Data(key.utf8), now]) else { return nil }
        let value: Data = row[0]
        return KVEntry(value: Array(value), metadata: row[1], expiration: row[2])
    }

    func list(app: String, namespace: String, prefix: String, after: String?, limit: Int, now: Int) throws -> KVPage {
        guard let space = try id(app: app, namespace: namespace) else { return KVPage(keys: [], next: nil) }
        let first = Data(prefix.utf8)
        // Every key with the prefix is below this: UTF-8 has no byte 0xff.
        let end = first + Data([0xff])
        let select = try database.cachedStatement(
            sql: """
                SELECT key, metadata, expiration FROM entry
                WHERE namespace = ? AND key >= ? AND key > ? AND key < ? AND removed IS NULL
                AND (expiration IS NULL OR expiration > ?)
                ORDER BY key LIMIT ?
                """)
        let rows = try Row.fetchAll(
            select, arguments: [space, first, Data((after ?? "").utf8), end, now, limit + 1])
        let keys = rows.prefix(limit).map { row in
            let key: Data = row[0]
            return KVPage.Key(name: String(decoding: key, as: UTF8.self), metadata: row[1], expiration: row[2])
        }
        return KVPage(keys: keys, next: rows.count > limit ? keys.last?.name : nil)
    }

    func usage(app: String) throws -> (bytes: Int, entries: Int) {
        let row = try Row.fetchOne(database, sql: "SELECT bytes, entries FROM app WHERE name = ?", arguments: [app])
        return (row?[0] ?? 0, row?[1] ?? 0)
    }

    /// Stores an entry as a change of this store. If that throws a ``KVError``, no entry has changed.
    func put(app: String, namespace: String, key: String, entry: KVEntry, settings: KVSettings) throws -> KVStamp {
        let appID = try self.appID(app)
        let (bytes, entries) = try usage(app: app)
        let space = try id(app: app, namespace: namespace)
        let old = try space.flatMap { try size(space: $0, key: key) }
        let new = Self.size(key: key, metadata: entry.metadata, valueBytes: entry.value.count)
        guard bytes - (old ?? 0) + new <= settings.maxBytesPerApp else {
            throw KVError(.quota, "the app may store \(settings.maxBytesPerApp) bytes; delete something first")
        }
        guard old != nil || entries < settings.maxEntriesPerApp else {
            throw KVError(.quota, "the app may store \(settings.maxEntriesPerApp) entries; delete some first")
        }
        let target = try space ?? makeNamespace(namespace, appID: appID, limit: settings.maxNamespacesPerApp)
        let place = Place(app: appID, space: target, key: key)
        let stamp = try newStamp(place, settings)
        try write(place, entry, stamp, removed: nil, isMarked: false)
        try charge(appID, bytes: new - (old ?? 0), entries: old == nil ? 1 : 0)
        return stamp
    }

    /// Removes an entry as a change of this store; nil if there is none.
    func delete(app: String, namespace: String, key: String, settings: KVSettings) throws -> KVStamp? {
        guard let space = try id(app: app, namespace: namespace), let old = try size(space: space, key: key) else {
            return nil
        }
        let place = Place(app: try appID(app), space: space, key: key)
        let stamp = try newStamp(place, settings)
        let now = Int(settings.wallMilliseconds() / 1_000)
        try write(place, nil, stamp, removed: now, isMarked: false)
        try charge(place.app, bytes: -old, entries: -1)
        return stamp
    }

    /// Removes what has expired, at most so many entries; how many. Each keeps its stamp, so that all stores, each of which
    /// removes it by itself, have the same.
    func sweep(now: Int, limit: Int) throws -> Int {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT id, app, length(key), coalesce(length(CAST(metadata AS BLOB)), 0), length(value)
                FROM entry WHERE expiration <= ? ORDER BY expiration LIMIT ?
                """, arguments: [now, limit])
        for row in rows {
            let (id, app): (Int64, Int64) = (row[0], row[1])
            let sizes: (Int, Int, Int) = (row[2], row[3], row[4])
            try database.cachedStatement(
                sql: "UPDATE entry SET value = x'', metadata = NULL, expiration = NULL, removed = ? WHERE id = ?"
            ).execute(arguments: [now, id])
            let size = sizes.0 + sizes.1 + sizes.2 + KVLimits.entryOverheadBytes
            try charge(app, bytes: -size, entries: -1)
        }
        return rows.count
    }

    /// Where an entry is.
    struct Place {
        let app: Int64
        let space: Int64
        let key: String
    }

    /// Puts the state of a key in place of what there was. Charging is the caller's part.
    func write(_ place: Place, _ entry: KVEntry?, _ stamp: KVStamp, removed: Int?, isMarked: Bool) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO entry (app, namespace, key, metadata, expiration, value, clock, writer, removed, mark)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (namespace, key) DO UPDATE
                SET metadata = excluded.metadata, expiration = excluded.expiration, value = excluded.value,
                clock = excluded.clock, writer = excluded.writer, removed = excluded.removed, mark = excluded.mark
                """
        ).execute(arguments: [
            place.app, place.space, Data(place.key.utf8), entry?.metadata, entry?.expiration,
            Data(entry?.value ?? []), stamp.clock, stamp.writer, removed, isMarked ? 1 : 0,
        ])
    }

    /// Later than all that was seen of the app, and than what the key has: a copy that did not come to its end may have left
    /// that without its being seen.
    private func newStamp(_ place: Place, _ settings: KVSettings) throws -> KVStamp {
        let select = try database.cachedStatement(
            sql: """
                SELECT max(
                    coalesce((SELECT max(clock) FROM seen WHERE app = a.id), 0),
                    coalesce((SELECT clock FROM entry WHERE namespace = ? AND key = ?), 0)),
                floor > coalesce((SELECT clock FROM seen WHERE app = a.id AND writer = ?), 0),
                (SELECT count(*) FROM seen WHERE app = a.id AND writer != ?)
                FROM app a WHERE id = ?
                """)
        let row = try Row.fetchOne(
            select,
            arguments: [place.space, Data(place.key.utf8), settings.writer, settings.writer, place.app])
        let (last, isBehind, others): (Int64, Bool, Int) = (row?[0] ?? 0, row?[1] ?? false, row?[2] ?? 0)
        // Others would take its new change for all that it ever made.
        if isBehind { throw KVError(.unavailable, "this node gave the app's values away; try again") }
        // Others would not take it.
        guard others < KVLimits.maxWriters else {
            throw KVError(
                .writers,
                "the app has changes of \(KVLimits.maxWriters) nodes and disks, as many as there may be in its life, and "
                    + "none of them is at hand; move its values to an app of another name")
        }
        let clock = KVStamp.clock(after: last, wallMilliseconds: settings.wallMilliseconds())
        try see(place.app, KVSpan(writer: settings.writer, from: 0, to: clock))
        return KVStamp(clock: clock, writer: settings.writer)
    }

    /// Notes that a span was seen.
    func see(_ app: Int64, _ span: KVSpan) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO seen (app, writer, clock) VALUES (?, ?, ?)
                ON CONFLICT (app, writer) DO UPDATE SET clock = max(clock, excluded.clock)
                """
        ).execute(arguments: [app, span.writer, span.to])
    }

    func id(app: String, namespace: String) throws -> Int64? {
        try Int64.fetchOne(
            try database.cachedStatement(
                sql: "SELECT n.id FROM namespace n JOIN app a ON a.id = n.app WHERE a.name = ? AND n.name = ?"),
            arguments: [app, namespace])
    }

    func appID(_ app: String) throws -> Int64 {
        let select = try database.cachedStatement(sql: "SELECT id FROM app WHERE name = ?")
        if let id = try Int64.fetchOne(select, arguments: [app]) { return id }
        try database.execute(sql: "INSERT INTO app (name) VALUES (?)", arguments: [app])
        return database.lastInsertedRowID
    }

    func makeNamespace(_ name: String, appID: Int64, limit: Int) throws -> Int64 {
        let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM namespace WHERE app = ?", arguments: [appID])
        guard count ?? 0 < limit else { throw KVError(.quota, "the app may have \(limit) namespaces; use one of them") }
        try database.execute(sql: "INSERT INTO namespace (app, name) VALUES (?, ?)", arguments: [appID, name])
        return database.lastInsertedRowID
    }

    func size(space: Int64, key: String) throws -> Int? {
        let select = try database.cachedStatement(
            sql: """
                SELECT coalesce(length(CAST(metadata AS BLOB)), 0) + length(value) FROM entry
                WHERE namespace = ? AND key = ? AND removed IS NULL
                """)
        return try Int.fetchOne(select, arguments: [space, Data(key.utf8)])
            .map { $0 + key.utf8.count + KVLimits.entryOverheadBytes }
    }

    func charge(_ app: Int64, bytes: Int, entries: Int) throws {
        try database.cachedStatement(sql: "UPDATE app SET bytes = bytes + ?, entries = entries + ? WHERE id = ?")
            .execute(arguments: [bytes, entries, app])
    }

    static func size(key: String, metadata: String?, valueBytes: Int) -> Int {
        key.utf8.count + (metadata?.utf8.count ?? 0) + valueBytes + KVLimits.entryOverheadBytes
    }
}
