package import Identity

/// What arrives, and the exchange of views.
extension SwimCore {
    /// Takes up a message of a peer whose identity the connection has proven. An answer to it comes back as an action.
    package mutating func onMessage(_ message: SwimMessage, from peer: NodeID, now: Duration) -> [SwimAction] {
        guard peer != node, let sender = roster.index(of: peer) else {
            counters.unknownNodes += 1
            return []
        }
        let before = claim(about: sender)
        var actions: [SwimAction] = []
        let claims = message.claims.prefix(SwimMessage.maxPageClaims)
        for claim in claims { actions += absorb(claim, from: sender, now: now) }
        actions += hear(sender, now: now)
        let announced = claims.first { $0.node == peer }?.incarnation ?? before.incarnation
        // What the peer has to refute, unless it just did: it may have another life behind it that was ahead.
        let isOutdated = before.state == .alive ? before.incarnation > announced : before.incarnation >= announced
        let urgent = isOutdated ? before : nil

        switch message {
        case .probe(let nonce, _, let place):
            places[sender] = place
            let reply = SwimMessage.probeAck(
                nonce: nonce, claims: self.claims(for: sender, urgent: urgent), coordinate: coordinate)
            actions.append(.send(reply, to: peer))
        case .probeAck(let nonce, _, let place):
            actions += acknowledge(nonce, from: sender, place: place, now: now)
        case .indirectProbe(let nonce, let target, let timeout, _):
            actions += relay(nonce, target, timeout, from: sender, now: now)
        case .indirectProbeAck(let nonce, let reached, _):
            actions += helped(nonce, by: sender, reached: reached, now: now)
        case .sync(let after, _):
            let page = page(after: after, now: now)
            actions.append(.send(.members(claims: page.claims, next: page.next), to: peer))
        case .members(_, let next):
            actions += continueSync(peer, next, now: now)
        }
        return actions
    }

    /// Exchanges the whole view with a member as long as none has been; later one page from anywhere.
    mutating func startSync(now: Duration) -> [SwimAction] {
        guard let index = randomUsable(1, except: []).first else { return [] }
        let peer = roster.ids[index]
        if hasWholeView {
            viewSource = nil
            return [sync(with: peer, after: roster.ids.randomElement(using: &random), now: now)]
        }
        viewSource = (peer, nil)
        return [sync(with: peer, after: nil, now: now)]
    }

    private func sync(with peer: NodeID, after: NodeID?, now: Duration) -> SwimAction {
        .send(.sync(after: after, claims: page(after: after, now: now).claims), to: peer)
    }

    private mutating func continueSync(_ peer: NodeID, _ next: NodeID?, now: Duration) -> [SwimAction] {
        guard let source = viewSource, source.peer == peer, !isLeaving else { return [] }
        guard let next else {
            hasWholeView = true
            viewSource = nil
            return []
        }
        // Pages ascend, so that an exchange ends whatever the peer answers.
        if let after = source.after, next <= after { return [] }
        viewSource = (peer, next)
        return [sync(with: peer, after: next, now: now)]
    }
}
