import GRPCCore
import Ledger
public import LedgerLog

extension EtcdLedgerLog {
    /// Adds an entry; a majority of etcd's members has written it to disk when this returns.
    ///
    /// If the answer is lost the entry is looked for, and sent again as long as it cannot have been executed, until
    /// ``EtcdCluster/patience`` ends.
    ///
    /// - Throws: ``LedgerLogError``: `.notSequencer`, `.conflict` or `.appendFailed`, after which the entry is not in
    ///   the log and never will be; `.unavailable`, after which nobody knows yet.
    public func append(_ record: LogRecord) async throws {
        let entry = record.entry
        try await guarded(refusal: .appendFailed) {
            guard entry.networkID == network else {
                throw LedgerLogError(
                    .wrongNetwork,
                    "Entry \(entry.sequence) is of network \(entry.networkID.short), the log of \(network.short)")
            }
            guard let term = lead.term else { throw deposed(entry) }
            let tip = try await tip(before: entry)
            // Whatever happens now, the next append asks for the tip unless this one learns it.
            knownTip = nil
            let core = AppendCore(keys: keys, network: network, entry: entry, tip: tip, term: term)
            let answer: EtcdClient.Answer<EtcdTxnResponse>
            do { answer = try await client.transact(core.request) } catch let error as RPCError
                where error.code == .resourceExhausted
            {
                // A member whose room ends with a request says so and carries it out all the same.
                guard try await isLast(entry) else { throw error }
                return
            }
            if answer.isRepeated { metrics.countDoubt() }
            switch try core.judge(answer.message, isRepeated: answer.isRepeated) {
            case .committed(let tip): knownTip = tip
            case .deposed: throw deposed(entry)
            case .conflict: throw conflict(entry)
            case .unknown:
                throw LedgerLogError(
                    .unavailable,
                    "etcd did not answer in time whether entry \(entry.sequence) is in the log, and it is truncated "
                        + "since; read the log again")
            }
        }
    }

    /// The tip that `entry` follows, as known here or else as it is in etcd.
    private func tip(before entry: Entry) async throws -> LogTip {
        if let tip = knownTip, tip.isFollowed(by: entry) { return tip }
        let tip = try await readTip()
        guard tip.isFollowed(by: entry) else { throw conflict(entry) }
        return tip
    }

    /// Whether the log ends with `entry` now.
    private func isLast(_ entry: Entry) async throws -> Bool {
        do { return try await readTip().head == LogHead(sequence: entry.sequence, hash: entry.hash) } catch {
            throw LedgerLogError(
                .unavailable,
                "etcd has no room left, and did not say whether entry \(entry.sequence) is in the log: \(error)")
        }
    }

    private func deposed(_ entry: Entry) -> LedgerLogError {
        LedgerLogError(
            .notSequencer, "This node does not lead, so entry \(entry.sequence) was not added; ask the node that does")
    }

    private func conflict(_ entry: Entry) -> LedgerLogError {
        LedgerLogError(
            .conflict,
            "Entry \(entry.sequence) does not follow the head of the log in etcd; read what was added meanwhile")
    }
}
