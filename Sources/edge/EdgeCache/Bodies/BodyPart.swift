import Identity
import Origins

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

    /// The smallest range of whole parts around a range; nil for the last bytes of a body whose length is not known.
    static func around(_ range: OriginRange) -> OriginRange? {
        let size = Int64(byteCount)
        switch range {
        case .bytes(let first, let last):
            guard last < Int64.max - size else { return around(.from(first)) }
            return .bytes(first: first / size * size, last: (last / size + 1) * size - 1)
        case .from(let first): return .from(first / size * size)
        case .last: return nil
        }
    }
}
