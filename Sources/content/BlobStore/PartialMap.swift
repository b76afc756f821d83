import Blake3
import Identity

/// The content of a `.map` file: which blocks of a partial blob are durable.
///
/// Layout, integers little-endian: 8 bytes `skermap2`, the digest, byteCount (8), the time of the change in
/// milliseconds by the wall clock (8) and in the store's own time (8), the bitmap, and the BLAKE3 digest of all that.
/// `skermap1` lacks the store's own time. The checksum tells a torn or damaged file; the name inside tells one that
/// belongs to another blob.
struct PartialMap: Equatable, Sendable {
    private static let magic = Array("skermap2".utf8)
    private static let oldMagic = Array("skermap1".utf8)
    private static let oldHeaderByteCount = 8 + Digest.byteCount + 8 + 8
    /// Bytes in front of the bitmap.
    static let headerByteCount = oldHeaderByteCount + 8

    var byteCount: Int
    var updatedAtMilliseconds: Int64
    /// Nil in a map of the old form.
    var usedMilliseconds: Int64?
    var held: BlockSet

    /// Length of the file for a blob of `byteCount` bytes.
    static func fileByteCount(byteCount: Int) -> Int {
        headerByteCount + BlockSet.byteCount(blockCount: BlockTree.blockCount(byteCount: byteCount)) + Digest.byteCount
    }

    init(byteCount: Int, updatedAtMilliseconds: Int64, usedMilliseconds: Int64 = 0, held: BlockSet) {
        self.byteCount = byteCount
        self.updatedAtMilliseconds = updatedAtMilliseconds
        self.usedMilliseconds = usedMilliseconds
        self.held = held
    }

    /// Nil for anything that is not a whole, undamaged map of this blob.
    init?(bytes: [UInt8], id: BlobID) {
        let isOld = bytes.starts(with: Self.oldMagic)
        let headerByteCount = isOld ? Self.oldHeaderByteCount : Self.headerByteCount
        let checked = bytes.dropLast(Digest.byteCount)
        guard isOld || bytes.starts(with: Self.magic), checked.count >= headerByteCount,
            Digest(bytes.suffix(Digest.byteCount)) == Blake3.hash(checked),
            Digest(bytes[8..<8 + Digest.byteCount]) == id.digest
        else { return nil }
        let numbers = stride(from: 8 + Digest.byteCount, to: headerByteCount, by: 8).map {
            Self.integer(bytes[$0..<$0 + 8])
        }
        guard let byteCount = Int(exactly: numbers[0]), byteCount > 0,
            let held = BlockSet(
                bytes: checked.dropFirst(headerByteCount), blockCount: BlockTree.blockCount(byteCount: byteCount))
        else { return nil }
        self.byteCount = byteCount
        updatedAtMilliseconds = Int64(bitPattern: numbers[1])
        usedMilliseconds = isOld ? nil : Int64(bitPattern: numbers[2])
        self.held = held
    }

    func bytes(of id: BlobID) -> [UInt8] {
        var bytes = (usedMilliseconds == nil ? Self.oldMagic : Self.magic) + id.digest.bytes
        Self.append(UInt64(truncatingIfNeeded: byteCount), to: &bytes)
        Self.append(UInt64(bitPattern: updatedAtMilliseconds), to: &bytes)
        if let usedMilliseconds { Self.append(UInt64(bitPattern: usedMilliseconds), to: &bytes) }
        bytes += held.bytes
        return bytes + Blake3.hash(bytes).bytes
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}
