import Foundation
import GRDB
import Identity

/// A cache copy as eviction and collection see it.
struct ColdBlob: Sendable {
    let stat: BlobStat
    let heat: Heat
    /// Of its last use, in the store's own time.
    let usedMilliseconds: Int64
}

extension BlobIndex {
    /// Unprotected blobs, the coldest first, behind `after`.
    func coldest(after: ColdBlob?, limit: Int) throws -> [ColdBlob] {
        try read { database in
            let select = try database.cachedStatement(
                sql: """
                    SELECT id, size, created_at, is_inline, heat, used_ms FROM blob INDEXED BY blob_cold
                    WHERE is_protected = 0 AND (heat, id) > (?, ?) ORDER BY heat, id LIMIT ?
                    """)
            let from: (Double, Data) = after.map { ($0.heat.value, Self.key($0.stat.id)) } ?? (-.infinity, Data())
            return try Row.fetchAll(select, arguments: [from.0, from.1, limit]).compactMap { row in
                Self.stat(row).map {
                    ColdBlob(stat: $0, heat: Heat(stored: row[4] ?? 0), usedMilliseconds: row[5] ?? 0)
                }
            }
        }
    }

    func listing(after: BlobID?, limit: Int, isPinned: Bool?) throws -> [BlobListing] {
        let filter =
            switch isPinned {
            case true?: " AND COALESCE(tie.pins, 0) > 0"
            case false?: " AND COALESCE(tie.pins, 0) = 0"
            case nil: ""
            }
        return try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT blob.id, size, created_at, is_inline, used_at, is_protected, pins, parents
                    FROM blob LEFT JOIN tie ON tie.id = blob.id WHERE blob.id > ?1\(filter)
                    UNION ALL
                    SELECT id, NULL, NULL, NULL, NULL, 1, pins, parents
                    FROM tie WHERE id > ?1 AND (pins > 0 OR pinned_parents > 0)\(filter)
                    AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.id = tie.id)
                    ORDER BY 1 LIMIT ?2
                    """,
                arguments: [after.map(Self.key) ?? Data(), max(0, limit)])
            return try rows.compactMap { row in
                guard let id = Self.id(row[0]) else { return nil }
                let stat = Self.stat(row)
                let isPinned = (row[6] ?? 0) > 0
                return BlobListing(
                    id: id, stat: stat, pinOwners: isPinned ? try Self.pins(of: id, database) : [],
                    referenceCount: row[7] ?? 0, usedAtMilliseconds: row[4] ?? stat?.createdAtMilliseconds,
                    isProtected: row[5] ?? false)
            }
        }
    }

    func pins(of id: BlobID) throws -> [PinOwner] { try read { try Self.pins(of: id, $0) } }

    func isProtected(_ id: BlobID) throws -> Bool {
        try read { database in
            try Bool.fetchOne(
                database, sql: "SELECT pins > 0 OR pinned_parents > 0 FROM tie WHERE id = ?",
                arguments: [Self.key(id)]) ?? false
        }
    }

    func hasPinnedParents(_ id: BlobID) throws -> Bool {
        try read { database in
            try Bool.fetchOne(
                database, sql: "SELECT pinned_parents > 0 FROM tie WHERE id = ?", arguments: [Self.key(id)]) ?? false
        }
    }

    func pinOwners(after: PinOwner?, limit: Int) throws -> [PinOwner] {
        try read { database in
            // Jumps from owner to owner: one of them may have a million pins.
            let next = try database.cachedStatement(sql: "SELECT MIN(owner) FROM pin WHERE owner > ?")
            var owners: [PinOwner] = []
            var last = after?.description ?? ""
            while owners.count < limit, let name = try String.fetchOne(next, arguments: [last]) {
                last = name
                if let owner = PinOwner(name) { owners.append(owner) }
            }
            return owners
        }
    }

    func pinned(by owner: PinOwner, after: BlobID?, limit: Int) throws -> [BlobID] {
        try read { database in
            let select = try database.cachedStatement(
                sql: "SELECT id FROM pin WHERE owner = ? AND id > ? ORDER BY id LIMIT ?")
            let arguments: StatementArguments = [
                owner.description, after.map(Self.key) ?? Data(), max(0, limit),
            ]
            return try Data.fetchAll(select, arguments: arguments).compactMap { Self.id($0) }
        }
    }

    func references(of parent: BlobID) throws -> [BlobID] {
        try read { database in
            try Data.fetchAll(
                database, sql: "SELECT child FROM reference WHERE parent = ? ORDER BY child",
                arguments: [Self.key(parent)]
            ).compactMap { Self.id($0) }
        }
    }

    /// Manifests that are neither stored nor pinned.
    func looseParents() throws -> [BlobID] {
        try read { database in
            try Data.fetchAll(
                database,
                sql: """
                    SELECT DISTINCT parent FROM reference
                    WHERE NOT EXISTS (SELECT 1 FROM blob WHERE blob.id = parent)
                    AND NOT EXISTS (SELECT 1 FROM pin WHERE pin.id = parent)
                    """
            ).compactMap { Self.id($0) }
        }
    }

    /// Of so many blobs that something ties, behind `after` and in the order of their digests, those that are protected
    /// and have no row; and the last one that was looked at, nil at the end.
    func missingProtected(after: BlobID?, limit: Int) throws -> (missing: [BlobID], last: BlobID?) {
        try read { database in
            let from = after.map(Self.key) ?? Data()
            let last = try Data.fetchOne(
                database, sql: "SELECT id FROM tie WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?",
                arguments: [from, max(1, limit) - 1])
            let missing = try Data.fetchAll(
                database,
                sql: """
                    SELECT id FROM (SELECT * FROM tie WHERE id > ? ORDER BY id LIMIT ?) AS page
                    WHERE (pins > 0 OR pinned_parents > 0)
                    AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.id = page.id)
                    ORDER BY id
                    """,
                arguments: [from, max(1, limit)])
            return (missing.compactMap { Self.id($0) }, Self.id(last))
        }
    }

    func scrubPosition() throws -> ScrubPosition? {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT scrub_began_ms, scrub_after, scrub_blob, scrub_block, scrub_is_finished FROM state")
            guard let row, let began: Int64 = row[0] else { return nil }
            return ScrubPosition(
                beganMilliseconds: began, after: Self.id(row[1]), current: Self.id(row[2]), block: max(0, row[3] ?? 0),
                isFinished: row[4] ?? false)
        }
    }

    private static func pins(of id: BlobID, _ database: Database) throws -> [PinOwner] {
        let select = try database.cachedStatement(sql: "SELECT owner FROM pin WHERE id = ? ORDER BY owner")
        return try String.fetchAll(select, arguments: [key(id)]).compactMap { PinOwner($0) }
    }
}
