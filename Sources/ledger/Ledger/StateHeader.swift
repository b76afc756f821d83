import Blake3
import Identity

/// What a state root is the hash of.
struct StateHeader: Hashable, Sendable {
    /// A table's part.
    struct Table: Hashable, Sendable {
        var number: UInt8
        var count: UInt64
        var root: Digest
    }

    var networkID: NetworkID
    var sequence: UInt64
    var timeMilliseconds: Int64
    /// The hash of what the state holds beside its tables.
    var fixedHash: Digest
    /// In ascending order of their numbers.
    var tables: [Table]

    /// H_root(network ‖ sequence ‖ time ‖ fixed hash ‖ for each table: number ‖ row count ‖ root).
    var root: Digest {
        var encoder = RowEncoder()
        encoder.append(networkID.digest)
        encoder.append(sequence)
        encoder.append(timeMilliseconds)
        encoder.append(fixedHash)
        for table in tables {
            encoder.append(table.number)
            encoder.append(table.count)
            encoder.append(table.root)
        }
        return LedgerHash.stateRoot(encoder.bytes)
    }
}

extension StateHeader {
    init(_ state: LedgerState) {
        var collector = TableCollector()
        var copy = state
        copy.visitTables(&collector)
        self.init(
            networkID: state.networkID, sequence: state.sequence, timeMilliseconds: state.timeMilliseconds,
            fixedHash: state.fixedHash, tables: collector.tables)
    }
}

private struct TableCollector: LedgerTableVisitor {
    typealias Failure = Never

    var tables: [StateHeader.Table] = []

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) {
        if Row.table >= LedgerState.firstLaterTable, table.count == 0 { return }
        tables.append(StateHeader.Table(number: Row.table, count: UInt64(table.count), root: table.root))
    }
}
