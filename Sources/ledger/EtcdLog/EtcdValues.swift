import Blake3
package import Foundation
package import Identity
package import LedgerLog

/// The encodings of what is not an entry. Integers are big-endian; anything else than what was written is nil.
package enum EtcdValues {
    /// The longest certificate of a base in bytes; etcd's limit for a request is 1.5 MiB.
    package static let maxCertificateByteCount = 1 << 20

    private static let baseVersion: UInt8 = 1
    private static let headByteCount = 8 + Digest.byteCount
    private static let baseByteCount = 1 + 8 + 3 * Digest.byteCount + 8

    /// Sequence and hash.
    package static func encode(_ head: LogHead) -> Data { integer(head.sequence) + head.hash.bytes }

    package static func head(_ value: Data) -> LogHead? {
        var reader = Reader(value)
        guard value.count == headByteCount, let sequence = reader.integer(), sequence > 0, let hash = reader.digest()
        else { return nil }
        return LogHead(sequence: sequence, hash: hash)
    }

    /// Version, sequence, hash, state root, snapshot's digest and size; the certificate is the rest.
    package static func encode(_ base: LogBase) -> Data {
        Data([baseVersion]) + integer(base.sequence) + base.hash.bytes + base.stateRoot.bytes
            + base.snapshot.digest.bytes + integer(base.snapshotByteCount) + base.certificate
    }

    package static func base(_ value: Data) -> LogBase? {
        var reader = Reader(value)
        guard value.count >= baseByteCount, value.count - baseByteCount <= maxCertificateByteCount,
            reader.byte() == baseVersion, let sequence = reader.integer(), sequence > 0, let hash = reader.digest(),
            let stateRoot = reader.digest(), let snapshot = reader.digest(), let byteCount = reader.integer()
        else { return nil }
        return LogBase(
            sequence: sequence, hash: hash, stateRoot: stateRoot, snapshot: BlobID(snapshot),
            snapshotByteCount: byteCount, certificate: reader.rest())
    }

    /// The leader's id.
    package static func encode(_ leader: NodeID) -> Data { Data(leader.digest.bytes) }

    package static func leader(_ value: Data) -> NodeID? { Digest(value).map { NodeID($0) } }

    private static func integer(_ value: UInt64) -> Data { withUnsafeBytes(of: value.bigEndian) { Data($0) } }

    /// Takes bytes off the front.
    private struct Reader {
        private var bytes: Data.SubSequence

        init(_ bytes: Data) { self.bytes = bytes[...] }

        mutating func byte() -> UInt8? { bytes.popFirst() }

        mutating func integer() -> UInt64? {
            take(8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
        }

        mutating func digest() -> Digest? { take(Digest.byteCount).flatMap { Digest($0) } }

        func rest() -> Data { Data(bytes) }

        private mutating func take(_ count: Int) -> Data? {
            guard bytes.count >= count else { return nil }
            defer { bytes = bytes.dropFirst(count) }
            return bytes.prefix(count)
        }
    }
}
