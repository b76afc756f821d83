import Identity

/// How far a verification of the whole store is, and what it found.
public struct VerifyReport: Hashable, Sendable {
    /// Damaged blobs that are named, and unreadable ones; more are only counted.
    public static let maxNamed = 10_000

    /// Blobs that were looked at, damaged and unreadable ones included.
    public var blobs = 0
    /// Bytes that are as they were stored.
    public var bytes = 0
    /// Damaged blobs.
    public var damagedBlobs = 0
    /// The first `maxNamed` of them.
    public var damaged: [DamagedBlob] = []
    /// Blobs that could not be read for a reason that says nothing about their bytes; they stay.
    public var unreadableBlobs = 0
    /// The first `maxNamed` of them, with the reason.
    public var unreadable: [DamagedBlob] = []

    mutating func add(_ outcome: VerifyOutcome, of id: BlobID) {
        switch outcome {
        case .absent: return
        case .whole(let byteCount): bytes += byteCount
        case .damaged(let reason):
            damagedBlobs += 1
            if damaged.count < Self.maxNamed { damaged.append(DamagedBlob(id: id, reason: reason)) }
        }
        blobs += 1
    }

    mutating func addUnreadable(_ id: BlobID, _ error: BlobStoreError) {
        blobs += 1
        unreadableBlobs += 1
        if unreadable.count < Self.maxNamed { unreadable.append(DamagedBlob(id: id, reason: error.message)) }
    }
}
