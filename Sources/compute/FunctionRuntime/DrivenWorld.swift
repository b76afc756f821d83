/// The clock and the chance of a worker that its node drives.
///
/// The clock stands still while scripts run; it moves when the node says so.
struct DrivenWorld {
    private let startMilliseconds: UInt64
    /// Nanoseconds since the start.
    private(set) var now: UInt64 = 0
    var generator: SeededGenerator

    /// Nil unless the seed has the length that ``SeededGenerator`` takes.
    init?(startMilliseconds: UInt64, seed: [UInt8]) {
        guard let generator = SeededGenerator(seed: seed) else { return nil }
        self.startMilliseconds = startMilliseconds
        self.generator = generator
    }

    /// Milliseconds since 1970, with fractions.
    var wallMilliseconds: Double { Double(startMilliseconds) + Double(now) / 1e6 }

    /// Moves the clock on; it never goes back.
    mutating func advance(to time: UInt64) { now = max(now, time) }
}
