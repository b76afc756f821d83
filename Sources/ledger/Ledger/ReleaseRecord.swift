import Blake3
public import Foundation
public import Identity

/// One immutable version of an app.
public struct ReleaseRecord: Hashable, Sendable {
    public let name: AppName
    public let id: ReleaseID
    public let kind: ReleaseKind
    /// The blob that lists the release's files.
    public let manifest: BlobID
    /// The size of the manifest blob in bytes.
    public let manifestByteCount: UInt64
    /// For people.
    public let message: String
    /// Opaque to the ledger.
    public let settings: Data
    /// The owner of the name when the release was published.
    public let publisher: AccountID
    /// The time of the entry that published it, in milliseconds since 1970-01-01T00:00:00Z.
    public let publishedMilliseconds: Int64
    /// The entry that published it.
    public let publishedSequence: UInt64
}

extension ReleaseRecord: MerkleRow {
    static var table: UInt8 { 4 }

    static func path(_ name: AppName, _ id: ReleaseID) -> Digest {
        var encoder = RowEncoder()
        encoder.append(table)
        encoder.append(name.description)
        encoder.append(id.description)
        return LedgerHash.rowPath(encoder.bytes)
    }

    var path: Digest { ReleaseRecord.path(name, id) }

    func encode(into encoder: inout RowEncoder) {
        encoder.append(name.description)
        encoder.append(id.description)
        encoder.append(kind.code)
        encoder.append(manifest.digest)
        encoder.append(manifestByteCount)
        encoder.append(message)
        encoder.append(settings)
        encoder.append(publisher.digest)
        encoder.append(publishedMilliseconds)
        encoder.append(publishedSequence)
    }
}
