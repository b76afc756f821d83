import Identity

/// How measurements become a score. All shares and scores are in millionths; docs/design/epochs.md has the formulas.
enum Reputation {
    static let one: UInt64 = 1_000_000
    /// The round trip from which on latency costs, in microseconds.
    static let referenceLatency: UInt64 = 50_000
    /// The transfer rate from which on more does not help, in bytes a second.
    static let targetRate: UInt64 = 12_500_000
    /// Probes of one node that its availability is computed from at most: more make it no surer.
    private static let maxProbes: UInt64 = 1_000_000
    /// After so long, half of what is missing to the whole cap is there.
    private static let capHalfLife: UInt64 = 14 * 86_400_000

    /// The lower bound of Wilson's interval at 95% (z = 1.96) for `share` of `count` probes.
    static func availability(share: UInt64, count: UInt64) -> UInt64 {
        let (n, p) = (min(count, maxProbes), min(share, one))
        guard n > 0 else { return 0 }
        // (2np + z² − z √(z² + 4np(1 − p))) / (2 (n + z²)), all in millionths.
        let z2: UInt64 = 3_841_600
        let root = FixedPoint.squareRoot((z2 + 4 * n * p / one * (one - p)) * one)
        let top = 2 * n * p + z2
        let minus = root / 100 * 196
        return top <= minus ? 0 : UInt64(UInt128(top - minus) * UInt128(one) / UInt128(2 * (n * one + z2)))
    }

    /// How fast it answers: 1 up to the reference.
    static func latency(microseconds: UInt64) -> UInt64 {
        microseconds <= referenceLatency ? one : referenceLatency * one / microseconds
    }

    /// How fast it delivers: 1 from the target on.
    static func throughput(rate: UInt64) -> UInt64 { min(rate, targetRate) * one / targetRate }

    /// How often its blocks were right; one wrong block weighs as much as 50 right ones.
    static func correctness(good: UInt64, bad: UInt64) -> UInt64 {
        let (good, bad) = (min(good, 1 << 40), min(bad, 1 << 34))
        return (1 + good) * one / (11 + good + 50 * bad)
    }

    /// S = A^0.4 · C^0.3 · L^0.15 · T^0.15.
    static func score(availability: UInt64, correctness: UInt64, latency: UInt64, throughput: UInt64) -> UInt64 {
        func logarithm(_ share: UInt64) -> Int64 {
            FixedPoint.log2((max(1, min(share, one)) << 32) / one)
        }
        let sum =
            40 * logarithm(availability) + 30 * logarithm(correctness) + 15 * logarithm(latency)
            + 15 * logarithm(throughput)
        return (FixedPoint.exp2(sum / 100) * one) >> 32
    }

    /// R += λ (S − R), λ = 0.1 up and 0.4 down. Without a score it drifts to ``NodeStanding/probation`` with λ = 0.1.
    static func next(_ reputation: UInt32, score: UInt64?) -> UInt32 {
        let old = UInt64(reputation)
        let target = min(score ?? UInt64(NodeStanding.probation), one)
        if target >= old { return UInt32(old + (target - old) / 10) }
        return UInt32(old - (old - target) * (score == nil ? 1 : 4) / 10)
    }

    /// What reputation is at most after so much service: 1 − 2^(−days / 14), but at least ``NodeStanding/probation``.
    static func cap(servedMilliseconds: UInt64) -> UInt32 {
        let served = min(servedMilliseconds, 32 * capHalfLife)
        let missing = FixedPoint.exp2(-Int64((UInt128(served) << 32) / UInt128(capHalfLife)))
        return max(NodeStanding.probation, UInt32(((FixedPoint.one - missing) * one) >> 32))
    }

    /// The least value up to which at least half of the weight is. Nil for no values.
    static func weightedMedian(_ values: [(value: UInt64, weight: UInt64)]) -> UInt64? {
        let sorted = values.sorted { $0.value < $1.value }
        let total = sorted.reduce(UInt128(0)) { $0 + UInt128($1.weight) }
        var sum: UInt128 = 0
        for (value, weight) in sorted {
            sum += UInt128(weight)
            if 2 * sum >= total { return value }
        }
        return nil
    }
}
