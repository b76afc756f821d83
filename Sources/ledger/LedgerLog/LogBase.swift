public import Blake3
public import Foundation
public import Identity

/// Where a truncated log begins, and the certified snapshot that stands for what came before.
public struct LogBase: Sendable, Hashable {
    /// The last entry that the snapshot covers.
    public let sequence: UInt64
    /// That entry's hash.
    public let hash: Digest
    /// The state root after that entry.
    public let stateRoot: Digest
    /// The blob that holds the snapshot.
    public let snapshot: BlobID
    /// The size of the snapshot in bytes.
    public let snapshotByteCount: UInt64
    /// The encoded certificate of the checkpoint at ``sequence``.
    public let certificate: Data

    public init(
        sequence: UInt64, hash: Digest, stateRoot: Digest, snapshot: BlobID, snapshotByteCount: UInt64,
        certificate: Data
    ) {
        self.sequence = sequence
        self.hash = hash
        self.stateRoot = stateRoot
        self.snapshot = snapshot
        self.snapshotByteCount = snapshotByteCount
        self.certificate = certificate
    }
}
