/// How long records may live, judged by a wall clock that may be wrong by a tolerance and may jump.
package struct RecordLife: Sendable {
    /// Times beyond these are clocks gone mad; arithmetic within them cannot overflow.
    private static let wallRange: ClosedRange<Int64> = 0...(1 << 52)

    private let lifetimeMillis: Int64
    private let toleranceMillis: Int64

    package init(lifetime: Duration, clockTolerance: Duration) {
        lifetimeMillis = RecordLife.millis(lifetime)
        toleranceMillis = RecordLife.millis(clockTolerance)
    }

    /// The expiry of a record that is made at `wallMillis`.
    package func expiry(wallMillis: Int64) -> Int64 { RecordLife.sane(wallMillis) + lifetimeMillis }

    /// How long a record that expires at `expiresMillis` is kept from now on. A store counts this down on a clock that
    /// does not jump.
    ///
    /// - Throws: `.expired` or `.tooFarAhead`.
    package func remaining(expiresMillis: Int64, wallMillis: Int64) throws(DiscoveryError) -> Duration {
        let now = RecordLife.sane(wallMillis)
        guard expiresMillis > now - toleranceMillis else {
            throw DiscoveryError(.expired, "A record has expired; if it is new, check its provider's clock")
        }
        guard expiresMillis <= now + lifetimeMillis + toleranceMillis else {
            throw DiscoveryError(
                .tooFarAhead,
                "A record claims to live longer than \(lifetimeMillis / 1_000) s; check its provider's clock")
        }
        return .milliseconds(expiresMillis - now + toleranceMillis)
    }

    private static func sane(_ wallMillis: Int64) -> Int64 {
        min(max(wallMillis, wallRange.lowerBound), wallRange.upperBound)
    }

    /// At most some 30,000 years, so that sums cannot overflow.
    private static func millis(_ duration: Duration) -> Int64 {
        min(max(duration.components.seconds, 0), 1 << 40) * 1_000
            + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
