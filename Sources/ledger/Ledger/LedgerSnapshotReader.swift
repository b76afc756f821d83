public import Blake3
public import Foundation
import Identity

/// Reads a ``LedgerSnapshot`` from anybody: what it gives has the state root that the reader knows from a certificate.
///
/// Any bytes are allowed. What is held is the state so far and one row.
public struct LedgerSnapshotReader: Sendable {
    private enum Phase: Sendable {
        case header
        case chain(byteCount: Int)
        case table
        case rows(left: UInt64, last: Digest?)
        case end
    }

    private let stateRoot: Digest
    private let entryHash: Digest
    /// What was read so far. ``finish()`` gives it out, once it is the one that was asked for.
    private(set) var state: LedgerState
    private var phase = Phase.header
    /// The numbers of the tables, the next one last.
    private var tables: [UInt8]
    private var table: UInt8 = 0
    private var buffer: [UInt8] = []
    private var position = 0

    /// A reader of the snapshot that a checkpoint is about.
    ///
    /// - Parameter entryHash: The hash of the last entry's header.
    public init(genesis: Genesis, stateRoot: Digest, entryHash: Digest) {
        self.stateRoot = stateRoot
        self.entryHash = entryHash
        state = LedgerState(emptyOf: genesis)
        var numbers = TableNumbers()
        state.visitTables(&numbers)
        tables = numbers.numbers.reversed()
    }

    /// Takes the next bytes; pieces of any size give the same state.
    ///
    /// - Throws: `.badSnapshot`, or `.wrongNetwork` for another network's. The reader is of no use then.
    public mutating func update(_ bytes: Data) throws(LedgerError) {
        buffer.append(contentsOf: bytes)
        while try step() {}
        buffer.removeFirst(position)
        position = 0
    }

    /// The state, when all bytes were taken.
    ///
    /// - Throws: `.badSnapshot` if bytes are missing, or the state is not the one with the expected root.
    public mutating func finish() throws(LedgerError) -> LedgerState {
        guard isAtEnd else { throw LedgerError(.badSnapshot, "The snapshot ends too early; fetch it again") }
        state.sealTables()
        let root = state.root
        guard root == stateRoot, state.headHash == entryHash else {
            throw LedgerError(
                .badSnapshot, "The snapshot has state root \(root), not the certified \(stateRoot); use another source")
        }
        state.restoreDerived()
        return state
    }

    /// Whether nothing more has to come: later tables may.
    private var isAtEnd: Bool {
        switch phase {
        case .end: true
        case .table: buffer.isEmpty && tables.allSatisfy { $0 >= LedgerState.firstLaterTable }
        default: false
        }
    }

    /// Reads one item if all of it is there.
    private mutating func step() throws(LedgerError) -> Bool {
        switch phase {
        case .header: try readHeader()
        case .chain(let byteCount): try readChain(byteCount)
        case .table: try readTableHeader()
        case .rows(let left, let last): try readRow(left, last)
        case .end:
            if position < buffer.count {
                throw LedgerError(.badSnapshot, "The snapshot goes on behind its end; fetch it again")
            } else {
                false
            }
        }
    }

    private mutating func readHeader() throws(LedgerError) -> Bool {
        guard var decoder = take(LedgerSnapshot.headerByteCount) else { return false }
        for byte in LedgerSnapshot.magic where try decoder.byte() != byte {
            throw LedgerError(.badSnapshot, "These bytes are no ledger snapshot")
        }
        let version = try decoder.byte()
        guard version == LedgerSnapshot.version else {
            throw LedgerError(
                .badSnapshot,
                "The snapshot is of version \(version), this software reads \(LedgerSnapshot.version); update it")
        }
        let network = NetworkID(try decoder.digest())
        guard network == state.networkID else {
            throw LedgerError(
                .wrongNetwork, "The snapshot is of network \(network.short), not of \(state.networkID.short)")
        }
        state.sequence = try decoder.uint64()
        state.timeMilliseconds = try decoder.int64()
        state.headHash = try decoder.digest()
        let byteCount = try decoder.uint64()
        guard byteCount <= ChainState.maxByteCount else {
            throw LedgerError(.badSnapshot, "The snapshot's fixed part has \(byteCount) bytes, too many")
        }
        phase = .chain(byteCount: Int(byteCount))
        return true
    }

    private mutating func readChain(_ byteCount: Int) throws(LedgerError) -> Bool {
        guard let bytes = takeBytes(byteCount) else { return false }
        do throws(LedgerError) {
            state.chain = try ChainState(bytes: bytes)
        } catch {
            throw LedgerError(.badSnapshot, "The snapshot's fixed part is damaged: \(error.message)")
        }
        phase = .table
        return true
    }

    private mutating func readTableHeader() throws(LedgerError) -> Bool {
        guard !tables.isEmpty else {
            phase = .end
            return true
        }
        guard var decoder = take(LedgerSnapshot.tableHeaderByteCount) else { return false }
        table = try decoder.byte()
        while let next = tables.last, next < table, next >= LedgerState.firstLaterTable { tables.removeLast() }
        guard let next = tables.last else {
            throw LedgerError(.badSnapshot, "The snapshot has a table \(table), which this version does not know")
        }
        guard table == next else {
            throw LedgerError(.badSnapshot, "The snapshot has table \(table) where table \(next) should be")
        }
        tables.removeLast()
        let count = try decoder.uint64()
        guard count > 0 || table < LedgerState.firstLaterTable else {
            throw LedgerError(.badSnapshot, "The snapshot has a table \(table) without rows, which would be left out")
        }
        phase = .rows(left: count, last: nil)
        return true
    }

    private mutating func readRow(_ left: UInt64, _ last: Digest?) throws(LedgerError) -> Bool {
        guard left > 0 else {
            phase = .table
            return true
        }
        let start = position
        guard var decoder = take(LedgerSnapshot.rowHeaderByteCount) else { return false }
        let path = try decoder.digest()
        let byteCount = try decoder.uint64()
        guard byteCount <= LedgerSnapshot.maxRowByteCount else {
            throw LedgerError(.badSnapshot, "A row of table \(table) has \(byteCount) bytes, too many")
        }
        guard let bytes = takeBytes(Int(byteCount)) else {
            position = start
            return false
        }
        if let last, path <= last {
            throw LedgerError(.badSnapshot, "The rows of table \(table) are not in order at \(path)")
        }
        var inserter = RowInserter(table: table, path: path, bytes: bytes)
        do throws(LedgerError) {
            try state.visitTables(&inserter)
        } catch {
            throw LedgerError(.badSnapshot, "A row of table \(table) is damaged: \(error.message)")
        }
        phase = .rows(left: left - 1, last: path)
        return true
    }

    private mutating func take(_ byteCount: Int) -> RowDecoder? { takeBytes(byteCount).map { RowDecoder($0) } }

    private mutating func takeBytes(_ byteCount: Int) -> [UInt8]? {
        guard buffer.count - position >= byteCount else { return nil }
        position += byteCount
        return Array(buffer[position - byteCount..<position])
    }
}

private struct RowInserter: LedgerTableVisitor {
    typealias Failure = LedgerError

    let table: UInt8
    let path: Digest
    let bytes: [UInt8]

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) throws(LedgerError) {
        guard Row.table == self.table else { return }
        table.mark()
        table.put(try Row(path: path, bytes: bytes))
    }
}

private struct TableNumbers: LedgerTableVisitor {
    typealias Failure = Never

    var numbers: [UInt8] = []

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) { numbers.append(Row.table) }
}

private struct TableEmptier: LedgerTableVisitor {
    typealias Failure = Never

    mutating func visit<Row: StoredRow>(_ table: inout MerkleTable<Row>) { table = MerkleTable() }
}

extension LedgerState {
    /// A state without any row.
    fileprivate init(emptyOf genesis: Genesis) {
        self.init(genesis: genesis)
        var emptier = TableEmptier()
        visitTables(&emptier)
    }
}
