/// A part of a beacon's round.
public enum BeaconPhase: String, Hashable, Sendable {
    /// The first half: nodes commit.
    case commit
    /// The second half: nodes reveal.
    case reveal
    /// The time is over: anybody may end the round.
    case due
}
