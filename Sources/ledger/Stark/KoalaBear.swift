/// An element of the field with p = 2^31 − 2^24 + 1 elements ("KoalaBear"), one at a time.
///
/// Its multiplicative group has a subgroup of every power of two up to 2^24, and x ↦ x³ is a permutation of it.
package struct KoalaBear: Hashable, Sendable {
    /// p.
    package static let modulus: UInt32 = 0x7f00_0001
    /// The largest k for which there is a root of unity of order 2^k.
    package static let twoAdicity = 24

    /// The element's Montgomery form x · 2^32 mod p, below p: what is committed to, hashed and written in proofs.
    package let word: UInt32

    /// The element with this Montgomery form, which the caller knows to be below p.
    @inlinable package init(unchecked word: UInt32) { self.word = word }

    /// The element with this Montgomery form; nil unless it is below p.
    @inlinable
    package init?(word: UInt32) {
        guard word < KoalaBear.modulus else { return nil }
        self.word = word
    }

    /// `value` mod p.
    @inlinable
    package init(_ value: UInt32) {
        word = UInt32(truncatingIfNeeded: (UInt64(value) << 32) % UInt64(KoalaBear.modulus))
    }

    /// The integer below p that the element is.
    @inlinable package var value: UInt32 { KoalaBear.reduce(UInt64(word)) }

    @inlinable package static var zero: KoalaBear { KoalaBear(unchecked: 0) }
    @inlinable package static var one: KoalaBear { KoalaBear(unchecked: 0x01ff_fffe) }
    /// 3, which generates the multiplicative group.
    @inlinable package static var generator: KoalaBear { KoalaBear(3) }

    /// x / 2^32 mod p for x below p · 2^32 (Montgomery, https://doi.org/10.1090/S0025-5718-1985-0777282-X).
    @inlinable
    package static func reduce(_ x: UInt64) -> UInt32 {
        let quotient = UInt32(truncatingIfNeeded: x) &* 0x8100_0001
        let multiple = UInt32(truncatingIfNeeded: (UInt64(quotient) &* UInt64(modulus)) &>> 32)
        let high = UInt32(truncatingIfNeeded: x &>> 32)
        let difference = high &- multiple
        return high < multiple ? difference &+ modulus : difference
    }

    @inlinable
    package static func + (left: KoalaBear, right: KoalaBear) -> KoalaBear {
        let sum = left.word &+ right.word
        return KoalaBear(unchecked: min(sum, sum &- modulus))
    }

    @inlinable
    package static func - (left: KoalaBear, right: KoalaBear) -> KoalaBear {
        let difference = left.word &- right.word
        return KoalaBear(unchecked: min(difference, difference &+ modulus))
    }

    @inlinable
    package static func * (left: KoalaBear, right: KoalaBear) -> KoalaBear {
        KoalaBear(unchecked: reduce(UInt64(left.word) &* UInt64(right.word)))
    }

    @inlinable package static func += (left: inout KoalaBear, right: KoalaBear) { left = left + right }
    @inlinable package static func *= (left: inout KoalaBear, right: KoalaBear) { left = left * right }

    package func power(_ exponent: UInt64) -> KoalaBear {
        var result = KoalaBear.one
        var base = self
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= base }
            base *= base
            rest >>= 1
        }
        return result
    }

    /// 1, x, x², …: `count` of them.
    package func powers(_ count: Int) -> [KoalaBear] {
        var powers = [KoalaBear](repeating: .one, count: count)
        for index in powers.indices.dropFirst() { powers[index] = powers[index - 1] * self }
        return powers
    }

    /// 1 / x; zero for zero.
    package var inverse: KoalaBear { power(UInt64(KoalaBear.modulus) - 2) }

    /// A root of unity of order 2^`log`, `log` in 0...24; its square is the one of half the order.
    package static func rootOfUnity(log: Int) -> KoalaBear {
        generator.power((UInt64(modulus) - 1) >> UInt64(log))
    }
}
