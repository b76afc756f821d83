/// What a node does about a machine that it cannot make: it tries again, less and less often, and after some attempts leaves
/// the slot to other nodes for a while. Pure; times in milliseconds of any clock that never goes back.
struct MakeFailure: Hashable, Sendable {
    /// Between the first two attempts; it doubles.
    static let firstPause: Int64 = 1_000
    static let longestPause: Int64 = 60_000
    /// After so many attempts a release counts as one that does not start: during a rollout it is given up.
    static let mostOfRelease = 3
    /// After so many attempts the slot is left to others, if there are any. More than ``mostOfRelease``: where another release
    /// may work, that comes first.
    static let mostOfNode = 4
    /// How long it is left to them.
    static let absence: Int64 = 120_000

    /// For people.
    let reason: String
    /// When, in milliseconds since 1970.
    let at: Int64
    /// Attempts in a row that failed.
    let count: Int
    /// When it is tried again.
    let retry: Int64

    /// - Parameters:
    ///   - last: The failure before it, if the attempt before failed as well.
    ///   - wallTime: Milliseconds since 1970.
    init(_ reason: String, after last: MakeFailure?, now: Int64, wallTime: Int64) {
        self.reason = reason
        at = wallTime
        count = (last?.count ?? 0) + 1
        retry = now + min(MakeFailure.firstPause << Int64(min(count - 1, 8)), MakeFailure.longestPause)
    }

    /// Whether the release counts as one that does not start.
    var isOfRelease: Bool { count >= MakeFailure.mostOfRelease }
    /// Whether another node should try.
    var isOfNode: Bool { count >= MakeFailure.mostOfNode }
}
