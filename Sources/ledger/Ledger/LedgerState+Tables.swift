/// Something that is done to every table of a state.
protocol LedgerTableVisitor {
    associatedtype Failure: Error

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) throws(Failure)
}

extension LedgerState {
    /// Tables from this number on came after the first form of states: they are left out of roots and snapshots while
    /// they are empty, so that a state without them is what it always was.
    static let firstLaterTable: UInt8 = 12

    /// Visits all tables in ascending order of their numbers. The only list of them.
    mutating func visitTables<Visitor: LedgerTableVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit(&accountTable)
        try visitor.visit(&nodeTable)
        try visitor.visit(&nameTable)
        try visitor.visit(&releaseTable)
        try visitor.visit(&domainTable)
        try visitor.visit(&channelTable)
        try visitor.visit(&faultTable)
        try visitor.visit(&reportTable)
        try visitor.visit(&allowedTable)
        try visitor.visit(&anchorTable)
        try visitor.visit(&auditTable)
        try visitor.visit(&leaseTable)
    }

    /// Brings all changes of the tables into their trees, so that roots are at hand and copies are cheap.
    mutating func sealTables() { forEachTable(.seal) }

    /// From here on the tables' changes can be taken back by ``revertTables()``.
    mutating func markTables() { forEachTable(.mark) }

    /// Takes the tables' changes since the last ``markTables()`` back.
    mutating func revertTables() { forEachTable(.revert) }

    private mutating func forEachTable(_ step: TableStep) {
        var step = step
        visitTables(&step)
    }
}

/// What changes of all tables are done with.
private enum TableStep: LedgerTableVisitor {
    typealias Failure = Never

    case mark
    case revert
    case seal

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) {
        switch self {
        case .mark: table.mark()
        case .revert: table.revert()
        case .seal: table.seal()
        }
    }
}
