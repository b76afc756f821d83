import Blake3
import ControlModel
import Foundation
public import Ledger
import LedgerLog

/// Replays a ledger from its genesis and checks every signature, hash and state root on the way.
///
/// An export is a file: the line `skerry ledger export 1`, frames of four bytes of length (highest first) and as many
/// bytes — the genesis, then the entries in order —, an empty frame, and BLAKE3's digest of all bytes before it.
public struct LedgerReplay: Sendable {
    /// How it goes on.
    public struct Progress: Sendable {
        /// Entries so far.
        public var sequence: UInt64
        /// Where a node's log ends; nil for a file.
        public var head: UInt64?
        public var transactions: Int
    }

    /// What was replayed.
    public struct Report: Codable, Sendable {
        /// The hash of the genesis, 64 hexadecimal digits.
        public var network: String
        public var networkName: String
        public var entries: Int
        public var transactions: Int
        public var applied: Int
        public var refused: Int
        /// Bytes of the entries.
        public var bytes: Int
        public var seconds: Double
        public var transactionsPerSecond: Double
        /// The last entry, its hash, its time in milliseconds since 1970, and the state root after it.
        public var sequence: UInt64
        public var hash: String
        public var timeMilliseconds: Int64
        public var stateRoot: String
    }

    private let report: @Sendable (Progress) -> Void

    public init(report: @escaping @Sendable (Progress) -> Void = { _ in }) { self.report = report }

    /// The genesis of an export; nothing else of the file is checked.
    public static func genesis(ofFile file: String) throws -> Genesis { try ExportReader(file).genesis }

    /// Replays an export.
    ///
    /// - Throws: ``ClientError`` `.badExport` if the file is none or is damaged, `LedgerError` for what does not follow.
    public func replay(file: String) async throws -> Report {
        let reader = try ExportReader(file)
        return try await run(
            reader.genesis, head: nil, next: { _ in try reader.entries(limit: LedgerClient.maxPageEntries) })
    }

    /// Replays a node's log up to where it ends now.
    ///
    /// - Throws: `ControlFailure` with status 410 if the node's log does not begin with the genesis any more.
    public func replay(_ client: LedgerClient) async throws -> Report {
        try await run(client, into: { _ in })
    }

    /// Writes a node's log into a file while replaying it. The file appears when it is whole and durable.
    ///
    /// - Throws: As ``replay(_:)``, and ``ClientError`` `.fileUnusable`.
    public func export(_ client: LedgerClient, to file: String) async throws -> Report {
        let genesis = try await client.genesis()
        let writer = try ExportWriter(file, genesis: genesis)
        let result = try await run(client.requiring(genesis.networkID)) { records in
            try writer.add(records.map(\.entry.bytes))
        }
        try writer.finish()
        return result
    }

    /// Replays an export into a new SQLite log at `log`, which must not exist. When this returns, the log is durable;
    /// if it throws, there is none.
    ///
    /// - Throws: As ``replay(file:)``, and what the log throws.
    public func importing(_ file: String, into log: String) async throws -> Report {
        let reader = try ExportReader(file)
        let draft = try DraftLog(log, genesis: reader.genesis)
        do {
            let result = try await run(
                reader.genesis, head: nil, next: { _ in try reader.entries(limit: LedgerClient.maxPageEntries) },
                into: { try await draft.log.append($0) })
            try await draft.finish()
            return result
        } catch {
            await draft.discard()
            throw error
        }
    }

    // MARK: Running

    private func run(
        _ client: LedgerClient, into sink: ([LogRecord]) async throws -> Void
    ) async throws -> Report {
        let genesis = try await client.genesis()
        let client = client.requiring(genesis.networkID)
        let head = try await client.head().sequence
        return try await run(
            genesis, head: head,
            next: { sequence in
                guard sequence <= head else { return [] }
                let limit = min(head - sequence, UInt64(LedgerClient.maxPageEntries) - 1) + 1
                let page = try await client.entries(from: sequence, limit: Int(limit))
                guard !page.isEmpty else {
                    throw ClientError(
                        .cutShort, "The node says that its log ends at \(head), but it has no entry \(sequence)")
                }
                return page
            }, into: sink)
    }

    /// Replays pages of entries until an empty one.
    ///
    /// - Parameters:
    ///   - next: The entries from a sequence on.
    ///   - sink: Gets what was applied, page by page.
    private func run(
        _ genesis: Genesis, head: UInt64?, next: (UInt64) async throws -> [Data],
        into sink: ([LogRecord]) async throws -> Void = { _ in }
    ) async throws -> Report {
        let start = ContinuousClock.now
        var ledger = ReplayedLedger(LedgerState(genesis: genesis))
        while true {
            let page = try await ReplayedLedger.check(try await next(ledger.state.sequence &+ 1))
            if page.isEmpty { break }
            var records: [LogRecord] = []
            for checked in page { records.append(try ledger.apply(checked)) }
            try await sink(records)
            report(
                Progress(sequence: ledger.state.sequence, head: head, transactions: ledger.transactionCount))
        }
        return Report(ledger, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
}

extension LedgerReplay.Report {
    fileprivate init(_ ledger: ReplayedLedger, seconds: Double) {
        let state = ledger.state
        self.init(
            network: state.networkID.description, networkName: state.genesis.networkName, entries: ledger.entryCount,
            transactions: ledger.transactionCount, applied: ledger.appliedCount,
            refused: ledger.transactionCount - ledger.appliedCount, bytes: ledger.byteCount, seconds: seconds,
            transactionsPerSecond: seconds > 0 ? Double(ledger.transactionCount) / seconds : 0,
            sequence: state.sequence, hash: state.headHash.hex, timeMilliseconds: state.timeMilliseconds,
            stateRoot: state.root.hex)
    }
}
