/// What a node believes of another.
public enum MemberState: UInt8, Sendable, Hashable, CaseIterable {
    /// Answers, or has not been asked yet: a node of the ledger begins so, with incarnation 0, which means unproven.
    case alive
    /// Somebody had no answer from it. It is still used, and has time to refute.
    case suspect
    /// This node itself had no answer from it, directly or through others, after its time to refute was up.
    case dead
    /// Said itself that it goes, or is not on the ledger.
    case left

    /// Whether requests to it make sense.
    public var isUsable: Bool { self == .alive || self == .suspect }
}
