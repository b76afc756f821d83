public import Identity

/// A change of what this node believes of a member.
public struct MembershipEvent: Sendable, Hashable {
    /// The member.
    public let node: NodeID
    /// What was believed of it before.
    public let from: MemberState
    /// What is believed of it now. The same as ``from`` when only the incarnation rose, since the member
    /// restarted or proved itself, or when it said that it is full, or is not any more.
    public let to: MemberState
    /// The member's incarnation after the change; 0 while it has proven none.
    public let incarnation: UInt64
}
