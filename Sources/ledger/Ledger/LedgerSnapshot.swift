import Blake3
public import Foundation
import Identity

/// A whole state as a stream of bytes, from which a node starts that does not want to replay all entries.
///
/// Equal states give equal bytes. The integers are big-endian:
/// - 8 bytes `skledger`, 1 byte version
/// - network id, sequence, time in milliseconds, hash of the last entry's header, length and bytes of the fixed part
/// - for each table in ascending order of its number: the number in 1 byte, the row count in 8, and the rows in
///   ascending order of their paths, each as its path in 32 bytes, its length in 8, and its encoding; tables from 12 on
///   only if they have rows
public enum LedgerSnapshot {
    /// The format that is written and read.
    public static let version: UInt8 = 1
    /// The size of the pieces in bytes that ``write(_:to:)`` gives out, but for the last one and for long rows.
    public static let chunkByteCount = 262_144
    /// The longest encoding of a row in bytes. Transactions are too small to make one.
    static let maxRowByteCount = 1 << 20

    static let magic = Array("skledger".utf8)
    /// Bytes before the fixed part: magic, version, network, sequence, time, entry hash, length of the fixed part.
    static let headerByteCount = 8 + 1 + 32 + 8 + 8 + 32 + 8
    static let tableHeaderByteCount = 1 + 8
    static let rowHeaderByteCount = 32 + 8

    /// Writes the state's snapshot piece by piece. The state is not copied, and no more than a piece is held.
    public static func write<Failure: Error>(
        _ state: LedgerState, to sink: @escaping (Data) throws(Failure) -> Void
    ) throws(Failure) {
        var chain = RowEncoder()
        state.chain.encode(into: &chain)
        var writer = SnapshotWriter(sink: sink)
        for byte in magic { writer.encoder.append(byte) }
        writer.encoder.append(version)
        writer.encoder.append(state.networkID.digest)
        writer.encoder.append(state.sequence)
        writer.encoder.append(state.timeMilliseconds)
        writer.encoder.append(state.headHash)
        writer.encoder.append(Data(chain.bytes))
        var copy = state
        try copy.visitTables(&writer)
        try writer.flush()
    }
}

private struct SnapshotWriter<Failure: Error>: LedgerTableVisitor {
    let sink: (Data) throws(Failure) -> Void
    var encoder = RowEncoder()

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) throws(Failure) {
        if Row.table >= LedgerState.firstLaterTable, table.count == 0 { return }
        encoder.append(Row.table)
        encoder.append(count: table.count)
        var rowEncoder = RowEncoder()
        try table.forEach { row throws(Failure) in
            rowEncoder.removeAll()
            row.encode(into: &rowEncoder)
            encoder.append(row.path)
            encoder.append(count: rowEncoder.bytes.count)
            encoder.append(contentsOf: rowEncoder.bytes)
            if encoder.bytes.count >= LedgerSnapshot.chunkByteCount { try flush() }
        }
    }

    mutating func flush() throws(Failure) {
        if !encoder.bytes.isEmpty { try sink(Data(encoder.bytes)) }
        encoder.removeAll()
    }
}
