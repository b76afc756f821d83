import Identity

/// A part of a body of which not all is here: a blob of its own.
struct BodyPart: Sendable, Hashable {
    /// Parts begin at multiples of this, and all but a body's last one have so many bytes: 1 MiB.
    static let byteCount = 1 << 20
    /// The reference of bodies that are stored in parts.
    static let reference = "parts"

    /// Where it begins in the body.
    let start: Int
    let byteCount: Int
    let blob: BlobID

    /// The smallest range of whole parts around a range.
    static func around(_ range: Range<Int64>) -> Range<Int64> {
        let size = Int64(byteCount)
        return range.lowerBound / size * size..<(range.upperBound + size - 1) / size * size
    }
}
