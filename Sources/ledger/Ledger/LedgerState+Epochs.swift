import Blake3
public import Identity

extension LedgerState {
    mutating func performOnEpoch(_ transaction: SignedTransaction, _ timeMilliseconds: Int64) throws(LedgerError) {
        let node = try requireNode(transaction.signer)
        switch transaction.action {
        case .beaconCommit(let epoch, let round, let commitment):
            try requirePresent(epoch, round)
            try commit(commitment, node, timeMilliseconds)
        case .beaconReveal(let epoch, let round, let reveal):
            try requirePresent(epoch, round)
            try self.reveal(reveal, node, timeMilliseconds)
        case .advanceEpoch(let epoch, let round):
            try requirePresent(epoch, round)
            try advanceEpoch(timeMilliseconds)
        case .recordCertificate(let certificate): try record(certificate)
        default: throw LedgerError(.unsupported, "This version does not do that")
        }
    }

    private func requirePresent(_ epoch: UInt64, _ round: UInt32) throws(LedgerError) {
        guard epoch == chain.epoch.number, round == chain.epoch.round else {
            throw LedgerError(
                .wrongEpoch,
                "This is round \(chain.epoch.round) of epoch \(chain.epoch.number), not \(round) of \(epoch)")
        }
    }

    private func require(_ phase: BeaconPhase, _ timeMilliseconds: Int64) throws(LedgerError) {
        let present = beaconPhase(at: timeMilliseconds)
        guard present == phase else {
            throw LedgerError(
                .wrongPhase,
                "That belongs to the phase \"\(phase.rawValue)\"; by the ledger's time it is \"\(present.rawValue)\" "
                    + "of round \(chain.epoch.round) of epoch \(chain.epoch.number)")
        }
    }

    // MARK: The beacon

    private mutating func commit(
        _ commitment: Digest, _ node: NodeRecord, _ timeMilliseconds: Int64
    ) throws(LedgerError) {
        try require(.commit, timeMilliseconds)
        guard chain.epoch.number >= node.barredUntilEpoch else {
            throw LedgerError(
                .barred, "The node \(node.id.short) may commit again from epoch \(node.barredUntilEpoch) on")
        }
        guard isEligible(node) else {
            throw LedgerError(
                .notAuthorised,
                "The node \(node.id.short) did not take part when epoch \(chain.epoch.number) began; commit in the next"
            )
        }
        guard share(of: node) == nil else {
            throw LedgerError(.alreadyDone, "The node \(node.id.short) committed in this round already")
        }
        var node = node
        node.standing.share = BeaconShare(
            epoch: chain.epoch.number, round: chain.epoch.round, commitment: commitment)
        nodeTable.put(node)
    }

    private mutating func reveal(
        _ reveal: Digest, _ node: NodeRecord, _ timeMilliseconds: Int64
    ) throws(LedgerError) {
        try require(.reveal, timeMilliseconds)
        guard var share = share(of: node) else {
            throw LedgerError(.badReveal, "The node \(node.id.short) did not commit in this round; commit in the next")
        }
        guard share.reveal == nil else {
            throw LedgerError(.alreadyDone, "The node \(node.id.short) revealed in this round already")
        }
        let commitment = Beacon.commitment(to: reveal, epoch: share.epoch, round: share.round, by: node.id)
        guard commitment == share.commitment else {
            throw LedgerError(.badReveal, "This is not what the node \(node.id.short) committed to; reveal that")
        }
        share.reveal = reveal
        var node = node
        node.standing.share = share
        nodeTable.put(node)
    }

    /// What the node gave in the present round.
    private func share(of node: NodeRecord) -> BeaconShare? {
        guard let share = node.standing.share, share.epoch == chain.epoch.number, share.round == chain.epoch.round
        else { return nil }
        return share
    }

    private func isEligible(_ node: NodeRecord) -> Bool {
        node.standing.weight > 0 && node.isParticipating && chain.epoch.number >= node.barredUntilEpoch
    }

    // MARK: The end of a round

    /// Any registered node may end a round whose time is over: where all nodes left or are barred, somebody must.
    private mutating func advanceEpoch(_ timeMilliseconds: Int64) throws(LedgerError) {
        try require(.due, timeMilliseconds)
        var nodes = nodeTable.rows
        let committed = nodes.indices.filter { share(of: nodes[$0]) != nil }
        let shares = committed.compactMap { share(of: nodes[$0]) }
        let outcome = Beacon.conclude(shares, of: chain.epoch, maxRestarts: parameters.beaconRestarts)
        for index in committed where nodes[index].standing.share?.reveal == nil {
            punishSilence(&nodes[index])
        }
        switch outcome {
        case .restart:
            for index in committed { nodeTable.put(nodes[index]) }
            chain.epoch.round += 1
            beginRound(timeMilliseconds)
        case .seed(let seed): beginEpoch(&nodes, seed: seed, timeMilliseconds)
        case .keepsSeed: beginEpoch(&nodes, seed: chain.epoch.seed, timeMilliseconds)
        }
    }

    /// Fixes what holds for the whole round, whatever is certified or changed while it lasts.
    private mutating func beginRound(_ timeMilliseconds: Int64) {
        chain.epoch.roundStartMilliseconds = timeMilliseconds
        chain.epoch.lengthMilliseconds = parameters.epochMilliseconds
        chain.epoch.anchor = chain.checkpoints.certifiedHash
    }

    /// Bars a node that committed and did not reveal for the rest of the epoch and some more. That takes effect at
    /// once, or it could spoil every restart; what it loses waits for a certificate.
    private mutating func punishSilence(_ node: inout NodeRecord) {
        let end = chain.epoch.number.next.addingClamped(UInt64(parameters.barredEpochs))
        node.barredUntilEpoch = max(node.barredUntilEpoch, end)
        if parameters.beaconPenalty > 0 { addPenalty(.units(parameters.beaconPenalty), to: &node) }
    }

    /// - Parameter nodes: All, in ascending order of their ids.
    private mutating func beginEpoch(_ nodes: inout [NodeRecord], seed: Digest, _ timeMilliseconds: Int64) {
        let before = nodes
        updateReputation(&nodes, endMilliseconds: timeMilliseconds)
        reportTable = MerkleTable()
        dropOldAudits()

        chain.epoch.number = chain.epoch.number.next
        chain.epoch.round = 0
        chain.epoch.seed = seed
        beginRound(timeMilliseconds)
        drawCommittee(nodes)
        for index in nodes.indices { enrol(&nodes[index]) }
        for (old, new) in zip(before, nodes) where old != new { nodeTable.put(new) }
        roster = EpochRoster(nodes)
    }

    /// Draws from those who were there when the epoch that made the seed began, so that nobody who knows the seed can
    /// add a node or weight. Who left or was barred since is drawn and then left out: leaving changes nothing for
    /// others.
    private mutating func drawCommittee(_ nodes: [NodeRecord]) {
        let candidates = nodes.filter { $0.standing.weight > 0 }
        let indices = CommitteeDraw.indices(
            weights: candidates.map(\.standing.weight), seed: chain.epoch.seed, epoch: chain.epoch.number,
            size: Int(parameters.committeeSize), wholeUpTo: Int(parameters.wholeCommitteeUpTo))
        let drawn = indices.map { candidates[$0] }.filter {
            $0.isParticipating && chain.epoch.number >= $0.barredUntilEpoch
        }
        let next = Committee(
            drawn.map { Committee.Member(publicKey: $0.publicKey, weight: $0.standing.weight) })
        chain.epoch.pendingCommittee = drawn.isEmpty || next == chain.epoch.committee ? nil : next
    }

    /// Fixes what the epoch that begins counts the node with.
    private func enrol(_ node: inout NodeRecord) {
        let isNew = if case .since(let epoch) = node.participation { epoch >= chain.epoch.number } else { true }
        let isIn = !isNew && chain.epoch.number >= node.barredUntilEpoch
        node.standing.weight = isIn ? max(node.stake, 1) : 0
        node.standing.addressGroup = isIn ? EpochRoster.addressGroup(ofHost: node.peer.host) : 0
        if let share = node.standing.share, share.epoch < chain.epoch.number { node.standing.share = nil }
    }

    /// The genesis nodes are there from the beginning.
    mutating func enrol() {
        for var node in nodeTable.rows {
            node.standing.weight = max(node.stake, 1)
            node.standing.addressGroup = EpochRoster.addressGroup(ofHost: node.peer.host)
            nodeTable.put(node)
        }
        restoreDerived()
    }

    /// Makes again what follows from the tables and the chain, after both were read from a snapshot. ``headHash`` must
    /// be the last entry's, because the checkpoint names it.
    mutating func restoreDerived() {
        roster = EpochRoster(nodeTable.rows)
        certificatesInEntry = 0
        checkpoint = sequence > 0 && chain.checkpoints.lastSequence == sequence ? makeCheckpoint() : nil
    }
}

extension LedgerState {
    // MARK: Views

    /// The present epoch.
    public var epoch: EpochState { chain.epoch }

    /// Which part of the beacon's round it is at a ledger time.
    public func beaconPhase(at timeMilliseconds: Int64) -> BeaconPhase { chain.epoch.phase(at: timeMilliseconds) }

    /// What a node gave to the beacon in the present round; nil if it did not commit.
    public func beaconShare(of id: NodeID) -> BeaconShare? { node(id).flatMap { share(of: $0) } }

    /// Whether the node may commit to the beacon in this epoch, and may be drawn for the next committee.
    public func isEligible(_ id: NodeID) -> Bool { node(id).map { isEligible($0) } ?? false }

    /// Whether the node takes part now.
    public func isParticipating(_ id: NodeID) -> Bool { node(id)?.isParticipating ?? false }

    /// The nodes that take part now, in ascending order of their ids.
    public var participants: [NodeRecord] { nodes.filter(\.isParticipating) }
}
