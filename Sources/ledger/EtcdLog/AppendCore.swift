import Foundation
import Ledger
import LedgerLog
import SwiftProtobuf

/// How one entry is put into the log: the transaction, and what its answer means. Nothing is sent here.
struct AppendCore {
    enum Verdict: Equatable {
        /// The entry is in the log; the tip if it is still the last one.
        case committed(LogTip?)
        /// Another node leads by now. The entry is not in the log and never will be.
        case deposed
        /// The log has another entry there. Ours is not in the log and never will be.
        case conflict
        /// The log went on beyond the entry and forgot it, so nobody can tell whose it was.
        case unknown
    }

    let keys: EtcdKeys
    let network: NetworkID
    let entry: Entry
    let tip: LogTip
    /// The revision at which this node's lead was created.
    let term: Int64

    /// Adds the entry if the head is untouched and the lead is still this one; reads all that matters otherwise.
    ///
    /// Sending it again is harmless: at most one of the copies finds the head as it was.
    var request: EtcdTxnRequest {
        .with {
            $0.compare = [.modified(keys.head, at: tip.revision), .created(keys.leader, at: term)]
            $0.success = [
                .put(keys.entry(entry.sequence), entry.bytes),
                .put(keys.head, EtcdValues.encode(LogHead(sequence: entry.sequence, hash: entry.hash))),
            ]
            $0.failure = [
                .range(.key(keys.head)), .range(.key(keys.entry(entry.sequence))), .range(.key(keys.leader)),
            ]
        }
    }

    /// - Parameter isRepeated: Whether an earlier copy of the request may have been executed.
    /// - Throws: ``LedgerLogError`` `.logUnusable` if the answer is not one that etcd gives to ``request``.
    func judge(_ answer: EtcdTxnResponse, isRepeated: Bool) throws -> Verdict {
        if answer.succeeded {
            guard answer.header.revision > tip.revision else { throw strange() }
            let head = LogHead(sequence: entry.sequence, hash: entry.hash)
            return .committed(LogTip(head: head, revision: answer.header.revision))
        }
        guard let ranges = answer.ranges(3) else { throw strange() }
        let now = try LogTip(ranges[0], keys: keys, network: network)
        // Both comparisons can fail only for good: revisions never go back. So an earlier copy has either had its
        // effect by now, which the entry shows, or never will.
        if isRepeated {
            if let stored = ranges[1].kvs.first {
                if stored.value == entry.bytes { return .committed(now.head.sequence == entry.sequence ? now : nil) }
            } else if now.head.sequence >= entry.sequence {
                return .unknown
            }
        }
        return ranges[2].kvs.first?.createRevision == term ? .conflict : .deposed
    }

    private func strange() -> LedgerLogError {
        LedgerLogError(.logUnusable, "etcd answered the append of entry \(entry.sequence) with nonsense; is it etcd?")
    }
}
