import Foundation
import Ledger
import LedgerLog

/// Where the log ends, and etcd's revision of that statement: what the next append compares against.
struct LogTip: Sendable, Equatable {
    let head: LogHead
    /// The revision of the key's last change; 0 as long as it does not exist.
    let revision: Int64

    /// Reads the answer to a range of the head's key alone.
    ///
    /// - Throws: ``LedgerLogError`` `.logUnusable` if the value is not ours.
    init(_ range: EtcdRangeResponse, keys: EtcdKeys, network: NetworkID) throws {
        guard let pair = range.kvs.first else {
            head = LogHead(sequence: 0, hash: network.digest)
            revision = 0
            return
        }
        guard pair.key == keys.head, pair.modRevision > 0, let head = EtcdValues.head(pair.value) else {
            throw LogTip.damaged(keys)
        }
        self.head = head
        revision = pair.modRevision
    }

    init(head: LogHead, revision: Int64) {
        self.head = head
        self.revision = revision
    }

    func isFollowed(by entry: Entry) -> Bool {
        // No overflow: the sequence before the entry's is compared, and 0 has none.
        entry.sequence > 0 && entry.sequence - 1 == head.sequence && entry.previousHash == head.hash
    }

    static func damaged(_ keys: EtcdKeys) -> LedgerLogError {
        LedgerLogError(
            .logUnusable,
            "The value of \(keys.prefix)head in etcd is no head of a ledger's log; somebody else wrote it. Restore "
                + "etcd from a backup, or find out who has write access")
    }
}
