public import Foundation
import GRPCCore
import Ledger
public import LedgerLog
import Logging
import SwiftProtobuf
import Synchronization

/// The log that the nodes of a fleet share: in an etcd cluster, one key an entry.
///
/// ``append(_:)`` is one transaction in etcd that compares the head's revision and this node's lead. An entry is in the
/// log for all nodes or for none, and a node that lost its lead cannot add one, however late it hears of that.
/// Nothing that etcd answers is trusted to be well-formed.
public final class EtcdLedgerLog: LedgerLog {
    /// Entries that one request reads at most.
    static let maxRangeEntries = 64
    /// Bytes that one request for entries should read; entries vary, so it may be more.
    static let targetRangeBytes = 8 << 20
    /// How many full entries the first request of a read may bring, before their size is known.
    static let firstRangeEntries = 8
    /// Entries are large: a member has this many times the usual timeout to send them.
    static let rangeTimeoutFactor = 2

    private struct State {
        var tip: LogTip?
        var isVerified = false
        var isClosed = false
        var nextHint: UInt64 = 0
        var hints: [UInt64: Task<Void, Never>] = [:]
    }

    let client: EtcdClient
    let keys: EtcdKeys
    let network: NetworkID
    let lead: HeldLead
    let metrics = EtcdMetrics()
    private let state = Mutex(State())

    init(client: EtcdClient, network: NetworkID, lead: HeldLead) {
        self.client = client
        self.network = network
        self.lead = lead
        keys = EtcdKeys(network)
    }

    /// Reads it from etcd. The first time, the entry there is checked to be one of this network.
    ///
    /// - Throws: ``LedgerLogError`` `.unavailable`, `.engineRefused`, or `.logUnusable` if what is in etcd is not this
    ///   network's log.
    public func head() async throws -> LogHead {
        try await guarded {
            let tip = try await readTip()
            if !state.withLock({ $0.isVerified }) {
                try await verify(tip.head)
                state.withLock { $0.isVerified = true }
            }
            return tip.head
        }
    }

    public func entries(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> [Data] {
        try await guarded { try await read(from: sequence, limit: limit, byteLimit: byteLimit).entries }
    }

    public func page(from sequence: UInt64, limit: Int, byteLimit: Int) async throws -> LogPage {
        try await guarded {
            let (entries, head) = try await read(from: sequence, limit: limit, byteLimit: byteLimit)
            let tip = try head.map { try LogTip($0, keys: keys, network: network) }
            return LogPage(entries: entries, head: tip?.head)
        }
    }

    public func base() async throws -> LogBase? {
        try await guarded {
            let answer = try await client.read([.key(keys.base)])
            return try decodeBase(answer.ranges[0])
        }
    }

    /// Hints come from a watch and, should that be silent, from a timer.
    public func wakeUps() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> UInt64? in
            guard !state.isClosed else { return nil }
            state.nextHint &+= 1
            let id = state.nextHint
            // It lives as long as its reader or the log, whichever ends first; both cancel it.
            state.hints[id] = Task { [client, keys] in
                await KeyHints.run(client, key: keys.head) { continuation.yield() }
                continuation.finish()
            }
            return id
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.hints.removeValue(forKey: id) }?.cancel()
        }
        return stream
    }

    /// Ends the hints and the connections to etcd, also the leadership's: end that first, so that it can step down.
    public func close() async throws {
        let hints = state.withLock { state in
            state.isClosed = true
            defer { state.hints = [:] }
            return Array(state.hints.values)
        }
        for hint in hints { hint.cancel() }
        for hint in hints { await hint.value }
        await client.close()
    }

    /// Runs `body` unless the log is closed, and turns what it throws into this package's errors.
    ///
    /// - Parameter refusal: The code for what etcd refused to do.
    func guarded<Result: Sendable>(
        refusal: LedgerLogError.Code = .engineRefused, _ body: () async throws -> Result
    ) async throws -> Result {
        guard !state.withLock({ $0.isClosed }) else {
            throw LedgerLogError(.closed, "The ledger's log in etcd was closed")
        }
        do {
            return try await body()
        } catch {
            throw EtcdFailure.ledgerError(error, refusal: refusal)
        }
    }

    /// The tip after the last append or read of this node; it may be old.
    var knownTip: LogTip? {
        get { state.withLock { $0.tip } }
        set { state.withLock { $0.tip = newValue } }
    }

    /// The tip as it is now.
    func readTip() async throws -> LogTip {
        let answer = try await client.read([.key(keys.head), .key(keys.base)])
        let tip = try LogTip(answer.ranges[0], keys: keys, network: network)
        if let base = try decodeBase(answer.ranges[1]), base.sequence > tip.head.sequence {
            throw LedgerLogError(
                .logUnusable,
                "The log in etcd begins at \(base.sequence) and ends before, at \(tip.head.sequence); restore "
                    + "etcd from a backup")
        }
        knownTip = tip
        return tip
    }

    func decodeBase(_ range: EtcdRangeResponse) throws -> LogBase? {
        guard let pair = range.kvs.first else { return nil }
        guard pair.key == keys.base, let base = EtcdValues.base(pair.value) else {
            throw LedgerLogError(
                .logUnusable,
                "The value of \(keys.prefix)snap in etcd is no base of a ledger's log; somebody else wrote it. Restore "
                    + "etcd from a backup, or find out who has write access")
        }
        return base
    }

    /// Entries, and what the head's key said at the moment of the last of them; nil if none were asked for.
    private func read(
        from sequence: UInt64, limit: Int, byteLimit: Int
    ) async throws -> (entries: [Data], head: EtcdRangeResponse?) {
        var entries: [Data] = []
        var head: EtcdRangeResponse?
        var byteCount = 0
        var next = sequence
        var batch = EtcdLedgerLog.firstRangeEntries
        while entries.count < limit {
            let count = min(batch, limit - entries.count)
            guard let range = try await range(from: next, count: count, isFirst: entries.isEmpty) else { break }
            head = range.head
            for pair in range.pairs {
                guard pair.key == keys.entry(next) else {
                    guard entries.isEmpty else { return (entries, head) }
                    throw lacking(next)
                }
                byteCount += pair.value.count
                if !entries.isEmpty, byteCount > byteLimit { return (entries, head) }
                entries.append(pair.value)
                guard next < .max else { return (entries, head) }
                next += 1
            }
            guard range.pairs.count == count, byteCount < byteLimit else { break }
            let average = max(1, byteCount / entries.count)
            let wanted = min(EtcdLedgerLog.targetRangeBytes, byteLimit - byteCount) / average + 1
            batch = min(EtcdLedgerLog.maxRangeEntries, wanted)
        }
        return (entries, head)
    }

    /// The next pairs of entries' keys, and the head's, of one moment; nil if `isFirst` is false and they were truncated
    /// meanwhile.
    private func range(
        from sequence: UInt64, count: Int, isFirst: Bool
    ) async throws -> (pairs: [EtcdKeyValue], head: EtcdRangeResponse)? {
        let entries = EtcdRangeRequest.with {
            $0.key = keys.entry(sequence)
            $0.rangeEnd = keys.entriesEnd
            $0.limit = Int64(count)
        }
        let timeout = client.cluster.requestTimeout * EtcdLedgerLog.rangeTimeoutFactor
        let answer = try await client.read([.key(keys.base), entries, .key(keys.head)], timeout: timeout)
        if let base = try decodeBase(answer.ranges[0]), sequence <= base.sequence {
            guard isFirst else { return nil }
            throw LedgerLogError(
                .truncated, "Entry \(sequence) is gone: the log begins behind \(base.sequence); load its snapshot")
        }
        return (Array(answer.ranges[1].kvs.prefix(count)), answer.ranges[2])
    }

    /// Whether the entry at the head is what the head says; the entry is read once.
    private func verify(_ head: LogHead) async throws {
        guard head.sequence > 0 else { return }
        let answer = try await client.read([.key(keys.entry(head.sequence)), .key(keys.base)])
        if let base = try decodeBase(answer.ranges[1]), base.sequence >= head.sequence {
            guard base.sequence > head.sequence || base.hash == head.hash else { throw LogTip.damaged(keys) }
            return
        }
        guard let bytes = answer.ranges[0].kvs.first?.value else { throw lacking(head.sequence) }
        let entry = try? Entry(decoding: bytes)
        guard let entry, entry.networkID == network else {
            throw LedgerLogError(
                .logUnusable,
                "What etcd holds under \(keys.prefix) is the log of another network: its last entry is not of "
                    + "\(network.short). Use another cluster, or restore this one from a backup")
        }
        guard entry.hash == head.hash else { throw LogTip.damaged(keys) }
    }

    private func lacking(_ sequence: UInt64) -> LedgerLogError {
        LedgerLogError(
            .logUnusable,
            "Entry \(sequence) is not in etcd though later ones are; somebody deleted it. Restore etcd from a backup")
    }
}
