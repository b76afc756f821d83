/// How many copies of an app are awake: as many as always run, one more whenever those that run are full, and one less when
/// one has had nothing to do for a while. Pure; times in milliseconds of any clock that never goes back.
public struct MachineScale: Sendable, Hashable {
    /// Slots below it always run.
    public var least: UInt32
    /// Slots below it may run.
    public var most: UInt32
    /// Requests in flight for each copy before another one is started; 0 for no such limit.
    public var inFlightTarget: Int
    /// How long a copy may have nothing to do; 0 for as long as it likes.
    public var idleMilliseconds: Int64

    public init(least: UInt32, most: UInt32, inFlightTarget: Int, idleMilliseconds: Int64) {
        self.least = least
        self.most = most
        self.inFlightTarget = inFlightTarget
        self.idleMilliseconds = idleMilliseconds
    }

    /// Whether a gateway that has `inFlight` requests at `awake` copies should wake another one, if one is asleep.
    ///
    /// Each gateway sees its own requests only; a copy's node, which sees all that come to it, looks too.
    public func wantsMore(inFlight: Int, awake: Int) -> Bool {
        guard awake < Int(most) else { return false }
        if awake == 0 { return inFlight > 0 }
        return inFlightTarget > 0 && inFlight > inFlightTarget * awake
    }

    /// Whether the copy in a slot goes to sleep.
    ///
    /// - Parameters:
    ///   - inFlight: Requests that it works on.
    ///   - idleSince: When it had the last one, or became healthy.
    public func sleeps(slot: UInt32, inFlight: Int, idleSince: Int64, now: Int64) -> Bool {
        guard idleMilliseconds > 0, slot >= least, inFlight == 0 else { return false }
        return now - idleSince >= idleMilliseconds
    }

    /// The slots in which a release runs that some visitors get: as many of all as those are of a hundred, at least one, and
    /// never all. None of an app with one copy, which cannot run two releases.
    ///
    /// - Parameter percent: 1 to 99; anything else is nobody's share.
    public func trialSlots(percent: Int) -> Range<UInt32> {
        guard (1...99).contains(percent), most > 1 else { return 0..<0 }
        let count = min(max((Int(most) * percent + 50) / 100, 1), Int(most) - 1)
        // The first slot is awake when no other is: it stays with what most visitors get.
        return 1..<UInt32(1 + count)
    }

    /// Whether a slot is awake from the beginning: the least many are, and the first one so that a new release shows that
    /// it works; all are if none may sleep.
    public func startsAwake(slot: UInt32) -> Bool {
        slot < most && (slot < max(least, 1) || idleMilliseconds == 0 && inFlightTarget == 0)
    }
}
