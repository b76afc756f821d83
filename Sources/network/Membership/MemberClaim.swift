package import Identity

/// What one node says of another, or of itself.
package struct MemberClaim: Sendable, Hashable {
    package var node: NodeID
    package var state: MemberState
    /// Which life of the node it is about.
    package var incarnation: UInt64
    /// Who had no answer, for suspect and dead.
    package var accuser: NodeID?
    /// The node itself said in that life that it has no room for all that it is to keep. False says nothing.
    package var isFull: Bool

    package init(
        node: NodeID, state: MemberState, incarnation: UInt64, accuser: NodeID? = nil, isFull: Bool = false
    ) {
        self.node = node
        self.state = state
        self.incarnation = incarnation
        self.accuser = accuser
        self.isFull = isFull
    }
}
