public import Blake3
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
    /// The machine that it asks for; nil if it asks for none.
    public internal(set) var sizeClass: SizeClass?
    /// Copies that it asks for; 0 for ``NetworkParameters/replicas``.
    public internal(set) var replicas: UInt32 = 0
    /// The BLAKE3 digest of its sealed secrets; nil for none.
    public internal(set) var secretsEnvelope: Digest?

    /// Whether nodes may lease slots for it: machines, and composite apps that ask for one.
    public var runsMachine: Bool { kind == .machine || kind == .composite && sizeClass != nil }

    /// What came after the rows' first form has a number each at the row's end, in ascending order, and only where it
    /// says something.
    private static let sizeClassPart: UInt8 = 1
    private static let replicasPart: UInt8 = 2
    private static let secretsEnvelopePart: UInt8 = 3
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
        if let sizeClass {
            encoder.append(ReleaseRecord.sizeClassPart)
            encoder.append(sizeClass.description)
        }
        if replicas > 0 {
            encoder.append(ReleaseRecord.replicasPart)
            encoder.append(UInt64(replicas))
        }
        if let secretsEnvelope {
            encoder.append(ReleaseRecord.secretsEnvelopePart)
            encoder.append(secretsEnvelope)
        }
    }

    /// Reads what a row has behind its first form; ``StoredRow`` refuses what is not in order.
    mutating func decodeParts(_ decoder: inout RowDecoder) throws(LedgerError) {
        while decoder.remaining > 0 {
            switch try decoder.byte() {
            case ReleaseRecord.sizeClassPart: sizeClass = try SizeClass(checking: try decoder.text())
            case ReleaseRecord.replicasPart: replicas = try decoder.uint32()
            case ReleaseRecord.secretsEnvelopePart: secretsEnvelope = try decoder.digest()
            case let part:
                throw LedgerError(.malformed, "A release's row has a part \(part); is this software current?")
            }
        }
    }
}
