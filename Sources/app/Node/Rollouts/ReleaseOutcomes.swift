import Functions
import NIOCore
import Placement
import Synchronization

/// How releases' requests ended on this node in the last five to ten minutes.
final class ReleaseOutcomes: Sendable {
    private static let window = TimeAmount.minutes(5)
    /// Releases that are counted; others are left out until one has had no request for two windows.
    private static let maxReleases = 1_024

    private struct Entry {
        var start: NIODeadline
        var present = RolloutJudge.Counts()
        var before = RolloutJudge.Counts()

        mutating func add(isFailure: Bool, _ now: NIODeadline) {
            turn(now)
            present.total += 1
            if isFailure { present.failed += 1 }
        }

        mutating func turn(_ now: NIODeadline) {
            guard now - start >= ReleaseOutcomes.window else { return }
            before = now - start < ReleaseOutcomes.window * 2 ? present : RolloutJudge.Counts()
            present = RolloutJudge.Counts()
            start = now
        }
    }

    private let entries = Mutex<[FunctionVersion: Entry]>([:])

    /// Counts a request. What the caller or the node is to blame for is left out.
    func add(_ version: FunctionVersion, status: Int?, error: FunctionError?, now: NIODeadline = .now()) {
        if let error, error.origin != .origin { return }
        let isFailure = error != nil || status.map { $0 >= 500 } ?? false
        entries.withLock { entries in
            if entries[version] == nil, entries.count >= ReleaseOutcomes.maxReleases {
                entries = entries.filter { now - $0.value.start < ReleaseOutcomes.window * 2 }
                guard entries.count < ReleaseOutcomes.maxReleases else { return }
            }
            entries[version, default: Entry(start: now)].add(isFailure: isFailure, now)
        }
    }

    /// What was counted.
    func counts(of version: FunctionVersion, now: NIODeadline = .now()) -> RolloutJudge.Counts {
        entries.withLock { entries in
            entries[version]?.turn(now)
            guard let entry = entries[version] else { return RolloutJudge.Counts() }
            return RolloutJudge.Counts(
                total: entry.present.total + entry.before.total, failed: entry.present.failed + entry.before.failed)
        }
    }

    /// Begins anew with a release.
    func forget(_ version: FunctionVersion) { entries.withLock { $0[version] = nil } }
}
