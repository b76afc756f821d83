import Foundation
import GRDB
import Identity

/// What ties a blob to others, whether it is here or not.
struct BlobTie: Hashable, Sendable {
    /// Owners that pinned it.
    var pins = 0
    /// Manifests that refer to it.
    var parents = 0
    /// Those of them that are pinned themselves.
    var pinnedParents = 0

    var isProtected: Bool { pins > 0 || pinnedParents > 0 }
}

extension IndexTransaction {
    func tie(_ id: BlobID) throws -> BlobTie {
        let select = try database.cachedStatement(sql: "SELECT pins, parents, pinned_parents FROM tie WHERE id = ?")
        guard let row = try Row.fetchOne(select, arguments: [BlobIndex.key(id)]) else { return BlobTie() }
        return BlobTie(pins: row[0] ?? 0, parents: row[1] ?? 0, pinnedParents: row[2] ?? 0)
    }

    /// The number of new pins, 0 or 1.
    mutating func pin(_ id: BlobID, _ owner: PinOwner) throws -> Int {
        try run("INSERT OR IGNORE INTO pin (owner, id) VALUES (?, ?)", [owner.description, BlobIndex.key(id)])
        guard database.changesCount > 0 else { return 0 }
        try count(pins: 1, of: id)
        return 1
    }

    /// The number of pins that went, 0 or 1.
    mutating func unpin(_ id: BlobID, _ owner: PinOwner) throws -> Int {
        try run("DELETE FROM pin WHERE owner = ? AND id = ?", [owner.description, BlobIndex.key(id)])
        guard database.changesCount > 0 else { return 0 }
        try count(pins: -1, of: id)
        return 1
    }

    /// The number of pins that came or went.
    mutating func replacePins(_ owner: PinOwner, _ ids: [BlobID]) throws -> Int {
        let select = try database.cachedStatement(sql: "SELECT id FROM pin WHERE owner = ?")
        let old = Set(try Data.fetchAll(select, arguments: [owner.description]).compactMap { BlobIndex.id($0) })
        let new = Set(ids)
        var changes = 0
        for id in new.subtracting(old) { changes += try pin(id, owner) }
        for id in old.subtracting(new) { changes += try unpin(id, owner) }
        return changes
    }

    /// The number of references that came or went.
    mutating func setReferences(_ parent: BlobID, _ children: [BlobID]) throws -> Int {
        let old = Set(try self.children(of: parent))
        let new = Set(children)
        if old == new { return 0 }
        let isPinned = try tie(parent).pins > 0
        for child in new.subtracting(old) {
            try run(
                "INSERT INTO reference (parent, child) VALUES (?, ?)", [BlobIndex.key(parent), BlobIndex.key(child)])
            try change(child) { tie in
                tie.parents &+= 1
                tie.pinnedParents &+= isPinned ? 1 : 0
            }
        }
        for child in old.subtracting(new) {
            try run(
                "DELETE FROM reference WHERE parent = ? AND child = ?", [BlobIndex.key(parent), BlobIndex.key(child)])
            try change(child) { tie in
                tie.parents &-= 1
                tie.pinnedParents &-= isPinned ? 1 : 0
            }
        }
        return old.symmetricDifference(new).count
    }

    /// Forgets what those of `parents` refer to that are neither stored nor pinned; the number of references.
    mutating func dropLooseReferences(_ parents: [BlobID]) throws -> Int {
        var count = 0
        for parent in parents {
            let isStored = try Int.fetchOne(
                database.cachedStatement(sql: "SELECT 1 FROM blob WHERE id = ?"), arguments: [BlobIndex.key(parent)])
            guard isStored == nil, try tie(parent).pins == 0 else { continue }
            count += try setReferences(parent, [])
        }
        return count
    }

    private func children(of parent: BlobID) throws -> [BlobID] {
        let select = try database.cachedStatement(sql: "SELECT child FROM reference WHERE parent = ?")
        return try Data.fetchAll(select, arguments: [BlobIndex.key(parent)]).compactMap { BlobIndex.id($0) }
    }

    private mutating func count(pins: Int, of id: BlobID) throws {
        let wasPinned = try tie(id).pins > 0
        try change(id) { $0.pins &+= pins }
        let isPinned = try tie(id).pins > 0
        guard wasPinned != isPinned else { return }
        for child in try children(of: id) { try change(child) { $0.pinnedParents &+= isPinned ? 1 : -1 } }
    }

    /// Changes what ties a blob, and with it whether the blob is protected.
    private mutating func change(_ id: BlobID, _ body: (inout BlobTie) -> Void) throws {
        let before = try tie(id)
        var after = before
        body(&after)
        if after == BlobTie() {
            try run("DELETE FROM tie WHERE id = ?", [BlobIndex.key(id)])
        } else {
            try run(
                "INSERT OR REPLACE INTO tie (id, pins, parents, pinned_parents) VALUES (?, ?, ?, ?)",
                [BlobIndex.key(id), after.pins, after.parents, after.pinnedParents])
        }
        guard before.isProtected != after.isProtected else { return }
        let select = try database.cachedStatement(sql: "SELECT size FROM blob WHERE id = ?")
        guard let byteCount = try Int.fetchOne(select, arguments: [BlobIndex.key(id)]) else { return }
        try run("UPDATE blob SET is_protected = ? WHERE id = ?", [after.isProtected, BlobIndex.key(id)])
        totals.countProtected(byteCount, after.isProtected ? 1 : -1)
    }
}
