import Foundation

/// The two clocks that discovery needs; tests set their own.
package struct DiscoveryClock: Sendable {
    /// Time since an arbitrary moment; never goes back.
    package let now: @Sendable () -> Duration
    /// Milliseconds since 1970; may jump.
    package let wallMillis: @Sendable () -> Int64

    package init(now: @escaping @Sendable () -> Duration, wallMillis: @escaping @Sendable () -> Int64) {
        self.now = now
        self.wallMillis = wallMillis
    }

    /// The machine's clocks.
    package static var system: DiscoveryClock {
        let start = ContinuousClock.now
        return DiscoveryClock(
            now: { ContinuousClock.now - start },
            wallMillis: { Int64(Date().timeIntervalSince1970 * 1_000) })
    }
}
