import Exchange
import Foundation
import Identity
import Ledger
import LedgerLog
import Logging
import Membership
import NIOCore
import Wire

/// What a node does for the ledger by itself: it takes part in the beacon, ends epochs, records certificates, and reports
/// what it measured. Every participating node does; what one of them leaves undone, another one does.
actor LedgerDuties {
    /// Looks at the clock in an epoch, and the bounds of the pause between two of them.
    private static let looksPerEpoch: Int64 = 40
    private static let pause: ClosedRange<Int64> = 50...500
    /// Samples of each observed node in an epoch, and the bounds of the time between two of them in milliseconds.
    private static let samplesPerEpoch: Int64 = 20
    private static let samplePause: ClosedRange<Int64> = 100...30_000
    /// How long a transaction of these may be on its way; later it would be somebody else's.
    private static let validity: Int64 = 120_000
    private static let forwardTimeout = TimeAmount.seconds(6)
    private static let faultPause = Duration.seconds(5)
    private static let faultAttempts = 20
    /// Walks over all channels in an epoch, and the bounds of the time between two of them in milliseconds.
    private static let walksPerEpoch: Int64 = 8
    private static let walkPause: ClosedRange<Int64> = 250...30_000

    private let node: NodeID
    private let keeper: LedgerKeeper
    private let sync: LedgerSync
    private let membership: Membership
    private let exchange: Exchange
    private let votes: VoteExchange
    private let builder: TransactionBuilder
    private let secret: BeaconSecret
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private var plan: DutyPlan
    private var measurements = Measurements()
    /// Whom this node observes in the epoch of ``measurements``.
    private var subjects: [NodeID] = []
    private var nextSample: Int64 = 0
    /// Channels that had ended at the last walk.
    private var expired: [ChannelID] = []
    private var nextWalk: Int64 = 0

    init(
        key: SigningKey, keeper: LedgerKeeper, sync: LedgerSync, membership: Membership, exchange: Exchange,
        votes: VoteExchange, logger: Logger,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        node = key.publicKey.node
        self.keeper = keeper
        self.sync = sync
        self.membership = membership
        self.exchange = exchange
        self.votes = votes
        self.now = now
        self.logger = logger
        let network = keeper.state.networkID
        builder = TransactionBuilder(networkID: network, key: key, as: .node)
        secret = BeaconSecret(key, network)
        plan = DutyPlan(node: key.publicKey.node)
    }

    /// Runs until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.votes.run() }
            group.addTask {
                for await fault in self.votes.faults { await self.submit(fault) }
            }
            group.addTask { await self.watch() }
        }
    }

    private func watch() async {
        while !Task.isCancelled {
            if let failure = keeper.failure { return await report(failure) }
            let state = keeper.state
            sample(state)
            await lookForExpired(state)
            for duty in await due(state) where !Task.isCancelled {
                guard await perform(duty) else { break }
            }
            let length = Int64(clamping: state.epoch.lengthMilliseconds)
            let pause = (length / LedgerDuties.looksPerEpoch).clamped(to: LedgerDuties.pause)
            try? await Task.sleep(for: .milliseconds(pause))
        }
    }

    private func due(_ state: LedgerState) async -> [Duty] {
        let known = await votes.certificate
        let now = now()
        return plan.due(
            DutyView(state, node, now: now, expired: expired), now: now,
            certificate: known.map { ($0.certificate.checkpoint.sequence, $0.committee) },
            wantsReport: wantsReport(state))
    }

    private func lookForExpired(_ state: LedgerState) async {
        let time = now()
        guard time >= nextWalk, state.isParticipating(node) else { return }
        let length = Int64(clamping: state.epoch.lengthMilliseconds)
        nextWalk = time.plus((length / LedgerDuties.walksPerEpoch).clamped(to: LedgerDuties.walkPause))
        expired = await ExpiredChannels.find(in: state, at: max(time, state.timeMilliseconds))
    }

    // MARK: Performing

    /// False if nobody took it, so that the others of this look would only wait as long.
    private func perform(_ duty: Duty) async -> Bool {
        let before = keeper.state
        plan.tried(duty, now: now(), epochLength: Int64(clamping: before.epoch.lengthMilliseconds))
        do {
            guard let action = try await action(duty, before) else { return true }
            let transaction = try builder.sign(
                action, nonce: keeper.state.nonce(of: .node(node)) &+ 1,
                validUntilMilliseconds: max(now(), before.timeMilliseconds).plus(LedgerDuties.validity))
            let (sequence, _) = try await sync.submit(transaction)
            logger.debug("did a duty", metadata: ["duty": "\(duty.label)", "sequence": "\(sequence)"])
        } catch let error as LedgerError {
            // Mostly another node was first, or the sequencer's clock differs a little.
            logger.debug("a duty was refused", metadata: ["duty": "\(duty.label)", "error": "\(error)"])
        } catch {
            logger.debug("a duty has to wait", metadata: ["duty": "\(duty.label)", "error": "\(error)"])
            return false
        }
        return true
    }

    private func action(_ duty: Duty, _ state: LedgerState) async throws -> LedgerAction? {
        switch duty {
        case .commit(let epoch, let round):
            let share = secret.share(epoch: epoch, round: round)
            let commitment = Beacon.commitment(to: share, epoch: epoch, round: round, by: node)
            return .beaconCommit(epoch: epoch, round: round, commitment: commitment)
        case .reveal(let epoch, let round):
            return .beaconReveal(epoch: epoch, round: round, reveal: secret.share(epoch: epoch, round: round))
        case .advance(let epoch, let round): return .advanceEpoch(epoch: epoch, round: round)
        case .record(let sequence):
            guard let known = await votes.certificate, known.certificate.checkpoint.sequence == sequence else {
                return nil
            }
            return .recordCertificate(known.certificate)
        case .report(let epoch):
            let observations = measurements.observations(of: subjects, accounts)
            return observations.isEmpty ? nil : .reportMeasurements(epoch: epoch, observations)
        case .expire(let channel): return state.channel(channel) == nil ? nil : .closeChannel(channel)
        }
    }

    // MARK: Measuring

    private func sample(_ state: LedgerState) {
        if measurements.epoch != state.epoch.number {
            measurements.begin(state.epoch.number, accounts)
            subjects = Array(state.subjects(of: node).prefix(Measurements.maxSubjects))
        }
        let time = now()
        guard time >= nextSample, state.isParticipating(node) else { return }
        let length = Int64(clamping: state.epoch.lengthMilliseconds)
        nextSample = time + (length / LedgerDuties.samplesPerEpoch).clamped(to: LedgerDuties.samplePause)
        for subject in subjects {
            measurements.add(
                Measurements.Sample(
                    subject: subject, isAlive: membership.state(of: subject) == .alive,
                    roundTrip: membership.estimatedRoundTrip(to: subject)))
        }
    }

    private func wantsReport(_ state: LedgerState) -> Bool {
        measurements.epoch == state.epoch.number && !subjects.isEmpty && state.report(by: node) == nil
    }

    private var accounts: [NodeID: Measurements.Account] {
        Dictionary(
            exchange.accounts.map { account in
                (
                    account.node,
                    Measurements.Account(
                        goodBlocks: account.blocksReceived, badBlocks: account.badBlocks, rate: account.rate)
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Faults

    /// The ledger halted. If somebody signed two histories, those who are still on one of them get the proof.
    private func report(_ failure: LedgerLogError) async {
        logger.critical("the ledger is halted; content is still served", metadata: ["error": "\(failure)"])
        guard let evidence = failure.evidence else { return }
        await submit(
            .forkedHeaders(
                .init(header: evidence.ourHeader, signature: evidence.ourSignature),
                .init(header: evidence.theirHeader, signature: evidence.theirSignature)))
    }

    /// Brings evidence onto the ledger, or to those who may order if this node's own is halted.
    func submit(_ evidence: FaultEvidence) async {
        if keeper.failure == nil {
            await order(evidence)
        } else {
            await deliver(evidence)
        }
    }

    /// Brings evidence onto this node's own ledger.
    private func order(_ evidence: FaultEvidence) async {
        for _ in 0..<LedgerDuties.faultAttempts where !Task.isCancelled {
            guard keeper.failure == nil else { return await deliver(evidence) }
            do {
                let nonce = keeper.state.nonce(of: .node(node)) &+ 1
                _ = try await sync.submit(builder.sign(.submitFault(evidence), nonce: nonce))
                return
            } catch let error as LedgerError where error.code != .badNonce {
                return logger.info("evidence was refused", metadata: ["error": "\(error)"])
            } catch {
                logger.debug("evidence has to wait", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: LedgerDuties.faultPause)
        }
    }

    /// Brings evidence to every node that may order, since this node's ledger is halted and does not tell which of them
    /// does.
    private func deliver(_ evidence: FaultEvidence) async {
        let state = keeper.state
        var delivery = EvidenceDelivery(
            sequencers: state.genesis.sequencers.filter { $0 != node }, nonce: state.nonce(of: .node(node)) &+ 1)
        for _ in 0..<LedgerDuties.faultAttempts where !Task.isCancelled {
            for (sequencer, nonce) in delivery.next() {
                delivery.heard(await answer(of: sequencer, to: evidence, nonce), from: sequencer)
            }
            if delivery.isDone { break }
            try? await Task.sleep(for: LedgerDuties.faultPause)
        }
        logger.notice(
            "delivered the evidence of a fork",
            metadata: ["taken_by": "\(delivery.takers)", "refused_by": "\(delivery.refusers)"])
    }

    private func answer(
        of sequencer: NodeID, to evidence: FaultEvidence, _ nonce: UInt64
    ) async -> EvidenceDelivery.Answer {
        do {
            let result = try await sync.forward(
                builder.sign(.submitFault(evidence), nonce: nonce).bytes, to: sequencer,
                timeout: LedgerDuties.forwardTimeout)
            return result.refusalCode.isEmpty ? .taken : .refused(LedgerError.Code(result.refusalCode))
        } catch {
            logger.debug(
                "evidence was not taken", metadata: ["sequencer": "\(sequencer.short)", "error": "\(error)"])
            return .silent
        }
    }
}

extension Comparable {
    fileprivate func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}
