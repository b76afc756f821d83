import Blake3
import Identity
import NIOCore

/// The bytes of a `PeerPBReadBlock`, made without the general encoder: a fetch makes thousands a second.
enum ReadBlockBody {
    /// Field 1, length-delimited, 32 bytes.
    private static let blobField: UInt16 = 0x0a20
    /// Field 2, variable-length integer.
    private static let indexField: UInt8 = 0x10
    private static let maxByteCount = 2 + Digest.byteCount + 1 + 5

    /// - Parameter index: 0 ..< 2^32.
    static func encode(_ id: BlobID, _ index: Int) -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(maxByteCount)
        body.writeInteger(blobField)
        id.digest.withUnsafeBytes { _ = body.writeBytes($0) }
        // A default value is not written.
        guard index > 0 else { return body }
        body.writeInteger(indexField)
        var rest = UInt32(truncatingIfNeeded: index)
        while rest >= 0x80 {
            body.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        body.writeInteger(UInt8(truncatingIfNeeded: rest))
        return body
    }
}
