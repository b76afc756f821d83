import Foundation

/// Whether a new release fails more often than the old one, beyond chance: a two-proportion z-test with pooled variance.
///
/// Pure. It is asked again and again while counts grow, so that chance gets many tries: the bound is therefore much higher
/// than for a single test (3.29 is 1 in 2,000), and the difference must matter.
public struct RolloutJudge: Sendable {
    /// Requests that a release answered, and those of them that failed.
    public struct Counts: Hashable, Sendable {
        /// All requests.
        public var total: Int
        /// Those with an error of the function or a status of 500 and above.
        public var failed: Int

        /// Counts; `failed` is at most `total`.
        public init(total: Int = 0, failed: Int = 0) {
            self.total = total
            self.failed = failed
        }

        /// The share that failed, 0 to 1; 0 without requests.
        public var rate: Double { total == 0 ? 0 : Double(failed) / Double(total) }
    }

    /// Requests of the new release before anything is said. Default 20.
    public var minSamples = 20
    /// Failures of the new release before anything is said: with fewer the test's approximation is none. Default 5.
    public var minFailures = 5
    /// How many standard errors the difference must have. Default 3.29.
    public var bound = 3.29
    /// The least difference of the shares that matters. Default 0.02.
    public var minDifference = 0.02

    /// The defaults.
    public init() {}

    /// Whether `new` is significantly worse than `old`.
    ///
    /// An old release with fewer than ``minSamples`` requests counts as if it had answered the missing ones well: then only
    /// a new one that fails nearly half of its requests is worse.
    public func isWorse(_ new: Counts, than old: Counts) -> Bool {
        guard new.total >= minSamples, new.failed >= minFailures else { return false }
        let oldTotal = Double(max(old.total, minSamples))
        let (newTotal, newRate) = (Double(new.total), new.rate)
        let oldRate = Double(old.failed) / oldTotal
        guard newRate - oldRate >= minDifference else { return false }
        let pooled = Double(new.failed + old.failed) / (newTotal + oldTotal)
        let error = (pooled * (1 - pooled) * (1 / newTotal + 1 / oldTotal)).squareRoot()
        return error == 0 || (newRate - oldRate) / error >= bound
    }
}
