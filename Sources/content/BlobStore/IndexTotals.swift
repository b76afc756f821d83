import GRDB

/// Sums over the rows of the index, kept in the transactions that change them, so that nothing has to count.
struct IndexTotals: Sendable, Hashable {
    var blobs = 0
    var bytes = 0
    /// Blobs that are pinned or belong to a pinned manifest.
    var protectedBlobs = 0
    var protectedBytes = 0
    /// How long the store had been open at its last change.
    var openMilliseconds: Int64 = 0

    static func read(_ database: Database) throws -> IndexTotals {
        let select = try database.cachedStatement(
            sql: "SELECT blobs, bytes, protected_blobs, protected_bytes, open_ms FROM state")
        guard let row = try Row.fetchOne(select) else { return IndexTotals() }
        return IndexTotals(
            blobs: row[0] ?? 0, bytes: row[1] ?? 0, protectedBlobs: row[2] ?? 0, protectedBytes: row[3] ?? 0,
            openMilliseconds: row[4] ?? 0)
    }

    func write(_ database: Database) throws {
        let update = try database.cachedStatement(
            sql: "UPDATE state SET blobs = ?, bytes = ?, protected_blobs = ?, protected_bytes = ?, open_ms = ?")
        try update.execute(arguments: [blobs, bytes, protectedBlobs, protectedBytes, openMilliseconds])
    }

    mutating func count(_ byteCount: Int, isProtected: Bool, _ sign: Int) {
        blobs = Self.sum(blobs, sign)
        bytes = Self.sum(bytes, sign * byteCount)
        if isProtected { countProtected(byteCount, sign) }
    }

    mutating func countProtected(_ byteCount: Int, _ sign: Int) {
        protectedBlobs = Self.sum(protectedBlobs, sign)
        protectedBytes = Self.sum(protectedBytes, sign * byteCount)
    }

    /// A damaged index may hold any number.
    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? (right > 0 ? .max : 0) : max(0, sum)
    }
}
