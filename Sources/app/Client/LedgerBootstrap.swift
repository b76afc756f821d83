import Blake3
import ControlModel
import Foundation
import Identity
public import Ledger
import LedgerLog

/// Brings a new node up to the network's present state, from any node's API and the id of the genesis.
///
/// Nothing is taken on trust: the genesis must have the id, the committees must follow from it, the snapshot must be
/// the state that a committee signed, and every entry behind it must follow.
public struct LedgerBootstrap: Sendable {
    /// Where the new node finds its ledger. None of the files may exist, but for what a run left that was killed.
    public struct Files: Sendable {
        /// The genesis, byte for byte.
        public var genesis: String
        /// The snapshot with which the log begins; not written if it begins with the genesis.
        public var snapshot: String
        /// The log in SQLite.
        public var log: String

        public init(genesis: String, snapshot: String, log: String) {
            self.genesis = genesis
            self.snapshot = snapshot
            self.log = log
        }
    }

    /// How it goes on.
    public enum Progress: Sendable {
        /// The genesis is the one that was asked for.
        case genesis(networkName: String)
        /// So many committees followed one another.
        case committees(Int)
        /// Bytes of the snapshot.
        case snapshot(bytes: Int, of: Int)
        /// Entries are verified and applied up to `sequence`; the node that is asked is at `head`.
        case entries(sequence: UInt64, head: UInt64)
        /// One of the ``Files`` is whole, durable and under its name.
        case file(String)
    }

    /// What was brought here.
    public struct Result: Sendable {
        public let genesis: Genesis
        /// The state after the last entry.
        public let state: LedgerState
        /// Where the log begins; 0 is the genesis.
        public let baseSequence: UInt64
        public let snapshotBytes: Int
        /// Entries behind the base, verified by applying them.
        public let entries: Int
    }

    /// The largest snapshot that is fetched: 8 GiB, some 100,000,000 accounts.
    public static let maxSnapshotBytes: UInt64 = 8 << 30

    private let client: LedgerClient
    private let report: @Sendable (Progress) -> Void

    /// - Parameter network: The id of the genesis, from somebody whom you trust.
    public init(
        client: LedgerClient, network: NetworkID, report: @escaping @Sendable (Progress) -> Void = { _ in }
    ) {
        self.client = client.requiring(network)
        self.report = report
    }

    /// Fetches, verifies and writes everything. When this returns, the files are durable; if it throws, none is left.
    /// If the process dies, a later run clears away what is there and begins anew.
    ///
    /// - Parameter check: Gets the state after the last entry before the files have their names; what it throws ends the
    ///   run.
    /// - Throws: ``ClientError``, `LedgerError` or `LedgerLogError` with what does not verify or cannot be written.
    public func run(into files: Files, accepting check: (LedgerState) throws -> Void = { _ in }) async throws -> Result
    {
        let mark = GenesisFile(files.genesis)
        let isRepeated = mark.isUnfinished
        for path in isRepeated ? [files.genesis] : [files.genesis, files.snapshot, files.log]
        where FileManager.default.fileExists(atPath: path) {
            throw ClientError(.fileUnusable, "There is a file at \(path) already; use another folder, or remove it")
        }
        let genesis = try await client.genesis()
        try mark.begin(genesis.bytes)
        let snapshot = SnapshotFile(files.snapshot)
        if isRepeated {
            snapshot.discard()
            DraftLog.remove(files.log)
        }
        report(.genesis(networkName: genesis.networkName))
        do {
            let draft = try DraftLog(files.log, genesis: genesis)
            do {
                let result = try await fill(draft, snapshot, genesis)
                try check(result.state)
                if result.baseSequence > 0 {
                    try snapshot.finish()
                    report(.file(files.snapshot))
                }
                try await draft.finish()
                report(.file(files.log))
                // The genesis comes last: a folder without it was not brought up to the end.
                try mark.finish()
                report(.file(files.genesis))
                return result
            } catch {
                snapshot.discard()
                await draft.discard()
                throw error
            }
        } catch {
            mark.discard()
            throw error
        }
    }

    private func fill(_ draft: DraftLog, _ snapshot: SnapshotFile, _ genesis: Genesis) async throws -> Result {
        var start = LedgerState(genesis: genesis)
        var base: LogBase?
        if let info = try await client.base() {
            let claimed = try LogBase(info)
            try await verify(claimed, genesis, draft)
            start = try await fetch(claimed, genesis, into: snapshot)
            try await draft.log.restart(at: claimed)
            base = claimed
        }
        var ledger = ReplayedLedger(start)
        let head = try await client.head().sequence
        while ledger.state.sequence < head {
            let page = try await client.entries(from: ledger.state.sequence + 1)
            guard !page.isEmpty else {
                throw ClientError(
                    .cutShort,
                    "The node says that its log ends at \(head), but it has no entry \(ledger.state.sequence + 1)")
            }
            var records: [LogRecord] = []
            for checked in try await ReplayedLedger.check(page) { records.append(try ledger.apply(checked)) }
            try await draft.log.append(records)
            report(.entries(sequence: ledger.state.sequence, head: head))
        }
        return Result(
            genesis: genesis, state: ledger.state, baseSequence: base?.sequence ?? 0,
            snapshotBytes: Int(clamping: base?.snapshotByteCount ?? 0), entries: ledger.entryCount)
    }

    /// Follows the committees from the genesis to the one that signed the base, and checks its signatures.
    private func verify(_ base: LogBase, _ genesis: Genesis, _ draft: DraftLog) async throws {
        let certificate = try Certificate(decoding: base.certificate)
        var trail = CommitteeTrail(genesis: genesis)
        var count = 0
        while true {
            let taken = try trail.follow(try await client.handovers(after: trail.light.epoch), to: certificate)
            if taken.isEmpty { break }
            try await draft.log.keep(taken)
            count += taken.count
            report(.committees(count))
        }
        let checkpoint = try trail.believe(certificate)
        guard checkpoint.sequence == base.sequence, checkpoint.entryHash == base.hash,
            checkpoint.stateRoot == base.stateRoot
        else {
            throw ClientError(
                .badSnapshot,
                "The node's base is entry \(base.sequence) with root \(base.stateRoot), but the certificate beside it is of "
                    + "entry \(checkpoint.sequence) with root \(checkpoint.stateRoot); ask another node")
        }
    }

    private func fetch(_ base: LogBase, _ genesis: Genesis, into file: SnapshotFile) async throws -> LedgerState {
        guard base.snapshotByteCount <= LedgerBootstrap.maxSnapshotBytes else {
            throw ClientError(
                .badSnapshot,
                "The snapshot has \(base.snapshotByteCount) bytes; at most \(LedgerBootstrap.maxSnapshotBytes) are taken"
            )
        }
        var reader = LedgerSnapshotReader(genesis: genesis, stateRoot: base.stateRoot, entryHash: base.hash)
        var hasher = Blake3Hasher()
        var count: UInt64 = 0
        try await client.content(of: base.snapshot) { bytes in
            count += UInt64(bytes.count)
            guard count <= base.snapshotByteCount else {
                throw ClientError(.badSnapshot, "The snapshot goes on behind its end; ask another node")
            }
            bytes.withUnsafeBytes { hasher.update($0) }
            try reader.update(bytes)
            try file.append(bytes)
            report(.snapshot(bytes: Int(count), of: Int(base.snapshotByteCount)))
        } restart: {
            reader = LedgerSnapshotReader(genesis: genesis, stateRoot: base.stateRoot, entryHash: base.hash)
            hasher = Blake3Hasher()
            count = 0
            try file.restart()
        }
        guard count == base.snapshotByteCount, BlobID(hasher.finalize()) == base.snapshot else {
            throw ClientError(
                .badSnapshot, "The snapshot's \(count) bytes are not the blob \(base.snapshot); ask another node")
        }
        return try reader.finish()
    }
}

extension LogBase {
    /// - Throws: ``ClientError`` `.badAnswer` if a node's words for a base are none.
    fileprivate init(_ info: LedgerBaseInfo) throws {
        guard let hash = Digest(hex: info.hash), let root = Digest(hex: info.stateRoot),
            let snapshot = BlobID(info.snapshot), info.sequence > 0
        else { throw ClientError(.badAnswer, "The node's base of the log is malformed; update the older side") }
        self.init(
            sequence: info.sequence, hash: hash, stateRoot: root, snapshot: snapshot,
            snapshotByteCount: info.snapshotByteCount, certificate: info.certificate)
    }
}
