package import Identity

/// What the cores say to each other.
package enum SwimMessage: Sendable, Hashable {
    case probe(nonce: UInt64, claims: [MemberClaim], coordinate: Coordinate)
    /// Answers a probe with its nonce.
    case probeAck(nonce: UInt64, claims: [MemberClaim], coordinate: Coordinate)
    /// Asks to probe `target` within `timeout`.
    case indirectProbe(nonce: UInt64, target: NodeID, timeout: Duration, claims: [MemberClaim])
    /// Answers it, also when the target was silent.
    case indirectProbeAck(nonce: UInt64, reached: Bool, claims: [MemberClaim])
    /// The sender's page of its view, ascending from `after`, or from the lowest id; asks for the receiver's.
    case sync(after: NodeID?, claims: [MemberClaim])
    /// The page of the receiver; `next` is nil when it was the last.
    case members(claims: [MemberClaim], next: NodeID?)

    /// Claims in a message at most: with signatures about 160 bytes each, 1,400 in all.
    package static let maxClaims = 8
    /// Claims in a message at most while some member is full, which takes another signature.
    package static let maxClaimsWithFull = 6
    /// Claims on a page of a view: about 10 KB.
    package static let maxPageClaims = 64
    /// Claims on a page while some member is full.
    package static let maxPageClaimsWithFull = 54
    /// Claims among them at most about members that died or left lately.
    package static let maxRecentClaims = 16
    /// What a claim, and the rest of a message, take when they are encoded, about.
    private static let claimBytes = 160
    private static let headBytes = 60

    /// What the sender tells of members.
    package var claims: [MemberClaim] {
        get {
            switch self {
            case .probe(_, let claims, _), .probeAck(_, let claims, _), .indirectProbe(_, _, _, let claims),
                .indirectProbeAck(_, _, let claims), .sync(_, let claims), .members(let claims, _):
                claims
            }
        }
        set {
            self =
                switch self {
                case .probe(let nonce, _, let place): .probe(nonce: nonce, claims: newValue, coordinate: place)
                case .probeAck(let nonce, _, let place): .probeAck(nonce: nonce, claims: newValue, coordinate: place)
                case .indirectProbe(let nonce, let target, let timeout, _):
                    .indirectProbe(nonce: nonce, target: target, timeout: timeout, claims: newValue)
                case .indirectProbeAck(let nonce, let reached, _):
                    .indirectProbeAck(nonce: nonce, reached: reached, claims: newValue)
                case .sync(let after, _): .sync(after: after, claims: newValue)
                case .members(_, let next): .members(claims: newValue, next: next)
                }
        }
    }

    /// About how long the message is when it is encoded with signatures.
    package var byteCount: Int { SwimMessage.headBytes + claims.count * SwimMessage.claimBytes }
}

/// What the owner of a core must do.
package enum SwimAction: Sendable, Hashable {
    case send(SwimMessage, to: NodeID)
    /// Tell the sender of an indirect probe that it is not served.
    case refuse(SwimRefusal, nonce: UInt64, to: NodeID)
    case changed(MembershipEvent)
}

/// Why an indirect probe is not served.
package enum SwimRefusal: Sendable, Hashable {
    case unknownNode
    case tooManyProbes
}

/// What a core has done since it began.
package struct SwimCounters: Sendable, Hashable {
    /// Probes sent for itself.
    package var probes = 0
    /// Probes that nobody answered, directly or indirectly.
    package var failedProbes = 0
    /// Members that became suspect here.
    package var suspicions = 0
    /// Members that were declared dead here.
    package var deaths = 0
    /// Suspicions against this node that it refuted.
    package var refutations = 0
    /// Claims about nodes, or by accusers, that do not take part.
    package var unknownNodes = 0
    /// Indirect probes that were not served.
    package var refusedProbes = 0
    /// Round trips or coordinates that were absurd.
    package var absurdSamples = 0
}
