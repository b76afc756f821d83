import Foundation

/// The simulator's only source of chance: xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64.
///
/// A generator belongs to a purpose. Those of different purposes are independent of each other, so a part of a
/// simulation that starts to draw more numbers leaves all other parts as they were.
package struct SimulationRandom: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// The generator of `purpose` (any text) in the run that `seed` names; `index` tells equal purposes apart, such as
    /// those of nodes.
    package init(seed: UInt64, purpose: String, index: Int = 0) {
        var mixer = SplitMix(state: seed)
        for byte in purpose.utf8 { mixer = SplitMix(state: mixer.next() ^ UInt64(byte)) }
        mixer = SplitMix(state: mixer.next() ^ UInt64(bitPattern: Int64(index)))
        state = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
    }

    package mutating func next() -> UInt64 {
        let result = rotated(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, by: 45)
        return result
    }

    /// Uniform in 0 ..< 1, in steps of 2⁻⁵³.
    package mutating func unit() -> Double { Self.unit(next()) }

    /// Uniform in 0 ..< `count`; 0 if `count` is not positive. Unbiased to 2⁻³² for counts below 2³².
    package mutating func index(below count: Int) -> Int {
        count > 0 ? Int(next().multipliedFullWidth(by: UInt64(count)).high) : 0
    }

    /// True with the probability `share`; draws nothing if that is 0 or 1.
    package mutating func chance(_ share: Double) -> Bool {
        if share <= 0 { return false }
        return share >= 1 || unit() < share
    }

    /// Exponential with the mean `mean`.
    package mutating func exponential(mean: Double) -> Double { -log(1 - unit()) * mean }

    /// Log-normal: `median` times e to the power of a normal number with the deviation `sigma`.
    package mutating func logNormal(median: Double, sigma: Double) -> Double { median * exp(sigma * normal()) }

    /// Standard normal (Box and Muller, 1958).
    package mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * .pi * unit())
    }

    /// `count` distinct numbers in 0 ..< `total` in random order (all of them if `count` is larger).
    package mutating func sample(_ count: Int, of total: Int) -> [Int] {
        var all = Array(0..<max(0, total))
        let count = min(max(0, count), all.count)
        for position in 0..<count {
            all.swapAt(position, position + index(below: all.count - position))
        }
        return Array(all.prefix(count))
    }

    /// A number in 0 ..< 1 that depends on the arguments alone: a property of a pair that need not be stored.
    package static func unit(of key: UInt64, _ first: Int, _ second: Int) -> Double {
        let pair = UInt64(UInt32(truncatingIfNeeded: first)) << 32 | UInt64(UInt32(truncatingIfNeeded: second))
        var mixer = SplitMix(state: key ^ (pair &* 0xD1B5_4A32_D192_ED03))
        return unit(mixer.next())
    }

    private static func unit(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }

    private func rotated(_ value: UInt64, by count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): spreads a seed over a larger state.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
