import Blake3
import Foundation
import Identity

extension LedgerState {
    mutating func performOnNode(_ transaction: SignedTransaction, _ timeMilliseconds: Int64) throws(LedgerError) {
        let signer = transaction.signer
        switch transaction.action {
        case .registerNode(let key, let peer, let gateway, let proof, let capacity, let evidence):
            let record = NodeRecord(
                id: key.node, publicKey: key, operatorAccount: try requireAccount(signer), peer: peer, gateway: gateway,
                registeredSequence: sequence &+ 1, capacity: capacity)
            try register(record, proof: proof, evidence: evidence)
        case .updateNode(let id, let peer, let gateway, let capacity):
            try update(try managed(id, signer), peer: peer, gateway: gateway, capacity: capacity)
        case .stake(let id, let amount): try stake(amount, try operated(id, signer))
        case .unstake(let id, let amount): try unstake(amount, try operated(id, signer))
        case .withdrawUnstaked(let id): try withdrawUnstaked(try operated(id, signer))
        case .optIn(let id): try optIn(try managed(id, signer))
        case .optOut(let id): try optOut(try managed(id, signer))
        default: throw LedgerError(.unsupported, "This is nothing that is done to nodes; update the node")
        }
    }

    private mutating func register(_ node: NodeRecord, proof: Data, evidence: Data) throws(LedgerError) {
        guard self.node(node.id) == nil else {
            throw LedgerError(
                .nodeExists, "The node \(node.id.short) is registered already; its operator may update it")
        }
        guard evidence.count <= NodeRecord.maxAdmissionEvidenceBytes else {
            throw LedgerError(
                .tooLarge,
                "The admission evidence has \(evidence.count) bytes; \(NodeRecord.maxAdmissionEvidenceBytes) fit")
        }
        try node.capacity.check()
        try passDoor(node.id, node.operatorAccount)
        var account = try existing(node.operatorAccount)
        guard account.nodeCount < UInt64(parameters.nodesPerAccount) else {
            throw LedgerError(.limitReached, "The account operates \(account.nodeCount) nodes; it may operate no more")
        }
        let isProven = NodePossession.verify(
            proof, nodeKey: node.publicKey, operatorAccount: node.operatorAccount, network: networkID)
        guard isProven else {
            throw LedgerError(
                .notAuthorised,
                "The proof that the operator holds the key of node \(node.id.short) is not valid; make it anew")
        }
        account.nodeCount += 1
        accountTable.put(account)
        var node = node
        if !evidence.isEmpty { node.admissionEvidence = Blake3.hash(evidence) }
        nodeTable.put(node)
    }

    private func passDoor(_ id: NodeID, _ operatorAccount: AccountID) throws(LedgerError) {
        switch parameters.door {
        case .open: return
        case .allowlist:
            guard isAllowed(id.digest) || isAllowed(operatorAccount.digest) else {
                throw LedgerError(
                    .notAdmitted,
                    "Neither node \(id.short) nor its operator is on this network's list; ask a governor to add one")
            }
        case .attested:
            throw LedgerError(
                .attestationUnavailable,
                "This network admits attested nodes only, and this version can verify no attestation")
        }
    }

    private mutating func update(
        _ node: NodeRecord, peer: Endpoint, gateway: Endpoint?, capacity: NodeCapacity?
    ) throws(LedgerError) {
        let capacity = capacity ?? node.capacity
        try capacity.check()
        guard peer != node.peer || gateway != node.gateway || capacity != node.capacity else {
            throw LedgerError(.alreadyDone, "The node \(node.id.short) has these endpoints and this capacity already")
        }
        var node = node
        node.peer = peer
        node.gateway = gateway
        node.capacity = capacity
        nodeTable.put(node)
    }

    // MARK: Stake

    private mutating func stake(_ amount: UInt64, _ node: NodeRecord) throws(LedgerError) {
        try requirePositive(amount)
        var (node, account) = (node, try existing(node.operatorAccount))
        try spend(amount, from: &account, for: "the stake")
        node.stake = try adding(amount, to: node.stake)
        accountTable.put(account)
        nodeTable.put(node)
    }

    private mutating func unstake(_ amount: UInt64, _ node: NodeRecord) throws(LedgerError) {
        try requirePositive(amount)
        var node = node
        guard amount <= node.stake else {
            throw LedgerError(
                .insufficientStake, "The node \(node.id.short) has \(node.stake) units at stake; ask for no more")
        }
        guard !node.isParticipating || node.stake - amount >= parameters.minimumStake else {
            throw LedgerError(
                .insufficientStake,
                "A node that takes part keeps \(parameters.minimumStake) units at stake; make it leave first, or take "
                    + "less than \(amount) of \(node.stake)")
        }
        guard node.unstaking.count < NodeRecord.maxUnstaking else {
            throw LedgerError(
                .limitReached,
                "\(node.unstaking.count) amounts of node \(node.id.short) are unstaking; withdraw those first")
        }
        node.stake -= amount
        node.unstaking.append(
            NodeRecord.Unstaking(
                amount: amount, releaseEpoch: releaseEpoch(of: node), sequence: sequence &+ 1))
        nodeTable.put(node)
    }

    /// The lock counts from when the node left, or from now if it has not.
    private func releaseEpoch(of node: NodeRecord) -> UInt64 {
        let start = if case .left(let epoch) = node.participation { epoch } else { chain.epoch.number }
        let (release, overflow) = start.addingReportingOverflow(UInt64(parameters.unstakeLockEpochs))
        return overflow ? .max : release
    }

    private mutating func withdrawUnstaked(_ node: NodeRecord) throws(LedgerError) {
        guard let next = node.unstaking.map(\.releaseEpoch).min() else {
            throw LedgerError(.insufficientStake, "Nothing of node \(node.id.short) is unstaking; unstake it first")
        }
        guard node.standing.penalties.isEmpty else {
            throw LedgerError(
                .stakeLocked,
                "A penalty of node \(node.id.short) waits for a certificate; withdraw what is left after it")
        }
        var node = node
        var sum: UInt64 = 0
        let (epoch, certified) = (chain.epoch.number, chain.certifiedSequence)
        for part in node.unstaking where part.releaseEpoch <= epoch && part.sequence <= certified {
            sum = try adding(part.amount, to: sum)
        }
        guard sum > 0 else {
            throw LedgerError(
                .stakeLocked,
                next > epoch
                    ? "What was unstaked is locked until epoch \(next); this is epoch \(epoch)"
                    : "No certificate covers the unstaking yet; the last one is of entry \(certified), wait for the next"
            )
        }
        node.unstaking.removeAll { $0.releaseEpoch <= epoch && $0.sequence <= certified }
        nodeTable.put(node)
        try pay(sum, to: node.operatorAccount)
    }

    // MARK: Participation

    private mutating func optIn(_ node: NodeRecord) throws(LedgerError) {
        guard !node.isParticipating else {
            throw LedgerError(.wrongParticipation, "The node \(node.id.short) takes part already")
        }
        guard chain.epoch.number >= node.barredUntilEpoch else {
            throw LedgerError(
                .barred,
                "The node \(node.id.short) may take part again from epoch \(node.barredUntilEpoch) on; this is "
                    + "\(chain.epoch.number)")
        }
        guard node.stake >= parameters.minimumStake else {
            throw LedgerError(
                .insufficientStake,
                "The node \(node.id.short) has \(node.stake) units at stake; \(parameters.minimumStake) are needed")
        }
        var node = node
        node.participation = .since(epoch: chain.epoch.number)
        nodeTable.put(node)
    }

    private mutating func optOut(_ node: NodeRecord) throws(LedgerError) {
        guard node.isParticipating else {
            throw LedgerError(.wrongParticipation, "The node \(node.id.short) does not take part; nothing to leave")
        }
        let sequencers = genesis.sequencers
        guard !sequencers.contains(node.id) || sequencers.contains(where: { $0 != node.id && isParticipating($0) })
        else {
            throw LedgerError(
                .lastSequencer,
                "The node \(node.id.short) is the last sequencer that takes part; without one nobody could order "
                    + "anything, so have another of the genesis' sequencers take part first")
        }
        var node = node
        node.participation = .left(epoch: chain.epoch.number)
        nodeTable.put(node)
    }

    // MARK: Authority

    func registered(_ id: NodeID) throws(LedgerError) -> NodeRecord {
        guard let record = node(id) else {
            throw LedgerError(.unknownNode, "No node \(id) is registered; register it first")
        }
        return record
    }

    /// A node whose operator signed.
    private func operated(_ id: NodeID, _ signer: Signer) throws(LedgerError) -> NodeRecord {
        let record = try registered(id)
        guard signer == .account(record.operatorAccount) else {
            throw LedgerError(
                .notAuthorised, "Only the operator \(record.operatorAccount) of node \(id.short) may do this")
        }
        return record
    }

    /// A node that signed itself, or whose operator did.
    func managed(_ id: NodeID, _ signer: Signer) throws(LedgerError) -> NodeRecord {
        let record = try registered(id)
        guard signer == .node(id) || signer == .account(record.operatorAccount) else {
            throw LedgerError(
                .notAuthorised,
                "Only the node \(id.short) itself or its operator \(record.operatorAccount) may do this")
        }
        return record
    }
}
