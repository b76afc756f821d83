import GRDB

/// Apps that are other stores' now, inside one transaction.
extension KVRows {
    /// What the name of an app begins with whose rows are to be removed: no app is called so, for each has an owner.
    private static let givenAway = "given away "
    private static let givenAwayEnd = "given away!"

    /// Takes the app out of the store if nothing but `known` was seen of it: whether it did. Its rows go in small steps,
    /// ``clearGivenAway(limit:)``.
    func giveAway(app: String, known: KVVector, writer: Int64) throws -> Bool {
        guard !known.clocks.isEmpty, let id = try knownID(app), try vector(app: app) == known else { return false }
        let floor = try Int64.fetchOne(database, sql: "SELECT floor FROM app WHERE id = ?", arguments: [id]) ?? 0
        try database.execute(sql: "DELETE FROM seen WHERE app = ?", arguments: [id])
        try database.execute(
            sql: "UPDATE app SET name = ? WHERE id = ?", arguments: [KVRows.givenAway + String(id), id])
        try database.execute(
            sql: "INSERT INTO app (name, floor) VALUES (?, ?)", arguments: [app, max(floor, known[writer])])
        return true
    }

    func hasFloor(app: String) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT floor > 0 FROM app WHERE name = ?", arguments: [app]) ?? false
    }

    func takeBack(app: String) throws {
        try database.execute(sql: "UPDATE app SET floor = 0 WHERE name = ?", arguments: [app])
    }

    /// Removes rows of apps that were given away, at most so many: whether any were left.
    func clearGivenAway(limit: Int) throws -> Bool {
        let id = try Int64.fetchOne(
            database, sql: "SELECT id FROM app WHERE name >= ? AND name < ? LIMIT 1",
            arguments: [KVRows.givenAway, KVRows.givenAwayEnd])
        guard let id else { return false }
        try database.execute(
            sql: "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE app = ? LIMIT ?)", arguments: [id, limit])
        if database.changesCount == 0 {
            try database.execute(sql: "DELETE FROM namespace WHERE app = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM app WHERE id = ?", arguments: [id])
        }
        return true
    }
}
