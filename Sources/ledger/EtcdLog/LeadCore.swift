import Identity
import LedgerLog

/// What a node knows of the lead: a state machine without a clock of its own.
struct LeadCore: Sendable {
    /// A lead of this node.
    struct Lead: Sendable, Equatable {
        /// The revision at which the leader's key was created.
        let term: UInt64
        let lease: Int64
        /// When the lease ends for sure unless it is renewed.
        var end: ContinuousClock.Instant
    }

    /// What the leader's key says.
    enum Observation: Sendable, Equatable {
        case vacant
        case held(NodeID?, lease: Int64, term: Int64)
    }

    private(set) var lead: Lead?
    private var other: NodeID?

    /// Leading only as long as the lease lasts for sure.
    func standing(at now: ContinuousClock.Instant) -> Standing {
        if let lead { return now < lead.end ? .leading(term: lead.term) : .vacant }
        return other.map { .following($0) } ?? .vacant
    }

    /// This node's key was created.
    mutating func won(_ lead: Lead) {
        self.lead = lead
        other = nil
    }

    /// What was read; a lead that is not there any more is lost.
    mutating func observed(_ observation: Observation) {
        switch observation {
        case .vacant:
            lead = nil
            other = nil
        case .held(let node, let lease, let term):
            if let lead, lead.lease == lease, UInt64(exactly: term) == lead.term { return }
            lead = nil
            other = node
        }
    }

    /// The lease was renewed. Says nothing about a lead that was lost meanwhile.
    mutating func renewed(_ term: UInt64, end: ContinuousClock.Instant) {
        if lead?.term == term { lead?.end = end }
    }

    /// The lease is gone, or was not renewed in time.
    mutating func lost(_ term: UInt64) {
        if lead?.term == term { lead = nil }
    }

    /// Nobody answers any more, so who leads is not known.
    mutating func lostSight() { other = nil }
}
