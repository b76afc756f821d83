import Blake3
import Foundation
public import Identity

extension LedgerState {
    /// Faults that are recorded of one node at most; it lost its stake long before.
    static let maxFaultsPerNode = 64
    /// Audits that a node may submit in an epoch.
    public static let maxAuditsPerEpoch: UInt32 = 64
    /// Audits on the ledger at most.
    static let maxAudits = 200_000
    /// Observations in one transaction at most.
    public static let maxObservations = 64
    /// Probes, blocks of either kind and so on that an observation may count.
    static let maxCount: UInt32 = 1_000_000

    mutating func performOnTrust(_ transaction: SignedTransaction, _ timeMilliseconds: Int64) throws(LedgerError) {
        switch transaction.action {
        case .submitFault(let evidence): try record(evidence, transaction.signer)
        case .submitAudit(let subject, let receipt, let matches, let result):
            try recordAudit(try requireNode(transaction.signer), subject, receipt, matches: matches, result)
        case .reportMeasurements(let epoch, let observations):
            try recordReport(try requireNode(transaction.signer), epoch, observations)
        default: throw LedgerError(.unsupported, "This version does not do that")
        }
    }

    // MARK: Faults

    private mutating func record(_ evidence: FaultEvidence, _ signer: Signer) throws(LedgerError) {
        // It makes the ledger hash for a while, so strangers may not bring it.
        if case .falseSettlement = evidence { try requireParticipating(try requireNode(signer)) }
        let fault = try evidence.verify(
            network: networkID, proofs: proofCheck,
            isKnown: { faultTable[FaultRecord.path($0.node, $0.kind, $0.sequence)] != nil },
            key: { kind, id in
                switch kind {
                case .forkedHeaders: genesis.sequencerKeys[id]
                case .contradictingVotes, .falseSettlement: node(id)?.publicKey
                }
            })
        guard var record = node(fault.node) else {
            throw LedgerError(.unknownNode, "No node \(fault.node) is registered")
        }
        let row = FaultRecord(
            node: fault.node, kind: fault.kind, faultSequence: fault.sequence, evidence: evidence.hash,
            recordedSequence: sequence &+ 1)
        guard faultTable[row.path] == nil else {
            throw LedgerError(
                .alreadyDone, "This fault of node \(fault.node.short) at entry \(fault.sequence) is recorded already")
        }
        guard record.standing.faultCount < LedgerState.maxFaultsPerNode else {
            throw LedgerError(
                .limitReached,
                "\(record.standing.faultCount) faults of node \(fault.node.short) are recorded; no more are")
        }
        record.standing.faultCount += 1
        addPenalty(.permille(parameters.faultPenaltyPermille), to: &record)
        nodeTable.put(record)
        faultTable.put(row)
        guard case .falseSettlement(let transaction, _) = evidence else { return }
        // Whoever can prove one false settlement can prove any: nothing more is paid for proofs until governors say so.
        chain.parameters.settlementBytes = 0
        try takeBack(transaction, from: fault.node)
    }

    /// What a batch with a false settlement paid goes back into its channels, where they are open and as far as the operator
    /// still has it. All of the batch: which of its other settlements are true would take as long to find out as the proof
    /// saved.
    private mutating func takeBack(_ transaction: Data, from payee: NodeID) throws(LedgerError) {
        guard case .settleChannels(let settlements, _) = try SignedTransaction(decoding: transaction).action,
            let node = node(payee)
        else { return }
        for settlement in settlements {
            guard case .proof(_, _, let steps) = settlement.lane, var channel = channel(settlement.channel),
                channel.payee == payee, var account = account(node.operatorAccount),
                let price = channel.chains.first(where: { $0.commodity == settlement.commodity })?.unitPrice
            else { continue }
            let (paid, overflow) = steps.multipliedReportingOverflow(by: price)
            let amount = min(overflow ? .max : paid, channel.settled, account.balance)
            account.balance -= amount
            accountTable.put(account)
            channel.settled -= amount
            channelTable.put(channel)
        }
    }

    // MARK: Audits

    private mutating func recordAudit(
        _ auditor: NodeRecord, _ subject: NodeID, _ receipt: Digest, matches: Bool, _ result: Digest
    ) throws(LedgerError) {
        try requireParticipating(auditor)
        guard node(subject) != nil else {
            throw LedgerError(.unknownNode, "No node \(subject) is registered")
        }
        guard subject != auditor.id else {
            throw LedgerError(.notAuthorised, "A node may not audit itself")
        }
        let row = AuditRecord(
            auditor: auditor.id, subject: subject, receipt: receipt, matches: matches, result: result,
            epoch: chain.epoch.number)
        guard auditTable[row.path] == nil else {
            throw LedgerError(.alreadyDone, "The node \(auditor.id.short) audited this receipt already")
        }
        var auditor = auditor
        if auditor.standing.auditEpoch != chain.epoch.number {
            auditor.standing.auditEpoch = chain.epoch.number
            auditor.standing.auditCount = 0
        }
        guard auditor.standing.auditCount < LedgerState.maxAuditsPerEpoch, auditTable.count < LedgerState.maxAudits
        else {
            throw LedgerError(
                .limitReached, "No more audits are taken in epoch \(chain.epoch.number); wait for the next")
        }
        auditor.standing.auditCount += 1
        nodeTable.put(auditor)
        auditTable.put(row)
    }

    /// Audits stay for the epoch that they came in and the one after.
    mutating func dropOldAudits() {
        for row in auditTable.rows where row.epoch < chain.epoch.number { auditTable.remove(row.path) }
    }

    // MARK: Measurements

    private mutating func recordReport(
        _ observer: NodeRecord, _ epoch: UInt64, _ observations: [Observation]
    ) throws(LedgerError) {
        guard epoch == chain.epoch.number else {
            throw LedgerError(.wrongEpoch, "This is epoch \(chain.epoch.number), not \(epoch); measure again")
        }
        try requireParticipating(observer)
        guard let index = roster.index(of: observer.id) else {
            throw LedgerError(.notAuthorised, "The node \(observer.id.short) observes nobody in this epoch")
        }
        guard (1...LedgerState.maxObservations).contains(observations.count) else {
            throw LedgerError(
                .tooLarge, "A report has 1 to \(LedgerState.maxObservations) observations, not \(observations.count)")
        }
        guard zip(observations, observations.dropFirst()).allSatisfy({ $0.subject < $1.subject }) else {
            throw LedgerError(.malformed, "The report's subjects are not in ascending order, each once")
        }
        var row = reportTable[ReportRecord.path(observer.id)] ?? ReportRecord(observer: observer.id, observations: [])
        let reported = Set(row.observations.map(\.subject))
        for observation in observations {
            try check(observation)
            guard let subject = roster.index(of: observation.subject), isObserver(index, of: subject) else {
                throw LedgerError(
                    .notAuthorised,
                    "The node \(observer.id.short) does not observe \(observation.subject.short) in this epoch")
            }
            guard !reported.contains(observation.subject) else {
                throw LedgerError(
                    .alreadyDone, "The node \(observer.id.short) reported \(observation.subject.short) already")
            }
        }
        row.observations = (row.observations + observations).sorted { $0.subject < $1.subject }
        reportTable.put(row)
    }

    private func check(_ observation: Observation) throws(LedgerError) {
        let limit = LedgerState.maxCount
        guard observation.probesAnswered <= observation.probes, observation.probes <= limit,
            observation.goodBlocks <= limit, observation.badBlocks <= limit
        else {
            throw LedgerError(
                .badAmount,
                "The observation of \(observation.subject.short) counts more answers than probes, or more than \(limit)"
            )
        }
    }

    private func isObserver(_ observer: Int, of subject: Int) -> Bool {
        roster.observers(of: subject, seed: chain.epoch.seed, count: Int(parameters.observersPerNode))
            .contains(observer)
    }

    private func requireParticipating(_ node: NodeRecord) throws(LedgerError) {
        guard node.isParticipating else {
            throw LedgerError(.wrongParticipation, "The node \(node.id.short) does not take part; opt in first")
        }
    }
}

extension LedgerState {
    // MARK: Views

    /// A fault that was proven.
    public func fault(of node: NodeID, _ kind: FaultRecord.Kind, at sequence: UInt64) -> FaultRecord? {
        faultTable[FaultRecord.path(node, kind, sequence)]
    }

    /// All faults that were proven, in no order that means anything.
    public var faults: [FaultRecord] { faultTable.rows }

    /// All audits of this epoch and the one before, in no order that means anything.
    public var audits: [AuditRecord] { auditTable.rows }

    /// What a node reported in this epoch.
    public func report(by observer: NodeID) -> ReportRecord? { reportTable[ReportRecord.path(observer)] }

    /// The nodes that observe `subject` in this epoch, in ascending order; none for a node that the epoch does not
    /// count.
    public func observers(of subject: NodeID) -> [NodeID] {
        guard let index = roster.index(of: subject) else { return [] }
        return roster.observers(of: index, seed: chain.epoch.seed, count: Int(parameters.observersPerNode))
            .map { roster.ids[$0] }
    }

    /// The nodes that `observer` measures in this epoch, in ascending order. Draws for every node of the network: call
    /// it once an epoch.
    public func subjects(of observer: NodeID) -> [NodeID] {
        guard let index = roster.index(of: observer) else { return [] }
        return roster.ids.indices.filter { isObserver(index, of: $0) }.map { roster.ids[$0] }
    }
}
