import Identity

/// What is believed and what is told.
extension SwimCore {
    // MARK: Telling

    /// What this node would tell of a member.
    func claim(about index: Int) -> MemberClaim {
        if index == ownIndex { return ownClaim }
        let record = records[index]
        let accuser: NodeID? =
            switch record.state {
            case .suspect: suspicions[index]?.accusers.first.map { roster.ids[$0] } ?? node
            case .dead: node
            case .alive, .left: nil
            }
        return MemberClaim(
            node: roster.ids[index], state: record.state, incarnation: record.incarnation, accuser: accuser,
            isFull: record.isFull)
    }

    var ownClaim: MemberClaim {
        MemberClaim(
            node: node, state: isLeaving ? .left : .alive, incarnation: incarnation, isFull: isFull && !isLeaving)
    }

    /// The claims for a message to the member at `receiver`: what it must refute first, then this node's own, then
    /// news.
    mutating func claims(for receiver: Int, urgent: MemberClaim? = nil) -> [MemberClaim] {
        var claims: [MemberClaim] = []
        if let urgent {
            claims.append(urgent)
        } else if records[receiver].state != .alive {
            claims.append(claim(about: receiver))
        }
        claims.append(ownClaim)
        // Whoever is dead, or on trial for it, is likely to hear it in vain.
        let isHeard = records[receiver].state.isUsable && suspicions[receiver]?.isChecking != true
        let tellings = Int((settings.rumourFactor * Suspicion.Limits.decades(roster.count)).rounded(.up))
        let limit = hasFull ? SwimMessage.maxClaimsWithFull : SwimMessage.maxClaims
        for rumour in rumours.take(limit - claims.count, tellings: isHeard ? tellings : nil, except: receiver) {
            var claim = claim(about: rumour.member)
            if claim.state == .suspect, let accuser = rumour.accuser { claim.accuser = roster.ids[accuser] }
            claims.append(claim)
        }
        return claims
    }

    /// A page of the view: who went lately, then who has proven itself or is not well, ascending from `after`.
    func page(after: NodeID?, now: Duration) -> (claims: [MemberClaim], next: NodeID?) {
        let limit = hasFull ? SwimMessage.maxPageClaimsWithFull : SwimMessage.maxPageClaims
        var claims = recentlyGone(now: now).map { claim(about: $0) }
        let first = after.map { roster.firstIndex(from: $0) } ?? 0
        for index in first..<roster.count {
            if claims.count == limit { return (claims, roster.ids[index]) }
            let claim = claim(about: index)
            if claim.incarnation > 0 || claim.state != .alive { claims.append(claim) }
        }
        return (claims, nil)
    }

    /// Members that died or left a short while ago, the latest first. A rumour may have missed somebody; whole views
    /// are exchanged too slowly to rely on them.
    private func recentlyGone(now: Duration) -> ArraySlice<Int> {
        let earliest = now.wholeMilliseconds - Self.recentMillis
        return records.indices.filter { !records[$0].state.isUsable && records[$0].sinceMillis >= earliest }
            .sorted { (records[$0].sinceMillis, $0) > (records[$1].sinceMillis, $1) }
            .prefix(SwimMessage.maxRecentClaims)
    }

    /// Whether some claim needs a second signature, so that fewer fit.
    private var hasFull: Bool { isFull || fullCount > 0 }

    // MARK: Believing

    /// Takes up what a peer says. The result of alive, suspect and left claims does not depend on their order.
    mutating func absorb(_ claim: MemberClaim, from sender: Int, now: Duration) -> [SwimAction] {
        guard claim.incarnation <= Self.maxIncarnation else { return [] }
        if claim.node == node { return absorbOwn(claim, now: now) }
        guard let index = roster.index(of: claim.node) else {
            counters.unknownNodes += 1
            return []
        }
        var actions: [SwimAction] = []
        let known = records[index].incarnation
        guard claim.incarnation >= known else { return [] }
        switch claim.state {
        case .left:
            if claim.incarnation > known || records[index].state != .left {
                actions += become(.left, index, incarnation: claim.incarnation, now: now)
                rumours.add(index)
            }
        case .alive:
            if claim.incarnation > known { actions += revive(index, claim.incarnation, now: now) }
        case .suspect, .dead:
            guard let accuser = claim.accuser.map({ roster.index(of: $0) }) ?? sender, accuser != index else {
                counters.unknownNodes += 1
                return []
            }
            if claim.incarnation > known { actions += revive(index, claim.incarnation, now: now) }
            // An echo of what this node itself said earlier, and may have taken back since.
            if accuser != ownIndex { actions += accuse(index, by: accuser, now: now) }
        }
        if claim.isFull, !records[index].isFull { actions += noteFull(index) }
        return actions
    }

    /// Takes up that a member is full in its present life; its next one ends that.
    private mutating func noteFull(_ index: Int) -> [SwimAction] {
        records[index].isFull = true
        fullCount += 1
        if records[index].state.isUsable { rumours.add(index) }
        let (state, incarnation) = (records[index].state, records[index].incarnation)
        return [
            .changed(MembershipEvent(node: roster.ids[index], from: state, to: state, incarnation: incarnation))
        ]
    }

    private mutating func revive(_ index: Int, _ incarnation: UInt64, now: Duration) -> [SwimAction] {
        defer { rumours.add(index) }
        return become(.alive, index, incarnation: incarnation, now: now)
    }

    private mutating func absorbOwn(_ claim: MemberClaim, now: Duration) -> [SwimAction] {
        guard !isLeaving, claim.incarnation >= incarnation else { return [] }
        // An incarnation above the present one is of an earlier life, when the clock was ahead.
        if claim.incarnation == incarnation, claim.state == .alive { return [] }
        incarnation = claim.incarnation
        mustRefute = true
        refuteIfDue(now: now)
        return []
    }

    /// Takes up a higher incarnation, which tells everybody that this node lives.
    mutating func refuteIfDue(now: Duration) {
        guard mustRefute, now >= nextRefutationAt else { return }
        mustRefute = false
        nextRefutationAt = now + settings.refutationInterval
        incarnation = min(incarnation + 1, Self.maxIncarnation)
        counters.refutations += 1
        // Being suspected may mean that this node is slow; beyond that, liars shall not slow its probes down.
        if localHealth < Self.maxHealthByAccusation { changeHealth(by: 1) }
    }

    /// Begins or confirms a suspicion.
    mutating func accuse(_ index: Int, by accuser: Int, now: Duration) -> [SwimAction] {
        switch records[index].state {
        case .dead, .left: return []
        case .suspect:
            let limits = suspicionLimits
            if suspicions[index]?.confirm(by: accuser, limits) == true {
                soonestSuspicion = min(soonestSuspicion, suspicions[index]?.deadline ?? .never)
                rumours.add(index, accuser: accuser, isFinding: accuser == ownIndex)
            }
            return []
        case .alive:
            let suspicion = Suspicion(by: accuser, suspicionLimits, now: now)
            counters.suspicions += 1
            let actions = become(.suspect, index, incarnation: records[index].incarnation, now: now)
            suspicions[index] = suspicion
            soonestSuspicion = min(soonestSuspicion, suspicion.deadline)
            rumours.add(index, accuser: accuser, isFinding: accuser == ownIndex)
            return actions
        }
    }

    /// A message of its own proves that a member lives, whatever others say. It still has to refute for them.
    mutating func hear(_ index: Int, now: Duration) -> [SwimAction] {
        let state = records[index].state
        guard state == .suspect || state == .dead else { return [] }
        return become(.alive, index, incarnation: records[index].incarnation, now: now)
    }

    /// Enters a state and forgets what belonged to the old one.
    mutating func become(_ state: MemberState, _ index: Int, incarnation: UInt64, now: Duration) -> [SwimAction] {
        let old = records[index].state
        if old != state { records[index].sinceMillis = now.wholeMilliseconds }
        records[index].state = state
        if records[index].isFull, records[index].incarnation != incarnation {
            records[index].isFull = false
            fullCount -= 1
        }
        records[index].incarnation = incarnation
        suspicions[index] = nil
        rumours.remove(index)
        return [
            .changed(MembershipEvent(node: roster.ids[index], from: old, to: state, incarnation: incarnation))
        ]
    }

    /// Lifeguard's local health: a node that fails to hear from others doubts itself first.
    mutating func changeHealth(by change: Int) {
        localHealth = min(max(localHealth + change, 0), settings.maxLocalHealth)
    }
}
