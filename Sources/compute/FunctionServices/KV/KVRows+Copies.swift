import Foundation
import GRDB

/// What stores tell each other, inside one transaction.
extension KVRows {
    // MARK: Telling

    /// What was seen of an app.
    func vector(app: String) throws -> KVVector {
        guard let id = try knownID(app) else { return KVVector() }
        var clocks: [Int64: Int64] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT writer, clock FROM seen WHERE app = ?", arguments: [id]) {
            let (writer, clock): (Int64, Int64) = (row[0], row[1])
            clocks[writer] = clock
        }
        return KVVector(clocks)
    }

    /// Apps behind a name of which something was seen, in the order of their names.
    func apps(after: String, limit: Int) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                SELECT name FROM app a WHERE name > ? AND EXISTS (SELECT 1 FROM seen WHERE app = a.id)
                ORDER BY name LIMIT ?
                """, arguments: [after, limit])
    }

    /// Changes that a store with `since` lacks; nil if it may lack removals that are forgotten here.
    func changes(app: String, since: KVVector, writer only: Int64?, isWhole: Bool) throws -> KVChangePage? {
        var page = KVChangePage(changes: [], spans: [], known: try vector(app: app), isComplete: true)
        guard let id = try knownID(app) else { return page }
        let seen = try Row.fetchAll(
            database, sql: "SELECT writer, clock, forgotten FROM seen WHERE app = ? ORDER BY writer", arguments: [id])
        var byteCount = 0
        for row in seen {
            let (writer, clock, forgotten): (Int64, Int64, Int64) = (row[0], row[1], row[2])
            let from = since[writer]
            guard only ?? writer == writer, from < clock else { continue }
            guard isWhole || from >= forgotten else { return nil }
            guard try add(app: id, KVSpan(writer: writer, from: from, to: clock), to: &page, &byteCount) else {
                page.isComplete = false
                return page
            }
        }
        return page
    }

    /// Adds a writer's changes; false if the page is full before their end.
    private func add(app: Int64, _ span: KVSpan, to page: inout KVChangePage, _ byteCount: inout Int) throws -> Bool {
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT n.name, e.key, e.metadata, e.expiration, e.value, e.clock, e.removed
                    FROM entry e JOIN namespace n ON n.id = e.namespace
                    WHERE e.app = ? AND e.writer = ? AND e.clock > ? ORDER BY e.clock
                    """), arguments: [app, span.writer, span.from])
        var last = span.from
        while let row = try rows.next() {
            if page.changes.count >= KVChangePage.maxCount || byteCount >= KVChangePage.maxBytes {
                // Rows behind the span can be there after a copy that was not finished: they are told, not promised.
                if last > span.from {
                    page.spans.append(KVSpan(writer: span.writer, from: span.from, to: min(last, span.to)))
                }
                return false
            }
            let (key, value): (Data, Data) = (row[1], row[4])
            last = row[5]
            let isRemoved = (row[6] as Int64?) != nil
            let change = KVChange(
                namespace: row[0], key: String(decoding: key, as: UTF8.self),
                stamp: KVStamp(clock: last, writer: span.writer),
                entry: isRemoved ? nil : KVEntry(value: Array(value), metadata: row[2], expiration: row[3]))
            byteCount += change.byteCount
            page.changes.append(change)
        }
        page.spans.append(span)
        return true
    }

    // MARK: Hearing

    /// Takes over changes of other stores that are later than what is here, and notes the spans that follow on what was
    /// seen; all or nothing.
    func merge(app: String, _ changes: [KVChange], spans: [KVSpan], isMarking: Bool, settings: KVSettings) throws {
        let appID = try self.appID(app)
        let now = Int(settings.wallMilliseconds() / 1_000)
        var seen = try vector(app: app)
        for change in changes {
            // A copy tells all that another store has, also what was removed here so long ago that it is forgotten.
            if isMarking, seen.covers(change.stamp), try !has(appID, change) { continue }
            try merge(appID, app, change, now: now, isMarking: isMarking, settings)
        }
        for span in spans where seen.take(span) { try see(appID, span) }
        guard seen.clocks.count <= KVLimits.maxWriters else {
            throw KVError(.refused, "the app has changes of more than \(KVLimits.maxWriters) stores")
        }
    }

    private func has(_ appID: Int64, _ change: KVChange) throws -> Bool {
        let select = try database.cachedStatement(
            sql: """
                SELECT 1 FROM entry
                WHERE namespace = (SELECT id FROM namespace WHERE app = ? AND name = ?) AND key = ?
                """)
        return try Int.fetchOne(select, arguments: [appID, change.namespace, Data(change.key.utf8)]) != nil
    }

    private func merge(
        _ appID: Int64, _ app: String, _ change: KVChange, now: Int, isMarking: Bool, _ settings: KVSettings
    ) throws {
        let limit = settings.maxNamespacesPerApp * KVLimits.copiedQuotas
        let space =
            try id(app: app, namespace: change.namespace) ?? makeNamespace(change.namespace, appID: appID, limit: limit)
        let present = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT id, clock, writer FROM entry WHERE namespace = ? AND key = ?"),
            arguments: [space, Data(change.key.utf8)])
        if let present, KVStamp(clock: present[1], writer: present[2]) >= change.stamp {
            guard isMarking else { return }
            let id: Int64 = present[0]
            try database.cachedStatement(sql: "UPDATE entry SET mark = 1 WHERE id = ?").execute(arguments: [id])
            return
        }
        let old = try size(space: space, key: change.key)
        let new = change.entry.map {
            KVRows.size(key: change.key, metadata: $0.metadata, valueBytes: $0.value.count)
        }
        let (bytes, entries) = try usage(app: app)
        guard bytes - (old ?? 0) + (new ?? 0) <= settings.maxBytesPerApp * KVLimits.copiedQuotas,
            entries <= settings.maxEntriesPerApp * KVLimits.copiedQuotas
        else { throw KVError(.quota, "the copies of the app's entries are too many; delete some at their home") }
        try write(
            Place(app: appID, space: space, key: change.key), change.entry, change.stamp,
            removed: change.entry == nil ? now : nil, isMarked: isMarking)
        try charge(appID, bytes: (new ?? 0) - (old ?? 0), entries: (new == nil ? 0 : 1) - (old == nil ? 0 : 1))
    }

    // MARK: Copying whole

    func beginCopy(app: String) throws {
        guard let id = try knownID(app) else { return }
        try database.execute(sql: "UPDATE entry SET mark = 0 WHERE app = ? AND mark != 0", arguments: [id])
    }

    /// Removes what the copied store had seen and no longer has, and notes what the copy tells.
    func endCopy(app: String, covered: KVVector, reached: KVVector) throws {
        let appID = try self.appID(app)
        for writer in covered.writers {
            let condition = "app = ? AND writer = ? AND clock <= ? AND mark = 0"
            let arguments: StatementArguments = [appID, writer, covered[writer]]
            let gone = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*), coalesce(sum(
                        length(key) + coalesce(length(CAST(metadata AS BLOB)), 0) + length(value)
                        + \(KVLimits.entryOverheadBytes)), 0)
                    FROM entry WHERE \(condition) AND removed IS NULL
                    """, arguments: arguments)
            try database.execute(sql: "DELETE FROM entry WHERE \(condition)", arguments: arguments)
            if let gone { try charge(appID, bytes: -(gone[1] as Int), entries: -(gone[0] as Int)) }
        }
        for writer in reached.writers {
            try see(appID, KVSpan(writer: writer, from: 0, to: reached[writer]))
            // The other store may have forgotten removals, so nobody can hear of them from here either.
            try forget(appID, writer: writer, upTo: reached[writer])
        }
    }

    // MARK: Forgetting

    /// Forgets removals from before `time` (seconds since 1970), and the oldest ones of apps with more than `most`.
    func forgetRemoved(before time: Int, most: Int) throws {
        let apps = try Row.fetchAll(
            database, sql: "SELECT app, count(*), min(removed) FROM entry WHERE removed IS NOT NULL GROUP BY app")
        for row in apps {
            let (app, count, oldest): (Int64, Int, Int) = (row[0], row[1], row[2])
            guard count > most || oldest < time else { continue }
            let surplus = max(0, count - most)
            let gone = """
                SELECT id FROM entry WHERE app = ? AND removed IS NOT NULL AND (removed < ? OR id IN (
                    SELECT id FROM entry WHERE app = ? AND removed IS NOT NULL ORDER BY removed, clock LIMIT ?))
                """
            let arguments: StatementArguments = [app, time, app, surplus]
            let clocks = try Row.fetchAll(
                database, sql: "SELECT writer, max(clock) FROM entry WHERE id IN (\(gone)) GROUP BY writer",
                arguments: arguments)
            for clock in clocks { try forget(app, writer: clock[0], upTo: clock[1]) }
            try database.execute(sql: "DELETE FROM entry WHERE id IN (\(gone))", arguments: arguments)
        }
    }

    private func forget(_ app: Int64, writer: Int64, upTo clock: Int64) throws {
        try database.cachedStatement(
            sql: "UPDATE seen SET forgotten = max(forgotten, ?) WHERE app = ? AND writer = ?"
        ).execute(arguments: [clock, app, writer])
    }

    func knownID(_ app: String) throws -> Int64? {
        try Int64.fetchOne(
            try database.cachedStatement(sql: "SELECT id FROM app WHERE name = ?"), arguments: [app])
    }
}
