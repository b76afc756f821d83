import Identity

/// When blobs that were lost are asked for again: each later after every failure. Times are those of a clock that only
/// goes forwards.
struct RepairPlan: Sendable {
    private struct Failure: Sendable {
        var count: Int
        var retryAt: Duration
    }

    /// Behind the first failure; doubles with each.
    static let firstPause = Duration.seconds(10)
    /// The longest pause of a blob that is missing alone: whoever has it some day is found soon.
    static let longestPause = Duration.seconds(300)
    /// Beyond that each blob that waits makes it longer, so that about one a second is asked for however many there are.
    static let longestPausePerBlob = Duration.seconds(1)
    /// Blobs whose failures are remembered, about 2 MiB. Others are due whenever they are come by.
    static let maxFailures = 20_000

    private var failures: [BlobID: Failure] = [:]

    /// Number of blobs that wait.
    var count: Int { failures.count }

    /// When the next of them is due; nil when none waits.
    var nextDue: Duration? { failures.values.map(\.retryAt).min() }

    func isDue(_ id: BlobID, at now: Duration) -> Bool { failures[id].map { $0.retryAt <= now } ?? true }

    /// No peer has it at present, or there is no room for it.
    mutating func failed(_ id: BlobID, at now: Duration) {
        guard failures[id] != nil || failures.count < RepairPlan.maxFailures else { return }
        let count = failures[id]?.count ?? 0
        var pause = RepairPlan.firstPause
        let longest = max(RepairPlan.longestPause, RepairPlan.longestPausePerBlob * failures.count)
        for _ in 0..<count where pause < longest { pause = pause * 2 }
        failures[id] = Failure(count: count + 1, retryAt: now + min(pause, longest))
    }

    /// It is here, or nobody wants it any more.
    mutating func settled(_ id: BlobID) { failures[id] = nil }

    /// Forgets what is not among the blobs that are missing, of those behind `after` and up to `last`; nil stands for the
    /// begin and the end.
    mutating func keepOnly(_ missing: Set<BlobID>, after: BlobID?, through last: BlobID?) {
        failures = failures.filter { missing.contains($0.key) || !isWithin($0.key, after, last) }
    }
}
