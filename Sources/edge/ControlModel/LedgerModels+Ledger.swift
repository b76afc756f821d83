import Blake3
public import Identity
public import Ledger

extension CertifiedInfo {
    /// - Parameter state: The state that the certificate is about; it knows the committee that signed.
    public init(_ certificate: Certificate, _ state: LedgerState) {
        let checkpoint = certificate.checkpoint
        let members = state.epoch.committee.members
        let votes = certificate.votes.map { vote in
            members.indices.contains(Int(vote.member)) ? members[Int(vote.member)].weight : 0
        }
        self.init(
            sequence: checkpoint.sequence, entryHash: checkpoint.entryHash.hex, stateRoot: checkpoint.stateRoot.hex,
            timeMilliseconds: state.timeMilliseconds, epoch: checkpoint.epoch, votesWeight: CertifiedInfo.sum(votes),
            totalWeight: CertifiedInfo.sum(members.map(\.weight)))
    }

    /// Weights come from stakes, whose sum is bounded, but each counts as 1 at least.
    private static func sum(_ weights: [UInt64]) -> UInt64 {
        weights.reduce(0) { sum, weight in
            let (next, overflow) = sum.addingReportingOverflow(weight)
            return overflow ? .max : next
        }
    }
}

extension EpochInfo {
    public init(_ state: LedgerState, certified: CertifiedInfo?) {
        let epoch = state.epoch
        func members(_ committee: Committee) -> [Member] {
            committee.members.map { Member(node: $0.node.description, weight: $0.weight) }
        }
        let shares = state.nodes.compactMap { node in state.beaconShare(of: node.id).map { (node.id, $0) } }
        self.init(
            number: epoch.number, round: epoch.round, phase: state.beaconPhase(at: state.timeMilliseconds).rawValue,
            roundStartMilliseconds: epoch.roundStartMilliseconds,
            lengthMilliseconds: epoch.lengthMilliseconds, timeMilliseconds: state.timeMilliseconds,
            seed: epoch.seed.hex, committed: shares.map(\.0.description),
            revealed: shares.filter { $0.1.reveal != nil }.map(\.0.description), committee: members(epoch.committee),
            committeeHash: epoch.committee.hash.hex, pendingCommittee: epoch.pendingCommittee.map(members),
            pendingCommitteeHash: epoch.pendingCommittee?.hash.hex, certified: certified)
    }
}

extension ParameterList {
    public init(_ state: LedgerState) {
        let parameters = state.parameters
        self.init(
            networkName: state.genesis.networkName, network: state.networkID.description,
            isDevelopment: state.genesis.isDevelopment, governors: state.genesis.governors.map(\.description),
            sequencers: state.genesis.sequencers.map(\.description), supply: state.supply, treasury: state.treasury,
            parameters: NetworkParameters.names.map { name in
                Parameter(name: name, value: parameters.value(of: name) ?? 0)
            })
    }
}

extension LedgerNodeInfo {
    /// - Parameter committee: The nodes that sign checkpoints now.
    public init(_ record: NodeRecord, committee: Set<NodeID>, epoch: UInt64) {
        var since: UInt64?
        if case .since(let epoch) = record.participation { since = epoch }
        self.init(
            id: record.id.description, operatorAccount: record.operatorAccount.description,
            peer: record.peer.description, gateway: record.gateway?.description, nonce: record.nonce,
            stake: record.stake,
            unstaking: record.unstaking.map { Unstaking(amount: $0.amount, releaseEpoch: $0.releaseEpoch) },
            participating: record.isParticipating, participatingSinceEpoch: since,
            barredUntilEpoch: record.barredUntilEpoch > epoch ? record.barredUntilEpoch : nil,
            reputation: Double(record.standing.reputation) / 1_000_000, inCommittee: committee.contains(record.id),
            registeredSequence: record.registeredSequence,
            capacity: record.capacity.isEmpty ? nil : Capacity(record.capacity),
            admissionEvidence: record.admissionEvidence?.hex)
    }
}

extension LedgerNodeInfo.Capacity {
    fileprivate init(_ capacity: NodeCapacity) {
        self.init(
            storageBytes: capacity.storageBytes, memoryBytes: capacity.memoryBytes, cpuMillis: capacity.cpuMillis,
            bandwidthBytesPerSecond: capacity.bandwidthBytesPerSecond)
    }
}

extension AccountInfo {
    /// - Parameter record: Nil for an account that the ledger does not know.
    public init(_ id: AccountID, _ record: AccountRecord?) {
        self.init(
            id: id.description, nonce: record?.nonce ?? 0, exists: record != nil, balance: record?.balance ?? 0,
            nameCount: record?.nameCount ?? 0, nodeCount: record?.nodeCount ?? 0)
    }
}

extension NameInfo {
    /// - Parameter domains: Those that are bound to the name, in alphabetical order.
    public init(_ record: NameRecord, releases: [ReleaseRecord], domains: [DomainName]) {
        func percent(_ release: ReleaseID) -> Int {
            if release == record.candidate?.release { return Int(record.candidate?.percent ?? 0) }
            return release == record.live ? 100 - Int(record.candidate?.percent ?? 0) : 0
        }
        self.init(
            name: record.name.description, owner: record.owner.description, live: record.live?.description,
            candidate: record.candidate?.release.description,
            candidatePercent: record.candidate.map { Int($0.percent) }, domains: domains.map(\.description),
            releases: releases.map { release in
                ReleaseInfo(
                    id: release.id.description, kind: release.kind.rawValue, manifest: release.manifest.description,
                    message: release.message, publisher: release.publisher.description,
                    publishedMilliseconds: release.publishedMilliseconds, live: release.id == record.live,
                    percent: percent(release.id), sizeClass: release.sizeClass?.description,
                    replicas: release.replicas > 0 ? release.replicas : nil,
                    secretsEnvelope: release.secretsEnvelope?.hex)
            })
    }
}
