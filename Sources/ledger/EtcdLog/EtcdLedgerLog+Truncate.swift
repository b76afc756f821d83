import Foundation
import Ledger
public import LedgerLog
import Logging
import SwiftProtobuf

extension EtcdLedgerLog {
    /// Entries that one request deletes at most: etcd serves nobody else meanwhile.
    static let deleteChunk: UInt64 = 1_000

    /// Stores the base and then deletes what it stands for, in chunks. Whatever a crash leaves behind is deleted by the
    /// next truncation. Disk space comes back when the operator defragments the members (`deploy/etcd`).
    ///
    /// - Throws: ``LedgerLogError`` `.conflict` if the base is ahead of the head or of another chain, `.appendFailed`
    ///   if its certificate is too large or etcd refuses, `.unavailable`.
    public func truncate(to base: LogBase) async throws {
        try await guarded(refusal: .appendFailed) {
            guard base.sequence > 0, base.certificate.count <= EtcdValues.maxCertificateByteCount else {
                throw LedgerLogError(
                    .appendFailed,
                    "A base needs a sequence above 0 and a certificate of at most "
                        + "\(EtcdValues.maxCertificateByteCount) bytes; this one has \(base.certificate.count)")
            }
            guard try await store(base) else { return }
            try await deleteEntries(upTo: base.sequence)
        }
    }

    /// Whether the base in etcd is this one now; false if it is further already.
    private func store(_ base: LogBase) async throws -> Bool {
        while true {
            let answer = try await client.read([
                .key(keys.base), .key(keys.head), .key(keys.entry(base.sequence)),
            ])
            let head = try LogTip(answer.ranges[1], keys: keys, network: network).head
            if let present = try decodeBase(answer.ranges[0]), present.sequence >= base.sequence {
                return present == base
            }
            guard base.sequence <= head.sequence else {
                throw LedgerLogError(
                    .conflict, "The base \(base.sequence) is ahead of the log's head \(head.sequence); append first")
            }
            guard let bytes = answer.ranges[2].kvs.first?.value, let entry = try? Entry(decoding: bytes),
                entry.hash == base.hash
            else {
                throw LedgerLogError(
                    .conflict, "The base \(base.sequence) is of another chain than the log in etcd; take a new snapshot"
                )
            }
            let request = EtcdTxnRequest.with {
                $0.compare = [.modified(keys.base, at: answer.ranges[0].kvs.first?.modRevision ?? 0)]
                $0.success = [.put(keys.base, EtcdValues.encode(base))]
            }
            if try await client.transact(request).message.succeeded { return true }
        }
    }

    private func deleteEntries(upTo last: UInt64) async throws {
        while let first = try await firstEntry(), first <= last {
            let end = last - first < EtcdLedgerLog.deleteChunk ? last : first + EtcdLedgerLog.deleteChunk - 1
            // The end is excluded; behind the last sequence there is no entry's key.
            try await client.delete(keys.entry(first), end == .max ? keys.entriesEnd : keys.entry(end + 1))
        }
        let revision = try await client.read([.key(keys.base)]).revision
        do {
            try await client.compact(revision)
        } catch {
            // Not part of the promise: another node may have compacted, or the role may not.
            client.logger.info("etcd was not compacted after truncation", metadata: ["error": "\(error)"])
        }
    }

    private func firstEntry() async throws -> UInt64? {
        let range = EtcdRangeRequest.with {
            $0.key = keys.entry(0)
            $0.rangeEnd = keys.entriesEnd
            $0.limit = 1
            $0.keysOnly = true
        }
        guard let key = try await client.read([range]).ranges[0].kvs.first?.key else { return nil }
        guard let sequence = keys.sequence(key) else {
            throw LedgerLogError(
                .logUnusable,
                "etcd holds a key under \(keys.prefix)e/ that is no entry's; somebody else wrote it. Delete it")
        }
        return sequence
    }
}
