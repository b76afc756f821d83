import Identity

/// Whom to ask, and what to conclude from silence.
extension SwimCore {
    /// Does what is due.
    package mutating func onTick(now: Duration) -> [SwimAction] {
        guard !isLeaving else { return [] }
        refuteIfDue(now: now)
        var actions = endProbes(now: now)
        actions += askHelpers(now: now)
        actions += repeatLastChecks(now: now)
        actions += endRelays(now: now)
        actions += startLastChecks(now: now)
        if now >= nextProbeAt {
            nextProbeAt = now + scaled(settings.probeInterval)
            actions += startRound(now: now)
        }
        if now >= nextSyncAt {
            nextSyncAt = now + settings.syncInterval
            actions += startSync(now: now)
        }
        return actions
    }

    /// The probe with this nonce is on the wire only now: the connection had to be made first.
    package mutating func onSent(nonce: UInt64, now: Duration) {
        if let at = probes.firstIndex(where: { $0.nonce == nonce }) { probes[at].sentAt = now }
    }

    /// The probe with this nonce cannot be delivered, or was refused: helpers are asked at once.
    package mutating func onSendFailed(nonce: UInt64, now: Duration) -> [SwimAction] {
        if let at = probes.firstIndex(where: { $0.nonce == nonce }), probes[at].helpAt != nil {
            probes[at].helpAt = now
            return askHelpers(now: now)
        }
        guard let at = relays.firstIndex(where: { $0.nonce == nonce }) else { return [] }
        return [answer(relays.remove(at: at), reached: false)]
    }

    // MARK: Rounds

    private func scaled(_ time: Duration) -> Duration { time * (localHealth + 1) }

    private mutating func startRound(now: Duration) -> [SwimAction] {
        probeNumber &+= 1
        if probeNumber % max(settings.deadProbeEvery, 1) == 0, let target = randomDead() {
            return startProbe(target, .revival, now: now)
        }
        return nextInOrder().map { startProbe($0, .round, now: now) } ?? []
    }

    /// Every member once in each round, in an order drawn anew, so that a crash is found in a bounded time.
    private mutating func nextInOrder() -> Int? {
        for _ in 0..<roster.count {
            if orderPosition >= order.count {
                order = (0..<Int32(clamping: roster.count)).shuffled(using: &random)
                orderPosition = 0
            }
            let index = Int(order[orderPosition])
            orderPosition += 1
            if isUsableOther(index), !probes.contains(where: { $0.target == index }) { return index }
        }
        return nil
    }

    private mutating func startProbe(_ target: Int, _ purpose: Probe.Purpose, now: Duration) -> [SwimAction] {
        let nonce: UInt64 = random.next()
        let helpAt = purpose == .revival ? nil : now + scaled(settings.directTimeout)
        probes.append(
            Probe(
                nonce: nonce, target: target, purpose: purpose, sentAt: now,
                repeatAt: purpose == .lastCheck ? now + scaled(repeatInterval) : nil, helpAt: helpAt,
                endsAt: now + scaled(settings.roundTimeout)))
        counters.probes += 1
        return [
            .send(
                .probe(nonce: nonce, claims: claims(for: target), coordinate: coordinate), to: roster.ids[target])
        ]
    }

    private mutating func askHelpers(now: Duration) -> [SwimAction] {
        var actions: [SwimAction] = []
        for at in probes.indices {
            guard let helpAt = probes[at].helpAt, helpAt <= now else { continue }
            probes[at].helpAt = nil
            let helpers = randomUsable(settings.helpers, except: [probes[at].target])
            probes[at].asked = helpers.count
            probes[at].waiting = helpers
            // A helper has to answer before the round ends here.
            let timeout = (probes[at].endsAt - now) * 2 / 3
            for helper in helpers {
                actions.append(
                    .send(
                        .indirectProbe(
                            nonce: probes[at].nonce, target: roster.ids[probes[at].target], timeout: timeout,
                            claims: claims(for: helper)), to: roster.ids[helper]))
            }
        }
        return actions
    }

    /// Asks a member on trial again and again, in case that only messages were lost: helpers may lie.
    private mutating func repeatLastChecks(now: Duration) -> [SwimAction] {
        var actions: [SwimAction] = []
        for at in probes.indices {
            guard let repeatAt = probes[at].repeatAt, repeatAt <= now else { continue }
            let next = now + scaled(repeatInterval)
            // No later than leaves time for an answer.
            probes[at].repeatAt = next + scaled(repeatInterval) <= probes[at].endsAt ? next : nil
            probes[at].isRepeated = true
            let again = SwimMessage.probe(
                nonce: probes[at].nonce, claims: claims(for: probes[at].target), coordinate: coordinate)
            actions.append(.send(again, to: roster.ids[probes[at].target]))
        }
        return actions
    }

    private mutating func endProbes(now: Duration) -> [SwimAction] {
        guard probes.contains(where: { $0.endsAt <= now }) else { return [] }
        let ended = probes.filter { $0.endsAt <= now }
        probes.removeAll { $0.endsAt <= now }
        return ended.flatMap { fail($0, now: now) }
    }

    private mutating func fail(_ probe: Probe, now: Duration) -> [SwimAction] {
        if probe.purpose == .revival { return [] }
        counters.failedProbes += 1
        // Helpers that say that they got no answer either show that this node can hear; silent ones, that it may not.
        changeHealth(by: probe.asked == 0 ? 1 : probe.waiting.count)
        guard probe.purpose == .lastCheck else {
            return ownIndex.map { accuse(probe.target, by: $0, now: now) } ?? []
        }
        soonestSuspicion = min(soonestSuspicion, now)
        // The member may have refuted meanwhile, which made the check pointless.
        guard suspicions[probe.target]?.isChecking == true else { return [] }
        suspicions[probe.target]?.failedChecks += 1
        if suspicions[probe.target]?.failedChecks ?? 0 < settings.lastChecks {
            return startProbe(probe.target, .lastCheck, now: now)
        }
        counters.deaths += 1
        let actions = become(.dead, probe.target, incarnation: records[probe.target].incarnation, now: now)
        rumours.add(probe.target, isFinding: true)
        return actions
    }

    // MARK: Last checks

    /// Checks the members whose time to refute is up, the longest overdue first.
    private mutating func startLastChecks(now: Duration) -> [SwimAction] {
        if now >= checkWindowEnd {
            checkWindowEnd = now + settings.probeInterval
            checksInWindow = 0
        }
        var free = settings.maxChecks - max(runningChecks, checksInWindow)
        guard soonestSuspicion <= now, free > 0 else { return [] }
        let due = suspicions.filter { $0.value.deadline <= now && !$0.value.isChecking }
            .sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
        var actions: [SwimAction] = []
        for (index, _) in due {
            guard free > 0 else { break }
            free -= 1
            checksInWindow += 1
            suspicions[index]?.isChecking = true
            // A probe that was under way counts for nothing now: the check begins after the time is up.
            probes.removeAll { $0.target == index }
            actions += startProbe(index, .lastCheck, now: now)
        }
        soonestSuspicion = .never
        for suspicion in suspicions.values where !suspicion.isChecking {
            soonestSuspicion = min(soonestSuspicion, suspicion.deadline)
        }
        return actions
    }

    // MARK: Answers

    /// The member itself answered.
    mutating func acknowledge(_ nonce: UInt64, from sender: Int, place: Coordinate, now: Duration) -> [SwimAction] {
        places[sender] = place
        if let at = relays.firstIndex(where: { $0.nonce == nonce && $0.target == sender }) {
            return [answer(relays.remove(at: at), reached: true)]
        }
        guard let at = probes.firstIndex(where: { $0.nonce == nonce && $0.target == sender }) else { return [] }
        if !probes[at].isRepeated { measure(sender, probes[at].sentAt, now: now) }
        probes.remove(at: at)
        changeHealth(by: -1)
        return []
    }

    private mutating func measure(_ index: Int, _ sentAt: Duration, now: Duration) {
        let millis = (now - sentAt).floatMilliseconds
        guard let place = places[index],
            vivaldi.onSample(roundTripMillis: millis, of: place, using: &random)
        else {
            counters.absurdSamples += 1
            return
        }
        let known = records[index].roundTripMillis
        records[index].roundTripMillis = known == 0 ? millis : known + (millis - known) / 4
    }

    /// A helper says whether it reached the member. More than half of those asked must have.
    mutating func helped(_ nonce: UInt64, by sender: Int, reached: Bool, now: Duration) -> [SwimAction] {
        guard let at = probes.firstIndex(where: { $0.nonce == nonce }),
            let place = probes[at].waiting.firstIndex(of: sender)
        else { return [] }
        probes[at].waiting.remove(at: place)
        guard reached else { return [] }
        probes[at].reached += 1
        guard probes[at].reached * 2 > probes[at].asked else { return [] }
        let probe = probes.remove(at: at)
        changeHealth(by: -1)
        if probe.purpose == .lastCheck {
            let deadline = now + suspicionLimits.shortest
            suspicions[probe.target]?.extend(until: deadline)
            soonestSuspicion = min(soonestSuspicion, deadline)
        }
        return []
    }

    // MARK: For others

    /// Probes a member on behalf of a peer.
    mutating func relay(
        _ nonce: UInt64, _ target: NodeID, _ timeout: Duration, from sender: Int, now: Duration
    ) -> [SwimAction] {
        let requester = roster.ids[sender]
        guard let index = roster.index(of: target), index != ownIndex, index != sender else {
            counters.refusedProbes += 1
            return [.refuse(.unknownNode, nonce: nonce, to: requester)]
        }
        if now >= relayWindowEnd {
            relayWindowEnd = now + .seconds(1)
            relayCounts.removeAll(keepingCapacity: true)
        }
        guard relayCounts[sender, default: 0] < settings.indirectProbesPerSecond,
            relays.count < settings.maxIndirectProbes
        else {
            counters.refusedProbes += 1
            return [.refuse(.tooManyProbes, nonce: nonce, to: requester)]
        }
        relayCounts[sender, default: 0] += 1
        let own: UInt64 = random.next()
        let limit = min(max(timeout, .zero), settings.roundTimeout * (settings.maxLocalHealth + 1))
        relays.append(
            Relay(nonce: own, target: index, requester: requester, requesterNonce: nonce, endsAt: now + limit))
        return [
            .send(.probe(nonce: own, claims: claims(for: index), coordinate: coordinate), to: target)
        ]
    }

    private mutating func endRelays(now: Duration) -> [SwimAction] {
        guard relays.contains(where: { $0.endsAt <= now }) else { return [] }
        let ended = relays.filter { $0.endsAt <= now }
        relays.removeAll { $0.endsAt <= now }
        return ended.map { answer($0, reached: false) }
    }

    /// Tells all who wait for an indirect probe that it was in vain.
    mutating func giveUpRelays() -> [SwimAction] {
        defer { relays.removeAll() }
        return relays.map { answer($0, reached: false) }
    }

    private mutating func answer(_ relay: Relay, reached: Bool) -> SwimAction {
        let claims = roster.index(of: relay.requester).map { self.claims(for: $0) } ?? []
        return .send(
            .indirectProbeAck(nonce: relay.requesterNonce, reached: reached, claims: claims), to: relay.requester)
    }

    // MARK: Choosing

    private func isUsableOther(_ index: Int) -> Bool { index != ownIndex && records[index].state.isUsable }

    /// Different usable members; fewer if there are not as many.
    mutating func randomUsable(_ count: Int, except excluded: [Int]) -> [Int] {
        var chosen: [Int] = []
        // In a network that is mostly well, few draws are needed; else the rest is looked through in order.
        for _ in 0..<3 * count where chosen.count < count && !records.isEmpty {
            let index = Int.random(in: records.indices, using: &random)
            if isUsableOther(index), !excluded.contains(index), !chosen.contains(index) { chosen.append(index) }
        }
        guard chosen.count < count, !records.isEmpty else { return chosen }
        let first = Int.random(in: records.indices, using: &random)
        for step in records.indices where chosen.count < count {
            let index = (first + step) % records.count
            if isUsableOther(index), !excluded.contains(index), !chosen.contains(index) { chosen.append(index) }
        }
        return chosen
    }

    private mutating func randomDead() -> Int? {
        var seen = 0
        var chosen: Int?
        for index in records.indices where records[index].state == .dead {
            seen += 1
            if Int.random(in: 0..<seen, using: &random) == 0 { chosen = index }
        }
        return chosen
    }
}
