import Foundation
import GRDB
import Identity
import NIOCore

/// The changes of one transaction of the index, and the totals that follow from them.
struct IndexTransaction {
    let database: Database
    let now: StoreInstant
    let holds: Holds
    var totals: IndexTotals
    private let changesBefore: Int

    init(_ database: Database, at now: StoreInstant, holds: Holds) throws {
        self.database = database
        self.now = now
        self.holds = holds
        totals = try IndexTotals.read(database)
        changesBefore = database.totalChangesCount
    }

    /// Writes the totals and returns them.
    ///
    /// - Parameter isTies: Whether there was nothing but pins and references. Those that are so already need no room on the
    ///   disk.
    mutating func finish(isTies: Bool) throws -> IndexTotals {
        if isTies, database.totalChangesCount == changesBefore { return totals }
        totals.openMilliseconds = max(totals.openMilliseconds, now.openMilliseconds)
        try totals.write(database)
        return totals
    }

    mutating func apply(_ change: BlobIndex.Change) throws -> BlobIndex.Effect {
        switch change {
        case .insert(let stat, let bytes): return try insert(stat, bytes)
        case .delete(let id, let deletion): return try delete(id, deletion)
        case .use(let ids):
            for id in ids { try use(id) }
            return .other(ids.count)
        case .pin(let ids, let owner): return .other(try ids.reduce(0) { $0 + (try pin($1, owner)) })
        case .unpin(let ids, let owner): return .other(try ids.reduce(0) { $0 + (try unpin($1, owner)) })
        case .unpinAll(let owner): return .other(try replacePins(owner, []))
        case .replacePins(let owner, let ids): return .other(try replacePins(owner, ids))
        case .setReferences(let parent, let children): return .other(try setReferences(parent, children))
        case .dropLooseReferences(let parents): return .other(try dropLooseReferences(parents))
        case .scrub(let position): return .other(try setScrubPosition(position))
        }
    }

    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private mutating func insert(_ stat: BlobStat, _ bytes: ByteBuffer?) throws -> BlobIndex.Effect {
        let isProtected = try tie(stat.id).isProtected
        try run(
            """
            INSERT OR IGNORE INTO blob (id, size, created_at, is_inline, used_at, used_ms, heat, is_protected)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                BlobIndex.key(stat.id), stat.byteCount, stat.createdAtMilliseconds, stat.isInline,
                stat.createdAtMilliseconds, now.openMilliseconds, Heat(usedOnceAt: now.openMilliseconds).value,
                isProtected,
            ])
        guard database.changesCount > 0 else { return .other(0) }
        if let bytes {
            try run(
                "INSERT OR REPLACE INTO inline_blob (id, bytes) VALUES (?, ?)",
                [BlobIndex.key(stat.id), Data(bytes.readableBytesView)])
        }
        totals.count(stat.byteCount, isProtected: isProtected, 1)
        return .inserted(stat)
    }

    private mutating func delete(_ id: BlobID, _ deletion: BlobIndex.Deletion) throws -> BlobIndex.Effect {
        let select = try database.cachedStatement(
            sql: "SELECT id, size, created_at, is_inline, is_protected, used_ms FROM blob WHERE id = ?")
        guard let row = try Row.fetchOne(select, arguments: [BlobIndex.key(id)]), let stat = BlobIndex.stat(row) else {
            return .other(0)
        }
        let isProtected: Bool = row[4] ?? true
        if case .unprotected(let usedUntil) = deletion {
            let usedMilliseconds: Int64 = row[5] ?? .max
            guard !isProtected, usedMilliseconds <= usedUntil, !holds.contains(id) else { return .other(0) }
        }
        try run("DELETE FROM blob WHERE id = ?", [BlobIndex.key(id)])
        if stat.isInline { try run("DELETE FROM inline_blob WHERE id = ?", [BlobIndex.key(id)]) }
        if deletion != .damaged { _ = try setReferences(id, []) }
        totals.count(stat.byteCount, isProtected: isProtected, -1)
        return .deleted(stat)
    }

    private func use(_ id: BlobID) throws {
        let select = try database.cachedStatement(sql: "SELECT heat FROM blob WHERE id = ?")
        guard let stored = try Double.fetchOne(select, arguments: [BlobIndex.key(id)]) else { return }
        let heat = Heat(stored: stored).used(at: now.openMilliseconds)
        try run(
            "UPDATE blob SET heat = ?, used_ms = ?, used_at = ? WHERE id = ?",
            [heat.value, now.openMilliseconds, now.wallMilliseconds, BlobIndex.key(id)])
    }

    private func setScrubPosition(_ position: ScrubPosition) throws -> Int {
        try run(
            """
            UPDATE state
            SET scrub_began_ms = ?, scrub_after = ?, scrub_blob = ?, scrub_block = ?, scrub_is_finished = ?
            """,
            [
                position.beganMilliseconds, position.after.map(BlobIndex.key), position.current.map(BlobIndex.key),
                position.block, position.isFinished,
            ])
        return 1
    }
}
