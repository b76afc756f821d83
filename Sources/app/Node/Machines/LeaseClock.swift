/// Until when this node may run what it has a lease for, by its own monotonic clock.
///
/// The ledger counts a lease from the time of the entry that took it, which is not before the node asked for it. So the
/// node counts from when it asked, and ends a margin before: what it runs is gone when another node may take the lease, if
/// the sequencer's clock does not run ahead of this one's by more than the margin within a term.
struct LeaseClock: Hashable, Sendable {
    /// The length of a lease, in milliseconds.
    let term: Int64

    /// How much earlier than the lease the holder ends: room for ending, and for clocks of different speed.
    var margin: Int64 { min(max(term / 5, 200), 3_000) }

    /// When the holder must have ended, for a lease that it asked for at `asked`; in milliseconds of its clock.
    func end(askedAt asked: Int64) -> Int64 { asked + term - margin }

    /// When it renews it: early enough for two more tries.
    func renewal(askedAt asked: Int64) -> Int64 { asked + (term - margin) / 3 }

    /// How long a node waits with a free slot for those that are before it in the placement's order.
    static func turn(rank: Int, term: Int64) -> Int64 { Int64(rank) * min(max(term / 8, 300), 2_000) }
}
