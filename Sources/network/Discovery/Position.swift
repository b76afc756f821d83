package import Blake3

/// A point of the 256-bit space that holds keys and nodes, as a number, most significant word first. The distance of
/// two points is their exclusive or (Maymounkov & Mazières 2002, section 2.1), which is a point again.
package struct Position: Hashable, Comparable, Sendable {
    package let first: UInt64
    let second: UInt64
    let third: UInt64
    let fourth: UInt64

    package init(_ digest: Digest) {
        (first, second, third, fourth) = digest.withUnsafeBytes { bytes in
            func word(_ index: Int) -> UInt64 {
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
            }
            return (word(0), word(1), word(2), word(3))
        }
    }

    private init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        self.first = first
        self.second = second
        self.third = third
        self.fourth = fourth
    }

    package func distance(to other: Position) -> Position {
        Position(first ^ other.first, second ^ other.second, third ^ other.third, fourth ^ other.fourth)
    }

    /// The number of zero bits at the begin; 256 for zero.
    package var leadingZeroBitCount: Int {
        if first != 0 { return first.leadingZeroBitCount }
        if second != 0 { return 64 + second.leadingZeroBitCount }
        if third != 0 { return 128 + third.leadingZeroBitCount }
        return 192 + fourth.leadingZeroBitCount
    }

    /// The bit with `index` 0...255, counted from the most significant one.
    package func bit(_ index: Int) -> Bool {
        let word =
            switch index >> 6 {
            case 0: first
            case 1: second
            case 2: third
            default: fourth
            }
        return word >> UInt64(63 - index & 63) & 1 == 1
    }

    package static func < (left: Position, right: Position) -> Bool {
        if left.first != right.first { return left.first < right.first }
        if left.second != right.second { return left.second < right.second }
        if left.third != right.third { return left.third < right.third }
        return left.fourth < right.fourth
    }
}
